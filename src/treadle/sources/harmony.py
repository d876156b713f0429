"""One set of types for all formats, and one table of several files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from treadle.errors import DataError, nearest
from treadle.mapping import instants_in
from treadle.sources.dates import as_text
from treadle.sources.documents import MOST_LEVELS, too_deep
from treadle.sources.exactness import as_texts, in_one
from treadle.sources.figures import beyond
from treadle.sources.limits import refuse_larger
from treadle.sources.unreadable import Unreadable

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import Layout


_DAYS = (-719_162, 2_932_896)
"""Of the first day of the year 1, and of the last of 9999, from 1970 on: no calendar of Python, and none that writes
four digits, has others."""
_DIGITS, _DIGITS_OF_64_BITS = 15, 18
"""Of decimals that a float, or a whole number of 64 bits, holds whatever they are."""
_UNITS = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_NOTHING: Mapping[str, str] = MappingProxyType({})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def harmonised(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    """Objects in objects as columns of their own (`address.city`), and each column in a type that is known here.

    A control character in the name of a column is a blank here. Times in UTC microseconds; categories, times of day and
    whole numbers beyond 64 bits as texts; durations in seconds; decimals as whole numbers, floats or texts.

    Raises:
        Unreadable: objects are nested too deep, or a date is of no year from 1 to 9999; DataError: it has no columns.
    """
    import polars as pl

    if not frame.width:
        raise DataError("the table has no columns", where=where, mend="is the file empty?")
    frame = _named_plainly(_flat(frame))
    for values in frame.iter_columns():
        _refuse_far(values)
    changes = list[pl.Expr | pl.Series]()
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.Datetime):
            column = column.dt.cast_time_unit("us")
            changes.append(
                column.dt.replace_time_zone("UTC") if dtype.time_zone is None else column.dt.convert_time_zone("UTC")
            )
        elif dtype in (pl.Categorical, pl.Enum) or dtype == pl.Null:
            changes.append(column.cast(pl.String))
        elif isinstance(dtype, pl.Decimal):
            changes.append(_of_decimals(frame.get_column(name), dtype))
        elif dtype == pl.Time:
            changes.append(column.dt.to_string("%H:%M:%S%.f"))
        elif isinstance(dtype, pl.Duration):
            changes.append(column.dt.total_microseconds() / 1e6)
        elif dtype in (pl.UInt8, pl.UInt16, pl.UInt32):  # Delta has whole numbers with a sign alone
            changes.append(column.cast(pl.Int64))
        elif dtype in (pl.UInt64, pl.Int128, pl.UInt128):
            # a float would make one number of several
            fits = (
                frame.get_column(name).cast(pl.Int64, strict=False).null_count() == frame.get_column(name).null_count()
            )
            changes.append(column.cast(pl.Int64 if fits else pl.String))
    return frame.with_columns(changes) if changes else frame


def told_by_type(dtype: pl.DataType) -> bool:
    """Whether what a column becomes, or the columns that an object becomes, follows from its type alone, and not from
    its values. Lists stay what they are."""
    import polars as pl

    if isinstance(dtype, pl.Struct):
        return all(isinstance(part, pl.DataType) and told_by_type(part) for part in _parts_of(dtype))
    if isinstance(dtype, pl.Decimal):
        return (dtype.precision or 38) <= (_DIGITS if dtype.scale else _DIGITS_OF_64_BITS)
    return dtype not in (pl.UInt64, pl.Int128, pl.UInt128, pl.Null)


def _of_decimals(values: pl.Series, dtype: pl.Decimal) -> pl.Series:
    """Decimals without a fraction as whole numbers, others as floats; as texts where either cannot tell all apart."""
    import polars as pl

    missing = values.null_count()
    if not dtype.scale:
        whole = values.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == missing else values.cast(pl.String)
    floats = values.cast(pl.Float64)
    farthest = max((abs(each) for each in (values.min(), values.max()) if isinstance(each, Decimal)), default=0)
    few = (dtype.precision or 38) <= _DIGITS or farthest < 10 ** (_DIGITS - dtype.scale)
    if few or floats.n_unique() == values.n_unique():
        return floats
    whole = values.cast(pl.Int64, strict=False)
    exact = whole.null_count() == missing and bool((whole.cast(dtype, strict=False) == values).all())
    return whole if exact else values.cast(pl.String)


def _refuse_far(column: pl.Series) -> None:
    """Before anything is made of the dates: Polars panics at some, and others cannot be shown."""
    import polars as pl

    if isinstance(column.dtype, pl.Datetime):
        a_day = 86_400 * _UNITS[column.dtype.time_unit]
    elif column.dtype == pl.Date:
        a_day = 1
    else:
        return
    known = column.to_physical()
    low, high = known.min(), known.max()
    if isinstance(low, int) and isinstance(high, int):
        first, last = _DAYS[0] * a_day, (_DAYS[1] + 1) * a_day - 1
        if low < first or high > last:
            far = int(((known < first) | (known > last)).sum())
            raise Unreadable(
                f"{column.name} holds dates before the year 1 or after 9999, in {far:,} rows",
                mend=f"write what stands for no date, or for no end, as missing; or leave {column.name} out",
            )


def refuse_unfolding(frame: pl.DataFrame, layout: Layout, name: str, where: str) -> None:
    """Refuse columns whose texts are kept once and meant often, where they would not fit once each row has its own.

    Raises:
        DataError: as for other sizes; Unreadable: objects are nested too deep.
    """
    import polars as pl

    flat = _flat(frame)
    needed = int(flat.estimated_size())
    for column in flat.iter_columns():
        if column.dtype in (pl.Categorical, pl.Enum):
            counts = column.value_counts(name="count in all")
            lengths = counts.to_series(0).cast(pl.String).str.len_bytes().cast(pl.Int64)
            needed += int((lengths * counts.get_column("count in all").cast(pl.Int64)).sum() or 0)
    refuse_larger(needed, layout, name, what=f"has {frame.height:,} rows, which unpack to", where=where)


def refuse_nested(schema: Mapping[str, pl.DataType]) -> None:
    """Refuse columns of objects that are nested too deep, before any of them is read.

    Raises:
        Unreadable: with how deep they may be.
    """
    if any(levels(dtype) > MOST_LEVELS for dtype in schema.values()):
        raise too_deep("it has")


def levels(dtype: pl.DataType) -> int:
    """A record that holds such a value has so many levels of objects and lists in one another."""
    import polars as pl

    found, inside = 1, [dtype]
    while inside := [part for each in inside for part in _parts_of(each) if isinstance(part, pl.DataType)]:
        found += 1
    return found


def _parts_of(dtype: pl.DataType) -> list[object]:
    import polars as pl

    if isinstance(dtype, pl.Struct):
        return [field.dtype for field in dtype.fields]
    return [dtype.inner] if isinstance(dtype, pl.List | pl.Array) else []


def plain_name(name: str) -> str:
    """A column's name without what no file, page or terminal should be told: control characters are blanks.

    >>> plain_name("Umsatz\\n(EUR)"), plain_name("a\\x1b[31mb"), plain_name(" x")
    ('Umsatz (EUR)', 'a [31mb', ' x')
    """
    return _CONTROL.sub(" ", name).strip() or "column" if _CONTROL.search(name) else name


def _named_plainly(frame: pl.DataFrame) -> pl.DataFrame:
    if not any(map(_CONTROL.search, frame.columns)):
        return frame
    made = dict.fromkeys(name for name in frame.columns if not _CONTROL.search(name))
    names = []
    for name in frame.columns:
        wanted = plain_name(name)
        while wanted != name and wanted in made:
            wanted += "_"
        made[wanted] = None
        names.append(wanted)
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    refuse_nested(frame.schema)
    while any(isinstance(dtype, pl.Struct) for dtype in frame.dtypes):
        made: dict[str, pl.Series] = {}
        for column in frame.iter_columns():
            parts = [column]
            if isinstance(column.dtype, pl.Struct):
                parts = [part.alias(f"{column.name}.{part.name}") for part in column.struct.unnest().iter_columns()]
            for part in parts:
                name = part.name
                while name in made:
                    name += "_"
                made[name] = part.alias(name)
        frame = pl.DataFrame(list(made.values()))
    return frame


def joined(
    frames: Sequence[pl.DataFrame], names: Sequence[str], where: str, types: Mapping[str, str] = _NOTHING
) -> pl.DataFrame:
    """One table of the files of a source, which have the same columns, in any order.

    Whole numbers in one file and fractions in another are fractions, where that loses no digit (`exactness`); a column
    without a value in one is what it is in the others. types: of columns whose texts a contract is to judge, where they
    are numbers or dates in other files.

    Raises:
        DataError: a file has other columns, or other types in them; it is named.
    """
    import polars as pl

    if len(frames) == 1:
        return frames[0]
    first = frames[0].columns
    for frame, name in zip(frames[1:], names[1:], strict=True):
        refuse_other(frame.columns, first, name, names[0], where)
    taken = list[list[pl.Series]]()
    for column in first:
        parts = _numbers_alike([frame.get_column(column) for frame in frames])
        kinds = {name: part.dtype for part, name in zip(parts, names, strict=True) if _has_values(part)}
        if not kinds:
            wanted = without_values(part.dtype for part in parts)
        else:
            wanted = pl.String() if column in types and _odd_texts(kinds) else _common(column, kinds, where)
        taken.append([_as(part, wanted) for part in parts])
    return pl.concat([pl.DataFrame(each) for each in zip(*taken, strict=True)], how="vertical_relaxed")


def without_values(kinds: Iterable[pl.DataType]) -> pl.DataType:
    """What a column is that has no value in any file: what it is in all of them, else text."""
    import polars as pl

    first, *others = kinds
    return first if all(kind == first for kind in others) else pl.String()


def _odd_texts(kinds: Mapping[str, pl.DataType]) -> bool:
    import polars as pl

    texts = [kind for kind in kinds.values() if kind == pl.String]
    others = [kind for kind in kinds.values() if kind.is_numeric() or kind.is_temporal()]
    return bool(texts and others) and len(texts) + len(others) == len(kinds)


def _as(part: pl.Series, kind: pl.DataType) -> pl.Series:
    import polars as pl

    if kind == pl.String and part.dtype.is_temporal():
        return as_text(part, zoned=bool(instants_in(part.to_frame())))
    return as_texts(part) if kind == pl.String and part.dtype.is_numeric() else part.cast(kind)


def _numbers_alike(parts: list[pl.Series]) -> list[pl.Series]:
    """The parts of a column in one type, where some of them are whole numbers and others fractions."""
    known = [part for part in parts if _has_values(part)]
    if any(part.dtype.is_float() for part in known) and any(part.dtype.is_integer() for part in known):
        if all(part.dtype.is_numeric() for part in known):
            return _put(parts, in_one(known))
    elif any(map(_far_and_unlike, known)) and all(part.dtype.is_numeric() or _far_and_unlike(part) for part in known):
        return _put(parts, [as_texts(part) for part in known])
    return parts


def _put(parts: list[pl.Series], known: list[pl.Series]) -> list[pl.Series]:
    """`known` in place of those that have values."""
    left = iter(known)
    return [next(left) if _has_values(part) else part for part in parts]


def _far_and_unlike(part: pl.Series) -> bool:
    """Texts that are numbers each, and stay texts because whole numbers among them are beyond a float."""
    import polars as pl

    if part.dtype != pl.String:
        return False
    return part.cast(pl.Float64, strict=False).null_count() == part.null_count() and bool(beyond(part).any())


def _has_values(column: pl.Series) -> bool:
    return column.null_count() < len(column)


def refuse_other(found: Sequence[str], wanted: Sequence[str], name: str, first: str, where: str) -> None:
    missing, extra = [c for c in wanted if c not in found], [c for c in found if c not in wanted]
    if not missing and not extra:
        return
    said = [f"lacks {_few(missing)}"] if missing else []
    said += [f"has {_few(extra)} beside"] if extra else []
    raise DataError(
        f"{name} {' and '.join(said)}: its columns are not those of {first}",
        where=where,
        mend=nearest(missing[0], extra) if missing and extra else "give all files of one source the same columns",
    )


def _common(column: str, kinds: dict[str, pl.DataType], where: str) -> pl.DataType:
    """The type that a column gets, of those that it has in files with a value of it."""
    import polars as pl

    names = list(kinds)
    wanted = kinds[names[0]]
    for name in names[1:]:
        kind = kinds[name]
        if kind == wanted or (kind.is_numeric() and wanted.is_numeric()):
            wanted = (
                wanted if kind == wanted else pl.Float64() if (kind.is_float() or wanted.is_float()) else pl.Int64()
            )
        elif kind.is_temporal() and wanted.is_temporal():
            wanted = pl.Datetime("us", "UTC")
        else:
            raise DataError(
                f"{column} is {_called(kind)} in {name}, and {_called(wanted)} in {names[0]}",
                where=where,
                mend=f"write it alike in all files; what stands for nothing goes to null_values: {{{column}: [...]}}",
            )
    return wanted


def _called(kind: pl.DataType) -> str:
    import polars as pl

    if kind.is_numeric():
        return "a number"
    return {pl.String: "text", pl.Boolean: "true or false"}.get(
        type(kind), "a time" if kind.is_temporal() else "nested"
    )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
