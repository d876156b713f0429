"""What a model is to be held against: the version that its endpoint serves, by the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.models import registry
from treadle.stages.holding import Standing

if TYPE_CHECKING:
    from treadle.evidence import Entry, Reader
    from treadle.evidence.kinds.model_fitted import ModelFitted
    from treadle.stages.work import Work


def to_beat(work: Work, fitted: Entry[ModelFitted]) -> Standing | None:
    """What the endpoint serves now; None where it serves nothing yet.

    Where it serves this very model: what that one was held against before it was released. So a run of what is served
    finds what it did before, and a model is not held against itself. Notes on `work` what it saw.
    """
    with work.workspace.chain.reading() as reader:
        release = registry.standing(reader, work.workspace.endpoint)
        if release is None:
            work.serves = ""
            return None
        served = release.payload
        work.serves = served.model
        packings = reader.by_hash(served.packing.digest)
        used = {ref.content for entry in packings for ref in entry.uses}
        work.serves_this = fitted.payload.model.content in used
        return _before(reader, used) if work.serves_this else Standing(served.model, served.bundle.digest)


def _before(reader: Reader, used: set[str]) -> Standing | None:
    """What a packed model had been held against, by the evaluation that its packing used."""
    judged = reader.find(ModelEvaluated, status="done", newest_first=True)
    against = next((e.payload.against for e in judged if e.payload.evaluation.content in used), None)
    return None if against is None else Standing(against.model, against.bundle)
