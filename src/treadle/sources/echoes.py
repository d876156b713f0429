"""Rows that repeat a secret which their own source was asked with: what is kept is kept for ever, and read by many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_LONG = 8
"""Letters from which on a secret is looked for within a text; a shorter one may be in many a word, and is the whole."""
_SHORT = 4
MEND = (
    "have the source leave it out; or, if it is no secret, write the value into the project file in the place of ${...}"
)


def echoed(frame: pl.DataFrame, secrets: Collection[str]) -> str:
    """The first column whose name or values repeat a secret, in words that hold none; empty where none does.

    secrets: as they may be spelled.
    """
    import polars as pl

    long = [secret for secret in secrets if len(secret) >= _LONG]
    short = [secret for secret in secrets if _SHORT <= len(secret) < _LONG]
    # a shorter one is the number of many a row; whoever makes a number of it drops zeros before it
    numbers = [int(secret) for secret in long if secret.isascii() and secret.isdecimal() and int(secret) < 2**63]
    if not long and not short:
        return ""
    for place, column in enumerate(frame.iter_columns(), 1):
        if any(secret in column.name for secret in long) or column.name in short:
            return f"the name of column {place} repeats a secret that it is asked with"
        rows = _repeated(column, numbers)
        if rows:
            return f"{rows:,} rows repeat a secret that it is asked with, as a number in the column {column.name}"
        texts = _texts(column)
        if texts is None:
            continue
        hit = texts.is_in(short) if short else pl.Series([False]).new_from_index(0, len(texts))
        if long:
            found = pl.select(pl.lit(texts).str.contains_any(long)).to_series()
            hit = hit | found
        rows = int(hit.fill_null(False).sum())
        if rows:
            return f"{rows:,} rows repeat a secret that it is asked with, in the column {column.name}"
    return ""


def _repeated(column: pl.Series, numbers: Sequence[int]) -> int:
    """In how many rows one of these stands, as a whole number or a fraction without a rest."""
    import polars as pl

    if not numbers or not column.dtype.is_numeric():
        return 0
    kind = pl.Int64 if column.dtype.is_integer() else pl.Float64
    return int(column.cast(kind, strict=False).is_in(pl.Series(numbers).cast(kind)).fill_null(False).sum())


def _texts(column: pl.Series) -> pl.Series | None:
    """The values as texts, lists as JSON; None of a column that can hold no text."""
    import msgspec
    import polars as pl

    if column.dtype == pl.String:
        return column
    if column.dtype == pl.Binary:
        texts = [None if each is None else bytes(each).decode("utf-8", "replace") for each in column]
        return pl.Series(texts, dtype=pl.String)  # of no rows, or none with a value, Polars cannot tell the type
    if column.dtype.is_nested():
        return pl.Series(
            [msgspec.json.encode(each, enc_hook=str).decode() for each in column.to_list()], dtype=pl.String
        )
    return None
