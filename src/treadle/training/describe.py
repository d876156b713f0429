"""The views of test predictions beside the single metric: calibration, curves, slices, importance, money."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import Struct

from treadle.scoring import metrics
from treadle.scoring.bootstrap import Draws, Interval, of_score
from treadle.scoring.decisions import Rule
from treadle.scoring.metrics import Array
from treadle.scoring.tasks import Task
from treadle.spec import Mistakes
from treadle.training.model import Fitted
from treadle.training.table import TrainingTable
from treadle.training.weights import effective

MOST_LEVELS = 24
LEAST_SLICE = 50
MOST_CLASSES_SHOWN = 20
SLICE_REPLICATES = 100


class Bin(Struct, frozen=True):
    """Rows of similar prediction: their mean prediction, the mean label with its 95 % interval, and their number.

    `weight`: what they weigh together, and `effective`: as many rows as say as much if all count alike. Both are 0 in
    what was judged before they were kept: then they are as `rows`.
    """

    predicted: float
    observed: float
    low: float
    high: float
    rows: int
    weight: float = 0.0
    effective: float = 0.0


class Point(Struct, frozen=True):
    """A point of the precision-recall and ROC curves, at one threshold."""

    threshold: float
    precision: float
    recall: float
    false_alarm_rate: float


class Confusion(Struct, frozen=True):
    """Rows by what was decided and what was true; costs in `currency`. Where rows have weights, each is counted by its
    own, in units of their mean."""

    true_alarms: int
    false_alarms: int
    missed: int
    true_quiet: int
    cost_missed: float
    cost_false_alarms: float
    currency: str


class ClassTable(Struct, frozen=True):
    """Rows by what was true and what was predicted. `names` of all classes; the `shown` commonest have a line each,
    `counts[i][j]` of `shown[i]` predicted as `shown[j]`, the last place being all others. Where rows have
    weights, each is counted by its own, in units of their mean."""

    names: tuple[str, ...]
    shown: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Slice(Struct, frozen=True):
    """The metric on the test rows where `feature` is `level`. `share`: positives, or the mean label."""

    feature: str
    level: str
    rows: int
    share: float
    metric: Interval


class Importance(Struct, frozen=True):
    """How much worse the metric gets when the feature's values are shuffled among rows: mean, least, most."""

    feature: str
    drop: float
    low: float
    high: float


