"""A column that grows, by which rows are known as new: its values, as text and as SQL, and how far back is read again.

Ties and late rows: reading begins *at* the last value that was read, and by `overlap` before it; what comes a second
time is known by its content (`treadle.sources.seen`). So no row is lost that has the very value of the last one.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from treadle.errors import DataError
from treadle.mapping import placed
from treadle.spec import New, duration

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["whole", "number", "date", "time"]
Value = int | float | date | datetime
_FIRST = datetime(1, 1, 1, tzinfo=UTC)


class Above(Struct, frozen=True):
    """Rows whose `column` is `value` or more, or is missing: what a database is asked for."""

    column: str
    value: Value


def kind_of(values: pl.Series, where: str) -> Kind:
    """Of what kind the values of a cursor are.

    Raises:
        DataError: texts, or anything else that has no order that a database and a table share.
    """
    import polars as pl

    if values.dtype.is_integer():
        return "whole"
    if values.dtype.is_float():
        return "number"
    if values.dtype == pl.Date:
        return "date"
    if isinstance(values.dtype, pl.Datetime):
        return "time"
    raise DataError(
        f"rows are read by {values.name}, which is {values.dtype}, and not a number, a date or a time",
        where=where,
        mend=f"name a column that grows; of a time in text say how it is written: date_format: {{{values.name}: ...}}",
    )


def refuse_unordered(values: pl.Series, where: str) -> None:
    """Refuse rows that have no place in the order: they could never be told from rows that were read.

    Raises:
        DataError: a missing value, NaN, or an infinite one.
    """
    missing = values.null_count()
    what = "no value" if missing else ""
    if not missing and values.dtype.is_float():
        missing = int((~values.is_finite()).sum())
        what = "a value that is no finite number"
    if missing:
        raise DataError(
            f"{missing:,} rows have {what} in {values.name}, by which rows are read",
            where=where,
            mend=f"leave them out with `where`, or give each row a {values.name} at the source",
        )


_BEGIN_ANEW = "treadle data ingest PROJECT --full"


def refuse_other_kind(values: pl.Series, kind: str, last: str, where: str) -> None:
    """Refuse values of another kind than those up to `last` were, which were read before.

    Raises:
        DataError: they are; where there are none, nothing is said of them.
    """
    found = kind_of(values, where) if len(values) else kind
    if found != kind:
        raise DataError(
            f"{values.name} holds values of the kind {found}, and was read by the kind {kind} up to {last}",
            where=where,
            mend=f"make it what it was at the source; or begin anew with: {_BEGIN_ANEW}",
        )


def refuse_going_back(values: pl.Series, last: Value, where: str) -> None:
    """Of rows none is new, not even the one at the cursor: it was deleted with all above it, or the source begins anew.

    Rows that follow would have lower values, and would be missed without a word. A table that is empty says nothing.

    Raises:
        DataError: all values are lower than `last`.
    """
    newest: Value | None = values.max()  # type: ignore[assignment]
    if newest is not None and newest < last:  # type: ignore[operator]
        raise DataError(
            f"the newest {values.name} is {as_text(newest)}, and rows up to {as_text(last)} were read",
            where=where,
            mend=f"were rows deleted, or does the source begin anew? {_BEGIN_ANEW} reads it whole",
        )


def as_text(value: Value) -> str:
    """A value as the record has it: equal values are equal texts."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else repr(value)


def of_text(kind: str, text: str) -> Value:
    """The value that `as_text` wrote.

    >>> of_text("whole", as_text(7)), of_text("date", as_text(date(2024, 2, 29)))
    (7, datetime.date(2024, 2, 29))
    """
    match kind:
        case "whole":
            return int(text)
        case "number":
            return float(text)
        case "date":
            return date.fromisoformat(text)
    return datetime.fromisoformat(text)


def back_from(last: Value, new: New, where: str) -> Value:
    """From where on rows are read again: `overlap` before `last`; and before an hour that the clocks showed twice.

    Raises:
        DataError: `overlap` is a time and the column holds numbers, or the other way round.
    """
    overlap = new.overlap
    if isinstance(last, int | float):
        if isinstance(overlap, str):
            raise _unlike(new, "a time", "numbers", "overlap: 1000", where)
        # a whole number less a float would be rounded beyond 2**53, and upwards too
        return last - math.ceil(overlap or 0) if isinstance(last, int) else last - (overlap or 0)
    if isinstance(overlap, float | int):
        raise _unlike(new, "a number", "times", "overlap: 1h", where)
    length = duration(overlap) if overlap else timedelta()
    if not isinstance(last, datetime):
        days = math.ceil(length / timedelta(days=1))
        return date.fromordinal(max(1, last.toordinal() - days))
    if new.time_zone is not None:
        length = max(length, _shown_twice(last, ZoneInfo(new.time_zone)))
    return last - length if last - _FIRST > length else _FIRST


def _unlike(new: New, one: str, other: str, mend: str, where: str) -> DataError:
    return DataError(f"`overlap` is {one}, and {new.by} holds {other}", where=where, mend=f"write {mend}")


def _shown_twice(at: datetime, zone: ZoneInfo) -> timedelta:
    """How long the hour is that the clocks showed twice around `at`; nothing at any other time."""
    local = at.astimezone(zone).replace(tzinfo=None)
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return max(first - second, timedelta())


def in_zone(values: pl.Series, new: New, where: str) -> pl.Series:
    """Times of a clock without a zone as instants, by `time_zone` and, of a time shown twice, by `ambiguous`.

    Raises:
        DataError: a time that the clocks showed twice, where the rule is to refuse it; one that they never showed.
    """
    import polars as pl

    if new.time_zone is None or not isinstance(values.dtype, pl.Datetime):
        return values
    found = placed(values, new.time_zone, new.ambiguous)
    for wrong, how, mend in (
        (found.twice, "twice", "write ambiguous: earlier, or later"),
        (found.never, "never", "is it of that zone?"),
    ):
        if wrong.any():
            first = values.dt.replace_time_zone(None).filter(wrong)[0]
            said = f"{values.name} holds a time that clocks in {new.time_zone} showed {how}: {first}"
            raise DataError(said, where=where, mend=mend)
    return found.instants
