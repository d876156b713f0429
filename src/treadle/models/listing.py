"""The versions of a project as a list: where each stands in its review, and which is served."""

from __future__ import annotations

from treadle.evidence import Chain, Reader
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.models.registry import standing
from treadle.models.version import ModelVersion

MOST = 200


def versions(chain: Chain, project: str, endpoint: str, limit: int = MOST) -> list[ModelVersion]:
    """The newest versions of a project, newest first."""
    from sqlalchemy import select

    from treadle.store.schema import versions as table

    with chain.reading() as reader:
        serving = standing(reader, endpoint)
        query = select(table.c.seq).where(table.c.project == project).order_by(table.c.seq.desc()).limit(limit)
        numbers = [int(row[0]) for row in reader.connection.execute(query)]
        out = []
        for entry in reversed(reader.by_seq(numbers)):
            packed = entry.payload
            if not isinstance(packed, ModelPacked):
                continue
            out.append(
                ModelVersion(
                    name=packed.model,
                    bundle=packed.bundle.digest,
                    created=entry.time,
                    by=entry.actor,
                    run=entry.run,
                    family=packed.family,
                    metric=packed.metric,
                    value=packed.value,
                    low=packed.low,
                    high=packed.high,
                    mb=packed.mb,
                    status=_status(reader, packed),
                    released=serving is not None and serving.payload.bundle.digest == packed.bundle.digest,
                )
            )
    return out


def _status(reader: Reader, packed: ModelPacked) -> str:
    said = reader.find(ReviewRequested, ReviewApproved, subject=f"model/{packed.model}", status="done")
    mine = [e for e in said if e.payload.bundle.digest == packed.bundle.digest]
    if any(isinstance(e.payload, ReviewApproved) for e in mine):
        return "approved"
    return "waiting for review" if mine else "packed"
