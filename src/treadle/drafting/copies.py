"""Columns that are the label once more: a copy, its negation, other words or another unit for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from treadle.drafting.quoting import literal

if TYPE_CHECKING:
    import polars as pl

MOST_LEVELS = 200
"""Values of a label that are compared one by one; of more, only a number is compared, as a straight line."""
_LEAST, _NUMBERS, _STRAIGHT = 20, {"int", "float"}, 1 - 1e-12


def copies(frame: pl.DataFrame, target: str, types: Mapping[str, str]) -> dict[str, str]:
    """Each such column, with what it is, in words.

    A column is one where each value of it goes with one value of the label and the other way round, in at least 20 rows
    and half of those that have a label; or, of numbers, where it lies on a straight line with the label in all of them.
    """
    import polars as pl

    known = frame.filter(pl.col(target).is_not_null())
    label, others = known.get_column(target), [name for name in types if name != target]
    levels, found = label.n_unique(), dict[str, str]()
    if not others:
        return found
    nulls, uniques = (
        known.select(others).null_count().row(0),
        known.select(pl.col(others).drop_nulls().n_unique()).row(0),
    )
    for name, missing, unlike in zip(others, nulls, uniques, strict=True):
        if len(known) - missing < max(_LEAST, len(known) / 2):
            continue
        if levels <= MOST_LEVELS and unlike == levels:
            pairs = known.select(pl.col(target).alias("label"), pl.col(name).alias("said")).drop_nulls().unique()
            if pairs.height == levels:
                first = pairs.sort("label").row(0)
                found[name] = (
                    f"the label itself: {literal(first[1])} wherever {target} is {literal(first[0])}, and so on"
                )
        elif (
            levels > MOST_LEVELS
            and {types[name], types[target]} <= _NUMBERS
            and _straight(known.get_column(name), label)
        ):
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
