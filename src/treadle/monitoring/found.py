"""What monitoring finds, as types: the newest prediction of an id, days, drift, decisions, alerts, and all together."""

from __future__ import annotations

from msgspec import Struct

from treadle.spec.choices import View


class FoundPrediction(Struct, frozen=True):
    """A prediction that was answered, and what it was answered from. `record` and `features` are JSON, as they came.

    `answered` and `at` are times in UTC, ISO 8601; `at` is empty for a model that looks at no time.
    """

    prediction_id: str
    model: str
    prediction: float | str
    probability: float | None
    threshold: float | None
    answered: str
    at: str
    record: str
    features: str


class Day(Struct, frozen=True):
    """One day: predictions asked, labels known by now, the metric over those with its 95 % interval.

    `base` is the share of positives, the mean label of numbers, or how often the class that was predicted came;
    `mean_prediction` is the mean of what was predicted, or the mean probability of the class that was predicted. Both
    are over this day's rows.
    """

    day: str
    predictions: int
    labels: int
    value: float | None
    low: float | None
    high: float | None
    base: float | None
    mean_prediction: float | None
    note: str = ""
    """What to know of the interval: of a window of fewer than six days, that its rows were drawn singly."""


class DriftLine(Struct, frozen=True):
    """One feature, or the model's scores. `js` is the Jensen-Shannon distance, base 2, from 0 to 1.

    `noise` is the PSI that this many rows would show on average with no drift at all.
    """

    feature: str
    psi: float
    noise: float
    js: float
    missing_reference: float
    missing_now: float
    rows: int
    verdict: str
    labels: list[str]
    reference: list[float]
    now: list[float]


class Newest(Struct, frozen=True):
    """The newest predictions of the version that is served, whether or not it is known what came of them. `day`: that
    of the last; `moved`: the features, and the scores, that moved beyond what so many rows show by chance."""

    day: str
    predictions: int
    moved: list[DriftLine]


class Decisions(Struct, frozen=True):
    """Counts of a classifier's decisions with a known label."""

    hits: int
    missed: int
    false_alarms: int
    rejected: int


class Overall(Struct, frozen=True):
    """The metric over all labels known by now, with its 95 % interval, beside the value on the sealed test rows.

    `decisions` is None where nothing is decided by a threshold, and before the first label. `note`: as that of a `Day`.
    """

    value: float | None
    low: float | None
    high: float | None
    tested: float | None
    decisions: Decisions | None
    note: str = ""


class Watched(Struct, frozen=True):
    """What was found of the version that is served. `metric_by_day` and `drift` are lists of rows.

    `joined` predictions have a label; `overall` is the metric over all of them.
    """

    model: str
    predictions: int
    outcomes: int
    joined: int
    metric: str
    metric_by_day: list[Day]
    drift: list[DriftLine]
    overall: Overall
    recent: Day | None = None
    """The newest window in which labels are known, as if it were one day; `day` is its last."""
    base: str = "base rate"
    """What `base` of a day is, in words."""
    view: View = "decisions"
    """What there is to see: decisions, classes, numbers or quantiles."""
    coverage: Overall | None = None
    """Of several quantiles, how often what came lay from the lowest to the highest."""
    newest: Newest | None = None
    """What alerts about drift look at, where `drift` is of all predictions of this version."""


class Alert(Struct, frozen=True):
    """What a person must look at. `about`: quality or drift, with the day that the window ends on as `until`; late,
    with when rows were due; or mismatch of two sources, with the version of one. `moved`: all features of drift."""

    about: str
    text: str
    until: str
    moved: tuple[str, ...] = ()
