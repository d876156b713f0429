"""The fitted encoder as data: raw feature values in, float32 numbers out.

It runs in two ways with equal results. `Encoder.matrix` takes a frame and works by column; `Encoder.row_source`
gives a function for one record in plain Python, for serving. Both compute in float64, in the same order of
operations, and round once to float32 at the end, so that batch and online agree to the last bit.

Needs NumPy only; `matrix` calls methods of the Polars frame that it is handed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

NAN = math.nan
HIGHEST = 3.0e38
"""Numbers at or beyond this do not fit float32, and count as missing, as do infinities and NaN."""
LOWEST = -HIGHEST
_DAY_US = 86_400_000_000
_ANGLE = 2 * math.pi / 1440
# By minute of the day. Tables, because math.sin and numpy.sin differ in the last bit.
_SIN = tuple(math.sin(minute * _ANGLE) for minute in range(1440))
_COS = tuple(math.cos(minute * _ANGLE) for minute in range(1440))

RowFunction = Callable[[Sequence[Any]], list[float]]


class Number(Struct, frozen=True, tag="number"):
    """A number or truth value as it is; what is missing is NaN. For trees."""

    name: str

    @property
    def outputs(self) -> tuple[str, ...]:
        return (self.name,)


class Levels(Struct, frozen=True, tag="levels"):
    """Each level of a text feature as fixed numbers: one-hot, or a rate and a share."""

    name: str
    outputs: tuple[str, ...]
    values: dict[str, tuple[float, ...]]
    unseen: tuple[float, ...]
    null: tuple[float, ...]


class Clock(Struct, frozen=True, tag="clock"):
    """The recurring parts of a time, in UTC. Never the time itself: a model would learn the date by heart.

    For trees: second of the day and day of the week (0 is Monday), NaN when missing. `smooth`, for linear
    models: sine and cosine of the minute of the day and one 0/1 column a weekday, zeros when missing.
    """

    name: str
    date: bool = False
    smooth: bool = False

    @property
    def outputs(self) -> tuple[str, ...]:
        if not self.smooth:
            return (f"{self.name}:weekday",) if self.date else (f"{self.name}:second", f"{self.name}:weekday")
        days = tuple(f"{self.name}:day{day}" for day in range(7))
        return days if self.date else (f"{self.name}:sin", f"{self.name}:cos", *days)


class Scaled(Struct, frozen=True, tag="scaled"):
    """A number clipped to [low, high], then (x - mean) / scale; `fill` stands in for what is missing."""

    name: str
    fill: float
    low: float
    high: float
    mean: float
    scale: float
    indicator: bool = False

    @property
    def outputs(self) -> tuple[str, ...]:
        return (self.name, f"{self.name}:missing") if self.indicator else (self.name,)


Step = Number | Levels | Clock | Scaled
_ORDER: dict[type, int] = {Number: 0, Levels: 1, Clock: 2, Scaled: 3}


class Encoder(Struct, frozen=True):
    """Fitted on training rows only (`treadle.training.encoder_fit`), then constant.

    `inputs` are the raw features in the order `row` takes them; the outputs come in the order of `ordered`.

    >>> encoder = Encoder(inputs=("a", "b"), steps=(Number("a"), Levels("b", ("b:x",), {"x": (1.0,)}, (0.0,), (0.0,))))
    >>> encoder.row((3, "x")), encoder.row((None, "never seen"))
    ([3.0, 1.0], [nan, 0.0])
    """

    inputs: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def ordered(self) -> tuple[Step, ...]:
        """The steps by kind; plain numbers first, so that one row is encoded in one pass over them."""
        return tuple(sorted(self.steps, key=lambda step: _ORDER[type(step)]))

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(name for step in self.ordered for name in step.outputs)

    @property
    def width(self) -> int:
        return len(self.outputs)

    def groups(self) -> dict[str, list[int]]:
        """The output columns that each raw feature became."""
        groups: dict[str, list[int]] = {}
        column = 0
        for step in self.ordered:
            for _ in step.outputs:
                groups.setdefault(step.name, []).append(column)
                column += 1
        return groups

    def matrix(self, frame: pl.DataFrame) -> np.ndarray[Any, Any]:
        """All rows of `frame` (its columns found by name) as float32 [rows, width]."""
        import numpy as np

        out = np.empty((frame.height, self.width), dtype=np.float32)
        column = 0
        for step in self.ordered:
            for values in _columns(step, frame.get_column(step.name)):
                out[:, column] = values
                column += 1
        return out

    def row(self, values: Sequence[Any]) -> list[float]:
        """One record. Build the function once with `row_source` where it is called often."""
        return self.row_source()(values)

    def row_source(self) -> RowFunction:
        """A function from raw values, in the order of `inputs`, to `width` floats. Safe to call from many threads."""
        place = {name: index for index, name in enumerate(self.inputs)}
        numbers = _picker([place[s.name] for s in self.ordered if isinstance(s, Number)])
        levels = [(place[s.name], s.values.get, s.unseen, s.null) for s in self.ordered if isinstance(s, Levels)]
        clocks = [(place[s.name], _clock(s)) for s in self.ordered if isinstance(s, Clock)]
        scaled = [
            (place[s.name], s.fill, s.low, s.high, s.mean, s.scale, s.indicator)
            for s in self.ordered
            if isinstance(s, Scaled)
        ]

        def encode(values: Sequence[Any]) -> list[float]:
            # `* 1.0` makes int and bool a float and, unlike `+ 0.0`, leaves -0.0 alone.
            out = [v * 1.0 if v is not None and LOWEST < v < HIGHEST else NAN for v in numbers(values)]
            for index, level, unseen, null in levels:
                value = values[index]
                out += null if value is None else level(value, unseen)
            for index, parts in clocks:
                out += parts(values[index])
            for index, fill, low, high, mean, scale, indicator in scaled:
                value = values[index]
                known = value is not None and LOWEST < value < HIGHEST
                number = value * 1.0 if known else fill
                out.append(((low if number < low else high if number > high else number) - mean) / scale)
                if indicator:
                    out.append(0.0 if known else 1.0)
            return out

        return encode


def _picker(indices: list[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    if not indices:
        return lambda values: ()
    if len(indices) == 1:
        only = indices[0]
        return lambda values: (values[only],)
    return itemgetter(*indices)


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


def _columns(step: Step, series: pl.Series) -> list[np.ndarray[Any, Any]]:
    if isinstance(step, Levels):
        return _level_columns(step, series)
    if isinstance(step, Clock):
        return _clock_columns(step, series)
    return _number_columns(step, series)


def _number_columns(step: Number | Scaled, series: pl.Series) -> list[np.ndarray[Any, Any]]:
    import numpy as np
    import polars as pl

    values = series.cast(pl.Float64).to_numpy()
    known = (values > LOWEST) & (values < HIGHEST)
    if isinstance(step, Number):
        return [np.where(known, values, np.nan)]
    out = [(np.clip(np.where(known, values, step.fill), step.low, step.high) - step.mean) / step.scale]
    return [*out, (~known).astype(np.float64)] if step.indicator else out


def _level_columns(step: Levels, series: pl.Series) -> list[np.ndarray[Any, Any]]:
    import numpy as np
    import polars as pl

    # Each level gets a row of one small table; the last two rows are the unseen and the missing.
    table = np.array([*step.values.values(), step.unseen, step.null], dtype=np.float64)
    count = len(step.values)
    text = series.cast(pl.String)
    code = np.full(len(text), count, dtype=np.int64)
    if count:
        found = text.replace_strict(list(step.values), list(range(count)), default=count, return_dtype=pl.Int64)
        code = found.to_numpy().copy()
    code[text.is_null().to_numpy()] = count + 1
    return [table[code, output] for output in range(len(step.outputs))]


def _clock_columns(step: Clock, series: pl.Series) -> list[np.ndarray[Any, Any]]:
    import numpy as np
    import polars as pl

    missing = series.is_null().to_numpy()
    if step.date:
        days = series.cast(pl.Date).cast(pl.Int64).fill_null(0).to_numpy()
        second = np.zeros(len(series), dtype=np.int64)
    else:
        zone = getattr(series.dtype, "time_zone", None)
        micros = series.cast(pl.Datetime("us", zone)).cast(pl.Int64).fill_null(0).to_numpy()
        days, second = micros // _DAY_US, micros % _DAY_US // 1_000_000
    weekday = (days + 3) % 7  # the first day of 1970 was a Thursday
    if not step.smooth:
        parts = [weekday] if step.date else [second, weekday]
        return [np.where(missing, np.nan, part.astype(np.float64)) for part in parts]
    out = [(weekday == day).astype(np.float64) for day in range(7)]
    if not step.date:
        out = [np.array(_SIN)[second // 60], np.array(_COS)[second // 60], *out]
    return [np.where(missing, 0.0, part) for part in out]
