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
    p, q = np.maximum(before / total_before, _LEAST), np.maximum(now / total_now, _LEAST)
    psi = float(((q - p) * np.log(q / p)).sum()) if now.sum() else 0.0
    # the mean of PSI without drift: (bins - 1) * (1/n + 1/m), by its chi-square limit (Yurdakul 2018); a bin in which
    # nothing is on either side moves nothing
    held = max(int(((before + now) > 0).sum()), 1)
    noise = float((held - 1) * (1 / total_before + 1 / total_now))
    real = psi - noise
    verdict: Verdict = "steady" if real < SHIFT else "shifted" if real < MOVE else "moved"
    return Distance(psi=round(psi, 5), noise=round(noise, 5), js=round(_js(p, q), 5), verdict=verdict)


def _js(p: Array, q: Array) -> float:
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    return float(np.sqrt(max(((p * np.log2(p / middle)).sum() + (q * np.log2(q / middle)).sum()) / 2, 0.0)))
