"""What moved from one profile to another, column by column."""

from __future__ import annotations

import numpy as np

from treadle.profiling.distances import Array, distance
from treadle.profiling.found import Bins, ColumnProfile, Moved, Profile

_MEDIAN = 3
"""Where the median stands among the quantiles."""


def compare(before: Profile, now: Profile) -> list[Moved]:
    """A line for each column that both have, the most moved first.

    Distances are over the bins of `before`, by which `now` was measured too (`Asked.like`), or over the commonest
    values of `before`. Where the two were measured on unlike bins there is none.
    """
    known = {column.name: column for column in before.columns}
    lines = [_moved(known[column.name], column, before, now) for column in now.columns if column.name in known]
    return sorted(lines, key=lambda line: -max((line.psi or 0.0) - (line.noise or 0.0), 0.0))


def _moved(old: ColumnProfile, new: ColumnProfile, before: Profile, now: Profile) -> Moved:
    counts = _side_by_side(old, new, before, now)
    found = distance(*counts) if counts is not None else None
    return Moved(
        column=new.name,
        verdict=found.verdict if found else "",
        psi=found.psi if found else None,
        noise=found.noise if found else None,
        js=found.js if found else None,
        missing_before=old.missing / max(before.rows, 1),
        missing_now=new.missing / max(now.rows, 1),
        distinct_before=old.distinct,
        distinct_now=new.distinct,
        mean_before=old.numbers.mean if old.numbers else None,
        mean_now=new.numbers.mean if new.numbers else None,
        median_before=old.numbers.quantiles[_MEDIAN] if old.numbers else None,
        median_now=new.numbers.quantiles[_MEDIAN] if new.numbers else None,
    )


def _side_by_side(old: ColumnProfile, new: ColumnProfile, before: Profile, now: Profile) -> tuple[Array, Array] | None:
    """Counts over the same bins, the last of which is what is missing or not finite. None where there are no such."""
    if not before.rows or not now.rows or old.kind != new.kind or old.key or new.key:
        return None  # a key is new in every row that is: that is no move
    if old.parts is not None and new.parts is not None and old.parts.edges == new.parts.edges:
        return _of_parts(old.parts, old, before.rows), _of_parts(new.parts, new, now.rows)
    if old.levels and old.levels.keys() == new.levels.keys():
        names = list(old.levels)
        return _of_levels(names, old, before.rows), _of_levels(names, new, now.rows)
    return None


def _of_parts(parts: Bins, column: ColumnProfile, rows: int) -> Array:
    """With what lies beside them, and what has no place there, as much of it as there would be where only a part of the
    rows was drawn."""
    counts = [parts.below, *parts.counts, parts.above]
    gone = column.missing + (column.numbers.nan + column.numbers.infinite if column.numbers is not None else 0)
    return np.array([*counts, gone * sum(counts) / max(rows - gone, 1)], dtype=float)


def _of_levels(names: list[str], column: ColumnProfile, rows: int) -> Array:
    counts = [column.levels[name] for name in names]
    drawn = column.top_of / max(rows - column.missing, 1)
    return np.array([*counts, column.top_of - sum(counts), column.missing * drawn], dtype=float)
