"""Fit what the search chose on all training rows, calibrate it, and choose the threshold.

1. The margins of rows that were not fitted on stand in the search's result, as the final model would give them.
2. Choose the calibration and the threshold on those.
3. Fit encoders and members on all training rows, or as many as there is time for, with the rounds that folds agreed on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from msgspec.structs import replace

from treadle.errors import TreadleError
from treadle.scoring import metrics
from treadle.scoring.calibrator import Calibrator
from treadle.scoring.encoder import Encoder
from treadle.scoring.tasks import Task, task_of
from treadle.spec import Mistakes, ProjectSpec
from treadle.training import calibrate
from treadle.training.cores import MOST_THREADS
from treadle.training.families import Array, Blend, Constant, Estimator, Family, Member, learn
from treadle.training.folds import most_fit_rows
from treadle.training.in_memory import in_memory
from treadle.training.in_time import TOO_LONG, InTime, in_time
from treadle.training.joining import join
from treadle.training.kept_trials import OnTrial
from treadle.training.mistakes import choose_threshold, costs_of
from treadle.training.model import Chosen, FitSummary, Fitted, FittedModel, SearchResult
from treadle.training.prepare import Recipe, fit_encoder, sample_of
from treadle.training.rates import with_offset
from treadle.training.recency import weighted_by_age
from treadle.training.rungs import reason
from treadle.training.search_state import Progress, share_of_simple
from treadle.training.searching import search
from treadle.training.splits import Split, split
from treadle.training.suited import make_families
from treadle.training.table import FeatureColumn, TrainingTable, check
from treadle.training.thinning import Picked, thin
from treadle.training.weights import in_units

MOST_UNSEEN = 20_000
"""Out-of-fold predictions that a model keeps."""
LONGER = 1.5
"""So many times as long as was thought a fit on all rows may take, whatever seconds are left."""
LEAST_S = 1.0
"""So many seconds there always are for the model to beat."""


def train(
    table: TrainingTable,
    spec: ProjectSpec,
    *,
    deadline_s: float = math.inf,
    progress: Progress | None = None,
    on_trial: OnTrial | None = None,
    threads: int = MOST_THREADS,
) -> tuple[FittedModel, Split, SearchResult]:
    """Check, split, search and fit in one call, within `deadline_s`.

    Raises:
        DataError: a table that nothing can be learned from.
    """
    start = time.monotonic()
    check(table, task_of(spec.predict.kind, table.classes, levels=spec.predict.quantiles))
    parts = split(table, spec.predict, seed=spec.train.seed)
    table = in_units(table, parts.train)
    left = deadline_s - (time.monotonic() - start)
    found = search(table, parts, spec, deadline_s=left, progress=progress, on_trial=on_trial, threads=threads)
    left = deadline_s - (time.monotonic() - start)
    return fit(table, parts, found, spec, progress=progress, threads=threads, seconds=left), parts, found


def fit(
    table: TrainingTable,
    parts: Split,
    found: SearchResult,
    spec: ProjectSpec,
    *,
    progress: Progress | None = None,
    threads: int = MOST_THREADS,
    clock: Callable[[], float] = time.monotonic,
    seconds: float = math.inf,
) -> FittedModel:
    """The model that `found` describes, fitted on the training rows of `parts`; test rows are not read.

    `seconds`: each fit gets its part of them, and grows no further when they are over. The model to beat has what the
    others leave of them, or is not fitted.
    """
    start, say = clock(), progress or (lambda done, text: None)
    table = table.grouped(parts.by)
    costs = costs_of(spec.brief.mistakes, table.classes)
    task = task_of(spec.predict.kind, table.classes, costs, spec.predict.quantiles)
    by_name = {family.name: family for family in make_families(table, parts, spec, threads)}
    each = seconds / (len(found.members) + (1.5 if _simple(table) else 0.0))
    taken = _taken(found, by_name, table, Picked.of(task, table.label, parts.train), each)
    say(0.0, "calibration, on predictions of rows that were not fitted on")
    assert found.held is not None
    held, fold, margins = found.held.arrays()
    weight = found.held.weights(table.weight)
    calibrator, losses, threshold = _decide(task, margins, table.label[held], fold, weight, spec.brief.mistakes)
    say(0.1, f"fitting on {len(taken.rows):,} rows")
    made = partial(fit_members, members=taken.members, families=by_name, seed=spec.train.seed, seconds=each)
    taken, rows, (encoder, estimator) = in_memory(table, taken, made)
    members, first = taken.members, taken.members[0]
    say(0.7, "fitting the model it has to beat")
    beaten = partial(_reference, table, parts, rows, by_name[first.family], first, found.metric, spec.train.seed, each)
    reference, unbeaten = _if_it_fits(partial(beaten, lambda: seconds - (clock() - start)))
    told = table.rows(held).counts(calibrator.vector(margins))
    summary = FitSummary(
        kind=task.kind,
        metric=found.metric,
        family=found.family,
        params=by_name[first.family].used(first.params, len(rows)),
        threshold=threshold,
        out_of_fold=metrics.weighted(found.metric, table.label[held], told, task.rule(threshold))(weight),
        calibration=_calibration_name(task, calibrator),
        calibration_log_loss=losses,
        train_rows=len(rows),
        seconds=clock() - start,
        notes=(*said_of(members), *taken.said, *unbeaten),
        members=members,
        classes=table.classes,
        costs=costs,
        quantiles=task.levels,
    )
    near = _near(fold, parts)
    baseline, known = Constant(by_name[first.family].base(*rows.taught)), table.features
    unseen = _spread(task.one_each(told)[near], found.held.weights(None)[near])
    return FittedModel(encoder, estimator, calibrator, known, summary, baseline, reference, unseen)


def _taken(found: SearchResult, families: dict[str, Family], table: TrainingTable, rows: Picked, each: float) -> InTime:
    least = most_fit_rows(len(table.features))
    return in_time(found.members, families, rows, least, each * len(found.members))


def said_of(members: tuple[Chosen, ...]) -> tuple[str, ...]:
    """What there is to know of the model itself; how it was found is in the search's notes."""
    if len(members) < 2:
        return ()
    parts = ", ".join(f"{m.weight:.0%} {m.family}" for m in members)
    return (f"It is a blend of {len(members)} models ({parts}): better than the best of them beyond noise.",)


