"""Numbers by their rank among those that were learned from, as a normal distribution has it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from treadle.scoring.steps.step import HIGHEST, LOWEST, Append

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


class Ranked(Struct, frozen=True, tag="ranked"):
    """Lines between `knots`, rising numbers, and the `scores` that they come to; beyond the outermost, theirs.

    `fill` stands in for what is missing. However far a number lies from all others, it comes to no more than the
    greatest of them.
    """

    ORDER: ClassVar[int] = 8
    name: str
    fill: float
    knots: tuple[float, ...]
    scores: tuple[float, ...]
    indicator: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def outputs(self) -> tuple[str, ...]:
        return (self.name, f"{self.name}:missing") if self.indicator else (self.name,)

    @property
    def slopes(self) -> tuple[float, ...]:
        """Of the line that begins at each knot but the last."""
        ends = zip(self.knots, self.knots[1:], self.scores, self.scores[1:], strict=False)
        return tuple((high - low) / (right - left) for left, right, low, high in ends)

    def columns(self, frame: pl.DataFrame) -> list[np.ndarray[Any, Any]]:
        import numpy as np
        import polars as pl

        values = frame.get_column(self.name).cast(pl.Float64).to_numpy()
        known = (values > LOWEST) & (values < HIGHEST)
        within = np.clip(np.where(known, values, self.fill), self.knots[0], self.knots[-1])
        knots, scores, slopes = map(np.array, (self.knots, self.scores, self.slopes))
        line = np.minimum(np.searchsorted(knots, within, side="right"), len(slopes)) - 1
        out = [scores[line] + slopes[line] * (within - knots[line])]
        return [*out, (~known).astype(np.float64)] if self.indicator else out

    @classmethod
    def appends(cls, steps: Sequence[Ranked], place: Mapping[str, int]) -> Append:
        told = [(place[s.name], s.fill, s.knots, s.scores, s.slopes, len(s.slopes), s.indicator) for s in steps]

        def append(values: Sequence[Any], out: list[float]) -> None:
            for index, fill, knots, scores, slopes, lines, indicator in told:
                value = values[index]
                known = value is not None and LOWEST < value < HIGHEST
                number = value * 1.0 if known else fill
                number = knots[0] if number < knots[0] else knots[-1] if number > knots[-1] else number
                line = min(bisect_right(knots, number), lines) - 1
                out.append(scores[line] + slopes[line] * (number - knots[line]))
                if indicator:
                    out.append(0.0 if known else 1.0)

        return append
