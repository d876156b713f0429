"""Which rows experts are asked about, of those that a model had not seen: uncertain, costly errors, of odd slices.

A row is *uncertain* where the best decision about it is expected to cost much (uncertainty sampling, Lewis and Gale
1994, with costs in the place of entropy). An error is *costly* by its cost times how little the model believed in the
row's own label: where that is high, the label is the first to doubt (confident learning, Northcutt and others 2021). A
slice is *odd* where rows cost more than the model expects there, by three standard errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from treadle.labelling.items import Why, word
from treadle.scoring.decisions import chosen
from treadle.scoring.tasks import Task

if TYPE_CHECKING:
    import polars as pl

Array = np.ndarray[Any, Any]
LEAST_SLICE, MOST_LEVELS, MOST_SLICES, FAR = 30, 24, 5, 3.0


@dataclass(frozen=True, eq=False)
class Choosing:
    """What is chosen of: rows that the model was not fitted on, with what it says of them.

    `p`: predictions, [rows], or [rows, classes]; `label`: the source's, by number; `frame`: the features;
    `labels`: words of the labels; `threshold`: from where on it acts; `missed`, `false_alarm`: what mistakes cost.
    """

    task: Task
    p: Array
    label: Array
    frame: pl.DataFrame
    labels: tuple[str, ...]
    threshold: float
    missed: float
    false_alarm: float
    currency: str


def chosen_rows(asked: Choosing, rows: int) -> dict[int, list[Why]]:
    """Positions of at most `rows` rows, each with why, in the order in which they are to be looked at.

    Two in five are uncertain, two in five costly errors, the rest of odd slices; where there are too few of a sort the
    others take their place. The sorts take turns, so that who stops early has seen all.
    """
    told = _Told.of(asked)
    sorts = [list(_costly(asked, told)), list(_uncertain(asked, told)), list(_odd(asked, told))]
    shares = [-(-rows * part // 5) for part in (2, 2, 1)]
    found: dict[int, list[Why]] = {}
    for most in (shares, [rows] * 3):  # the second time for what is left over
        for turn in range(max(most, default=0)):
            for sort, few in zip(sorts, most, strict=True):
                if turn < min(few, len(sort)) and (len(found) < rows or sort[turn][0] in found):
                    position, why = sort[turn]
                    if why not in (mine := found.setdefault(position, [])):
                        mine.append(why)
    return found


@dataclass(frozen=True, eq=False)
class _Told:
    """Of each row: what it `cost` as it was decided, what that was `expected` to cost, and how little its label was
    believed, from 0 to 1."""

    cost: Array
    expected: Array
    unbelieved: Array
    said: list[str]

    @classmethod
    def of(cls, asked: Choosing) -> _Told:
        n = np.arange(len(asked.label))
        if asked.task.of_amounts:
            off = np.abs(asked.label - asked.p)
            said = [f"{value:.6g}" for value in asked.p]
            return cls(off, np.full(len(off), off.mean()), np.ones(len(off)), said)
        if asked.task.decides:
            both = np.column_stack([1 - asked.p, asked.p])
            costs = np.array([[0.0, asked.false_alarm], [asked.missed, 0.0]])
            decided = (asked.p >= asked.threshold).astype(np.int64)
        else:
            both = asked.p
            size = both.shape[1]
            costs = np.array(asked.task.costs) if asked.task.costs else 1.0 - np.eye(size)
            decided = chosen(both, asked.task.costs)
        label = asked.label.astype(np.int64)
        said = [f"{asked.labels[k]} ({100 * both[i, k]:.0f} %)" for i, k in enumerate(both.argmax(axis=1))]
        return cls(costs[label, decided], (both @ costs)[n, decided], 1 - both[n, label], said)


def model_says(asked: Choosing, position: int) -> str:
    """What the model says of a row, in words."""
    return _Told.of(asked).said[position]


def _costly(asked: Choosing, told: _Told) -> Iterator[tuple[int, Why]]:
    weight = told.cost * told.unbelieved
    for position in np.argsort(-weight, kind="stable"):
        i = int(position)
        if not weight[i] > 0:
            return
        source = word(asked.labels, float(asked.label[i]))
        what = f"{told.cost[i]:.4g} off" if asked.task.of_amounts else f"{told.cost[i]:.4g} {asked.currency}"
        yield i, Why("costly", f"costly error: {source} in the source, {told.said[i]} by the model ({what})")


def _uncertain(asked: Choosing, told: _Told) -> Iterator[tuple[int, Why]]:
    if asked.task.of_amounts:
        return
    for position in np.argsort(-told.expected, kind="stable"):
        i = int(position)
        if not told.expected[i] > 0:
            return
        what = f"{told.said[i]} by the model, whose best decision is expected to cost {told.expected[i]:.3g}"
        yield i, Why("uncertain", f"uncertain: {what} {asked.currency}")


def _odd(asked: Choosing, told: _Told) -> Iterator[tuple[int, Why]]:
    """Rows of the oddest slices in turn, those that cost most beyond what was expected first."""
    beyond = told.cost - told.expected
    slices = sorted(_slices(asked.frame, beyond), key=lambda each: -each[0])[:MOST_SLICES]
    orders = [rows[np.argsort(-(told.cost * told.unbelieved)[rows], kind="stable")] for _, _, rows in slices]
    for turn in range(max((len(order) for order in orders), default=0)):
        for (_, name, rows), order in zip(slices, orders, strict=True):
            if turn < len(order):
                cost, expected = told.cost[rows].mean(), told.expected[rows].mean()
                unit = "is off by" if asked.task.of_amounts else "costs"
                what = f"a row {unit} {cost:.3g} there, and {expected:.3g} was expected ({len(rows):,} rows)"
                yield int(order[turn]), Why("odd", f"odd slice, {name}: {what}")


def _slices(frame: pl.DataFrame, beyond: Array) -> Iterator[tuple[float, str, Array]]:
    """How far beyond expectation, in standard errors, the slice in words, and its rows."""
    import polars as pl

    for column in frame.iter_columns():
        few = MOST_LEVELS if column.dtype in (pl.String, pl.Boolean) else 7 if column.dtype.is_integer() else 0
        if not few or not 1 < column.n_unique() <= few:
            continue
        text = np.array(["(missing)" if value is None else str(value) for value in column.to_list()])
        for level in np.unique(text):
            rows = np.flatnonzero(text == level)
            spread = float(beyond[rows].std()) if len(rows) >= LEAST_SLICE else 0.0
            far = float(beyond[rows].mean()) / (spread / np.sqrt(len(rows))) if spread > 0 else 0.0
            if far >= FAR:
                yield far, f"{column.name} = {level}", rows


def drawn(rows: Sequence[int], count: int, seed: int) -> list[int]:
    """So many of `rows` by chance, whatever a model says of them."""
    random = np.random.default_rng(seed)
    return sorted(int(row) for row in random.choice(np.asarray(rows), size=min(count, len(rows)), replace=False))
