"""Look for the best settings on the training folds, within trials, seconds and "good enough"; then for a blend of them.

The portfolio comes first. Then Optuna (Akiba et al. 2019) proposes: TPE, or random draws. A trial is given up after a
fold when it stands below the median of earlier trials at that fold. No test row is read here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from treadle.errors import DataError
from treadle.figures import figure
from treadle.scoring import metrics
from treadle.scoring.tasks import Task, task_of
from treadle.spec import ProjectSpec
from treadle.training.blending import blend, blended
from treadle.training.cores import MOST_THREADS
from treadle.training.families import Array, Family, Params, families
from treadle.training.folds import MOST_VALID_ROWS, Folds, Tried, thin
from treadle.training.model import Chosen, OutOfFold, SearchResult, Stopped, Trial, TrialState
from treadle.training.portfolio import patience, portfolio
from treadle.training.prepare import added, alone, recipes, with_more
from treadle.training.splits import Split
from treadle.training.table import TrainingTable

WARM_UP = 3
"""Trials before any is pruned: a median of fewer says little."""
MOST_TRIALS = 40
"""Where neither trials nor minutes are said."""
FIRST_SECONDS = 15.0
"""Before it has a first model, a search gives a trial so much time, whatever the limit."""
MOST_KEPT_ROWS = 40_000
"""Held rows whose margins a search keeps, for calibration and the threshold."""
_FIT_SHARE = 0.6
_REFITS = 1
"""Fits on all rows that are left time for; and two of the model that it has to beat. A blend takes what is over."""

Progress = Callable[[float, str], None]
OnTrial = Callable[[Trial], None]


@dataclass
class _Search:
    """What a search knows while it goes on."""

    spec: ProjectSpec
    folds: Folds
    chosen: list[Family]
    study: Any
    ways: tuple[str, ...]
    """In which features may be prepared."""
    text: bool
    """Whether there is text, which some families take as categories."""
    clock: Callable[[], float]
    trials: list[Trial] = field(default_factory=list)
    tried: dict[int, Tried] = field(default_factory=dict)
    """What whole trials said of the held rows, by number."""

    @property
    def sign(self) -> int:
        return metrics.sign(self.folds.metric)

    def best(self) -> Trial | None:
        whole = [t for t in self.trials if t.state == "complete"]
        return max(whole, key=lambda t: t.value * self.sign) if whole else None

    def since_gain(self) -> int:
        """Trials since the best one."""
        best = self.best()
        return 0 if best is None else len(self.trials) - 1 - best.number

    def prepared(self, asked: Any, family: Family) -> Params:
        """How the features are prepared in a trial; nothing is said where there is one way only."""
        found: Params = {}
        if self.text and family.native and self.spec.train.search != "none":
            found["text"] = asked.suggest_categorical("text", ("rates", "native"))
        if self.spec.train.search == "none" or len(self.ways) == 1:
            return found if self.ways[0] == "plain" else {**found, "features": self.ways[0]}
        way = asked.suggest_categorical("features", self.ways)
        return {**found, "features": way if family.pairs else alone(way)}

    def refit_of(self, trial: Trial, rows: int) -> float:
        """About what a fit of its settings on all rows will take."""
        # a trial also tries its pace, grows further than it needs, and predicts held rows: a fit is some part of it
        fitted = _FIT_SHARE * trial.seconds / max(len(trial.fold_scores), 1)
        return fitted * rows / max(self.folds.fitted_rows(), 1.0)

    def refit_seconds(self, rows: int) -> float:
        """About what fits on all rows will take: of the slowest of the best trials, by rows."""
        whole = sorted((t for t in self.trials if t.state == "complete"), key=lambda t: -t.value * self.sign)[:_REFITS]
        longest = max((self.refit_of(t, rows) for t in whole), default=0.0)
        simple, fits = len(self.folds.table.only(("request", "row"))), _REFITS
        if 0 < simple < len(self.folds.table.features):
            fits += 2
        return fits * longest


def weight_option(spec: ProjectSpec, share: float) -> bool:
    """Whether evening out the classes is worth trying: asked for, or positives are rare."""
    mode = spec.train.imbalance
    return mode == "weights" or (mode == "auto" and min(share, 1 - share) < 0.1)


def make_families(table: TrainingTable, split: Split, spec: ProjectSpec, threads: int) -> list[Family]:
    task = task_of(spec.predict.kind, table.classes, spec.predict.quantiles)
    rare = task.decides and weight_option(spec, float(table.label[split.train].mean()))
    found = families(spec.train.families, task, threads=threads, seed=spec.train.seed, weight_option=rare)
    fit = [f for f in found if f.takes(len(split.train), len(table.features))] or found
    return [f for f in fit if f.releasable] or fit


def metric_of(spec: ProjectSpec, task: Task, label: Array) -> str:
    mistakes = spec.brief.mistakes
    return task.metric(spec.predict.metric, label, mistakes.missed, mistakes.false_alarm)


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
    """Try settings until trials or seconds run out, or the folds reach `brief.good_enough`; then blend the best.

    `deadline_s` is for the search and for the fits on all rows that follow: it ends early enough to leave them time.

    Raises:
        DataError: when no trial could be completed.
    """
    start = clock()
    task = task_of(spec.predict.kind, table.classes, spec.predict.quantiles)
    chosen = make_families(table, split, spec, threads)
    metric = metric_of(spec, task, table.label[split.train])
    ways = with_more(recipes(table.features, _ahead(table, split)), table.rows(split.train))
    text = any(feature.type == "str" for feature in table.features)
    folds = Folds(table, split.folds, task, metric, spec.train.seed)
    going = _Search(spec, folds, chosen, _study(spec, chosen, ways, text), ways, text, clock)
    stopped = _go_on(going, len(split.train), start, deadline_s, progress, on_trial)
    best = going.best()
    if best is None:
        raise DataError("no trial could be completed", where="train", mend="give it more time, rows or families")
    members, margins = _members(going, best, len(split.train), deadline_s - (clock() - start))
    shown = (
        np.arange(len(folds.rows))
        if len(folds.rows) <= MOST_KEPT_ROWS
        else thin(np.arange(len(folds.rows)), MOST_KEPT_ROWS)
    )
    return SearchResult(
        metric,
        " + ".join(dict.fromkeys(m.family for m in members)),
        members[0].params,
        folds.objective(margins) * metrics.sign(metric),
        tuple(going.trials),
        clock() - start,
        stopped,
        _notes(folds, stopped, deadline_s, going, members),
        members,
        OutOfFold.of(folds.rows[shown], folds.number[shown], margins[shown]),
    )


def _ahead(table: TrainingTable, split: Split) -> float | None:
    """The days that the training rows span, where the model is tested on what comes after them."""
    if table.at is None or split.by != "time":
        return None
    times = table.at[split.train]
    return float((times.max() - times.min()) / np.timedelta64(1, "D"))


def _go_on(
    going: _Search,
    rows: int,
    start: float,
    deadline_s: float,
    progress: Progress | None,
    on_trial: OnTrial | None,
) -> Stopped:
    """One trial after the other; what ended them."""
    spec, clock = going.spec, going.clock
    enough = spec.brief.good_enough.get(going.folds.metric)
    without = spec.train.search == "none"
    most = len(going.chosen) if without else max(_most_trials(spec, deadline_s), len(going.chosen))
    while len(going.trials) < most:
        spent = clock() - start
        usual = max((t.seconds for t in going.trials[-5:]), default=0.0)
        if going.trials and spent + usual + going.refit_seconds(rows) > deadline_s:
            return "deadline"
        left = (deadline_s - spent) / (3 * len(going.folds.folds))
        least = 1.0 if going.best() else FIRST_SECONDS / len(going.folds.folds)
        going.trials.append(_run(going, max(left, least)))
        if on_trial:
            on_trial(going.trials[-1])
        best = going.best()
        if progress:
            known = (
                f"best {going.folds.metric} {figure(best.value).value} ({best.family})" if best else "none completed"
            )
            part = (clock() - start) / deadline_s
            progress(max(len(going.trials) / most, min(part, 1.0)), f"trial {len(going.trials)}: {known}")
        reached = best is not None and enough is not None and (best.value - enough) * going.sign >= 0
        if reached and len(going.trials) >= len(going.chosen):
            return "good_enough"
        if spec.train.trials is None and going.since_gain() >= patience(rows):
            return "no_gain"
    return "no_search" if without else "trials"


def _most_trials(spec: ProjectSpec, deadline_s: float) -> int:
    if spec.train.trials is not None:
        return spec.train.trials
    return MOST_TRIALS if deadline_s == math.inf else 10**6


def _members(going: _Search, best: Trial, rows: int, seconds: float) -> tuple[tuple[Chosen, ...], Array]:
    """The best single one, or a blend of few where there is time to fit them, and what it says of the held rows."""
    whole = [t for t in going.trials if t.number in going.tried]
    if going.spec.train.search == "none" or len(whole) < 2:
        weights = {best.number: 1.0}
    else:
        margins = [m for t in whole if (m := going.tried[t.number].margins) is not None]
        found = blend(going.folds, margins, [t.value * going.sign for t in whole])
        weights = {whole[i].number: w for i, w in found.items()}
        if sum(going.refit_of(t, rows) + t.seconds / 2 for t in whole if t.number in weights) > seconds:
            weights = {best.number: 1.0}
    by_number = {t.number: t for t in going.trials}
    best_first = [by_number[n] for n in sorted(weights, key=lambda n: -weights[n])]
    members = tuple(Chosen(t.family, t.params, weights[t.number], going.refit_of(t, rows)) for t in best_first)
    by_name = {family.name: family for family in going.chosen}
    exact = []
    for trial in best_first:
        known = going.tried[trial.number]
        if seconds < going.refit_of(trial, rows) + trial.seconds and known.margins is not None:
            exact.append(known.margins)  # no time is left to make those of some folds anew
        else:
            exact.append(going.folds.exact(by_name[trial.family], trial.params, known))
    return members, blended(exact, {place: member.weight for place, member in enumerate(members)})


def _notes(
    folds: Folds, stopped: str, deadline_s: float, going: _Search, members: tuple[Chosen, ...]
) -> tuple[str, ...]:
    notes, done = [], len(going.trials)
    if folds.thinned:
        notes.append(
            f"Settings were compared on at most {folds.most_rows:,} training and {MOST_VALID_ROWS:,} validation "
            f"rows of each fold, evenly spread; the chosen ones are fitted on all rows."
        )
    listed = len(portfolio(going.chosen))
    if stopped == "deadline":
        left = f"; {listed - done} of the {listed} settings that usually help were not tried" if done < listed else ""
        notes.append(f"The search ended at its {deadline_s:.0f} seconds, after {done} trials{left}.")
    if stopped == "good_enough":
        notes.append(f"The search ended after {done} trials: the folds reached what the brief calls enough.")
    if stopped == "no_gain":
        notes.append(f"The search ended after {done} trials, since the last {going.since_gain()} brought no gain.")
    if len(members) > 1:
        parts = ", ".join(f"{m.weight:.0%} {m.family}" for m in members)
        notes.append(f"It is a blend of {len(members)} models ({parts}): better than the best of them beyond noise.")
    return tuple(notes)


def _study(spec: ProjectSpec, chosen: list[Family], ways: tuple[str, ...] = ("plain",), text: bool = False) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seed = spec.train.seed
    if spec.train.search == "bayesian":
        sampler: Any = optuna.samplers.TPESampler(seed=seed, n_startup_trials=6)
    else:
        sampler = optuna.samplers.RandomSampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    first = [(family, family.defaults()) for family in chosen] if spec.train.search == "none" else portfolio(chosen)
    # what only some tables have is soon asked for: nothing in the list below stands in for it
    first[2:2] = [(family, {**family.defaults(), "features": way}) for way in added(ways) for family in chosen[:2]]
    for family, params in first:  # they come first, and the sampler learns from them too
        settings = {
            f"{family.name}.{key}": value
            for key, value in params.items()
            if (family.weight_option or key != "even_classes") and key not in ("features", "text")
        }
        recipe = params.get("features", ways[0])
        if recipe in ways:
            said = {"features": recipe} if len(ways) > 1 else {}
            if text and family.native:
                said["text"] = params.get("text", "rates")
            elif params.get("text") == "native":
                continue  # there is no text: it would be an earlier trial again
            study.enqueue_trial({"family": family.name, **settings, **said})
    return study


def _run(going: _Search, seconds: float) -> Trial:
    import optuna

    clock, folds = going.clock, going.folds
    began, number = clock(), len(going.trials)
    asked = going.study.ask()
    name = asked.suggest_categorical("family", [family.name for family in going.chosen])
    family = next(family for family in going.chosen if family.name == name)
    params = family.suggest(asked) | going.prepared(asked, family)
    if seconds < math.inf:
        params = family.paced(params, folds.pace(family, params, clock), seconds)
    found = folds.run(
        family, params, hopeless=lambda early: _hopeless(early, going.trials, going.sign), seconds=seconds
    )
    value = folds.mean(found.scores) if found.scores else 0.0
    state: TrialState = "failed" if found.failed else "pruned"
    if found.margins is not None:
        state = "complete"
        going.tried[number] = found
    # A pruned trial tells the sampler what its folds showed; only a failed one tells nothing.
    if found.scores:
        going.study.tell(asked, value * going.sign)
    else:
        going.study.tell(asked, state=optuna.trial.TrialState.FAIL)
    if found.rounds:
        params = {**params, "rounds": found.rounds}
    used = family.used(params, len(folds.folds[0].train))
    return Trial(number, family.name, params, found.scores, value, clock() - began, state, used)


def _hopeless(found: list[float], earlier: list[Trial], sign: int) -> bool:
    """Below the median of the earlier trials' means over as many folds (the median rule, Golovin et al. 2017)."""
    depth = len(found)
    others = [float(np.mean(t.fold_scores[:depth])) * sign for t in earlier if len(t.fold_scores) >= depth]
    return len(others) >= WARM_UP and float(np.mean(found)) * sign < float(np.median(others))
