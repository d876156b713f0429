"""New rows put to those that are kept: types made to fit, a row a key, rows deleted at the source taken away.

Of two rows with one key the one with the larger value of the column that rows are read by wins, and of equal ones the
later read: what comes late does not undo what came after it. Where the first counts (`keep`), the one with the smaller
value wins, and of equal ones the earlier read; what lies before a deletion of its key counts for nothing. So a table
does not depend on how its rows were cut into readings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.errors import DataError
from treadle.sources.again import as_they_came, unkept
from treadle.sources.exactness import EXACT, are_whole, farthest
from treadle.sources.seen import names_of

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import New

_HELD, _AT, _END, _AGAIN = "\x00held", "\x00at", "\x00end", "\x00again"


@dataclass(frozen=True, eq=False)
class Before:
    """The rows that are kept: their columns, and how to read some of these (None: all)."""

    schema: pl.Schema
    read: Callable[[Sequence[str] | None], pl.DataFrame]


@dataclass(frozen=True, eq=False)
class Batch:
    """What was delivered: rows, one a key, and the keys of those that were deleted at the source, with when that was by
    the column that rows are read by; some of these are there again since.

    again: of each of the rows, whether it is of a file that was read before, and changed since; None where none is.
    """

    rows: pl.DataFrame
    deleted: pl.DataFrame | None = None
    again: pl.Series | None = None


@dataclass(frozen=True, eq=False)
class Merged:
    """What is to be kept: `rows` after those before, or in their place where `whole`.

    `columns`: those that are new. `widened`: those that hold fractions, or times, from now on.
    """

    rows: pl.DataFrame
    whole: bool
    added: int
    replaced: int = 0
    removed: int = 0
    columns: tuple[str, ...] = ()


def batch(rows: pl.DataFrame, keys: tuple[str, ...], new: New, where: str, again: pl.Series | None = None) -> Batch:
    """One row a key, as `when_seen` says, and apart from them what was deleted. again: of each row, see `Batch`.

    Raises:
        DataError: a key, or the column that marks deleted rows, is not there; two rows have one key, and the rule is to
            refuse that.
    """
    if again is None:
        return _batch(rows, keys, new, where)
    got = _batch(rows.with_columns(again.alias(_AGAIN)), keys, new, where)
    return Batch(got.rows.drop(_AGAIN), got.deleted, got.rows.get_column(_AGAIN))


def _batch(rows: pl.DataFrame, keys: tuple[str, ...], new: New, where: str) -> Batch:
    import polars as pl

    for column in (*keys, *([new.deleted] if new.deleted else [])):
        if column not in rows.columns:
            from treadle.errors import nearest

            raise DataError(f'there is no column "{column}"', where=where, mend=nearest(column, rows.columns))
    if not rows.height:
        return Batch(rows)
    gone = marked(rows.get_column(new.deleted), where) if new.deleted else None
    if not keys:
        return Batch(rows if gone is None else rows.filter(~gone))
    known = rows.select(pl.all_horizontal(pl.col(key).is_not_null() for key in keys)).to_series()
    nameless = rows.filter(~known if gone is None else ~known & ~gone)
    deleted = None
    if gone is not None:
        rows, deleted = _since_deleted(rows.with_columns(gone.alias(_HELD)).filter(known), keys, new)
    else:
        rows = rows.filter(known)
    once = rows.unique(keys, keep="first" if new.when_seen == "keep" else "last", maintain_order=True)
    if new.when_seen == "refuse" and once.height < rows.height:
        raise _twice(rows.filter(pl.struct(keys).is_duplicated()), keys, where)
    return Batch(pl.concat([once, nameless]) if nameless.height else once, deleted)


def _since_deleted(rows: pl.DataFrame, keys: tuple[str, ...], new: New) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of rows with a mark the ones after the last deletion of their key, without it; and these deletions."""
    import polars as pl

    rows = rows.with_row_index(_AT)
    ends = rows.filter(_HELD).unique(keys, keep="last", maintain_order=True)
    last = ends.select([*keys, pl.col(_AT).alias(_END)])
    left = rows.join(last, on=keys, how="left", maintain_order="left").filter(
        pl.col(_END).is_null() | (pl.col(_AT) > pl.col(_END))
    )
    return left.drop(_HELD, _AT, _END), ends.select([*keys, *_cursor(rows, keys, new)])


