"""What each column adds to the predictions of an additive model: its curves as they are drawn, read off the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from treadle.scoring.steps import Levels, levels_of
from treadle.training.families import Additive, Array, Blend, Centred, Curve, Estimator, Exposed
from treadle.training.model import Fitted
from treadle.training.table import TrainingTable

MOST_SHAPES = 100
"""That an evaluation keeps: of the others none adds much."""
MOST_LEVELS_DRAWN = 12


class Shape(Struct, frozen=True):
    """What a column, or a text, adds to the margins of a row; zero is the mean of the training rows.

    `effects[output][step]`, in the unit of the margins: of a number by the steps between `edges`, which are the ends of
    what the training rows hold and, between two values of theirs, where the curve turns; of a text by `levels`, the
    commonest.
    """

    name: str
    size: float
    """The mean distance from zero over the training rows, of all outputs together: what the column weighs."""
    effects: tuple[tuple[float, ...], ...]
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    missing: tuple[float, ...] | None = None
    """By output, where the value is missing; None where no training row lacks it."""


class _Term(NamedTuple):
    """A curve, its share in the model, and the column of the model's input that it reads."""

    column: int
    weight: float
    curve: Curve


def shapes(model: Fitted, rows: TrainingTable) -> tuple[Shape, ...]:
    """The shapes of an additive model, those that weigh most first; none of a model in which columns act together.

    `rows`: training rows, which say how far the values reach and how common they are.
    """
    terms = _terms(model.estimator)
    if terms is None:
        return ()
    x, found, column = model.encoder.matrix(rows.frame), [], 0
    for step in model.encoder.ordered:
        columns = range(column, column + len(step.outputs))
        own = [term for term in terms if term.column in columns and not term.curve.flat]
        if own and isinstance(step, Levels):
            found.append(_of_levels(step, own, column, rows, x))
        elif own:
            parts = [[term for term in own if term.column == place] for place in columns]
            named = zip(step.outputs, columns, parts, strict=True)
            found += [_of_numbers(name, part, x[:, place], rows.taught[1]) for name, place, part in named if part]
        column += len(step.outputs)
    return tuple(sorted(found, key=lambda shape: -shape.size)[:MOST_SHAPES])


def _terms(estimator: Estimator) -> list[_Term] | None:
    """All curves of a model that is a sum of curves, or a blend of such models; those of its rates, of counts."""
    if isinstance(estimator, Additive):
        return [_Term(column, 1.0, curve) for column, curve in enumerate(estimator.curves)]
    if isinstance(estimator, Centred | Exposed):
        return _terms(estimator.estimator)
    if not isinstance(estimator, Blend):
        return None
    whole = []
    for member in estimator.members:
        part = _terms(member.estimator)
        if part is None:
            return None
        whole += [_Term(int(member.columns[t.column]), t.weight * member.weight, t.curve) for t in part]
    return whole


def _told(terms: Sequence[_Term], x: Array, first: int = 0) -> Array:
    """What `terms` add, [rows, outputs], of columns that begin with the column `first` of the model's input."""
    total: Array = sum(t.weight * t.curve.values[t.curve.place(x[:, t.column - first])] for t in terms)  # type: ignore[assignment]
    return total


def _size(told: Array, weight: Array | None) -> float:
    return float(np.average(np.abs(told), axis=0, weights=weight).sum())


def _of_numbers(name: str, terms: list[_Term], values: Array, weight: Array | None) -> Shape:
    x, first = values[:, None], terms[0].column
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    asked = np.unique(np.concatenate([term.curve.edges for term in terms]))
    there = np.unique(known)
    # of the edges between two values that lie beside each other one is enough; the lower value stands for its step
    before = np.unique(np.searchsorted(there, asked, side="right"))
    before = before[(before > 0) & (before < len(there))]
    turns = (there[before - 1].astype(np.float64) + there[before]) / 2
    ends = np.array([*there[before - 1], high], dtype=np.float32)
    missing = _told(terms, np.array([[np.nan]], dtype=np.float32), first)[0]
    return Shape(
        name,
        _size(_told(terms, x, first), weight),
        tuple(tuple(map(float, part)) for part in _told(terms, ends[:, None], first).T),
        edges=(low, *map(float, turns), high),
        missing=tuple(map(float, missing)) if len(known) < len(values) else None,
    )


def _of_levels(step: Levels, terms: list[_Term], first: int, rows: TrainingTable, x: Array) -> Shape:
    text = levels_of(rows.frame, step.reads)
    counted = text.drop_nulls().value_counts(sort=True, name="n").sort(["n", text.name], descending=[True, False])
    levels = [str(level) for level in counted.get_column(text.name)[:MOST_LEVELS_DRAWN]]
    numbers = [step.values.get(level, step.unseen) for level in levels]
    told = _told(terms, np.array([*numbers, step.null], dtype=np.float32), first)
    return Shape(
        " & ".join(step.reads),
        _size(_told(terms, x), rows.taught[1]),
        tuple(tuple(map(float, part)) for part in told[:-1].T),
        levels=tuple(levels),
        missing=tuple(map(float, told[-1])) if text.null_count() else None,
    )
