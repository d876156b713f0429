"""What hosting a released model comes to, as types."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Served(Struct, frozen=True):
    url: str
    model: str
    predictions: int
    seconds: float


class Predicted(Struct, frozen=True):
    """One answer. `fields` are those of the record that the model does not look at: its name in the user's tables.

    `prediction` is a decision of a classifier, with its probability and threshold, the value of a
    regressor, one of several classes with its probability, or the middle one of several quantiles.
    """

    fields: dict[str, bool | int | float | str | None]
    prediction: bool | float | str
    probability: float | None
    threshold: float | None
    model: str
    probabilities: dict[str, float] = {}
    """Of several classes, each."""
    quantiles: dict[str, float] = {}
    """Where quantiles are told, each by its name."""
    warnings: list[str] = []
    """Of soft rules of the contract that the record breaks."""


Row = dict[str, bool | int | float | str | None]


def flat(answer: Predicted) -> Row:
    """An answer as one row of a table: the fields that were told, then the decision."""
    return {**answer.fields, **decided(answer)}


def decided(answer: Predicted) -> Row:
    """The columns of an answer that are its own, whatever the fields of the record are called."""
    found: Row = {"prediction": answer.prediction}
    if answer.threshold is not None:
        found |= {"probability": answer.probability, "threshold": answer.threshold}
    if answer.probabilities:
        found |= {"probability": answer.probability}
        found |= {f"probability of {name}": value for name, value in answer.probabilities.items()}
    found |= answer.quantiles
    return {**found, "model": answer.model}


class Predictions(Struct, frozen=True):
    """`features_as_of`: the time that the windows and lookups stand at, None for a model that has none.

    `stale` counts the records whose windows are all empty, because they are asked about a time by which the state's
    newest rows are older than the longest window. `note` says so, and where another state than the kept one answered.
    """

    model: str
    rows: int
    predictions: list[Predicted]
    out: str | None
    features_as_of: datetime | None = None
    stale: int = 0
    note: str = ""
    file_notes: list[str] = []
    """Of a file given by --from: columns that are not read, names that may be misspelt, how much is NULL, and how many
    rows break a soft rule of the contract."""
