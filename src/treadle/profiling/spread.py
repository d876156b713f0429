"""The second pass: how the values of one column are spread. It is read alone, so that memory is bounded by a column."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from treadle.profiling.columns import WIDE
from treadle.profiling.found import Bins, How, Level, Times

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Of the quantiles, which lie between two values where no value is at that place."""
SHOWN = 20
"""Values that are told of the commonest, and bins that are drawn."""
PARTS = 10
MOST_LEVELS = 1_000_000
"""Distinct texts that are counted one by one."""
_LONGEST = 200
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Spread:
    """`counts`: rows by value, of texts, for those who look at values (personal data, units)."""

    distinct: int | None
    how: How
    top: list[Level] = field(default_factory=list)
    top_of: int = 0
    quantiles: list[float] = field(default_factory=list)
    bins: Bins | None = None
    parts: Bins | None = None
    times: Times | None = None
    levels: dict[str, int] = field(default_factory=dict)
    counts: pl.DataFrame | None = None


def of_numbers(values: pl.Series, how: How, edges: list[float] | None = None) -> Spread:
    """Sorted once; all else is read off. `edges`: of the parts of another table, to be laid beside it."""
    known = values.drop_nulls()
    if known.dtype.is_float():
        known = known.filter(known.is_finite())
    if not len(known):
        return Spread(0, how)
    if isinstance(known.dtype, WIDE):
        known = known.sort()
        numbers, again = known.cast(pl.Float64).to_numpy(), (known == known.shift(1)).fill_null(False).to_numpy()
        top, distinct = _runs(again, known.__getitem__)
    else:
        exact = np.sort(known.to_numpy())
        numbers = exact.astype(float, copy=False)
        # of -0.0 and 0.0, which are equal, the latter
        top, distinct = _runs(_again(exact), lambda n: exact[n].item() + 0)
    return Spread(
        distinct=distinct,
        how=how,
        top=top,
        top_of=len(known),
        quantiles=[float(each) for each in _quantiles(numbers)],
        bins=_drawn(numbers),
        parts=_parts(numbers, edges),
    )


def of_times(values: pl.Series, how: How, edges: list[float] | None = None, *, whole: bool = True) -> Spread:
    """As numbers, in seconds since 1970, but counted as they are; and of the whole, how one time follows another."""
    known = values.drop_nulls()
    if not len(known):
        return Spread(0, how)
    known = known.sort()
    seconds = known.cast(pl.Datetime("us")).to_physical().to_numpy() / 1e6
    top, distinct = _runs(_again(known.to_physical().to_numpy()), known.__getitem__)
    return Spread(
        distinct=distinct,
        how=how,
        top=top,
        top_of=len(known),
        quantiles=[float(each) for each in _quantiles(seconds)],
        bins=_drawn(seconds),
        parts=_parts(seconds, edges),
        times=_steps(known, seconds) if whole else None,
    )


def of_texts(values: pl.Series, how: How, like: Sequence[str] | None = None) -> Spread:
    """Every text counted. `values` are few enough, or drawn. `like`: the commonest of another table."""
    counts = values.drop_nulls().alias("value").value_counts(sort=True, name="rows")
    return Spread(
        distinct=counts.height,
        how=how,
        top=[Level(_short(value), int(rows)) for value, rows in counts.head(SHOWN).iter_rows() if rows > 1],
        top_of=len(values) - values.null_count(),
        levels=_levels(counts, like),
        counts=counts,
    )


def _levels(counts: pl.DataFrame, like: Sequence[str] | None) -> dict[str, int]:
    """The rows of each of some values; where none are named, of the commonest. Long texts stand for nothing here."""
    if like is None:
        common = counts.head(SHOWN).filter((pl.col("rows") > 1) & (pl.col("value").str.len_chars() <= _LONGEST))
        return {str(value): int(rows) for value, rows in common.iter_rows()}
    found = dict(counts.filter(pl.col("value").is_in(list(like))).iter_rows())
    return {value: int(found.get(value, 0)) for value in like}


def _again(exact: Array) -> Array:
    """Which of sorted values are as the one before them."""
    return np.append(False, exact[1:] == exact[:-1])


