"""Decimals as a server writes them: in parts of a column, none of which loses a digit before all of them were seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle.sources.exactness import as_texts

if TYPE_CHECKING:
    import polars as pl

_MOST = 38
"""Digits of the widest decimal; a number with more is a float."""
_NO_NUMBER = ("NaN", "Infinity", "-Infinity")


def as_written(values: pl.Series) -> pl.Series:
    """Texts of decimals as numbers: whole ones, where none has a point, and else decimals of as many digits behind it
    as the longest. Where these do not fit, or PostgreSQL has NaN or an infinity, floats; where these would make one of
    several, texts.

    >>> import polars as pl
    >>> [str(as_written(pl.Series(each)).dtype) for each in (["7", None], ["7", "0.50"], ["7", "NaN"])]
    ['Int64', 'Decimal(precision=38, scale=2)', 'Float64']
    """
    import polars as pl

    if values.is_in(_NO_NUMBER).any():
        return _floats(values)
    behind = values.str.split_exact(".", 1).struct.field("field_1").str.len_bytes().max()
    if not isinstance(behind, int):
        return _whole(values)
    made = values.cast(pl.Decimal(_MOST, behind), strict=False) if behind <= _MOST else None
    return made if made is not None and made.null_count() == values.null_count() else _floats(values)


def _floats(values: pl.Series) -> pl.Series:
    import polars as pl

    floats = values.cast(pl.Float64)
    return floats if floats.n_unique() == values.n_unique() else values


def _whole(values: pl.Series) -> pl.Series:
    import polars as pl

    for kind in (pl.Int64, pl.Int128):
        made = values.cast(kind, strict=False)
        if made.null_count() == values.null_count():
            return made
    return values


def alike(parts: Sequence[pl.Series]) -> list[pl.Series]:
    """Parts of one column, some of them decimals, as decimals; as floats, where one is of floats or they do not fit;
    and as texts where these would make one of several."""
    import polars as pl

    kinds = [part.dtype for part in parts]
    scale = max(kind.scale for kind in kinds if isinstance(kind, pl.Decimal))
    if not any(kind.is_float() for kind in kinds):
        made = [part.cast(pl.Decimal(_MOST, scale), strict=False) for part in parts]
        if all(one.null_count() == part.null_count() for one, part in zip(made, parts, strict=True)):
            return made
    floats = [part.cast(pl.Float64) for part in parts]
    if all(one.n_unique() == part.n_unique() for one, part in zip(floats, parts, strict=True)):
        return floats
    return [as_texts(part) for part in parts]
