"""Which rows repeat an earlier one's values: told from hashes first, since nearly all values of a key stand once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def repeats(values: pl.DataFrame) -> pl.Series:
    """True for each row whose values, in all columns together, stand in an earlier one.

    Equal values have equal hashes, so rows whose hash stands once repeat nothing; the others are compared by value.
    """
    import polars as pl

    hashes = values.hash_rows(0)
    marks = pl.repeat(False, values.height, dtype=pl.Boolean, eager=True)
    if hashes.n_unique() == values.height:
        return marks
    ordered = hashes.sort()
    several = ordered.filter(ordered == ordered.shift(1)).unique()
    rows = hashes.is_in(several.implode()).arg_true()
    alike = values[rows]
    first = (alike.to_series() if alike.width == 1 else alike.to_struct()).is_first_distinct()
    return marks.scatter(rows.filter(~first), True)