def _cursor(rows: pl.DataFrame, keys: tuple[str, ...], new: New) -> list[str]:
    """The column that rows are read by, where they have one beside their key."""
    return [new.by] if new.by is not None and new.by in rows.columns and new.by not in keys else []


def together(several: Sequence[pl.DataFrame], keys: tuple[str, ...], new: New, where: str) -> Batch:
    """Rows of several readings, the earlier ones first, as one batch: what they would be had they been read in turn.

    Raises:
        DataError: as of `batch`.
    """
    import polars as pl

    rows = pl.concat(several, how="diagonal_relaxed")
    if new.when_seen != "refuse" and new.by is not None and new.by in rows.columns:
        # a delivery comes in this order; of several, and where it was changed since, a later row may be the older one
        rows = rows.sort(new.by, maintain_order=True, nulls_last=True)
    if new.when_seen == "refuse":
        rows = rows.filter(pl.Series(names_of(rows), dtype=pl.Binary).is_first_distinct())
    return batch(rows, keys, new, where)


def marked(values: pl.Series, where: str) -> pl.Series:
    """True where a row is deleted: true, a number that is not 0, a date or a time."""
    import polars as pl

    if values.dtype == pl.Boolean:
        return values.fill_null(False)
    if values.dtype.is_numeric():
        return (values != 0).fill_null(False)
    if values.dtype.is_temporal() or values.null_count() == len(values):
        return values.is_not_null()
    raise DataError(
        f"{values.name} marks deleted rows, and is {values.dtype}",
        where=where,
        mend="name a column of true and false, of 0 and 1, or of the time that a row was deleted",
    )


def merged(before: Before | None, got: Batch, keys: tuple[str, ...], new: New, where: str) -> Merged:
    """The rows of `got` put to those before.

    Raises:
        DataError: a column that was there is not, or is of another type; a key that is there comes again, and the rule
            is to refuse that.
    """
    import polars as pl

    if before is None:
        return Merged(got.rows, True, got.rows.height)
    rows, kept, columns = fitted(before, got.rows, where)
    if not keys:
        if kept is None:
            return Merged(rows, False, rows.height, columns=columns)
        return Merged(pl.concat([kept, rows], how="diagonal"), True, rows.height, columns=columns)
    if got.again is not None:
        rows = _named_or_new(rows, lambda: before.read(None) if kept is None else kept, keys, got.again)
    held = (kept if kept is not None else before.read(keys)).select(keys).unique()
    gone = held.clear()
    if got.deleted is not None and got.deleted.height:
        gone = _gone(before, kept, got.deleted, keys, new)
        held = held.join(gone, on=keys, how="anti")
    again = rows.join(held, on=keys, how="semi", maintain_order="left")
    fresh = rows.join(held, on=keys, how="anti", maintain_order="left")
    taken = _taken(before, again, keys, new, where) if again.height else again
    back = gone.join(fresh, on=keys, how="semi").height  # deleted, and there again: its row takes the place of another
    out = pl.concat([taken.select(keys), gone])
    counts = {
        "added": fresh.height - back,
        "replaced": taken.height + back,
        "removed": gone.height - back,
        "columns": columns,
    }
    if kept is None and not out.height:
        return Merged(fresh, False, **counts)  # type: ignore[arg-type]
    kept = before.read(None) if kept is None else kept
    left = kept.join(out, on=keys, how="anti", maintain_order="left") if out.height else kept
    return Merged(pl.concat([left, taken, fresh], how="diagonal"), True, **counts)  # type: ignore[arg-type]


