"""What the first folds of a trial say: whether its other folds are worth their time, and what it would come to."""

from __future__ import annotations

import numpy as np

from treadle.training.model import Trial

WARM_UP = 3
"""Trials before any is pruned: a median of fewer says little."""


def as_whole(trial: Trial, trials: list[Trial]) -> float:
    """What a trial that was given up would have come to, had its other folds been as far from those of others as its
    first: folds are not alike, so the mean of some is nothing to compare the mean of all with."""
    depth = len(trial.fold_scores)
    whole = [t for t in trials if t.state == "complete"]
    if trial.state == "complete" or not whole:
        return trial.value
    early = float(np.median([np.mean(t.fold_scores[:depth]) for t in whole]))
    return float(np.median([t.value for t in whole]) + np.mean(trial.fold_scores) - early)


def hopeless(found: list[float], earlier: list[Trial], sign: int) -> bool:
    """Below the median of the earlier trials' means over as many folds (the median rule, Golovin et al. 2017)."""
    depth = len(found)
    others = [float(np.mean(t.fold_scores[:depth])) * sign for t in earlier if len(t.fold_scores) >= depth]
    return len(others) >= WARM_UP and float(np.mean(found)) * sign < float(np.median(others))
