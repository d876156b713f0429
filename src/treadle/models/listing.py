"""The versions of a project as a list: where each stands in its review, and which is served."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import structs

from treadle.evidence import Chain, Reader
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.models.registry import endpoints, standing
from treadle.models.version import ModelVersion

MOST = 200


def versions(chain: Chain, project: str, endpoint: str, limit: int = MOST) -> list[ModelVersion]:
    """The newest versions of a project, or of one of its targets, newest first."""
    with chain.reading() as reader:
        return _listed(reader, [project], limit, _served(reader, [endpoint]))


def gone(chain: Chain, project: str, addresses: Collection[str], limit: int = MOST) -> list[ModelVersion]:
    """The newest versions of what the project was or had as a target, and that is in `addresses` no more."""
    from sqlalchemy import or_, select

    from treadle.store.schema import versions as table

    mine = or_(table.c.project == project, table.c.project.startswith(f"{project}.", autoescape=True))
    query = select(table.c.project).where(mine, table.c.project.not_in(addresses)).distinct()
    with chain.reading() as reader:
        left = [str(row[0]) for row in reader.connection.execute(query)]
        found = _listed(reader, left, limit, _served(reader, endpoints(reader))) if left else []
    return [structs.replace(version, gone=True) for version in found]


def _served(reader: Reader, endpoints: Iterable[str]) -> frozenset[str]:
    """The bundles that these endpoints serve."""
    found = (standing(reader, endpoint) for endpoint in endpoints)
    return frozenset(serving.payload.bundle.digest for serving in found if serving is not None)


def _listed(reader: Reader, addresses: Collection[str], limit: int, served: frozenset[str]) -> list[ModelVersion]:
    from sqlalchemy import select

    from treadle.store.schema import versions as table

    query = select(table.c.seq).where(table.c.project.in_(addresses)).order_by(table.c.seq.desc()).limit(limit)
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
                released=packed.bundle.digest in served,
            )
        )
    return out


def _status(reader: Reader, packed: ModelPacked) -> str:
    said = reader.find(ReviewRequested, ReviewApproved, subject=f"model/{packed.model}", status="done")
    mine = [e for e in said if e.payload.bundle.digest == packed.bundle.digest]
    if any(isinstance(e.payload, ReviewApproved) for e in mine):
        return "approved"
    return "waiting for review" if mine else "packed"
