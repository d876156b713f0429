"""Numbers for linear models: filled, clipped and scaled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from treadle.scoring.steps.step import HIGHEST, LOWEST, Append

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


class Scaled(Struct, frozen=True, tag="scaled"):
    """A number clipped to [low, high], then (x - mean) / scale; `fill` stands in for what is missing."""

    ORDER: ClassVar[int] = 4
    name: str
    fill: float
    low: float
    high: float
    mean: float
    scale: float
    indicator: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def outputs(self) -> tuple[str, ...]:
        return (self.name, f"{self.name}:missing") if self.indicator else (self.name,)

    def columns(self, frame: pl.DataFrame) -> list[np.ndarray[Any, Any]]:
        import numpy as np
        import polars as pl

        values = frame.get_column(self.name).cast(pl.Float64).to_numpy()
        known = (values > LOWEST) & (values < HIGHEST)
        out = [(np.clip(np.where(known, values, self.fill), self.low, self.high) - self.mean) / self.scale]
        return [*out, (~known).astype(np.float64)] if self.indicator else out

    @classmethod
    def appends(cls, steps: Sequence[Scaled], place: Mapping[str, int]) -> Append:
        told = [(place[s.name], s.fill, s.low, s.high, s.mean, s.scale, s.indicator) for s in steps]

        def append(values: Sequence[Any], out: list[float]) -> None:
            for index, fill, low, high, mean, scale, indicator in told:
                value = values[index]
                known = value is not None and LOWEST < value < HIGHEST
                number = value * 1.0 if known else fill
                out.append(((low if number < low else high if number > high else number) - mean) / scale)
                if indicator:
                    out.append(0.0 if known else 1.0)

        return append
