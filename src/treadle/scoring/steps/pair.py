"""Two numbers as one: what a tree would need many splits to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from msgspec import Struct

from treadle.scoring.steps.step import HIGHEST, LOWEST, NAN, Append, numbers

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


class Pair(Struct, frozen=True, tag="pair"):
    """`name` minus, times or over `other`; NaN where one is missing, or the result does not fit float32."""

    ORDER: ClassVar[int] = 5
    name: str
    other: str
    how: Literal["minus", "times", "over"]

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.name, self.other)

    @property
    def outputs(self) -> tuple[str, ...]:
        return (f"{self.name} {self.how} {self.other}",)

    def columns(self, frame: pl.DataFrame) -> list[np.ndarray[Any, Any]]:
        import numpy as np

        one, other = (numbers(frame.get_column(name)) for name in self.reads)
        with np.errstate(all="ignore"):
            if self.how == "over":
                found = np.where(other != 0, one / np.where(other != 0, other, 1.0), np.nan)
            else:
                found = one - other if self.how == "minus" else one * other
        return [np.where((found > LOWEST) & (found < HIGHEST), found, np.nan)]

    @classmethod
    def appends(cls, steps: Sequence[Pair], place: Mapping[str, int]) -> Append:
        told = [(place[s.name], place[s.other], s.how) for s in steps]

        def append(values: Sequence[Any], out: list[float]) -> None:
            for first, second, how in told:
                one, other = values[first], values[second]
                if one is None or other is None or not (LOWEST < one < HIGHEST and LOWEST < other < HIGHEST):
                    out.append(NAN)
                    continue
                one, other = one * 1.0, other * 1.0
                if how == "minus":
                    found = one - other
                elif how == "times":
                    found = one * other
                else:
                    found = one / other if other != 0 else NAN
                out.append(found if LOWEST < found < HIGHEST else NAN)

        return append
