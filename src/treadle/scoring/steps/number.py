"""Numbers for trees: as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from treadle.scoring.steps.step import HIGHEST, LOWEST, NAN, Append, numbers

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


class Number(Struct, frozen=True, tag="number"):
    """A number or truth value as it is; what is missing is NaN. For trees."""

    ORDER: ClassVar[int] = 0
    name: str

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def outputs(self) -> tuple[str, ...]:
        return (self.name,)

    def columns(self, frame: pl.DataFrame) -> list[np.ndarray[Any, Any]]:
        return [numbers(frame.get_column(self.name))]

    @classmethod
    def appends(cls, steps: Sequence[Number], place: Mapping[str, int]) -> Append:
        pick = _picker([place[step.name] for step in steps])

        def append(values: Sequence[Any], out: list[float]) -> None:
            # `* 1.0` makes int and bool a float and, unlike `+ 0.0`, leaves -0.0 alone.
            out += [v * 1.0 if v is not None and LOWEST < v < HIGHEST else NAN for v in pick(values)]

        return append


def _picker(indices: list[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    if len(indices) == 1:
        only = indices[0]
        return lambda values: (values[only],)
    return itemgetter(*indices)
