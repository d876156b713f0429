"""Rows of a file that is read again: which of them are kept already, though its columns are other ones by now.

A column may be of another type, as a value that was no number among numbers made texts of them all; and there may be
more columns. So two rows are equal by the columns that both have, each in one type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from treadle.sources.dates import as_text, form_of_most, parsed
from treadle.sources.seen import names_of, unseen

if TYPE_CHECKING:
    import polars as pl


def unkept(rows: pl.DataFrame, kept: Iterable[pl.DataFrame], again: pl.Series) -> pl.Series:
    """Which rows are not among those that are kept; of equal ones as many as there are more than kept.

    again: which of them may be; others are not, however equal.
    """
    left, places = rows.filter(again), again.arg_true()
    for known in _by_columns(kept, rows):
        ours, theirs = _in_one_type(left, known)
        shared = [name for name in ours.columns if name in theirs.columns]
        # a row is taken for one that lacks some of its columns where no row there is its very equal
        for alike in (False, True) if shared and {*ours.columns} != {*theirs.columns} else (False,):
            here, there = (ours.select(shared), theirs.select(shared)) if alike else (ours, theirs)
            fresh, unmet = _unmet(names_of(here), names_of(there))
            ours, left, places = ours.filter(fresh), left.filter(fresh), places.filter(fresh)
            theirs = theirs.filter(unmet)
    return (~again).scatter(places, True)


def _by_columns(kept: Iterable[pl.DataFrame], rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Those that are kept, a frame for all of the same columns; what has the columns of the rows goes first."""
    import polars as pl

    frames: dict[tuple[tuple[str, pl.DataType], ...], list[pl.DataFrame]] = {}
    for frame in kept:
        plain = frame.select(sorted(frame.columns))
        frames.setdefault(tuple(plain.schema.items()), []).append(plain)
    own = tuple(rows.select(sorted(rows.columns)).schema.items())
    return [pl.concat(frames[each]) for each in sorted(frames, key=lambda each: each != own)]


def _unmet(ours: list[bytes], theirs: list[bytes]) -> tuple[pl.Series, pl.Series]:
    """Of each side which have no equal on the other, each of which is the equal of one alone."""
    import polars as pl

    fresh, left = unseen(ours, Counter(theirs)), unseen(theirs, Counter(ours))
    return pl.Series(fresh, dtype=pl.Boolean), pl.Series(left, dtype=pl.Boolean)


def _in_one_type(ours: pl.DataFrame, theirs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both with texts of one form in columns that are of one type here and of another there."""
    for name, kind in ours.schema.items():
        if theirs.schema.get(name, kind) != kind:
            one, other = ours.get_column(name), theirs.get_column(name)
            ours, theirs = ours.with_columns(_as_texts(one, other)), theirs.with_columns(_as_texts(other, one))
    return ours, theirs


def _as_texts(values: pl.Series, other: pl.Series) -> pl.Series:
    """Values as texts that those of the other side become too; texts that are none of its kind stay as they are."""
    import polars as pl

    if values.dtype != pl.String:
        return _written(values)
    found = list[pl.Series]()
    if other.dtype.is_numeric():
        bare = values.str.strip_chars()
        found = [_written(bare.cast(kind, strict=False)) for kind in (pl.Int64, pl.Float64)]
    elif other.dtype == pl.Boolean:
        found = [values.str.to_lowercase()]
    elif other.dtype.is_temporal():
        form = form_of_most(values.drop_nulls())
        found = [_written(parsed(values, form.format))] if form is not None and not form.either else []
    return pl.select(pl.coalesce(*map(pl.lit, found), pl.lit(values))).to_series().alias(values.name)


def _written(values: pl.Series) -> pl.Series:
    """Numbers, whole ones without a fraction; truths; and times, days as their midnight in UTC."""
    import polars as pl

    if values.dtype == pl.Date:
        return as_text(values.cast(pl.Datetime("us")))
    if isinstance(values.dtype, pl.Datetime):
        return as_text(values)
    if values.dtype.is_float():
        whole = values.cast(pl.Int64, strict=False)
        plain = pl.when(pl.lit(whole.cast(pl.Float64) == values)).then(pl.lit(whole.cast(pl.String)))
        return pl.select(pl.coalesce(plain, pl.lit(values.cast(pl.String)))).to_series().alias(values.name)
    return values.cast(pl.String, strict=False) if values.dtype.is_numeric() or values.dtype == pl.Boolean else values