def _named_or_new(
    rows: pl.DataFrame, kept: Callable[[], pl.DataFrame], keys: tuple[str, ...], again: pl.Series
) -> pl.DataFrame:
    """Without the rows that lack a key, and are kept already: no key says that they are the same."""
    import polars as pl

    nameless = pl.any_horizontal(pl.col(key).is_null() for key in keys)
    lacking = rows.select(nameless).to_series()
    if not lacking.any():
        return rows
    table = kept()
    known = as_they_came(table, table.select(nameless).to_series())
    fresh = unkept(rows.filter(lacking), known, again.filter(lacking))
    return pl.concat([rows.filter(~lacking), rows.filter(lacking).filter(fresh)])


def _gone(
    before: Before, kept: pl.DataFrame | None, deleted: pl.DataFrame, keys: tuple[str, ...], new: New
) -> pl.DataFrame:
    """The keys of rows that are kept, and were deleted as late as they were written, or later."""
    import polars as pl

    by = _cursor(deleted, keys, new) if new.by in before.schema else []
    held = before.read([*keys, *by]) if kept is None else kept.select([*keys, *by])
    ends = deleted.select(held.columns).cast({name: held.schema[name] for name in held.columns}, strict=False)
    latest = held.group_by(keys).agg(pl.col(name).max().alias(_HELD) for name in by)
    found = ends.join(latest, on=keys, how="inner")
    for name in by:
        found = found.filter((pl.col(name) >= pl.col(_HELD)).fill_null(True))
    return found.select(keys)


def _taken(before: Before, again: pl.DataFrame, keys: tuple[str, ...], new: New, where: str) -> pl.DataFrame:
    """Of rows whose key is there already, those that take the place of others."""
    import polars as pl

    if new.when_seen == "keep" and (new.by is None or new.by not in before.schema):
        return again.clear()
    held = before.read(None).join(again.select(keys), on=keys, how="semi")
    same = set(names_of(held))
    other = again.filter(pl.Series([name not in same for name in names_of(again)], dtype=pl.Boolean))
    if new.when_seen == "refuse" and other.height:
        raise _twice(other, keys, where)
    if new.by is None or new.by not in held.columns:
        return other
    if new.when_seen == "keep":
        earliest = held.group_by(keys).agg(pl.col(new.by).min().alias(_HELD))
        found = other.join(earliest, on=keys, how="left", maintain_order="left")
        return found.filter((pl.col(new.by) < pl.col(_HELD)).fill_null(False)).drop(_HELD)
    latest = held.group_by(keys).agg(pl.col(new.by).max().alias(_HELD))
    found = other.join(latest, on=keys, how="left", maintain_order="left")
    return found.filter((pl.col(new.by) >= pl.col(_HELD)).fill_null(True)).drop(_HELD)


def _twice(rows: pl.DataFrame, keys: tuple[str, ...], where: str) -> DataError:
    first = ", ".join(f"{key} {value}" for key, value in zip(keys, rows.select(keys).row(0), strict=True))
    return DataError(
        f"{rows.height:,} rows have a key that is there already, such as {first}",
        where=where,
        mend="give each row a key of its own; or say which counts: new: {when_seen: replace} or keep",
    )


