"""Look for the best family and settings on the training folds, within trials, seconds and "good enough".

Optuna (Akiba et al. 2019) proposes: TPE, or random draws. Each family's defaults are tried first. A trial is
given up after a fold when it stands below the median of earlier trials at that fold. No test row is read here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from treadle.errors import DataError
from treadle.figures import figure
from treadle.scoring import metrics
from treadle.scoring.metrics import Array
from treadle.spec import ProjectSpec
from treadle.training.cores import MOST_THREADS
from treadle.training.encoder_fit import fit_encoder
from treadle.training.families import Family, Params, Trees, families
from treadle.training.model import SearchResult, Stopped, Trial, TrialState
from treadle.training.splits import Fold, Split
from treadle.training.table import TrainingTable

MOST_FIT_ROWS = 80_000
"""Rows of a fold that settings are compared on; the chosen ones are fitted on all rows later."""
MOST_VALID_ROWS = 40_000
WARM_UP = 3
"""Trials before any is pruned: a median of fewer says little."""

Progress = Callable[[float, str], None]
OnTrial = Callable[[Trial], None]


class _Folds:
    """The encoded folds, each made when first asked for and then kept."""

    def __init__(self, table: TrainingTable, folds: tuple[Fold, ...], seed: int) -> None:
        self.table, self.seed = table, seed
        # The latest fold first: it is the largest and the nearest to what comes, so the best to prune on.
        self.folds = [Fold(_thin(f.train, MOST_FIT_ROWS), _thin(f.valid, MOST_VALID_ROWS)) for f in reversed(folds)]
        self.thinned = any(len(f.train) > MOST_FIT_ROWS or len(f.valid) > MOST_VALID_ROWS for f in folds)
        self._kept: dict[tuple[int, bool], tuple[Array, Array, Array, Array]] = {}

    def get(self, number: int, linear: bool) -> tuple[Array, Array, Array, Array]:
        if (number, linear) not in self._kept:
            fold = self.folds[number]
            train = self.table.rows(fold.train)
            encoder, x = fit_encoder(train, linear=linear, seed=self.seed)
            held = encoder.matrix(self.table.frame[fold.valid])
            self._kept[number, linear] = (x, train.label, held, self.table.label[fold.valid])
        return self._kept[number, linear]


def _thin(rows: Array, most: int) -> Array:
    """Every so many-th of `rows`, in their order."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def weight_option(spec: ProjectSpec, share: float) -> bool:
    """Whether evening out the classes is worth trying: asked for, or positives are rare."""
    mode = spec.train.imbalance
    return mode == "weights" or (mode == "auto" and min(share, 1 - share) < 0.1)


def make_families(table: TrainingTable, split: Split, spec: ProjectSpec, threads: int) -> list[Family]:
    share = float(table.label[split.train].mean())
    return families(
        spec.train.families,
        spec.predict.kind,
        threads=threads,
        seed=spec.train.seed,
        weight_option=spec.predict.kind == "classification" and weight_option(spec, share),
    )


def search(
    table: TrainingTable,
    split: Split,
    spec: ProjectSpec,
    *,
    deadline_s: float = math.inf,
    progress: Progress | None = None,
    on_trial: OnTrial | None = None,
    threads: int = MOST_THREADS,
    clock: Callable[[], float] = time.monotonic,
) -> SearchResult:
    """Try settings until trials or seconds run out, or the folds reach `brief.good_enough`.

    Raises:
        DataError: when no trial could be completed.
    """
    chosen = make_families(table, split, spec, threads)
    kind, mistakes = spec.predict.kind, spec.brief.mistakes
    metric = metrics.derive(spec.predict.metric, kind, table.label[split.train], mistakes.missed, mistakes.false_alarm)
    folds = _Folds(table, split.folds, spec.train.seed)
    study = _study(spec, chosen)
    enough = spec.brief.good_enough.get(metric)
    most = len(chosen) if spec.train.search == "none" else max(spec.train.trials, len(chosen))
    start, trials = clock(), list[Trial]()
    stopped: Stopped = "no_search" if spec.train.search == "none" else "trials"
    for number in range(most):
        spent = clock() - start
        usual = max((t.seconds for t in trials[-5:]), default=0.0)
        if trials and spent + usual > deadline_s:
            stopped = "deadline"
            break
        trial = _run(number, chosen, study, folds, metric, clock, trials)
        trials.append(trial)
        if on_trial:
            on_trial(trial)
        best = _best(trials, metric)
        if progress:
            shown = f"best {metric} {figure(best.value).value} ({best.family})" if best else "no trial completed yet"
            progress(max((number + 1) / most, min((clock() - start) / deadline_s, 1.0)), f"trial {number + 1}: {shown}")
        reached = best is not None and enough is not None and (best.value - enough) * metrics.sign(metric) >= 0
        if reached and len(trials) >= len(chosen):
            stopped = "good_enough"
            break
    best = _best(trials, metric)
    if best is None:
        raise DataError("no trial could be completed", where="train", mend="give it more time, rows or families")
    return SearchResult(
        metric,
        best.family,
        best.params,
        best.value,
        tuple(trials),
        clock() - start,
        stopped,
        _notes(folds, stopped, deadline_s, len(trials), most),
    )


