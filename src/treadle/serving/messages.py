"""What an endpoint is told, what it answers, and what the journal keeps of both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import UNSET, Struct, UnsetType

from treadle.serving.inputs import Id

if TYPE_CHECKING:
    from treadle.scoring.tasks import Decided


class Prediction(Struct, frozen=True, gc=False):
    """What a caller gets. `prediction` is a decision for a classifier, a value for a regressor, the name of one of
    several classes; then `probability` is that of this class, and `probabilities` has all of them. Of several
    quantiles it is the middle one, and `quantiles` has all. `warnings`: of soft rules of the contract that the record
    breaks."""

    prediction_id: str
    prediction: bool | float | str
    probability: float | None
    threshold: float | None
    model: str
    probabilities: dict[str, float] | UnsetType = UNSET
    quantiles: dict[str, float] | UnsetType = UNSET
    warnings: list[str] | UnsetType = UNSET


def prediction(given: str, decided: Decided, model: str, warnings: list[str] | None = None) -> Prediction:
    """The answer with the id `given`."""
    each, spread = (UNSET if told is None else told for told in (decided.probabilities, decided.quantiles))
    return Prediction(
        given, decided.prediction, decided.probability, decided.threshold, model, each, spread, warnings or UNSET
    )


class Answered(Struct, gc=False):
    """What the journal keeps of a prediction: enough to explain it and to make it again."""

    prediction_id: str
    answered: float
    at: datetime | None
    model: str
    prediction: bool | float | str
    probability: float | None
    threshold: float | None
    record: Struct
    features: Sequence[object]
    probabilities: dict[str, float] | UnsetType = UNSET
    quantiles: dict[str, float] | UnsetType = UNSET
    client: str | UnsetType = UNSET
    """Who asked, as the door knew them; not kept of who need not say."""


class Outcome(Struct, forbid_unknown_fields=True):
    """What really came of a prediction. `known`: when it became known; now, if not given."""

    prediction_id: Id
    label: bool | float | str
    known: datetime | UnsetType | None = UNSET


class Told(Struct, gc=False):
    """What the journal keeps of an outcome."""

    prediction_id: str
    label: bool | float | str
    known: datetime
    told: float


class Rebuild(Struct, forbid_unknown_fields=True):
    as_of: datetime
