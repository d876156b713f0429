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
_OPEN = "decimal as it is written"
"""The one field of the values of a part of which all parts tell what they are; nothing else has such a type."""


def as_written(values: pl.Series) -> pl.Series:
    """Texts of decimals as numbers: whole ones, where none has a point, and else decimals of as many digits behind it
    as the longest. Where these do not fit, or PostgreSQL has NaN or an infinity, they stay open, as they are written,
    for `alike`: floats may make one of two values that stand in two parts.

    >>> import polars as pl
    >>> made = [as_written(pl.Series(each)) for each in (["7", None], ["7", "0.50"], ["7", "NaN"])]
    >>> [str(each.dtype) for each in made[:2]], are_open(made[2].dtype)
    (['Int64', 'Decimal(precision=38, scale=2)'], True)
    """
    import polars as pl

    if not values.is_in(_NO_NUMBER).any():
        behind = values.str.split_exact(".", 1).struct.field("field_1").str.len_bytes().max()
        if not isinstance(behind, int):
            kinds: tuple[pl.DataType, ...] = (pl.Int64(), pl.Int128())
        else:
            kinds = (pl.Decimal(_MOST, behind),) if behind <= _MOST else ()
        for kind in kinds:
            made = values.cast(kind, strict=False)
            if made.null_count() == values.null_count():
                return made
    return pl.DataFrame([values.alias(_OPEN)]).to_struct(values.name)


def are_open(kind: pl.DataType) -> bool:
    """Whether a part has decimals of which all parts tell what they are."""
    import polars as pl

    return isinstance(kind, pl.Struct) and [field.name for field in kind.fields] == [_OPEN]


def alike(parts: Sequence[pl.Series]) -> list[pl.Series]:
    """Parts of one column, some of them decimals, as decimals; as floats, where one is of floats or they do not fit;
    and as texts where these would make one of several, or where they are whole numbers of too many digits."""
    import polars as pl

    kinds = [part.dtype for part in parts]
    if not any(kind.is_float() or are_open(kind) for kind in kinds):
        scale = max(kind.scale for kind in kinds if isinstance(kind, pl.Decimal))
        made = [part.cast(pl.Decimal(_MOST, scale), strict=False) for part in parts]
        if all(one.null_count() == part.null_count() for one, part in zip(made, parts, strict=True)):
            return made
    texts = [_plainly(part) for part in parts]
    written = pl.concat(texts)
    floats = written.cast(pl.Float64)
    if _has_fractions(kinds, parts) and floats.n_unique() == written.n_unique():
        return [text.cast(pl.Float64) for text in texts]
    return texts


def _plainly(part: pl.Series) -> pl.Series:
    """As texts of which two are alike where their numbers are: without zeros at last behind a point."""
    import polars as pl

    if are_open(part.dtype):
        texts = part.struct.field(_OPEN)
    else:
        texts = part.cast(pl.String) if isinstance(part.dtype, pl.Decimal) else as_texts(part)
    texts = texts.str.replace(r"(\.\d*?)0+$", "$1").str.strip_suffix(".").str.replace("^-0$", "0")
    return texts.alias(part.name)


def _has_fractions(kinds: Sequence[pl.DataType], parts: Sequence[pl.Series]) -> bool:
    """Whether one is written with a point, or as what is no number."""
    import polars as pl

    if any(kind.is_float() or isinstance(kind, pl.Decimal) for kind in kinds):
        return True
    texts = [part.struct.field(_OPEN) for part in parts if are_open(part.dtype)]
    return any(text.str.contains(r"[.NI]").any() for text in texts)
