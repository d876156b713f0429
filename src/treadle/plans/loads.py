"""When an endpoint was asked, as the shape of a load: by day, by the busiest minute of each hour, with its sleeps.

History that was replayed is a load of the days that it is of, and not of the one on which it was played.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from treadle.monitoring import Moments

_DAY = 86_400
_EPOCH = date(1970, 1, 1)


class Shape(Struct, frozen=True):
    """As `Load` has it, of each day that counts. replayed: of the requests; history: days that these are of; left_out:
    replayed ones that do not count, since others asked on their day, or their time is not known."""

    requests: tuple[int, ...]
    minutes: tuple[tuple[int, ...], ...]
    awake: tuple[float, ...]
    wakes: tuple[int, ...]
    replayed: int
    history: int
    left_out: int


def counted_days(asked: Moments, first: date, last: date, days: int, idle_s: float) -> Shape | None:
    """Of what was asked from `first` to `last`, from the first such day on; and of `days` of history that was replayed,
    up to its newest one. A day on which others asked counts those alone. None where nothing counts."""
    begin, end = ((each - _EPOCH).days for each in (first, last))
    live = [each for each in asked.live if begin <= each // _DAY <= end]
    theirs = {int(each // _DAY) for each in live}
    newest = max((int(each // _DAY) for each in asked.played), default=0)
    known = [each for each in asked.played if newest - days < each // _DAY]
    played = [each for each in known if int(each // _DAY) not in theirs]
    of_days = {int(each // _DAY) for each in played}
    spans = _spans([(min(theirs), end)] if theirs else [], [(min(of_days), max(of_days))] if of_days else [])
    if not spans:
        return None
    parts = [shape([*live, *played], _EPOCH + timedelta(days=a), b - a + 1, idle_s) for a, b in spans]
    requests, minutes, awake, wakes = (tuple(one for part in parts for one in part[place]) for place in range(4))
    history = max(of_days) - min(of_days) + 1 if of_days else 0
    left_out = len(known) - len(played) + asked.untold
    return Shape(requests, minutes, awake, wakes, len(played), history, left_out)  # type: ignore[arg-type]


def _spans(*several: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Days from and to, the earliest first; those that touch are one."""
    found = list[tuple[int, int]]()
    for begin, end in sorted(each for spans in several for each in spans):
        if found and begin <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


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
