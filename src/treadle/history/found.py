"""What the record says of the past, as types: trials, two runs side by side, what led to a thing."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from treadle.monitoring.found import FoundPrediction

Verdict = Literal["better", "worse", "noise", "not comparable"]


class Trial(Struct, frozen=True):
    """One setting tried. `value` is the mean over `folds`; one that was stopped early saw fewer and is no rival.

    `mb`, `row_us`: about how large its bundle would be and how long a row would take, in microseconds, counted from its
    shape; 0 where nobody counted.
    """

    run: str
    time: str
    number: int
    family: str
    metric: str
    value: float
    folds: list[float]
    seconds: float
    state: str
    best: bool
    params: dict[str, bool | int | float | str | None]
    mb: float = 0.0
    row_us: float = 0.0


class Trials(Struct, frozen=True):
    trials: list[Trial]
    more: int
    """Trials that the limit left out."""
    kept: int = 0
    """Trials in the record of a newer search, which has not ended: it goes on, or was stopped."""


class Side(Struct, frozen=True):
    """One of the two: its model, how it did on sealed rows, and what it cost."""

    run: str
    model: str
    family: str
    value: float
    low: float | None
    high: float | None
    cost: float | None
    currency: str


class StepChange(Struct, frozen=True):
    """What one step of the second was given that the first was not: data, code and settings, in words."""

    step: str
    data: list[str]
    code: list[str]
    settings: list[str]


class Comparison(Struct, frozen=True):
    """`gain` is the second's value less the first's, positive where that is better; `low` and `high` its interval.

    `same_rows`: both were judged on the same sealed rows. `verdict` says whether the gain is more than noise.
    """

    metric: str
    first: Side
    second: Side
    changes: list[StepChange]
    gain: float | None
    low: float | None
    high: float | None
    same_rows: bool
    verdict: Verdict
    text: str


class Node(Struct, frozen=True):
    """One entry on the way back; `depth` is its distance from the subject."""

    depth: int
    seq: int
    kind: str
    subject: str
    time: str
    actor: str
    text: str
    cost: float | None
    currency: str
    code: str
    """What code and libraries the step could reach, in a few words; the list itself is the blob `code_list`."""
    code_list: str
    removed: list[str] = []
    """Of what it made, what retention removed since, a sentence each."""


class Lineage(Struct, frozen=True):
    subject: str
    nodes: list[Node]
    serves: str = ""
    """Of an endpoint: the version that it serves."""
    prediction: FoundPrediction | None = None
    """Of a prediction's id: what was answered, and from what."""
    more: int = 0
    """Entries of the next step back, where `nodes` was cut before it: it and what led to it are not told."""


class PartShown(Struct, frozen=True):
    """`kind`: see `treadle.features.columns.Part`."""

    kind: str
    name: str


class ColumnReader(Struct, frozen=True):
    """A version that reads it, by how many of its features, and as what else (`label`, `at`); `endpoint`, where it is
    served."""

    model: str
    endpoint: str
    features: int
    roles: list[str]


class ColumnLineage(Struct, frozen=True):
    """`reads`: all that it is made of. `read_by`: all that is made of it. `rules`: of contracts, that name it.
    `people`: whose project it is. `unread`: of a source, its columns that nothing reads."""

    subject: str
    target: str
    reads: list[PartShown]
    read_by: list[PartShown]
    models: list[ColumnReader]
    rules: list[str]
    people: list[str]
    unread: list[str]
