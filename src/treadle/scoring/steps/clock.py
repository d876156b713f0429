"""Times: their recurring parts, by the day and the week, and where it helps by the year and in a line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from msgspec import Struct

from treadle.scoring.steps.step import NAN, Append

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

_DAY_US = 86_400_000_000
_EPOCH = 719_163
"""The ordinal of the first day of 1970."""
_ANGLE = 2 * math.pi / 1440
# By minute of the day. Tables, because math.sin and numpy.sin differ in the last bit.
_SIN = tuple(math.sin(minute * _ANGLE) for minute in range(1440))
_COS = tuple(math.cos(minute * _ANGLE) for minute in range(1440))


class Clock(Struct, frozen=True, tag="clock"):
    """The recurring parts of a time, in UTC. Never the time itself: a model would learn the date by heart.

    For trees: second of the day and day of the week (0 is Monday), NaN when missing. `smooth`, for linear
    models: sine and cosine of the minute of the day and one 0/1 column a weekday, zeros when missing.
    """

    ORDER: ClassVar[int] = 2
    name: str
    date: bool = False
    smooth: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def outputs(self) -> tuple[str, ...]:
        if not self.smooth:
            return (f"{self.name}:weekday",) if self.date else (f"{self.name}:second", f"{self.name}:weekday")
        days = tuple(f"{self.name}:day{day}" for day in range(7))
        return days if self.date else (f"{self.name}:sin", f"{self.name}:cos", *days)

    def columns(self, frame: pl.DataFrame) -> list[np.ndarray[Any, Any]]:
        import numpy as np

        missing, days, second = days_and_seconds(frame.get_column(self.name), date=self.date)
        weekday = (days + 3) % 7  # the first day of 1970 was a Thursday
        if not self.smooth:
            parts = [weekday] if self.date else [second, weekday]
            return [np.where(missing, np.nan, part.astype(np.float64)) for part in parts]
        out = [(weekday == day).astype(np.float64) for day in range(7)]
        if not self.date:
            out = [np.array(_SIN)[second // 60], np.array(_COS)[second // 60], *out]
        return [np.where(missing, 0.0, part) for part in out]

    @classmethod
    def appends(cls, steps: Sequence[Clock], place: Mapping[str, int]) -> Append:
        return _each([(place[step.name], _clock(step)) for step in steps])


Part = Literal["month", "monthday", "yearday", "days"]


class Calendar(Struct, frozen=True, tag="calendar"):
    """Where in the year a time lies, and with `days` where in time: what a table of less than a year must not be told,
    and what a table of several is told well by. The folds decide.

    For trees: the parts as numbers, NaN when missing. `smooth`: sine and cosine of the day of the year, once and twice
    a year, zeros when missing; and `days` as years since `origin`, 0 when missing.
    """

    ORDER: ClassVar[int] = 3
    name: str
    date: bool = False
    smooth: bool = False
    days: bool = False
    origin: int = 0
    """The day since 1970 that `days` counts from."""

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def outputs(self) -> tuple[str, ...]:
        parts = ("sin1", "cos1", "sin2", "cos2") if self.smooth else ("month", "monthday", "yearday")
        return tuple(f"{self.name}:{part}" for part in (*parts, *(("days",) if self.days else ())))

    def columns(self, frame: pl.DataFrame) -> list[np.ndarray[Any, Any]]:
        import numpy as np
        import polars as pl

        series = frame.get_column(self.name)
        missing, days, _ = days_and_seconds(series, date=self.date)
        dates = pl.Series(days.astype(np.int32)).cast(pl.Date)
        yearday = dates.dt.ordinal_day().cast(pl.Int64).to_numpy()
        if self.smooth:
            parts = [np.array(table)[yearday] for table in _YEAR]
            line = (days - self.origin) / 365.25
        else:
            month, monthday = (getattr(dates.dt, part)().cast(pl.Int64).to_numpy() for part in ("month", "day"))
            parts = [month.astype(np.float64), monthday.astype(np.float64), yearday.astype(np.float64)]
            line = (days - self.origin).astype(np.float64)
        whole = [*parts, *([line] if self.days else [])]
        return [np.where(missing, 0.0 if self.smooth else np.nan, part) for part in whole]

    @classmethod
    def appends(cls, steps: Sequence[Calendar], place: Mapping[str, int]) -> Append:
        return _each([(place[step.name], _calendar(step)) for step in steps])


_YEAR = tuple(
    tuple(wave(2 * math.pi * often * day / 366) for day in range(367))
    for often in (1, 2)
    for wave in (math.sin, math.cos)
)
"""By day of the year: sine and cosine once a year, then twice."""


def days_and_seconds(series: pl.Series, *, date: bool) -> tuple[Any, Any, Any]:
    """Which are missing; the day since 1970, in UTC, and the second of the day of each, 0 where missing."""
    import numpy as np
    import polars as pl

    missing = series.is_null().to_numpy()
    if date:
        days = series.cast(pl.Date).cast(pl.Int64).fill_null(0).to_numpy()
        return missing, days, np.zeros(len(series), dtype=np.int64)
    zone = getattr(series.dtype, "time_zone", None)
    micros = series.cast(pl.Datetime("us", zone)).cast(pl.Int64).fill_null(0).to_numpy()
    return missing, micros // _DAY_US, micros % _DAY_US // 1_000_000


def _each(parts: list[tuple[int, Callable[[Any], tuple[float, ...]]]]) -> Append:
    def append(values: Sequence[Any], out: list[float]) -> None:
        for index, part in parts:
            out += part(values[index])

    return append


def _clock(step: Clock) -> Callable[[Any], tuple[float, ...]]:
    days = tuple(tuple(1.0 if day == today else 0.0 for day in range(7)) for today in range(7))
    missing = (0.0 if step.smooth else NAN,) * len(step.outputs)

    def parts(value: Any) -> tuple[float, ...]:
        if value is None:
            return missing
        if step.date:
            today = value.weekday()
            return days[today] if step.smooth else (float(today),)
        if value.tzinfo is not None and value.tzinfo is not UTC:
            value = value.astimezone(UTC)
        today = value.weekday()
        minute = value.hour * 60 + value.minute
        if step.smooth:
            return (_SIN[minute], _COS[minute], *days[today])
        return (minute * 60.0 + value.second, float(today))

    return parts


def _calendar(step: Calendar) -> Callable[[Any], tuple[float, ...]]:
    missing = (0.0 if step.smooth else NAN,) * len(step.outputs)
    origin = step.origin + _EPOCH

    def parts(value: Any) -> tuple[float, ...]:
        if value is None:
            return missing
        if not step.date and value.tzinfo is not None and value.tzinfo is not UTC:
            value = value.astimezone(UTC)
        day, line = value.timetuple().tm_yday, value.toordinal() - origin
        if step.smooth:
            waves = tuple([table[day] for table in _YEAR])
            return (*waves, line / 365.25) if step.days else waves
        told = (float(value.month), float(value.day), float(day))
        return (*told, float(line)) if step.days else told

    return parts