def _runs(again: Array, at: Callable[[int], object]) -> tuple[list[Level], int]:
    """The commonest of sorted values, and how many there are: equal ones stand together. `again`: which are as the one
    before; `at`: the value that is told of a place."""
    # the first and the last place of each value that stands more than once
    edges = np.flatnonzero(np.diff(np.append(again, False).view(np.int8)))
    first, counts = edges[::2], edges[1::2] - edges[::2] + 1
    top = np.argsort(-counts, kind="stable")[:SHOWN]
    levels = [Level(_short(at(int(first[n]))), int(counts[n])) for n in top]
    return levels, len(again) - int(np.count_nonzero(again))


def _short(value: object) -> str:
    text = repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
    if isinstance(value, Decimal):
        text = re.sub(r"\.?0*$", "", f"{value:f}") if value.as_tuple().exponent else f"{value:f}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _quantiles(numbers: Array) -> Array:
    """Of sorted numbers, linear between two of them (Hyndman and Fan's seventh)."""
    place = np.asarray(LEVELS) * (len(numbers) - 1)
    low, high = numbers[np.floor(place).astype(int)], numbers[np.ceil(place).astype(int)]
    within = place - np.floor(place)
    found: Array = low * (1 - within) + high * within
    return found


def _drawn(numbers: Array) -> Bins:
    """Bins of equal width over all that is there; over the middle 98 % and one bin beyond, where few lie far out."""
    low, high = float(numbers[0]), float(numbers[-1])
    if low == high:
        return Bins([low, high], [len(numbers)])
    near, far = (float(numbers[int(share * (len(numbers) - 1))]) for share in (0.01, 0.99))
    if far > near and high / 8 - low / 8 > far / 2 - near / 2:
        inner = np.linspace(near, far, SHOWN - 1)
        edges = np.unique(np.concatenate(([low], inner, [high])))
    else:
        edges = np.linspace(low / 2, high / 2, SHOWN + 1) * 2  # their difference may be beyond the largest number
    edges = np.unique(edges)
    return Bins([float(each) for each in edges], _counted(numbers, edges))


def _counted(numbers: Array, edges: Array) -> list[int]:
    places = np.searchsorted(numbers, edges, side="right")
    places[0], places[-1] = 0, len(numbers)
    return [int(each) for each in np.diff(places)]


def _parts(numbers: Array, edges: list[float] | None) -> Bins:
    """About as many rows in each; a value that holds more than its share has a bin of its own. What lies outside the
    edges of another table is in its outer bins, or beside one that is of a single value: there it would not be seen."""
    if edges is None:
        places = (np.arange(1, PARTS) / PARTS * (len(numbers) - 1)).astype(int)
        inner = numbers[places]
        below = np.nextafter(inner[:-1][np.diff(inner) == 0], -np.inf)
        cuts = np.unique(np.concatenate((inner, below)))
        low, high = float(numbers[0]), float(numbers[-1])
        edges = [low, *(float(cut) for cut in cuts if low <= cut < high), high]
    counts = _counted(numbers, np.asarray(edges))
    under = int(np.searchsorted(numbers, edges[0], side="left")) if edges[0] == edges[1] else 0
    alone = edges[-2] >= np.nextafter(edges[-1], -np.inf)
    over = len(numbers) - int(np.searchsorted(numbers, edges[-1], side="right")) if alone else 0
    counts[0] -= under
    counts[-1] -= over
    return Bins(edges, counts, under, over)


def _steps(known: pl.Series, seconds: Array) -> Times:
    zone = getattr(known.dtype, "time_zone", None) or ""
    first, last = str(known[0]), str(known[-1])
    midnight = float((np.mod(seconds, 86_400) == 0).mean())
    gaps = np.diff(seconds)
    after = gaps[gaps > 0]
    if not len(after):
        return Times(first, last, zone, None, None, "", midnight)
    steps, counts = np.unique(after, return_counts=True)
    widest = int(np.argmax(gaps))
    return Times(
        first=first,
        last=last,
        zone=zone,
        step=float(steps[np.argmax(counts)]),
        gap=float(gaps[widest]),
        gap_after=str(known[widest]),
        midnight=midnight,
    )
