"""The rows of a file as the model is asked by them, and what of the file it does not see."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from treadle.errors import DataError, nearest
from treadle.expr import as_declared
from treadle.mapping import column_at_source

if TYPE_CHECKING:
    import polars as pl

    from treadle.models.request import InputField
    from treadle.serving import LiveModel
    from treadle.spec import Source

_MOST = 10
"""Columns that a sentence names."""


def as_asked(frame: pl.DataFrame, live: LiveModel) -> pl.DataFrame:
    """The columns that the model is asked by, in its types: a file of few rows is guessed to have others.

    Raises:
        DataError: a column that the model looks at is not there, or of another type; or all of them are empty.
    """
    import polars as pl

    fields = {f.name: f for f in live.inputs.fields}
    missing = [f.name for f in fields.values() if f.feature and f.name not in frame.columns]
    if missing:
        near = _meant(missing, [c for c in frame.columns if c not in fields])
        said = ", ".join(f'"{found}" for {name}' for name, found in near.items())
        mend = f"did you mean {said}?" if said else nearest(missing[0], frame.columns)
        raise DataError(
            f"the file has no column {_few(missing)}",
            where="--from",
            mend=f"{live.name} looks at it; {mend}" if mend else f"{live.name} looks at it",
        )
    seen = [f.name for f in fields.values() if f.feature]
    if seen and all(frame[name].null_count() == frame.height for name in seen):
        raise DataError(
            f"no row of the file has a value in what {live.name} looks at: {_few(seen)}",
            where="--from",
            mend="give rows in which some of it is known",
        )
    return pl.DataFrame([_fitting(frame[name], fields[name].type) for name in frame.columns if name in fields])


def texts_of(live: LiveModel, source: Source, declared: Mapping[str, str]) -> frozenset[str]:
    """Columns of a file that are texts to the model, by both names that they may have: a few rows of codes such as 007
    look like numbers, and the levels that the model knows are written as they are.

    Not so a column that was guessed in training too, and then made text by its contract or a mapping: one of 01067
    alone is known as 1067. A bundle says which those are; of one that does not (`unsaid`), all that are declared so.

    declared: types by the contract of the source, which only such a bundle needs.
    """
    there = {
        each.name: _origin(source, each)
        for each in live.inputs.fields
        if each.type == "str" and (declared.get(each.name) != "str" if each.written is None else each.written)
    }
    return frozenset(each for name, found in there.items() if found is not None for each in (name, found))


def unsaid(live: LiveModel) -> bool:
    """Whether the bundle does not say which of its texts were texts as they were read."""
    return any(each.type == "str" and each.written is None for each in live.inputs.fields)


def _origin(source: Source, field: InputField) -> str | None:
    """What the source calls a column; None where it is made of more than one."""
    mapped = source.mapped.get(field.name) if source.map else None
    if field.written is None or mapped is None or mapped.type != "str":
        return column_at_source(source, field.name)
    return mapped.origin


def _fitting(column: pl.Series, kind: str) -> pl.Series:
    """A column in the type that is wanted, where it can be that.

    Raises:
        DataError: it is text, and numbers or times are wanted.
    """
    import polars as pl

    if column.null_count() == len(column) or column.dtype.is_nested():
        return column
    if kind == "str" and column.dtype != pl.String:  # as a contract writes it
        read = as_declared(column.name, column.dtype, "str")
        made = pl.col(column.name).cast(pl.String) if read is None else read[0]
        return column.to_frame().select(made.alias(column.name)).to_series()
    if kind == "timestamp" and column.dtype == pl.Date:
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if kind == "int" and column.dtype.is_float() and bool((column == column.floor()).all()):
        known = column.filter(column.is_finite())  # one beyond 64 bits would be NULL: the reader refuses it instead
        return column.cast(pl.Int64, strict=False) if bool(known.is_between(-_INT, _INT, "left").all()) else column
    if column.dtype == pl.String and kind in _WANTED:
        odd = next(((n, value) for n, value in enumerate(column, 1) if not _is_read(value, kind)), None)
        if odd is None:  # each is read as it is in a record, though not all are written alike
            return column
        row, like = odd
        raise DataError(
            f'{column.name} is text in the file, such as "{like}" in row {row:,}, and is wanted as {_WANTED[kind]}',
            where="--from",
            mend=f"correct it; what stands for nothing goes to null_values: {{{column.name}: [...]}} of the source",
        )
    return column


_INT = 2.0**63
"""The first float that is no whole number of 64 bits."""
_TIMES = {"date": date, "timestamp": datetime}
_WANTED = {"int": "a number", "float": "a number", "date": "a date", "timestamp": "a time", "bool": "true or false"}


def _is_read(value: str | None, kind: str) -> bool:
    """Whether a text can be what is wanted: it is none of those for which its column is one of texts."""
    import msgspec

    try:
        if value is not None and kind in _TIMES:
            msgspec.convert(value, _TIMES[kind])
            return True
        return value is None or (kind in ("int", "float") and float(value) == float(value))
    except ValueError:
        return False


def told_of(frame: pl.DataFrame, live: LiveModel) -> list[str]:
    """What whoever gave the file should know, a sentence each: columns not read, fields not there, values missing."""
    fields = {f.name: f for f in live.inputs.fields}
    extra = [c for c in frame.columns if c not in fields]
    missing = [name for name in fields if name not in frame.columns]
    said = [f"not read: {_few(extra)}; {live.name} is asked by {_few(list(fields))}"] if extra else []
    said += [
        f'the file has no column {name}: did you mean it by "{found}"?'
        for name, found in _meant(missing, extra).items()
    ]
    counts = {name: _nothing(frame[name]) for name, f in fields.items() if f.feature and name in frame.columns}
    empty = [
        f"{name} in {'all ' if n == frame.height else f'{n:,} of '}{frame.height:,} rows"
        for name, n in counts.items()
        if n
    ]
    return [*said, f"NULL in what the model looks at: {_few(empty)}"] if empty else said


def _nothing(column: pl.Series) -> int:
    """Values that the model takes for none: NaN and infinities too."""
    odd = int((~column.is_finite()).sum()) if column.dtype.is_float() else 0
    return column.null_count() + odd


def _meant(missing: Sequence[str], extra: Sequence[str]) -> dict[str, str]:
    """For each missing name the one of the others that is spelt nearly so, where there is one."""
    near = {name: difflib.get_close_matches(name, extra, n=1, cutoff=0.6) for name in missing}
    return {name: found[0] for name, found in near.items() if found}


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
