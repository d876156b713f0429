"""Counts in proportion to an exposure: what an exposure may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle.errors import DataError, Fault
from treadle.scoring.steps import HIGHEST

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

PLACE = "predict.exposure"
_MEND = "write a number above zero in every row with a label"


def problems(exposure: Array, column: str = "") -> list[Fault]:
    """Why counts cannot be told per unit of it; empty if they can. `exposure`: float64 [rows], NaN where missing."""
    import numpy as np

    told, rows = f"the exposure {column}".rstrip(), f"of {len(exposure):,} rows"
    known = exposure[np.isfinite(exposure)]
    counts = (
        (len(exposure) - len(known), "missing, or no finite number,"),
        (int((known <= 0).sum()), f"not above zero (the least is {float(known.min(initial=0.0)):g})"),
        (int((known >= HIGHEST).sum()), f"not below {HIGHEST:g}, beyond which nothing is told of it,"),
    )
    return [Fault(f"{told} is {said} in {count:,} {rows}", PLACE, _MEND) for count, said in counts if count]


def check_exposure(exposure: Array, column: str) -> None:
    """Refuse exposures that are missing, infinite, not above zero, or too large for float32.

    Raises:
        DataError: all that is wrong at once.
    """
    wrong = problems(exposure, column)
    if len(wrong) == 1:
        raise DataError(wrong[0].what, where=PLACE, mend=_MEND)
    if wrong:
        faults = [Fault(each.what, each.where) for each in wrong]
        raise DataError(f"counts cannot be told per unit of {column}", where=PLACE, mend=_MEND, faults=faults)
