"""What a fitted step of preparation is: data that makes float columns of raw features, many rows or one at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

Array = "np.ndarray[Any, Any]"
NAN = math.nan
HIGHEST = 3.0e38
"""Numbers at or beyond this do not fit float32, and count as missing, as do infinities and NaN."""
LOWEST = -HIGHEST
Append = Callable[[Sequence[Any], list[float]], None]
"""Adds the outputs of some steps to the end of a list, from the raw values of one record."""


class FittedStep(Protocol):
    """Contract: `columns` and what `appends` gives say the same to the last bit: float64, in the same order of
    operations. One file a step, listed in `treadle.scoring.steps`; what fits it is in `treadle.training.prepare`.
    """

    ORDER: ClassVar[int]
    """Where steps of its kind stand among all."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The raw features that it is made of."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the columns that it makes."""

    def columns(self, frame: pl.DataFrame) -> list[np.ndarray[Any, Any]]:
        """Its columns of all rows, float64 [rows] each."""

    @classmethod
    def appends(cls, steps: Sequence[Self], place: Mapping[str, int]) -> Append:
        """One function for all steps of this kind. `place`: where each raw feature stands in a record."""


def is_known(value: Any) -> bool:
    """Whether a raw number can be told in float32."""
    return value is not None and LOWEST < value < HIGHEST


def numbers(series: pl.Series) -> np.ndarray[Any, Any]:
    """A raw feature as float64, NaN where it is missing or does not fit float32."""
    import numpy as np
    import polars as pl

    values = series.cast(pl.Float64).to_numpy()
    found: np.ndarray[Any, Any] = np.where((values > LOWEST) & (values < HIGHEST), values, np.nan)
    return found
