"""Intervals by the bootstrap (Efron 1979), drawn by blocks of days where rows have a time.

Flights of one stormy day are late together, and a stormy day follows another. Drawing rows one by one would treat them
as so many independent facts and give intervals several times too narrow; drawing runs of consecutive days, the last
followed by the first, keeps what belongs together (Künsch 1989; Politis and Romano 1992). Replicates are row weights,
so nothing is copied or sorted again.

Few runs say little of how far they scatter. So the bounds are moved away from the value by as much as Student's t lies
beyond the normal (Hesterberg 2015, "What Teachers Should Know About the Bootstrap"), for so many runs as there are.
With that, runs can be long: of 1.3 times the root of the number of days, as Lazarus, Lewis, Stock and Watson (2018,
"HAR Inference") advise. A length chosen from the days themselves (Politis and White 2004) is short, since they are few:
it covers no more than the shortest that is allowed does.

A split that deals the classes out evenly gives the test rows the share of positives of all rows, so it varies as little
as that of all rows does, but it does vary: with it held still, 95 % intervals of the Brier score hold the truth in 87 %
of stratified splits. So for these the share is drawn first, as that of so many rows, and then rows within each class.

Every resample of rows without a mistake is without a mistake: there the bootstrap knows nothing of the error, and an
interval of no width would claim to know all. A share (accuracy, recall, precision) then has its exact one-sided bound
(Clopper and Pearson 1934; about 1 - 3/n, Hanley and Lippman-Hand 1983, "If nothing goes wrong, is everything all
right?"), with n the days or rows that are drawn as one. Other metrics have no interval, and say why.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from msgspec import Struct

from treadle.figures import Figure, figure
from treadle.scoring import metrics
from treadle.scoring.decisions import Rule

Array = np.ndarray[Any, Any]
Kind = Literal["rows", "days", "groups"]
REPLICATES = 400
LEVEL = 0.95
LEAST_BLOCKS = 6
"""Fewer days or groups than this say nothing of others: there is no interval."""
_LEAST_UNITS = 3.0
_LONG = 1.3
"""Days in a run, times the root of the number of days: 12 of 75."""
_UNEVEN = 2.0
"""So many groups say as much of the scatter as one would if what they give to the metric had normal tails."""
_NORMAL = 1.959964
_ALL = 1 - 1e-12
"""A share of rows that is all of them, but for rounding."""


class Blocks(Struct, frozen=True):
    """What rows are drawn with, so what of them counts as one."""

    member: Array
    """For each row the number of its day or group; of rows drawn one by one, its own."""
    label: Array
    kind: Kind
    length: int
    """How many consecutive days are drawn as one."""
    weight: Array | None = None
    """How much each row counts, where not all count alike."""

    def of(self, rows: Array) -> Blocks:
        """The same for a part of the rows."""
        weight = None if self.weight is None else self.weight[rows]
        return Blocks(self.member[rows], self.label[rows], self.kind, self.length, weight)

    @property
    def number(self) -> int:
        """How many days, groups or rows there are."""
        return int(np.count_nonzero(np.bincount(self.member))) if len(self.member) else 0

    @property
    def evenness(self) -> float:
        """The part of these rows that would say as much if all counted alike (Kish 1965, "Survey Sampling"): 1 where
        they do."""
        w = self.weight
        return 1.0 if w is None or not len(w) else float(w.sum() ** 2 / (len(w) * (w**2).sum()))

    @property
    def units(self) -> float:
        """How many independent facts a metric of these rows rests on: runs of days, groups, rows of the rarer class."""
        number = (
            self.evenness
            * self.number
            / (self.length if self.kind == "days" else _UNEVEN if self.kind == "groups" else 1)
        )
        yes, no = (int(np.count_nonzero(self.label == value)) for value in (1, 0))
        both = yes and no and yes + no == len(self.label)
        return min(number, max(self.evenness * min(yes, no), _LEAST_UNITS)) if both else number

    @property
    def why(self) -> str:
        """Why there can be no interval; empty where there can be one."""
        if self.kind == "rows" or (
            self.number >= LEAST_BLOCKS and (self.kind == "groups" or self.number >= _LEAST_UNITS * self.length)
        ):
            return ""
        least = max(LEAST_BLOCKS, math.ceil(_LEAST_UNITS * self.length) if self.kind == "days" else 0)
        return f"{least} {self.kind} are needed, {self.number} there"


class Draws(Struct, frozen=True):
    """From the number of a replicate to row weights; the same number gives the same weights.

    `whole`: what each row counts where nothing is drawn; a replicate's weights are these, as often as it has the row.
    """

    weights: Callable[[int], Array]
    block: Blocks
    whole: Array

    def __call__(self, number: int) -> Array:
        return self.weights(number)


class Interval(Struct, frozen=True):
    """A value with its 95 % interval: percentiles of the replicates, NaN as None where undefined."""

    value: float
    low: float | None
    high: float | None
    why: str = ""
    """Why there are no bounds."""

    def shown(self, *, signed: bool = False) -> Figure:
        """As text: rounded by the width of the interval."""
        return figure(self.value, self.low, self.high, signed=signed, why=self.why)


def blocks(y: Array, at: Array | None, group: Sequence[Any] | None = None) -> Blocks:
    """Rows by group where groups are given, else by UTC day where times are, else each by itself."""
    if group is not None:
        _, member = np.unique(np.asarray(group).astype(str), return_inverse=True)
        return Blocks(member, y, "groups", 1)
    if at is None:
        return Blocks(np.arange(len(y)), y, "rows", 1)
    days, member = np.unique(at.astype("datetime64[D]"), return_inverse=True)
    long = math.ceil(_LONG * math.sqrt(len(days)))
    return Blocks(member, y, "days", max(1, min(long, int(len(days) / _LEAST_UNITS))))


def draws(
    y: Array,
    at: Array | None,
    *,
    group: Sequence[Any] | None = None,
    dealt_from: int | None = None,
    seed: int = 7,
    weight: Array | None = None,
) -> Draws:
    """How rows are drawn: whole groups, whole UTC days in runs, or rows; each keeps its `weight`.

    `group`: of each row, where the split keeps groups together. `dealt_from`: of how many rows the classes were dealt
    out evenly, these rows among them; None for any other split.
    """
    block = msgspec.structs.replace(blocks(y, at, group), weight=weight)
    often = _by_block(block, seed) if block.kind != "rows" else _by_row(y, dealt_from, seed)
    if weight is None:
        return Draws(often, block, np.ones(len(y)))
    return Draws(lambda number: often(number) * weight, block, weight)


def _by_row(y: Array, dealt_from: int | None, seed: int) -> Callable[[int], Array]:
    n = len(y)
    if dealt_from is not None:
        return _by_class(y, dealt_from, seed)

    def by_row(number: int) -> Array:
        random = np.random.default_rng((seed, number))
        weights: Array = np.bincount(random.integers(0, n, n), minlength=n).astype(float)
        return weights

    return by_row


def _by_block(block: Blocks, seed: int) -> Callable[[int], Array]:
    """Runs of `length` days, each from a random one, until there are as many days as before; a group is a run of 1."""
    number, run = block.number, np.arange(block.length)
    starts = -(-number // block.length)

    def within(replicate: int) -> Array:
        random = np.random.default_rng((seed, replicate))
        drawn = (random.integers(0, number, starts)[:, None] + run).ravel()[:number] % number
        weights: Array = np.bincount(drawn, minlength=number)[block.member].astype(float)
        return weights

    return within


def _by_class(y: Array, dealt_from: int, seed: int) -> Callable[[int], Array]:
    share = float(y.mean())
    classes = [np.flatnonzero(y > 0.5), np.flatnonzero(y <= 0.5)]

    def within(number: int) -> Array:
        random = np.random.default_rng((seed, number))
        positives = random.binomial(dealt_from, share) / dealt_from
        weights = np.zeros(len(y))
        for rows, part in zip(classes, (positives, 1 - positives), strict=True):
            if len(rows):
                drawn = np.bincount(random.integers(0, len(rows), len(rows)), minlength=len(rows))
                weights[rows] = drawn * (part * len(y) / len(rows))
        return weights

    return within


def interval(
    value: float, replicates: Sequence[float], block: Blocks, *, within: tuple[float, float] = (-math.inf, math.inf)
) -> Interval:
    """The percentile interval around `value`, made wider where `block` has few units; `within`: what can be at all.

    Without bounds when under half of the replicates are defined, or days or groups are too few.
    """
    if block.why:
        return Interval(value, None, None, block.why)
    defined = np.array([r for r in replicates if math.isfinite(r)])
    if len(defined) < max(10, len(replicates) / 2):
        return Interval(value, None, None, "too few rows")
    ends, wider = np.quantile(defined, ((1 - LEVEL) / 2, (1 + LEVEL) / 2)), _expansion(block.units)
    low, high = (min(max(value + wider * (float(end) - value), within[0]), within[1]) for end in ends)
    return Interval(value, min(low, value), max(high, value))


@functools.cache
def _expansion(units: float) -> float:
    """How many times as far from the value the bounds lie: Student's t over the normal, and what n - 1 is short of n.

    t is the root of the degrees of freedom times the tangent of an angle whose density is a power of its cosine.
    """
    units = min(max(units, 2.0), 10_000.0)
    free = units - 1
    angle = np.linspace(0, math.pi / 2, 4001)
    share = np.cumsum(density := np.cos(angle) ** (free - 1)) - (density + density[0]) / 2
    t = math.sqrt(free) * math.tan(float(np.interp(LEVEL * share[-1], share, angle)))
    return math.sqrt(units / free) * t / _NORMAL


def of_score(
    metric: str, y: Array, p: Array, rule: Rule, value: float, replicates: Sequence[float], block: Blocks
) -> Interval:
    """The interval of a model's score on these rows, of which `value` is the whole: by `interval`, but where all are
    told right (or, for a share, all wrong) by what is known there. `block`: what these rows were drawn with.
    """
    rows = metrics.counted(metric, y, p, rule)
    if rows is not None:
        return of_share(value, replicates, block, rows)
    if metrics.perfect(metric, value, y):
        return _perfect(value, block)
    return interval(value, replicates, block, within=metrics.within(metric))


def of_share(value: float, replicates: Sequence[float], block: Blocks, rows: Array | None = None) -> Interval:
    """The interval of a share of rows: by `interval`, but of all and of none of them by the exact one-sided bound.

    rows: bool, which rows of `block` the share is of; None: all.
    """
    if 0 < value < _ALL:
        return interval(value, replicates, block, within=(0.0, 1.0))
    counted = block if rows is None else block.of(np.flatnonzero(rows))
    if not counted.number:
        return Interval(value, None, None, "no row counts in it")
    bound = float((1 - LEVEL) ** (1 / (counted.number * counted.evenness)))
    return Interval(value, 0.0, 1 - bound) if value <= 0 else Interval(value, bound, 1.0)


def of_costs(value: float, replicates: Sequence[float], block: Blocks) -> Interval:
    """The interval of a mean cost, or loss, which is zero or more in each row: by `interval`, but none where it is zero
    in all, and so in every resample."""
    return interval(value, replicates, block, within=(0.0, math.inf)) if value else _perfect(value, block)


def _perfect(value: float, block: Blocks) -> Interval:
    return Interval(value, None, None, f"every resample is perfect, {block.number:,} {block.kind}")
