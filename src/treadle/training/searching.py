"""Look for the best settings on the training folds, within trials, seconds and "good enough"; then for a blend of them.

A trial is given up after a fold when it stands below the median of earlier trials at that fold. No test row is read
here. Each trial is kept as it ends, so that a search that was interrupted goes on where it was.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from treadle.errors import DataError, TreadleError
from treadle.figures import figure
from treadle.scoring import metrics
from treadle.scoring.tasks import task_of
from treadle.spec import ProjectSpec
from treadle.training.asking import Asked, Asking
from treadle.training.blending import blend, blended
from treadle.training.cores import MOST_THREADS
from treadle.training.families import Array
from treadle.training.folds import MOST_VALID_ROWS, Folds, Tried
from treadle.training.kept_trials import KeptTrial, OnTrial, Standing
from treadle.training.mistakes import costs_of, ideal_threshold
from treadle.training.model import Chosen, OutOfFold, SearchResult, Stopped, Trial, TrialState
from treadle.training.portfolio import patience
from treadle.training.prepare import offers_groups, recipes, with_more
from treadle.training.pruning import as_whole
from treadle.training.recency import days_ahead
from treadle.training.rungs import few_rows, look, reason
from treadle.training.search_state import Progress, SearchState
from treadle.training.splits import Split
from treadle.training.suited import make_families, metric_of
from treadle.training.table import TrainingTable
from treadle.training.thinning import Picked

MOST_TRIALS = 40
"""Where neither trials nor minutes are said."""
MOST_FAILED = 40
"""Trials that come to nothing, where no other has come to anything: then the minutes would go by for nothing."""
NO_END = 10**6
"""Where the minutes alone end a search."""
FIRST_SECONDS = 15.0
"""Before it has a first model, a search gives a trial so much time, or a third of all that it has."""
MOST_KEPT_ROWS = 40_000
"""Held rows whose margins a search keeps, for calibration and the threshold."""
_TRIALS_LEFT = 8
"""A trial that would take more than such a part of the seconds left is fitted in bigger steps."""


def search(
    table: TrainingTable,
    split: Split,
    spec: ProjectSpec,
    *,
    deadline_s: float = math.inf,
    progress: Progress | None = None,
    earlier: Sequence[KeptTrial] = (),
    on_trial: OnTrial | None = None,
    threads: int = MOST_THREADS,
    clock: Callable[[], float] = time.monotonic,
) -> SearchResult:
    """Try settings until trials or seconds run out, or the folds reach `brief.good_enough`; then blend the best.

    `deadline_s` is for the search and for the fits on all rows that follow: it ends early enough to leave them time.
    `on_trial` is given each trial as it ends. Those of a search over the same rows and settings that was interrupted,
    or had fewer seconds, are `earlier`: they are taken as they are, and what they took counts as spent.

    Raises:
        DataError: when no trial could be completed.
    """
    table = table.grouped(split.by)
    costs = costs_of(spec.brief.mistakes, table.classes)
    task = task_of(spec.predict.kind, table.classes, costs, spec.predict.quantiles)
    metric = metric_of(spec, task, table.label[split.train])
    rule = task.rule(ideal_threshold(spec.brief.mistakes))
    folds = Folds(table, split.folds, task, metric, spec.train.seed, rule)
    going = SearchState(
        spec,
        folds,
        _asking(table, split, spec, threads),
        clock,
        deadline_s,
        earlier,
        on_trial,
        start=clock(),
        few=few_rows(spec.train, folds, deadline_s),
        rows=len(split.train),
    )
    stopped = _go_on(going, len(split.train), deadline_s, progress)
    judged = going.on_all_rows(len(split.train), deadline_s - going.spent, progress)
    if (best := judged.best()) is None:
        raise _none_completed(going.trials)
    members, margins, weights = _members(judged, best, len(split.train), deadline_s - going.spent)
    folds, margins = _of_all_folds(going, judged, margins, weights)
    shown = Picked(np.arange(len(folds.rows)), task.strata(folds.truth), folds.counts).at_most(MOST_KEPT_ROWS)
    kept = shown.rows
    return SearchResult(
        metric,
        " + ".join(dict.fromkeys(m.family for m in members)),
        members[0].params,
        folds.objective(margins) * metrics.sign(metric),
        tuple(going.trials),
        going.spent,
        stopped,
        _notes(stopped, deadline_s, going, judged, len(split.train)),
        members,
        OutOfFold.of(folds.rows[kept], folds.number[kept], margins[kept], shown.counts),
    )


def _asking(table: TrainingTable, split: Split, spec: ProjectSpec, threads: int) -> Asking:
    """What trials can be asked for: the families, and the ways to prepare, that suit these rows."""
    rows = table.rows(split.train)
    ways = with_more(recipes(table.learned, days_ahead(table, split)), rows)
    text = any(feature.type == "str" for feature in table.features)
    chosen = make_families(table, split, spec, threads)
    return Asking(spec.train, chosen, ways, text, split.by == "time", offers_groups(rows))


def _none_completed(trials: Sequence[Trial]) -> DataError:
    whys = "; ".join(dict.fromkeys(f"{t.why} ({t.family})" for t in trials if t.why))
    told = f"no trial could be completed{': ' if whys else ''}{whys}"
    return DataError(told, where="train", mend="give it more time, memory, rows or families")


def _go_on(going: SearchState, rows: int, deadline_s: float, progress: Progress | None) -> Stopped:
    """One trial after the other; what ended them."""
    spec = going.spec
    enough = spec.brief.good_enough.get(going.folds.metric)
    without, chosen = spec.train.search == "none", len(going.asking.chosen)
    unsaid = MOST_TRIALS if deadline_s == math.inf else NO_END
    most = chosen if without else spec.train.trials or max(unsaid, chosen)
    while len(going.trials) < most:
        left = deadline_s - going.spent
        room = left - going.refit_seconds(rows, deadline_s)
        usual = float(np.median([t.seconds for t in going.compared[-5:]])) if going.compared else 0.0
        if going.trials and room < usual:
            return "deadline"
        part, first = left / _TRIALS_LEFT, going.best() is None
        allowed = max(part, min(FIRST_SECONDS, deadline_s / 3)) if first else min(max(part, usual), room)
        kept = _next(going, max(allowed / len(going.folds.folds), 1.0))
        best = going.best()
        if going.on_trial:
            told = None if most == NO_END else most - len(going.trials)
            going.on_trial(Standing(kept, best, going.folds.metric, deadline_s - going.spent, told))
        if progress:
            known = (
                f"best {going.folds.metric} {figure(best.value).value} ({best.family})" if best else "none completed"
            )
            part = going.spent / deadline_s
            progress(max(len(going.trials) / most, min(part, 1.0)), f"trial {len(going.trials)}: {known}")
        reached = best is not None and enough is not None and (best.value - enough) * going.sign >= 0
        if reached and len(going.trials) >= chosen:
            return "good_enough"
        vain = best is None and len(going.failed) >= MOST_FAILED
        if spec.train.trials is None and (vain or going.since_gain() >= patience(rows)):
            return "no_gain"
    return "no_search" if without else "trials"


def _next(going: SearchState, seconds: float) -> KeptTrial:
    """Ask for settings; try them, or take what they came to when they were tried before."""
    rung, number = going.rungs.next(going.spent / going.deadline_s), len(going.trials)
    asked = rung.asked
    known = going.earlier[number] if number < len(going.earlier) else None
    if known is not None and known.settings == asked.settings and bool(known.trial.rows) == bool(rung.rows):
        trial, found = known.trial, known.tried(going.folds.task.outputs)
        going.before += trial.seconds
    else:
        going.earlier = ()  # what came after it was asked for knowing something else
        if rung.rows:
            trial, found = look(going.folds, asked, number, rung.rows, seconds, going.clock)
        else:
            trial, found = _run(going, asked, number, seconds)
    going.trials.append(trial)
    # a pruned trial tells the sampler what its folds showed; only one without any score tells nothing
    value = None
    if trial.fold_scores:
        value = (trial.value if trial.rows else as_whole(trial, going.compared)) * going.sign
    going.rungs.tell(rung, value)
    if found.margins is not None:
        going.tried[number] = found
        going.forget()
    return KeptTrial.of(asked.settings, trial, going.tried.get(number))


def _of_all_folds(
    going: SearchState, judged: SearchState, margins: Array, weights: dict[int, float]
) -> tuple[Folds, Array]:
    """What the members say of the held rows of every fold: of the latest as they were judged on all of its rows, of the
    others as they were tried. By time one period alone is no measure of how sure the next one can be."""
    tried = [going.tried[n].margins for n in weights if n in going.tried]
    known = [each for each in tried if each is not None]
    if judged is going or len(known) < len(weights):
        return judged.folds, margins
    whole = blended(known, dict(enumerate(weights.values())))
    whole[going.folds.number == 0] = margins
    return going.folds, whole


def _members(
    going: SearchState, best: Trial, rows: int, seconds: float
) -> tuple[tuple[Chosen, ...], Array, dict[int, float]]:
    """The best single one, or a blend of few where there is time to fit them, what it says of the held rows, and the
    weights by the numbers of the trials, in the order of the members."""
    whole = [t for t in going.trials if t.number in going.tried]
    light = [t for t in whole if not going.too_large(t, rows)]
    if light and best not in light:
        best = max(light, key=lambda t: t.value * going.sign)
    whole = light or whole
    if going.spec.train.search == "none" or len(whole) < 2:
        weights = {best.number: 1.0}
    else:
        margins = [m for t in whole if (m := going.tried[t.number].margins) is not None]
        values, footprints = [t.value * going.sign for t in whole], [going.footprint(t, rows) for t in whole]
        found = blend(going.folds, margins, values, footprints, [going.refit_of(t, rows) for t in whole], seconds)
        weights = {whole[i].number: w for i, w in found.items()}
    by_number = {t.number: t for t in going.trials}
    best_first = [by_number[n] for n in sorted(weights, key=lambda n: -weights[n])]
    members = [Chosen(t.family, t.params, weights[t.number], going.refit_of(t, rows)) for t in best_first]
    by_name, left = {f.name: f for f in going.asking.chosen}, seconds - sum(m.seconds for m in members)
    exact = []
    for trial in best_first:
        known = going.tried[trial.number]
        if left < trial.seconds and known.margins is not None:
            exact.append(known.margins)  # no time is left to make those of some folds anew
        else:
            began = going.clock()
            passed = partial(_passed, going, trial)
            exact.append(going.folds.exact(by_name[trial.family], trial.params, known, passed))
            left -= going.clock() - began
    told = blended(exact, {place: member.weight for place, member in enumerate(members)})
    return tuple(members), told, {trial.number: weights[trial.number] for trial in best_first}


def _passed(going: SearchState, trial: Trial, error: Exception) -> None:
    which = f"Trial {trial.number} ({trial.family})"
    going.passed.append(f"{which} speaks of a fold as it stopped there, and was not fitted again: {reason(error)}.")


def _notes(stopped: str, deadline_s: float, going: SearchState, judged: SearchState, rows: int) -> tuple[str, ...]:
    notes, folds, done, best = [], going.folds, len(going.trials), judged.best()
    if folds.thinned:
        notes.append(
            f"Settings were compared on at most {folds.most_rows:,} training and {MOST_VALID_ROWS:,} validation "
            f"rows of each fold, {folds.spread}; the chosen ones are fitted on all rows that there is time and memory "
            "for."
        )
    if judged is not going:
        which = ", ".join(str(t.number) for t in judged.trials[: judged.whole])
        every = len(judged.folds.folds[0].train)
        notes.append(f"Before the choice, trials {which} were fitted on all {every:,} rows of the latest fold.")
    listed = going.asking.listed
    if stopped == "deadline":
        left = f"; {listed - done} of the {listed} settings that usually help were not tried" if done < listed else ""
        notes.append(f"The search ended at its {deadline_s:.0f} seconds, after {done} trials{left}.")
    if best is not None and judged.too_large(best, rows):
        size, most = judged.footprint(best, rows).mb, going.spec.brief.limits.bundle_mb
        notes.append(
            f"Trial {best.number} ({best.family}) is the best, but its bundle would have some {size:.1f} MB, above the "
            f"brief's {most:g}: one within it was taken."
        )
    if failed := going.failed:
        which = "1 trial" if len(failed) == 1 else f"{len(failed)} trials"
        told = dict.fromkeys(f"{t.why} ({t.family})" for t in failed)
        notes.append(f"{which} came to nothing: {'; '.join(told)}.")
    few = [t for t in going.trials if t.rows]
    if few:
        more = len(going.compared)
        notes.append(f"{len(few)} settings were tried on {few[0].rows:,} rows of one fold, and {more} of them on more.")
    if stopped == "good_enough":
        notes.append(f"The search ended after {done} trials: the folds reached what the brief calls enough.")
    if stopped == "no_gain":
        notes.append(f"The search ended after {done} trials, since the last {going.since_gain()} brought no gain.")
    return (*notes, *dict.fromkeys(going.passed))


def _run(going: SearchState, asked: Asked, number: int, seconds: float) -> tuple[Trial, Tried]:
    clock, folds, family, params = going.clock, going.folds, asked.family, asked.params
    began = clock()
    try:
        if going.may_be_slow(family, seconds):
            params = family.paced(params, folds.pace(family, params, clock), seconds)
        found = folds.run(
            family,
            params,
            hopeless=lambda early: going.is_hopeless(family, early, clock() - began, going.deadline_s - going.spent),
            seconds=seconds,
        )
    except (TreadleError, Warning):  # says what the project has to mend; or who runs this wants warnings as errors
        raise
    except Exception as error:
        found = Tried((), 0, None, failed=True, why=reason(error))
    value = folds.mean(found.scores) if found.scores else 0.0
    state: TrialState = "complete" if found.margins is not None else "failed" if found.failed else "pruned"
    if found.rounds:
        params = {**params, "rounds": found.rounds}
    used = family.used(params, len(folds.folds[0].train))
    took = clock() - began
    trial = Trial(
        number, family.name, params, found.scores, value, took, state, used, why=found.why, epochs=found.epochs
    )
    return (going.weighed(trial) if found.scores else trial), found