def _decide(
    task: Task, margins: Array, truth: Array, fold: Array, weight: Array, mistakes: Mistakes
) -> tuple[Calibrator, dict[str, float], float]:
    """The calibrator, the loss of each that was tried, and the threshold."""
    if task.decides:
        calibrator, losses = calibrate.choose(margins[:, 0], truth, fold, weight)
        return calibrator, losses, choose_threshold(calibrator.vector(margins), truth, mistakes, weight)
    if task.classes:
        calibrator, losses = calibrate.choose_classes(margins, truth, fold, weight)
        return calibrator, losses, 0.0
    if task.levels:
        return (*calibrate.choose_shifts(margins, truth, fold, task.levels, weight), 0.0)
    return task.plain(), {}, 0.0


def fit_members(
    rows: TrainingTable, members: tuple[Chosen, ...], families: dict[str, Family], seed: int, seconds: float
) -> tuple[Encoder, Estimator]:
    """One encoder for all members, and what they are together."""
    encoded, strata = {}, families[members[0].family].task.strata(rows.label)
    for encoding, recipe in dict.fromkeys((families[m.family].encoding, Recipe.of(m.params)) for m in members):
        linear = encoding == "linear"
        encoded[encoding, recipe] = fit_encoder(rows, linear=linear, seed=seed, recipe=recipe, strata=strata)
    encoder, columns = join({name: found for name, (found, _) in encoded.items()})
    made = []
    for member in members:
        family = families[member.family]
        way = family.encoding, Recipe.of(member.params)
        own, x = encoded[way]
        sample = weighted_by_age(sample_of(rows, own, x), rows.at, member.params)
        fitted = learn(family, sample, member.params, seconds=_allowed(seconds, member))
        made.append(Member(member.weight, columns[way], fitted))
    whole = made[0].estimator if len(made) == 1 else Blend(tuple(made))
    return with_offset(encoder, whole, rows)


def _allowed(seconds: float, member: Chosen) -> float:
    """Cut short it would be another model than the folds have judged: it may take half as long again as was thought."""
    return max(seconds, LONGER * member.seconds)


