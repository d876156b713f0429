"""Dates, times and lengths of time. Times are UTC with microseconds; a week begins on Monday."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from treadle.expr.functions_numbers import column_like
from treadle.expr.table import TIME, Function
from treadle.expr.types import Type

_T: tuple[Type, ...] = ("timestamp",)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_TRUNCATIONS = {"minute": "1m", "hour": "1h", "day": "1d", "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}


def _pl() -> Any:
    import polars as pl

    return pl


def _moment(value: Any) -> Any:
    """A date as the timestamp of its first moment."""
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)


def _moment_polars(value: Any) -> Any:
    pl = _pl()
    return value.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _epoch_us(value: Any) -> int:
    return int((_moment(value) - _EPOCH) // _MICRO)


def _us_polars(value: Any, kind: str) -> Any:
    return (_moment_polars(value) if kind == "date" else value).dt.epoch("us")


def _epoch_polars(value: Any, kinds: list[str]) -> Any:
    length = _us_polars(value, kinds[0]).cast(_pl().Float64)
    return length / column_like(_pl().lit(1e6), length)


def _between(name: str, unit: float, text: str) -> Function:
    def row(a: Any, b: Any) -> float:
        return (_epoch_us(b) - _epoch_us(a)) / unit

    def polars(a: Any, b: Any, kinds: list[str]) -> Any:
        length = (_us_polars(b, kinds[1]) - _us_polars(a, kinds[0])).cast(_pl().Float64)
        return length / column_like(_pl().lit(unit), length)

    return Function(
        name,
        (TIME, TIME),
        "float",
        polars,
        row,
        f"((epoch_us({{1}}::TIMESTAMP) - epoch_us({{0}}::TIMESTAMP)) / {unit})",
        text,
    )


def _part(name: str, row: Any, method: str, text: str, field: str = "") -> Function:
    return Function(
        name,
        (TIME,),
        "int",
        lambda a: getattr(a.dt, method)().cast(int),
        row,
        f"extract({(field or name).upper()} FROM {{0}})",
        text,
    )


def _clock(name: str, method: str, text: str) -> Function:
    return Function(
        name,
        (_T,),
        "int",
        lambda a: getattr(a.dt, method)().cast(int),
        lambda a: getattr(a, name),
        f"CAST(floor(extract({name.upper()} FROM {{0}})) AS BIGINT)",  # some databases give seconds with fractions
        text,
    )


def _trunc_row(unit: str, a: Any) -> Any:
    at = _moment(a)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    match unit.lower():
        case "minute":
            return at.replace(second=0, microsecond=0)
        case "hour":
            return at.replace(minute=0, second=0, microsecond=0)
        case "day":
            return midnight
        case "week":
            return midnight - timedelta(days=midnight.weekday())
        case "month":
            return midnight.replace(day=1)
        case "quarter":
            return midnight.replace(month=(midnight.month - 1) // 3 * 3 + 1, day=1)
    return midnight.replace(month=1, day=1)


def _trunc_polars(unit: Any, a: Any, *, kinds: list[str], values: list[Any]) -> Any:
    moment = _moment_polars(a) if kinds[1] == "date" else a
    return moment.dt.truncate(_TRUNCATIONS[values[0].lower()])


def _make_date_row(y: int, m: int, d: int) -> Any:
    try:
        return date(y, m, d)
    except (ValueError, OverflowError):
        return None


def _make_date_polars(y: Any, m: Any, d: Any) -> Any:
    pl = _pl()
    ok = y.is_between(1, 9999) & m.is_between(1, 12) & d.is_between(1, 31)
    text = pl.format(
        "{}-{}-{}", y.cast(pl.String).str.zfill(4), m.cast(pl.String).str.zfill(2), d.cast(pl.String).str.zfill(2)
    )
    return pl.when(ok).then(text.str.to_date("%Y-%m-%d", strict=False))


def _shift(sign: int) -> tuple[Any, Any]:
    def row(a: Any, b: Any) -> Any:
        try:
            if isinstance(b, datetime | date):
                return _moment(b) + a
            return _moment(a) + sign * b if isinstance(a, date) else a + sign * b
        except OverflowError:
            return None

    def polars(a: Any, b: Any, kinds: list[str]) -> Any:
        left = _moment_polars(a) if kinds[0] == "date" else a
        right = _moment_polars(b) if kinds[1] == "date" else b
        found = left + right if sign > 0 else left - right
        if kinds == ["interval", "interval"]:
            return found
        return _pl().when(found.is_between(_FIRST, _LAST)).then(found)

    return polars, row


def _shifted(types: list[Any]) -> Any:
    return "interval" if types == ["interval", "interval"] else "timestamp"


_PLUS, _MINUS = _shift(1), _shift(-1)
_MOMENT_OR_LENGTH: tuple[Type, ...] = ("date", "timestamp", "interval")

# + and - over times stand apart from those over numbers: the parser chooses by the types
TIME_PLUS = Function(
    "+ interval",
    (_MOMENT_OR_LENGTH, _MOMENT_OR_LENGTH),
    _shifted,
    *_PLUS,
    "({0} + {1})",
    "a time and a length: the later time",
)
TIME_MINUS = Function(
    "- interval",
    (_MOMENT_OR_LENGTH, ("interval",)),
    _shifted,
    *_MINUS,
    "({0} - {1})",
    "a time less a length: the earlier time",
)

FUNCTIONS = (
    TIME_PLUS,
    TIME_MINUS,
    _part("year", lambda a: a.year, "year", "the year"),
    _part("quarter", lambda a: (a.month - 1) // 3 + 1, "quarter", "1 to 4"),
    _part("month", lambda a: a.month, "month", "1 to 12"),
    _part("day", lambda a: a.day, "day", "day of the month"),
    Function(
        "weekday",
        (TIME,),
        "int",
        lambda a: a.dt.weekday().cast(int) - 1,
        lambda a: a.weekday(),
        "(extract(ISODOW FROM {0}) - 1)",
        "0 is Monday, 6 Sunday",
    ),
    _part("dayofyear", lambda a: a.timetuple().tm_yday, "ordinal_day", "1 to 366", "doy"),
    _part("week", lambda a: a.isocalendar()[1], "week", "ISO week, 1 to 53"),
    _clock("hour", "hour", "of the day, 0 to 23"),
    _clock("minute", "minute", "of the hour, 0 to 59"),
    _clock("second", "second", "of the minute, 0 to 59"),
    Function(
        "epoch",
        (TIME,),
        "float",
        _epoch_polars,
        lambda a: _epoch_us(a) / 1e6,
        "(epoch_us({0}::TIMESTAMP) / 1e6)",
        "seconds since 1970",
    ),
    Function(
        "date_trunc",
        (("str",), TIME),
        "timestamp",
        _trunc_polars,
        _trunc_row,
        "date_trunc({0}, {1}::TIMESTAMP)",
        f"cut to the {', '.join(_TRUNCATIONS)}",
        literal=(0,),
    ),
    Function(
        "make_date",
        (("int",), ("int",), ("int",)),
        "date",
        _make_date_polars,
        _make_date_row,
        "(CASE WHEN {0} BETWEEN 1 AND 9999 THEN try_cast(printf('%04d-%02d-%02d', {0}, {1}, {2}) AS DATE) END)",
        "a date; NULL if there is no such day",
    ),
    _between("seconds_between", 1e6, "seconds from a to b, with fractions"),
    _between("minutes_between", 6e7, "minutes from a to b, with fractions"),
    _between("hours_between", 3.6e9, "hours from a to b, with fractions"),
    _between("days_between", 8.64e10, "days from a to b, with fractions"),
)
TRUNCATIONS = tuple(_TRUNCATIONS)