def _notes(folds: _Folds, stopped: str, deadline_s: float, done: int, most: int) -> tuple[str, ...]:
    notes = []
    if folds.thinned:
        notes.append(
            f"Settings were compared on at most {MOST_FIT_ROWS:,} training and {MOST_VALID_ROWS:,} validation "
            f"rows of each fold, evenly spread; the chosen ones are fitted on all rows."
        )
    if stopped == "deadline":
        notes.append(f"The search ended at its {deadline_s:.0f} seconds, after {done} of {most} trials.")
    if stopped == "good_enough":
        notes.append(f"The search ended after {done} of {most} trials: the folds reached what the brief calls enough.")
    return tuple(notes)


def _study(spec: ProjectSpec, chosen: list[Family]) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seed = spec.train.seed
    if spec.train.search == "bayesian":
        sampler: Any = optuna.samplers.TPESampler(seed=seed, n_startup_trials=6)
    else:
        sampler = optuna.samplers.RandomSampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for family in chosen:  # the defaults come first, and the sampler learns from them too
        settings = {
            f"{family.name}.{key}": value
            for key, value in family.defaults().items()
            if family.weight_option or key != "even_classes"
        }
        study.enqueue_trial({"family": family.name, **settings})
    return study


def _best(trials: list[Trial], metric: str) -> Trial | None:
    whole = [t for t in trials if t.state == "complete"]
    return max(whole, key=lambda t: t.value * metrics.sign(metric)) if whole else None


def _run(
    number: int,
    chosen: list[Family],
    study: Any,
    folds: _Folds,
    metric: str,
    clock: Callable[[], float],
    earlier: list[Trial],
) -> Trial:
    import optuna

    began, sign = clock(), metrics.sign(metric)
    asked = study.ask()
    name = asked.suggest_categorical("family", [family.name for family in chosen])
    family = next(family for family in chosen if family.name == name)
    params = family.suggest(asked)
    found, rounds = [], []
    state: TrialState = "complete"
    for fold in range(len(folds.folds)):
        score, grown = _score(family, params, folds.get(fold, family.linear), metric)
        if not math.isfinite(score):
            state = "failed"
            break
        found.append(score)
        rounds.append(grown)
        if _hopeless(found, earlier, sign) and fold + 1 < len(folds.folds):
            state = "pruned"
            break
    value = float(np.mean(found)) if found else 0.0
    # A pruned trial tells the sampler what its folds showed; only a failed one tells nothing.
    if found:
        study.tell(asked, value * sign)
    else:
        study.tell(asked, state=optuna.trial.TrialState.FAIL)
    if any(rounds):
        params = {**params, "rounds": max(1, int(np.median(rounds)))}
    used = family.used(params, len(folds.get(0, family.linear)[1]))
    return Trial(number, family.name, params, tuple(found), value, clock() - began, state, used)


def _score(family: Family, params: Params, data: tuple[Array, Array, Array, Array], metric: str) -> tuple[float, int]:
    x, y, held, truth = data
    estimator = family.fit(x, y, params, (held, truth), metric)
    margin = estimator.margin(held)
    # Trials are compared before calibration: a plain sigmoid, and its threshold at one half.
    p = margin if family.kind == "regression" else 1 / (1 + np.exp(-np.clip(margin, -50, 50)))
    value = metrics.weighted(metric, truth, p)(np.ones(len(truth)))
    return value, estimator.rounds if isinstance(estimator, Trees) else 0


def _hopeless(found: list[float], earlier: list[Trial], sign: int) -> bool:
    """Below the median of the earlier trials' means over as many folds (the median rule, Golovin et al. 2017)."""
    depth = len(found)
    others = [float(np.mean(t.fold_scores[:depth])) * sign for t in earlier if len(t.fold_scores) >= depth]
    return len(others) >= WARM_UP and float(np.mean(found)) * sign < float(np.median(others))
