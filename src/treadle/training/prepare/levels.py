"""Fit the levels of text, and tell the training rows their levels by the labels of others.

Text becomes the smoothed rate of the label among the rows of the same level (Micci-Barreca 2001, "A preprocessing
scheme for high-cardinality categorical attributes"). Encoding the training rows with that table would leak each
row's label into its own features. So training rows see only others: where a split keeps groups apart, other groups,
since nothing is known of a new one; else with time, the rows whose label was known before theirs was predicted;
without time, the other folds. Later rows use the table of all training rows.
"""

from __future__ import annotations

import numpy as np

from treadle.scoring.steps import Levels, levels_of
from treadle.scoring.tasks import Multiclass
from treadle.training.families import Array, centre_of
from treadle.training.table import TrainingTable

SMOOTHING = 20.0
"""How many rows of the overall rate are mixed into the rate of each level."""
MOST_LEVELS = 5000
"""Rarer levels than this many are left out of the table, and count as unseen."""
ONE_HOT_LEVELS = 30
MOST_CODES = 500
"""Rarer levels than this many are told as never seen, where a family takes categories as they are."""
OUT_OF_FOLD = 5


def fit_levels(names: tuple[str, ...], table: TrainingTable, linear: bool, seed: int) -> tuple[Levels, Array | None]:
    """The step of a text feature, or of several together, and the rates of the training rows by others' labels, [rows,
    targets]; None where it is one-hot."""
    import polars as pl

    name, text = names[0], levels_of(table.frame, names)
    counts = text.drop_nulls().value_counts(sort=True, name="n")
    # value_counts breaks ties in no fixed order; names make the choice, and so the fit, repeatable.
    ordered = counts.sort(["n", text.name], descending=[True, False])
    levels: list[str] = ordered.get_column(text.name).to_list()
    if linear and len(levels) <= ONE_HOT_LEVELS and len(names) == 1:
        width = len(levels)
        hot = {level: tuple(float(i == j) for j in range(width)) for i, level in enumerate(levels)}
        none = (0.0,) * width
        told = tuple(f"{name}={level}" for level in levels)
        return Levels(
            name, (*told, f"{name}:missing"), {k: (*v, 0.0) for k, v in hot.items()}, (*none, 0.0), (*none, 1.0)
        ), None
    levels = levels[:MOST_LEVELS]
    code = np.full(len(text), len(levels), dtype=np.int64)
    if levels:
        code = (
            text.replace_strict(levels, list(range(len(levels))), default=len(levels), return_dtype=pl.Int64)
            .to_numpy()
            .copy()
        )
    code[text.is_null().to_numpy()] = len(levels) + 1
    return _rates(names, levels, code, table, linear, seed)


def fit_codes(names: tuple[str, ...], table: TrainingTable) -> Levels:
    """The levels of a text, or of several together, by number, the commonest first; -1 for those that were never
    seen. Missing is a level of its own where it was seen."""
    text = levels_of(table.frame, names)
    counts = text.drop_nulls().value_counts(sort=True, name="n").sort(["n", text.name], descending=[True, False])
    levels: list[str] = counts.get_column(text.name).to_list()[:MOST_CODES]
    missing = float(len(levels)) if text.null_count() else -1.0
    codes: dict[str, tuple[float, ...]] = {level: (float(place),) for place, level in enumerate(levels)}
    return Levels(names[0], (f"{' & '.join(names)}:code",), codes, (-1.0,), (missing,), names[1:], codes=True)


def _rates(
    read: tuple[str, ...], levels: list[str], code: Array, table: TrainingTable, linear: bool, seed: int
) -> tuple[Levels, Array]:
    size = len(levels) + 2
    weight = table.taught[1]
    weight = np.ones(len(code)) if weight is None else weight
    count = np.bincount(code, weights=weight, minlength=size)
    told, names = _targets(table)
    columns, own = [], []
    for target in told.T:
        prior = float(np.average(target, weights=weight))
        rate = (np.bincount(code, weights=target * weight, minlength=size) + SMOOTHING * prior) / (count + SMOOTHING)
        rate[len(levels)] = prior  # unseen levels know nothing, whatever the rare ones showed
        others = _others_rates(code, table, target * weight, weight, prior, seed)
        others[code == len(levels)] = prior  # as the same levels are told when they are asked
        mean, scale = (float(rate[code].mean()), float(rate[code].std()) or 1.0) if linear else (0.0, 1.0)
        columns.append((rate - mean) / scale)
        own.append((others - mean) / scale)
    share = count / max(weight.sum(), 1.0)
    if linear:
        share = (share - float(share[code].mean())) / (float(share[code].std()) or 1.0)
    rows = [tuple(map(float, row)) for row in zip(*columns, share, strict=True)]
    name = " & ".join(read)
    outputs = (*(f"{name}:{target}" for target in names), f"{name}:share")
    known = dict(zip(levels, rows, strict=False))
    return Levels(read[0], outputs, known, rows[-2], rows[-1], read[1:]), np.column_stack(own)


def _targets(table: TrainingTable) -> tuple[Array, tuple[str, ...]]:
    """What a level is told by, [rows, targets]: the label, or the shares of the commonest classes."""
    if not table.classes:
        label = table.taught[0]
        return (label - centre_of(label))[:, None], ("rate",)  # encoded, it is float32
    task = Multiclass(table.classes)
    told = task.targets(table.label)
    return told, task.target_names()[: told.shape[1]]


def _dealt(table: TrainingTable, seed: int) -> Array:
    """The fold of each row; all rows of a group have the same."""
    random = np.random.default_rng(seed)
    if table.group is None:
        return random.integers(0, OUT_OF_FOLD, len(table))
    names, member = np.unique(np.asarray(table.group).astype(str), return_inverse=True)
    fold: Array = random.permutation(len(names))[member] % OUT_OF_FOLD
    return fold


def _others_rates(code: Array, table: TrainingTable, target: Array, weight: Array, prior: float, seed: int) -> Array:
    """For each row the smoothed rate of its level over rows that may inform it. `target`: times `weight`."""
    if table.at is None or table.group is not None:
        fold = _dealt(table, seed)
        count, total = np.zeros(len(code)), np.zeros(len(code))
        for k in range(OUT_OF_FOLD):
            here, there = fold == k, fold != k
            count[here] = np.bincount(code[there], weights=weight[there], minlength=code.max() + 1)[code[here]]
            total[here] = np.bincount(code[there], weights=target[there], minlength=code.max() + 1)[code[here]]
        without_time: Array = (total + SMOOTHING * prior) / (count + SMOOTHING)
        return without_time
    known = table.at if table.known is None else table.known
    # Times as ranks, so that (level, time) fits one sortable integer.
    times, rank = np.unique(np.concatenate([table.at, known]), return_inverse=True)
    span = len(times) + 1
    asked = code * span + rank[: len(code)]
    told = code * span + rank[len(code) :]
    order = np.argsort(told, kind="stable")
    told = told[order]
    summed, weighed = (np.concatenate([[0.0], np.cumsum(each[order])]) for each in (target, weight))
    first = np.searchsorted(told, code * span, side="left")
    last = np.searchsorted(told, asked, side="left")  # strictly before the prediction is made
    count = weighed[last] - weighed[first]
    rates: Array = (summed[last] - summed[first] + SMOOTHING * prior) / (count + SMOOTHING)
    return rates
