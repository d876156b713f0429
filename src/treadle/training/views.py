"""What there is to see of test predictions beside the metrics, by view: decisions, classes or numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct

from treadle.scoring.bootstrap import Draws
from treadle.scoring.decisions import chosen
from treadle.scoring.tasks import Task, View
from treadle.spec import ProjectSpec
from treadle.training import describe
from treadle.training.families import Array
from treadle.training.mistakes import of_classes, of_decisions
from treadle.training.model import FitSummary
from treadle.training.spread import spread
from treadle.training.table import TrainingTable


class Histogram(Struct, frozen=True):
    """Counts between edges, of predictions for positives and negatives. Numbers are all in `negatives`, of quantiles
    the middle one; of several classes it is the probability of the one decided on, where it was right and where not."""

    edges: tuple[float, ...]
    negatives: tuple[int, ...]
    positives: tuple[int, ...]


def histogram(task: Task, p: Array, y: Array) -> Histogram:
    p = task.one_each(p) if task.of_amounts else p
    if p.ndim > 1:
        told = chosen(p, task.costs)
        p, positive = p[np.arange(len(p)), told], told == y
    else:
        positive = y > 0.5 if task.decides else np.zeros(len(y), dtype=bool)
    edges = np.histogram_bin_edges(p, 40) if task.of_amounts else np.linspace(0, 1, 41)
    no, _ = np.histogram(p[~positive], edges)
    yes, _ = np.histogram(p[positive], edges)
    return Histogram(tuple(map(float, edges)), tuple(map(int, no)), tuple(map(int, yes)))


class Seen(NamedTuple):
    """What a view of the test rows is made from."""

    task: Task
    model: FitSummary
    p: Array
    y: Array
    spec: ProjectSpec
    draw: Draws
    replicates: int
    trained: TrainingTable
    """The training rows: what a rule that looks at nothing may know."""


def _of_decisions(seen: Seen) -> dict[str, Any]:
    """What only decisions by a probability have: calibration, curves, and mistakes counted and in money."""
    p, y, threshold, draw, replicates = seen.p, seen.y, seen.model.threshold, seen.draw, seen.replicates
    error, bins = describe.calibration(p, y, draw.whole)
    mistakes = seen.spec.brief.mistakes
    return {
        "calibration_error": error,
        "calibration_noise": describe.noise(bins),
        "calibration": bins,
        "curves": describe.curves(p, y, draw.whole),
        "confusion": describe.confusion(p, y, threshold, mistakes, draw.whole),
        "money": of_decisions(p, y, threshold, mistakes, seen.model.metric, draw, min(replicates, 200)),
        "residuals": (),
    }


def _of_classes(seen: Seen) -> dict[str, Any]:
    """Which classes are taken for which, and whether the probability of the chosen one can be believed."""
    task, p, draw = seen.task, seen.p, seen.draw
    truth, told = seen.y.astype(np.int64), chosen(p, task.costs)
    error, bins = describe.calibration(p[np.arange(len(p)), told], (told == truth).astype(np.float64), draw.whole)
    currency = seen.spec.brief.mistakes.currency
    known = np.bincount(seen.trained.label.astype(np.int64), weights=seen.trained.weight, minlength=len(task.classes))
    replicates = min(seen.replicates, 200)
    return {
        "calibration_error": error,
        "calibration_noise": describe.noise(bins),
        "calibration": bins,
        "curves": (),
        "confusion": None,
        "money": of_classes(p, seen.y, task, currency, seen.model.metric, draw, replicates, shares=known / known.sum()),
        "residuals": (),
        "classes": describe.class_table(truth, told, task.classes, draw.whole),
    }


def _of_numbers(seen: Seen) -> dict[str, Any]:
    """Some 400 predictions beside the truth, for the plot."""
    p, y = seen.p, seen.y
    step = max(1, len(p) // 400)
    return {
        "calibration_error": None,
        "calibration": (),
        "curves": (),
        "confusion": None,
        "money": None,
        "residuals": tuple((float(a), float(b)) for a, b in zip(p[::step], y[::step], strict=True)),
    }


def _of_quantiles(seen: Seen) -> dict[str, Any]:
    """How often each quantile holds, and how far apart they are."""
    found = spread(seen.p, seen.y, seen.task.levels, seen.draw, min(seen.replicates, 200))
    return {
        "calibration_error": None,
        "calibration": (),
        "curves": (),
        "confusion": None,
        "money": None,
        "residuals": (),
        "spread": found,
    }


VIEWS: dict[View, Callable[[Seen], dict[str, Any]]] = {
    "decisions": _of_decisions,
    "classes": _of_classes,
    "numbers": _of_numbers,
    "spread": _of_quantiles,
}
