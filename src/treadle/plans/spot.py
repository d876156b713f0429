"""Machines that may be taken away: how often to checkpoint, how long a job then takes, drawn and by formula.

Young, J. W. (1974), "A first order approximation to the optimum checkpoint interval"; Daly, J. T. (2006), "A higher
order estimate of the optimum checkpoint interval for restart dumps".
"""

from __future__ import annotations

import math

from msgspec import Struct

DRAWS = 2000
_ENDLESS = 50.0
"""Times its work that a job may be expected to take; one that takes longer is not drawn, and not run there."""
_MANY = 3000.0
"""Interruptions from which on nothing is drawn: their sum hardly differs from what the formula expects."""


class Interrupted(Struct, frozen=True):
    """A job of `work_s` seconds on a machine that is taken away every `mean_s` seconds in the mean.

    interval_s: of work between two checkpoints. expected_s: until it ends, by formula, in the mean; mean_s, low_s,
    high_s: as drawn, 95 % of the draws between.
    """

    interval_s: float
    expected_s: float
    mean_s: float
    low_s: float
    high_s: float
    interruptions: float


def interval(checkpoint_s: float, mean_s: float) -> float:
    """Daly's best seconds of work between checkpoints: sqrt(2dM)(1 + sqrt(d/2M)/3 + (d/2M)/9) - d for d < 2M, else M.

    checkpoint_s: d, above 0. mean_s: M, between interruptions, above 0.
    """
    if checkpoint_s >= 2 * mean_s:
        return mean_s
    part = checkpoint_s / (2 * mean_s)
    young = math.sqrt(2 * checkpoint_s * mean_s)
    return young * (1 + math.sqrt(part) / 3 + part / 9) - checkpoint_s


def expected(work_s: float, every_s: float, checkpoint_s: float, restart_s: float, mean_s: float) -> float:
    """Seconds until it ends, in the mean: M e^(R/M) ((n - 1)(e^((t+d)/M) - 1) + e^(l/M) - 1).

    t: the interval; n: intervals that the work makes; l: what is left for the last of them, after which no checkpoint
    is written. Daly's own, M e^(R/M) (e^((t+d)/M) - 1) T/t for the work T, writes one there too and counts the last
    interval by its share: it is so for a long job, and far too much for one that is shorter than its interval.
    """
    segments = max(1, math.ceil(work_s / every_s - 1e-9))
    last = work_s - (segments - 1) * every_s
    whole = (every_s + checkpoint_s) / mean_s if segments > 1 else 0.0
    if max(whole, last / mean_s, restart_s / mean_s) > 700:
        return math.inf
    steps = (segments - 1) * math.expm1(whole) + math.expm1(last / mean_s)
    return mean_s * math.exp(restart_s / mean_s) * steps


def hope(work_s: float, checkpoint_s: float, restart_s: float, mean_s: float) -> tuple[float, float]:
    """Daly's interval, or all of the work without a checkpoint where that is sooner; how long the job then takes."""
    several = (min(interval(checkpoint_s, mean_s), work_s), work_s)
    found = [(expected(work_s, every, checkpoint_s, restart_s, mean_s), every) for every in several]
    hoped, every = min(found, key=lambda each: each[0])
    return every, hoped


def simulate(work_s: float, checkpoint_s: float, restart_s: float, rate: float, *, draws: int = DRAWS) -> Interrupted:
    """A job under interruptions at `rate` an hour, each as likely at any moment (exponential gaps), drawn with a seed.

    A restart may be interrupted too. An interruption loses what was done since the last checkpoint; the end of the job
    writes none. rate 0: it is never interrupted, and writes no checkpoint.
    """
    import numpy as np

    if rate <= 0:
        return Interrupted(work_s, work_s, work_s, work_s, work_s, 0.0)
    mean_s = 3600.0 / rate
    every, hoped = hope(work_s, checkpoint_s, restart_s, mean_s)
    if hoped > _ENDLESS * work_s:
        return Interrupted(every, hoped, math.inf, math.inf, math.inf, math.inf)
    if hoped / mean_s > _MANY:
        return Interrupted(every, hoped, hoped, hoped, hoped, hoped / mean_s)
    random = np.random.default_rng(20260101)
    left, took = np.full(draws, work_s), np.zeros(draws)
    hits, again = np.zeros(draws), np.zeros(draws, dtype=bool)
    while (open_ := left > 1e-9).any():
        gap = random.exponential(mean_s, draws)
        begun = np.where(again, restart_s, 0.0)
        segments = np.ceil(left / every - 1e-9)
        need = begun + left + (segments - 1) * checkpoint_s
        ends = gap >= need
        kept = np.clip(np.floor((gap - begun) / (every + checkpoint_s)), 0, segments - 1) * every
        took += np.where(open_, np.where(ends, need, gap), 0.0)
        hits += open_ & ~ends
        left = np.where(open_, np.where(ends, 0.0, left - kept), left)
        again |= open_ & ~ends
    low, high = (float(each) for each in np.quantile(took, (0.025, 0.975)))
    return Interrupted(
        interval_s=every,
        expected_s=hoped,
        mean_s=float(took.mean()),
        low_s=low,
        high_s=high,
        interruptions=float(hits.mean()),
    )