def fitted(before: Before, rows: pl.DataFrame, where: str) -> tuple[pl.DataFrame, pl.DataFrame | None, tuple[str, ...]]:
    """The new rows in the types of those before; all rows before, where their types must change; and new columns.

    Whole numbers and fractions are fractions, where that loses no digit; dates and times are times; a column without a
    value is what it is elsewhere.

    Raises:
        DataError: a column is not there any more, or of another type.
    """
    import polars as pl

    lost = [name for name in before.schema if name not in rows.columns]
    if lost and rows.width:
        raise ColumnsChanged(f"{_few(lost)} {'is' if len(lost) == 1 else 'are'} not there any more", lost, where)
    if not rows.width:
        return pl.DataFrame(schema=before.schema), None, ()
    wider: dict[str, pl.DataType] = {}
    casts: dict[str, pl.DataType] = {}
    for name, kind in before.schema.items():
        found = rows.schema[name]
        if found == kind:
            continue
        wanted = _common(kind, found)
        if rows.get_column(name).null_count() == rows.height:
            wanted = kind
        elif wanted is None and before.read([name]).get_column(name).is_null().all():
            wanted = found
        if wanted is None:
            like = _no_number(rows.get_column(name)) if kind.is_numeric() and found == pl.String else ""
            raise ColumnsChanged(f"{name} is {found}{like}, and was {kind}", [name], where)
        if wanted.is_float() and (kind.is_integer() or found.is_integer()):
            wanted = _exact(before, rows.get_column(name), kind, where)
        casts[name] = wanted
        if wanted != kind:
            wider[name] = wanted
    columns = tuple(name for name in rows.columns if name not in before.schema)
    rows = rows.with_columns(_as(rows, casts)).select([*before.schema, *columns])
    if not wider:
        return rows, None, columns
    kept = before.read(None)
    return rows, kept.with_columns(_as(kept, wider)), columns


def _no_number(texts: pl.Series) -> str:
    """A text that is no whole number, in words; where all are, nothing."""
    import polars as pl

    odd = texts.filter(texts.cast(pl.Int64, strict=False).is_null() & texts.is_not_null())
    return f", such as {odd[0]!r}" if len(odd) else ""


def _exact(before: Before, came: pl.Series, kind: pl.DataType, where: str) -> pl.DataType:
    """What whole numbers and fractions are together, of rows before (`kind`) and of those that came.

    Raises:
        ColumnsChanged: whole numbers would lose digits as fractions.
    """
    import polars as pl

    kept = before.read([came.name]).get_column(came.name)
    wholes, fractions = (kept, came) if kind.is_integer() else (came, kept)
    if farthest(wholes) <= EXACT:
        return pl.Float64()
    if are_whole(fractions):
        return pl.Int64()
    odd = fractions.filter((fractions != fractions.round()).fill_null(False) | (fractions.abs() > EXACT))[0]
    far = wholes.filter((wholes > EXACT) | (wholes < -EXACT))[0]
    first, second = (far, odd) if kind.is_integer() else (odd, far)
    raise ColumnsChanged(
        f"{came.name} was {first} and the like, and is {second} now: as fractions, whole numbers beyond 2^53 that are "
        "not the same would become one",
        [came.name],
        where,
        f"declare {came.name} in a contract: with logicalType: integer the odd row is set aside; with number all are "
        "fractions, as near as these are",
    )


def _as(frame: pl.DataFrame, kinds: dict[str, pl.DataType]) -> list[pl.Series]:
    import polars as pl

    made = []
    for name, kind in kinds.items():
        values = frame.get_column(name)
        if values.null_count() == len(values):
            made.append(pl.Series(name, [None] * len(values), dtype=kind))
        elif values.dtype == pl.Date and isinstance(kind, pl.Datetime):
            made.append(values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
        else:
            made.append(values.cast(kind))
    return made


def _common(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    import polars as pl

    if one.is_numeric() and other.is_numeric():
        return pl.Float64() if one.is_float() or other.is_float() else pl.Int64()
    if {type(one), type(other)} == {pl.Date, pl.Datetime}:
        return pl.Datetime("us", "UTC")
    return None


class ColumnsChanged(DataError):
    """A source has columns no longer, or in another type: `columns` are these."""

    def __init__(self, what: str, columns: list[str], where: str, mend: str = "") -> None:
        self.columns = tuple(columns)
        begin = "make it what it was at the source; or begin anew with: treadle data ingest PROJECT --full"
        super().__init__(what, where=where, mend=mend or begin)


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