def _near(fold: Array, parts: Split) -> Array:
    """The rows of folds that know at least half of the training rows: the first of a split by time know less, dare
    less, and are no likeness of what the final model says."""
    latest_first = tuple(reversed(parts.folds))
    large = [k for k, part in enumerate(latest_first) if 2 * len(part.train) >= len(parts.train)]
    return np.isin(fold, large) if large else np.ones(len(fold), dtype=bool)


def _spread(values: Array, counts: Array) -> Array:
    """At most `MOST_UNSEEN` of them, evenly over the folds; of what counts for less, fewer: they are to be a likeness
    of all rows."""
    if (counts == 1).all():
        return thin(values, MOST_UNSEEN)
    some = min(len(values), MOST_UNSEEN)
    ends = np.cumsum(counts)
    found: Array = values[np.searchsorted(ends, (np.arange(some) + 0.5) * (ends[-1] / some))]
    return found


def _calibration_name(task: Task, calibrator: Calibrator) -> str:
    return "none" if calibrator == task.plain() and calibrator.kind != "identity" else calibrator.kind


def _simple(table: TrainingTable) -> tuple[FeatureColumn, ...]:
    """What the model to beat knows: features without history; none, where that is all that there are."""
    simple: tuple[FeatureColumn, ...] = table.only(("request", "row"))
    return simple if len(simple) < len(table.learned) else ()


class _NoTime(Exception):
    """Less is left than a fit needs to be a measure of anything."""


def _in_what_is_left(allowed: float, thought: float, left: float) -> float:
    """What a fit may take that is thought to take so long: what is starved is no measure, and is not fitted."""
    left = max(left, LEAST_S)
    if thought > TOO_LONG * left:
        raise _NoTime
    return min(allowed, left)


def _if_it_fits(beaten: Callable[[], Fitted | None]) -> tuple[Fitted | None, tuple[str, ...]]:
    """The model to beat, or a note of what its fit ended by."""
    try:
        return beaten(), ()
    except (TreadleError, Warning):
        raise
    except _NoTime:
        return None, ("The model that it has to beat was not fitted: there was no time left for it.",)
    except Exception as error:
        return None, (f"The model that it has to beat was not fitted: {reason(error)}.",)


def _reference(
    table: TrainingTable,
    parts: Split,
    whole: TrainingTable,
    family: Family,
    member: Chosen,
    metric: str,
    seed: int,
    seconds: float,
    left: Callable[[], float] = lambda: math.inf,
) -> Fitted | None:
    """The same family on request and row features alone, its rounds chosen on the last fold; None if that is all.

    whole: the rows that the model is fitted on. It has no fewer seconds than `member` has, by its share of the
    features, and never more than are `left`.

    Raises:
        _NoTime: that is too few.
    """
    simple = _simple(table)
    if not simple:
        return None
    like = replace(member, seconds=share_of_simple(table) * member.seconds)
    allowed = _in_what_is_left(_allowed(seconds / 2, like), like.seconds, left() / 2)
    last, params, recipe = parts.folds[-1], member.params, Recipe.of(member.params)
    picked, linear = Picked.of(family.task, table.label, last.train), family.encoding == "linear"
    picked = picked.at_most(len(whole))
    rows = picked.taken_from(table)
    encode = partial(fit_encoder, linear=linear, features=simple, seed=seed, recipe=recipe)
    encoder, x = encode(rows, strata=picked.strata)
    held = table.rows(last.valid)
    valid = sample_of(held, encoder, encoder.matrix(held.frame))
    sample = weighted_by_age(sample_of(rows, encoder, x), rows.at, params)
    tried = learn(family, sample, params, valid, metric=metric, seconds=allowed)
    own = {**params, "rounds": tried.rounds} if tried.rounds else params
    encoder, x = encode(whole, strata=family.task.strata(whole.label))
    sample = weighted_by_age(sample_of(whole, encoder, x), whole.at, own)
    allowed = _in_what_is_left(_allowed(seconds, like), like.seconds, left())
    made = learn(family, sample, own, seconds=allowed)
    encoder, made = with_offset(encoder, made, table)
    return Fitted(encoder, made, task_of(family.task.kind, table.classes, levels=family.task.levels).plain())