def calibration(p: Array, y: Array, weight: Array, bins: int = 20) -> tuple[float, tuple[Bin, ...]]:
    """Expected calibration error over bins of equal row count (Naeini et al. 2015), and the bins.

    The interval of a bin is Wilson's (1927), of as many rows as say as much if all count alike.
    """
    order = np.argsort(p, kind="stable")
    made, error = [], 0.0
    for rows in np.array_split(order, max(1, min(bins, len(order) // 5))):
        w = weight[rows]
        mean, share = float(np.average(p[rows], weights=w)), float(np.average(y[rows], weights=w))
        low, high = wilson(share, effective(w))
        made.append(Bin(mean, share, low, high, len(rows), float(w.sum()), effective(w)))
        error += abs(mean - share) * float(w.sum() / weight.sum())
    return error, tuple(made)


def noise(bins: tuple[Bin, ...]) -> float:
    """The calibration error that is to be expected over these bins of probabilities that are right: what is left of it
    is chance, E|share - p| = sqrt(2 p (1 - p) / (pi n)) of n rows that count alike (the mean of a folded normal), each
    bin by its part of the weight."""
    weights = [each.weight or each.rows for each in bins]
    spreads = [2 * each.predicted * (1 - each.predicted) / math.pi for each in bins]
    # of rows that count alike weight and number are the same, and what stands behind the root is their number
    parts = [w * w / (each.effective or each.rows) for w, each in zip(weights, bins, strict=True)]
    return sum(math.sqrt(spread * part) for spread, part in zip(spreads, parts, strict=True)) / sum(weights)


def wilson(share: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share seen in n rows."""
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def curves(p: Array, y: Array, weight: Array, points: int = 200) -> tuple[Point, ...]:
    """Precision, recall and false-alarm rate at up to `points` thresholds, from the highest down."""
    order = np.argsort(-p, kind="stable")
    true, called = np.cumsum((y * weight)[order]), np.cumsum(weight[order])
    ends = np.flatnonzero(np.append(np.diff(p[order]) != 0, True))
    # Dense at the start, where precision moves fastest.
    spread = np.unique((len(ends) - 1) * np.linspace(0, 1, points) ** 2 // 1).astype(int)
    positives, negatives = (max(float(each), 1e-12) for each in (true[-1], called[-1] - true[-1]))
    return tuple(
        Point(
            float(p[order][end]),
            float(true[end] / called[end]),
            float(true[end] / positives),
            float((called[end] - true[end]) / negatives),
        )
        for end in ends[spread]
    )


def confusion(p: Array, y: Array, threshold: float, mistakes: Mistakes, weight: Array) -> Confusion:
    act, late, each = p >= threshold, y > 0.5, weight / weight.mean()
    missed, alarms = float(each[~act & late].sum()), float(each[act & ~late].sum())
    return Confusion(
        round(float(each[act & late].sum())),
        round(alarms),
        round(missed),
        round(float(each[~act & ~late].sum())),
        missed * mistakes.missed,
        alarms * mistakes.false_alarm,
        mistakes.currency,
    )


def class_table(truth: Array, chosen: Array, names: tuple[str, ...], weight: Array) -> ClassTable:
    """`truth` and `chosen`: numbers of classes."""
    seen = np.bincount(truth, minlength=len(names)) + np.bincount(chosen, minlength=len(names))
    common = np.sort(np.argsort(-seen, kind="stable")[:MOST_CLASSES_SHOWN])
    place = np.full(len(names), len(common))
    place[common] = np.arange(len(common))
    width = len(common) + (1 if len(common) < len(names) else 0)
    counts = np.zeros((width, width))
    np.add.at(counts, (place[truth], place[chosen]), weight / weight.mean())
    shown = tuple(names[k] for k in common) + (("others",) if width > len(common) else ())
    return ClassTable(names, shown, tuple(tuple(map(round, row)) for row in counts.tolist()))


def slices(table: TrainingTable, task: Task, p: Array, metric: str, rule: Rule, draw: Draws) -> tuple[Slice, ...]:
    """The metric by level of each text or truth feature with few levels; levels of few rows are left out."""
    weights = [draw(k) for k in range(SLICE_REPLICATES)]
    found = []
    for feature in table.learned:
        column = table.frame.get_column(feature.name)
        few = MOST_LEVELS if feature.type in ("str", "bool") else 7 if feature.type == "int" else 0
        if not few or not 1 < column.n_unique() <= few:
            continue
        text = np.array(["(missing)" if v is None else str(v) for v in column.to_list()])
        for level in np.unique(text):
            rows = np.flatnonzero(text == level)
            if len(rows) < LEAST_SLICE:
                continue
            y = table.label[rows]
            value = metrics.weighted(metric, y, p[rows], rule)
            whole = value(draw.whole[rows])
            if math.isfinite(whole):
                found.append(
                    Slice(
                        feature.name,
                        str(level),
                        len(rows),
                        task.share(y, draw.whole[rows]),
                        of_score(
                            metric, y, p[rows], rule, whole, [value(w[rows]) for w in weights], draw.block.of(rows)
                        ),
                    )
                )
    return tuple(found)


def importance(
    model: Fitted,
    table: TrainingTable,
    metric: str,
    rule: Rule,
    *,
    most_rows: int = 6000,
    repeats: int = 3,
    seed: int = 7,
    until: Callable[[], bool] = lambda: False,
) -> tuple[Importance, ...]:
    """Permutation importance (Breiman 2001; Fisher et al. 2019) on a sample of rows, largest first.

    Features are asked in the order in which a column of theirs goes with the prediction, `until` time is up; those that
    were not asked by then are left out. All columns that one raw feature was encoded to are shuffled together. Features
    that say the same share their importance: shuffling one leaves the other.
    """
    random = np.random.default_rng(seed)
    rows = np.sort(random.permutation(len(table))[:most_rows])
    x, y = model.encoder.matrix(table.frame[rows]), table.label[rows]
    weight = np.ones(len(rows)) if table.weight is None else table.weight[rows]
    sign = metrics.sign(metric)

    def score(encoded: Array) -> float:
        p = model.calibrator.vector(model.estimator.margin(encoded))
        return metrics.weighted(metric, y, p, rule)(weight) * sign

    whole, found = score(x), []
    groups = {name: columns for name, columns in model.encoder.groups().items() if name != table.per}
    for name in _in_step(x, model.estimator.margin(x)[:, 0], groups):
        if until():
            break
        columns, drops = groups[name], list[float]()
        for _ in range(repeats):
            shuffled: Any = x.copy()
            shuffled[:, columns] = x[random.permutation(len(rows))][:, columns]
            drops.append(whole - score(shuffled))
        found.append(Importance(name, float(np.mean(drops)), min(drops), max(drops)))
    return tuple(sorted(found, key=lambda i: -i.drop))


def _in_step(x: Array, told: Array, groups: dict[str, list[int]]) -> list[str]:
    """The features by how closely a column of theirs follows the prediction, the closest first."""
    filled = np.nan_to_num(x.astype(np.float64), nan=0.0)
    centred, aim = filled - filled.mean(axis=0), told - told.mean()
    spread = np.sqrt((centred**2).sum(axis=0) * (aim**2).sum())
    close = np.abs(centred.T @ aim) / np.where(spread > 0, spread, 1.0)
    return sorted(groups, key=lambda name: (-float(close[groups[name]].max()), name))
