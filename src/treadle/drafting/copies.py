"""Columns that are the label once more: a copy, its negation, other words or another unit for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from treadle.drafting.quoting import literal

if TYPE_CHECKING:
    import polars as pl

MOST_LEVELS = 200
"""Values of a label that are compared one by one; of more, only a number is compared, as a straight line."""
_LEAST, _NUMBERS, _STRAIGHT = 20, ("int", "float"), 1 - 1e-12


def copies(frame: pl.DataFrame, target: str, types: Mapping[str, str]) -> dict[str, str]:
    """Each such column, with what it is, in words.

    A column is one where each value of it goes with one value of the label and the other way round, in at least 20 rows
    and half of those that have a label; or, of numbers, where it lies on a straight line with the label in all of them.
    """
    import polars as pl

    known = frame.filter(pl.col(target).is_not_null())
    label = known.get_column(target)
    levels, found = label.n_unique(), {}
    for name, kind in types.items():
        if name == target:
            continue
        column = known.get_column(name)
        both = len(column) - column.null_count()
        if both < max(_LEAST, len(known) / 2):
            continue
        if levels <= MOST_LEVELS and column.drop_nulls().n_unique() == levels:
            pairs = known.select(pl.col(target).alias("label"), pl.col(name).alias("said")).drop_nulls().unique()
            if pairs.height == levels:
                first = pairs.sort("label").row(0)
                found[name] = (
                    f"the label itself: {literal(first[1])} wherever {target} is {literal(first[0])}, and so on"
                )
        elif kind in _NUMBERS and types.get(target) in _NUMBERS and levels > MOST_LEVELS and _straight(column, label):
            found[name] = f"the label itself: it lies on a straight line with {target}"
    return found


def _straight(column: pl.Series, label: pl.Series) -> bool:
    import polars as pl

    pair = pl.DataFrame({"x": column.cast(pl.Float64), "y": label.cast(pl.Float64)}).drop_nulls()
    pair = pair.filter(pl.all_horizontal(pl.all().is_finite()))
    if pair.height < _LEAST:
        return False
    told = pair.select(pl.corr("x", "y")).item()
    return told is not None and told**2 >= _STRAIGHT
