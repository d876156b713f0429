"""The logarithm of an exposure, which a count is in proportion to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from treadle.scoring.steps.step import HIGHEST, NAN, Append

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


class Offset(Struct, frozen=True, tag="offset"):
    """log(x / unit), NaN where x is missing, not above zero, or does not fit float32. No model learns from it: it is
    added to the margin as it is (an offset: McCullagh and Nelder 1989, section 6.2)."""

    ORDER: ClassVar[int] = 7
    name: str
    unit: float = 1.0

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def outputs(self) -> tuple[str, ...]:
        return (f"log {self.name}",)

    def columns(self, frame: pl.DataFrame) -> list[np.ndarray[Any, Any]]:
        import numpy as np

        # one by one: NumPy's logarithm of many differs from that of one in the last bit
        values = frame.get_column(self.name).to_list()
        told = (_log(value, self.unit) for value in values)
        return [np.fromiter(told, dtype=np.float64, count=len(values))]

    @classmethod
    def appends(cls, steps: Sequence[Offset], place: Mapping[str, int]) -> Append:
        told = [(place[step.name], step.unit) for step in steps]

        def append(values: Sequence[Any], out: list[float]) -> None:
            out += [_log(values[index], unit) for index, unit in told]

        return append


def _log(value: float | None, unit: float) -> float:
    return math.log(value) - math.log(unit) if value is not None and 0.0 < value < HIGHEST else NAN
