"""How far counts have moved, and how far chance alone moves them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from msgspec import Struct

Array = np.ndarray[Any, Any]
Verdict = Literal["steady", "shifted", "moved"]
SHIFT, MOVE = 0.1, 0.25
"""PSI below 0.1 is read as steady, above 0.25 as moved (Siddiqi, Credit Risk Scorecards, 2006)."""
_LEAST = 1e-4  # a share of zero would make PSI infinite


class Distance(Struct, frozen=True):
    """`psi`: the population stability index; `noise`: its mean where nothing moved; `js`: the Jensen-Shannon distance,
    from 0 to 1. `verdict` is of PSI less its noise."""

    psi: float
    noise: float
    js: float
    verdict: Verdict


def distance(before: Array, now: Array) -> Distance:
    """Between the counts of two sets of rows over the same bins. Of no rows at all there is none."""
    total_before, total_now = max(before.sum(), 1), max(now.sum(), 1)
    p, q = before / total_before, now / total_now
    some_p, some_q = np.where(p > 0, p, _LEAST), np.where(q > 0, q, _LEAST)
    psi = float(((some_q - some_p) * np.log(some_q / some_p)).sum()) if now.sum() else 0.0
    # the mean of PSI without drift: (bins - 1) * (1/n + 1/m), by its chi-square limit (Yurdakul 2018); a bin in which
    # nothing is on either side moves nothing
    held = max(int(((before + now) > 0).sum()), 1)
    noise = float((held - 1) * (1 / total_before + 1 / total_now))
    real = psi - noise
    verdict: Verdict = "steady" if real < SHIFT else "shifted" if real < MOVE else "moved"
    return Distance(psi=round(psi, 5), noise=round(noise, 5), js=round(_js(p, q), 5), verdict=verdict)


def _js(p: Array, q: Array) -> float:
    """Of shares; 0 log 0 is 0, and where there are no rows nothing is far from anything."""
    if not p.sum() or not q.sum():
        return 0.0
    middle = (p + q) / 2
    beside = sum((each[each > 0] * np.log2(each[each > 0] / middle[each > 0])).sum() for each in (p, q))
    return float(np.sqrt(max(beside / 2, 0.0)))
