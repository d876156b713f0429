"""Of many simulated test sets, in how many the 95 % interval holds the truth: as the tests do, with more of them.

Rows that stand for themselves; then rows of days that are alike and follow each other, and rows of groups.
"""

from __future__ import annotations

import numpy as np
from exercise import Asked, hold
from test_coverage import METRICS, ROWS, SHARE, labels, said
from test_coverage_of_days import shares as shares_of_blocks
from test_coverage_of_days import truth as truth_of_days

from treadle.scoring.bootstrap import draws, interval
from treadle.scoring.metrics import weighted

TIMES, REPLICATES = 2000, 200
LEAST, MOST = 0.92, 0.98
"""0.95 give or take what a percentile interval of 300 rows is known to miss; luck is 0.01 at two deviations."""
TIMES_BLOCKS = 500
MANY, FEW = 75, (9, 12, 20)
LEAST_FEW = 0.90
"""Nine to twenty days or groups: an interval may be too wide, but hardly too narrow."""


def exercise(asked: Asked) -> str:
    shown = [of_rows(asked.seed), *of_blocks(asked.seed)]
    told = "\n".join(line for line, _ in shown)
    for line, holds in shown:
        hold(holds, f"{line}\nof\n{told}")
    return f"95 % intervals of simulated test sets hold the truth in\n{told}"


def of_rows(seed: int) -> tuple[str, bool]:
    """The shares as a line, and whether they are as they should be."""
    random = np.random.default_rng(1)
    y = (random.random(1_000_000) < SHARE).astype(float)
    p, ones = said(random, y), np.ones(len(y))
    truth = {metric: weighted(metric, y, p)(ones) for metric in METRICS}
    shares = {f"{metric} {by}": 0.0 for by in ("random", "stratified") for metric in METRICS}
    for by in ("random", "stratified"):
        for k in range(TIMES):
            for metric in held(truth, by, seed, k):
                shares[f"{metric} {by}"] += 1 / TIMES
    return _line(f"{ROWS} rows", shares), all(LEAST <= share <= MOST for share in shares.values())


def of_blocks(seed: int) -> list[tuple[str, bool]]:
    """The same for many and few days, of more and less correlation, and for groups."""
    true, found = truth_of_days(), []
    cases = [(MANY, c, False) for c in (0.0, 0.3, 0.6)] + [(few, c, False) for few in FEW for c in (0.0, 0.6)]
    for number, correlation, groups in cases + [(few, 0.0, True) for few in (MANY, *FEW)]:
        shares = shares_of_blocks(
            true, number, correlation, groups=groups, times=TIMES_BLOCKS, replicates=REPLICATES, seed=seed
        )
        least, most = (LEAST, MOST) if number == MANY else (LEAST_FEW, 1.0)
        line = _line(f"{number} {'groups' if groups else f'days, correlation {correlation}'}", shares)
        found.append((line, all(least <= share <= most for share in shares.values())))
    return found


def _line(what: str, shares: dict[str, float]) -> str:
    return f"{what}: " + ", ".join(f"{name} {share:.3f}" for name, share in shares.items())


def held(truth: dict[str, float], by: str, seed: int, k: int) -> list[str]:
    """The metrics whose interval holds the truth in one test set."""
    random = np.random.default_rng((seed, k, by == "random"))
    y = labels(random, by)
    p = said(random, y)
    draw = draws(y, None, dealt_from=5 * ROWS if by == "stratified" else None, seed=k)
    weights = [draw(number) for number in range(REPLICATES)]
    found = []
    for metric in METRICS:
        value = weighted(metric, y, p)
        around = interval(value(np.ones(ROWS)), [value(w) for w in weights], draw.block)
        if around.low is not None and around.high is not None and around.low <= truth[metric] <= around.high:
            found.append(metric)
    return found
