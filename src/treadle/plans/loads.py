"""When an endpoint was asked, as the shape of a load: by day, by the busiest minute of each hour, with its sleeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DAY = 86_400


def shape(
    seconds: Sequence[float], first: date, days: int, idle_s: float
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...], tuple[float, ...], tuple[int, ...]]:
    """`Load.requests`, `minutes`, `awake` and `wakes`, of moments in seconds since 1970 within `days` from `first` on.

    A server that sleeps is awake from a request until `idle_s` after the last one; a gap that is longer is slept.

    >>> day = date(1970, 1, 2)
    >>> requests, minutes, awake, wakes = shape([86400.0, 86430.0, 88400.0], day, 1, 900.0)
    >>> requests, minutes[0][0], awake, wakes       # 30 s and 900 s awake, slept, 900 s awake
    ((3,), 2, (1830.0,), (2,))
    """
    import numpy as np

    start = (first - date(1970, 1, 1)).days * _DAY
    at = np.sort(np.asarray(seconds, dtype=float)) - start
    at = at[(at >= 0) & (at < days * _DAY)]
    day = (at // _DAY).astype(int)
    by_minute = np.bincount((at // 60).astype(int), minlength=days * 1440).reshape(days, 24, 60).max(axis=2)
    gaps = np.diff(at, append=np.inf)
    awake = np.bincount(day, weights=np.minimum(gaps, idle_s), minlength=days)
    woken = np.concatenate((at[:1] >= 0, gaps[:-1] > idle_s)) if len(at) else np.zeros(0, dtype=bool)
    return (
        _ints(np.bincount(day, minlength=days)),
        tuple(_ints(row) for row in by_minute),
        tuple(float(each) for each in awake),
        _ints(np.bincount(day[woken], minlength=days)),
    )


def _ints(values: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(each) for each in values)
