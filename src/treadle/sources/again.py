"""Rows of a file that is read again: which of them are kept already, though its columns are other ones by now.

A column may be of another type, as a value that was no number among numbers made texts of them all; and there may be
more columns. So two rows are equal by the columns that both have, each in one type. Where the columns of a table became
more, its rows before are told by those that were there when they came (`as_they_came`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
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
    pairs = [_in_one_type(left, known) for known in _by_columns(kept, rows)]
    # a row is taken for one that lacks some of its columns where no row anywhere is its very equal
    for alike in (False, True):
        for at in range(len(pairs)):
            ours, theirs = pairs[at]
            shared = [name for name in ours.columns if name in theirs.columns]
            if not len(places) or (alike and (not shared or {*ours.columns} == {*theirs.columns})):
                continue
            here, there = (ours.select(shared), theirs.select(shared)) if alike else (ours, theirs)
            fresh, unmet = _unmet(names_of(here), names_of(there))
            places = places.filter(fresh)
            pairs = [(one.filter(fresh), other) for one, other in pairs]
            pairs[at] = pairs[at][0], theirs.filter(unmet)
    return (~again).scatter(places, True)


def as_they_came(table: pl.DataFrame, some: pl.Series) -> list[pl.DataFrame]:
    """Some rows of a table, a frame for all that came with the same columns.

    Rows stand in the order in which they came. One that came before a column has no value in it, which says nothing of
    it: so it is told by those columns alone in which it, or a row before it, has one.

    some: which of the rows.
    """
    first = {each.name: each.is_not_null().arg_true().first() for each in table}
    begins = {name: int(at) for name, at in first.items() if isinstance(at, int)}
    found: list[pl.DataFrame] = []
    for start, end in pairwise(sorted({0, *begins.values(), table.height})):
        part = table.slice(start, end - start).filter(some.slice(start, end - start))
        there = [name for name in table.columns if begins.get(name, end) <= start]
        found += [part.select(there or table.columns)] if part.height else []
    return found


def _by_columns(kept: Iterable[pl.DataFrame], rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Those that are kept, a frame for all of the same columns; what has those of the rows first, then the widest."""
    import polars as pl

    frames: dict[tuple[tuple[str, pl.DataType], ...], list[pl.DataFrame]] = {}
    for frame in kept:
        plain = frame.select(sorted(frame.columns))
        frames.setdefault(tuple(plain.schema.items()), []).append(plain)
    own = tuple(rows.select(sorted(rows.columns)).schema.items())
    return [pl.concat(frames[each]) for each in sorted(frames, key=lambda each: (each != own, -len(each)))]


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
