"""Fit the chosen settings on all training rows, calibrate them, and choose the threshold.

1. On each fold, fit on all of its training rows, and agree on the rounds: the median of what the folds wanted.
2. Predict each fold's validation rows with that many: out-of-fold margins, as the final model would give them. With
   rounds of their own the folds' margins would be of another spread, and a calibration fitted on them false.
3. Choose the calibration and the threshold on those margins.
4. Fit encoder and estimator on all training rows, with the agreed rounds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from treadle.scoring import metrics
from treadle.scoring.calibrator import Calibrator
from treadle.scoring.metrics import Array
from treadle.spec import Mistakes, ProjectSpec
from treadle.training import calibrate
from treadle.training.cores import MOST_THREADS
from treadle.training.encoder_fit import fit_encoder
from treadle.training.families import Estimator, Family, Params, Trees, constant
from treadle.training.model import FitSummary, Fitted, FittedModel, SearchResult
from treadle.training.searching import OnTrial, Progress, make_families, search
from treadle.training.splits import Split, split
from treadle.training.table import TrainingTable, check

MOST_UNSEEN = 20_000
"""Out-of-fold predictions that a model keeps."""


def train(
    table: TrainingTable,
    spec: ProjectSpec,
    *,
    deadline_s: float = math.inf,
    progress: Progress | None = None,
    on_trial: OnTrial | None = None,
    threads: int = MOST_THREADS,
) -> tuple[FittedModel, Split, SearchResult]:
    """Check, split, search and fit in one call. The search gets 60 % of `deadline_s`: fitting needs the rest.

    Raises:
        DataError: a table that nothing can be learned from.
    """
    check(table, spec.predict.kind)
    parts = split(table, spec.predict, seed=spec.train.seed)
    found = search(
        table, parts, spec, deadline_s=deadline_s * 0.6, progress=progress, on_trial=on_trial, threads=threads
    )
    return fit(table, parts, found, spec, progress=progress, threads=threads), parts, found


def fit(
    table: TrainingTable,
    parts: Split,
    found: SearchResult,
    spec: ProjectSpec,
    *,
    progress: Progress | None = None,
    threads: int = MOST_THREADS,
    clock: Callable[[], float] = time.monotonic,
) -> FittedModel:
    """The model that `found` describes, fitted on the training rows of `parts`; test rows are not read."""
    start = clock()
    family = next(f for f in make_families(table, parts, spec, threads) if f.name == found.family)
    kind, metric = spec.predict.kind, found.metric
    margins, truth, fold, rounds = _out_of_fold(table, parts, family, found.params, metric, spec.train.seed, progress)
    if kind == "classification":
        calibrator, losses = calibrate.choose(margins, truth, fold)
        threshold = choose_threshold(calibrator.vector(margins), truth, spec.brief.mistakes)
    else:
        calibrator, losses, threshold = Calibrator("identity"), {}, 0.0
    params = {**found.params, "rounds": rounds} if rounds else dict(found.params)
    if progress:
        progress(0.7, "fitting on all training rows")
    rows = table.rows(parts.train)
    encoder, x = fit_encoder(rows, linear=family.linear, seed=spec.train.seed)
    estimator = family.fit(x, rows.label, params)
    if progress:
        progress(0.9, "fitting the model it has to beat")
    reference = _reference(table, parts, family, params, metric, spec.train.seed)
    value = metrics.weighted(metric, truth, calibrator.vector(margins), threshold)(np.ones(len(truth)))
    summary = FitSummary(
        kind=kind,
        metric=metric,
        family=family.name,
        params=family.used(params, len(rows)),
        threshold=threshold,
        out_of_fold=value,
        calibration=_calibration_name(calibrator),
        calibration_log_loss=losses,
        train_rows=len(rows),
        seconds=clock() - start,
        notes=found.notes,
    )
    return FittedModel(
        encoder=encoder,
        estimator=estimator,
        calibrator=calibrator,
        features=table.features,
        summary=summary,
        baseline=constant(rows.label, kind),
        reference=reference,
        unseen=_spread(calibrator.vector(_near(margins, fold, parts))).astype(np.float32),
    )


def _near(margins: Array, fold: Array, parts: Split) -> Array:
    """Of the folds that know at least half of the training rows: the first of a split by time know less, dare less,
    and are no likeness of what the final model says."""
    large = [k for k, part in enumerate(parts.folds) if 2 * len(part.train) >= len(parts.train)]
    return margins[np.isin(fold, large)] if large else margins


def _spread(values: Array) -> Array:
    """At most `MOST_UNSEEN` of them, evenly over the folds."""
    if len(values) <= MOST_UNSEEN:
        return values
    return values[np.linspace(0, len(values) - 1, MOST_UNSEEN).astype(np.int64)]


def _calibration_name(calibrator: Calibrator) -> str:
    return "none" if calibrator == Calibrator() else calibrator.kind


def _out_of_fold(
    table: TrainingTable,
    parts: Split,
    family: Family,
    params: Params,
    metric: str,
    seed: int,
    progress: Progress | None,
) -> tuple[Array, Array, Array, int]:
    """Margins, labels and fold numbers of all validation rows, and the rounds that they agree on."""
    fitted, truth, number = [], [], []
    for k, part in enumerate(parts.folds):
        if progress:
            progress(0.7 * k / len(parts.folds), f"out-of-fold predictions {k + 1} of {len(parts.folds)}")
        rows = table.rows(part.train)
        encoder, x = fit_encoder(rows, linear=family.linear, seed=seed)
        held, label = encoder.matrix(table.frame[part.valid]), table.label[part.valid]
        fitted.append((family.fit(x, rows.label, params, (held, label), metric), held))
        truth.append(label)
        number.append(np.full(len(label), k))
    wanted = [found.rounds for found, _ in fitted if isinstance(found, Trees)]
    agreed = int(np.median(wanted)) if any(wanted) else 0
    margins = []
    for part, (found, held) in zip(parts.folds, fitted, strict=True):
        if isinstance(found, Trees) and agreed > found.booster.current_iteration():
            rows = table.rows(part.train)  # encoded again: the matrices of all folds at once would fill the memory
            x = fit_encoder(rows, linear=family.linear, seed=seed)[1]
            found = family.fit(x, rows.label, {**params, "rounds": agreed})
        margins.append((replace(found, rounds=agreed) if isinstance(found, Trees) else found).margin(held))
    return np.concatenate(margins), np.concatenate(truth), np.concatenate(number), agreed


def _reference(
    table: TrainingTable, parts: Split, family: Family, params: Params, metric: str, seed: int
) -> Fitted | None:
    """The same family on request and row features alone, its rounds chosen on the last fold; None if that is all."""
    simple = table.only(("request", "row"))
    if not simple or len(simple) == len(table.features):
        return None
    last = parts.folds[-1]
    rows = table.rows(last.train)
    encoder, x = fit_encoder(rows, linear=family.linear, features=simple, seed=seed)
    held, label = encoder.matrix(table.frame[last.valid]), table.label[last.valid]
    tried: Estimator = family.fit(x, rows.label, params, (held, label), metric)
    own = {**params, "rounds": tried.rounds} if isinstance(tried, Trees) else params
    whole = table.rows(parts.train)
    encoder, x = fit_encoder(whole, linear=family.linear, features=simple, seed=seed)
    plain = Calibrator("identity") if family.kind == "regression" else Calibrator()
    return Fitted(encoder, family.fit(x, whole.label, own), plain)


def choose_threshold(p: Array, y: Array, mistakes: Mistakes) -> float:
    """The probability from which acting costs least on `p` and `y`: the least sum of missed and false alarms.

    With perfect probabilities that is false_alarm / (false_alarm + missed) (Elkan 2001); the rows have the last word,
    among 500 candidates, and a tie goes to the one nearest to that.
    """
    ideal = mistakes.false_alarm / max(mistakes.false_alarm + mistakes.missed, 1e-12)
    candidates = np.unique(np.concatenate([np.quantile(p, np.linspace(0, 1, 500)), [ideal]]))
    order = np.argsort(p)
    hits = np.concatenate([[0.0], np.cumsum(y[order])])
    below = np.searchsorted(p[order], candidates, side="left")
    missed = hits[below]
    alarms = (len(y) - below) - (hits[-1] - missed)
    cost = missed * mistakes.missed + alarms * mistakes.false_alarm
    cheapest = np.flatnonzero(cost <= cost.min() + 1e-12)
    return float(candidates[cheapest[np.argmin(np.abs(candidates[cheapest] - ideal))]])
