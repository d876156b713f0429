"""What a bin of a feature is called on a page: a time of the day, a weekday or a number, as a person writes it."""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from treadle.features import ColumnType

_PLAIN, _GREATEST = 1e4, 1e15
"""From where on a number is written with commas, and up to where."""
_LEAST, _MOST = 4, 12
"""Digits of an edge: as few as tell it from its neighbours."""


def names_of(edges: Sequence[float], kind: ColumnType = "float") -> list[str]:
    """A name for each bin (edges[i], edges[i+1]] of a feature of this type. Edges that begin at minus infinity are of a
    feature that had one value, edges[2].

    >>> names_of([43020.0, 47390.0], "timestamp"), names_of([43020.0, 47390.0])
    (['11:57 to 13:09'], ['43,020 to 47,390'])
    """
    if kind == "bool":
        return [_truth(low, high) for low, high in pairwise(edges)]
    say = {"timestamp": _clock, "date": _weekday}.get(kind) or _number(edges)
    if not math.isfinite(edges[0]):  # one value in training, with a bin on each side
        only = say(edges[2])
        return [f"below {only}", only, f"above {only}"]
    step = 1 if kind == "date" else 0  # the first weekday that lies in a bin is the one after its edge
    spans = [(say(math.floor(low) + step if step else low), say(high)) for low, high in pairwise(edges)]
    return [high if low == high else f"{low} to {high}" for low, high in spans]


def _truth(low: float, high: float) -> str:
    holds = [name for value, name in ((0, "false"), (1, "true")) if low < value <= high]
    return " or ".join(holds) or "neither"


def _weekday(number: float) -> str:
    return calendar.day_name[min(max(math.floor(number), 0), 6)]


def _clock(seconds: float) -> str:
    minutes = min(
        max(math.floor(seconds / 60 + 1 / 60), 0), 24 * 60 - 1
    )  # an edge half a second before one is that one
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _number(edges: Sequence[float]) -> Callable[[float], str]:
    """Each edge with so many digits that no two that differ look alike."""
    known = sorted({edge for edge in edges if math.isfinite(edge)})
    digits = next((n for n in range(_LEAST, _MOST) if len({_text(x, n) for x in known}) == len(known)), _MOST)
    return lambda value: _text(value, digits)


def _text(value: float, digits: int) -> str:
    if _PLAIN <= abs(value) < _GREATEST:
        return f"{float(f'{value:.{digits}g}'):,.0f}"
    return f"{value:.{digits}g}"
