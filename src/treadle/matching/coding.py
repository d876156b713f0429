"""Values as whole numbers: equal values have one number, a missing one has -1, larger values have larger numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]


def coded(values: pl.Series) -> Codes:
    """A number for each value, from 0 on, by their order."""
    import polars as pl

    ranks = values.rank("dense").cast(pl.Int64) if values.dtype != pl.Null else values.cast(pl.Int64)
    return (ranks - 1).fill_null(-1).to_numpy()


def together(codes: list[Codes]) -> Codes:
    """A number for each combination; -1 where one of them is missing."""
    import numpy as np

    found = codes[0]
    for other in codes[1:]:
        missing = (found < 0) | (other < 0)
        both = np.where(missing, -1, found * (int(other.max(initial=0)) + 1) + other)
        _, dense = np.unique(both, return_inverse=True)
        found = np.where(missing, -1, dense.astype(np.int64))
    return found
