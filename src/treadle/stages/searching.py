"""Try families and settings on the training folds, within the brief's time and money."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import msgspec

from treadle.evidence import Entry, Payload, StepInput, TrialSeen
from treadle.evidence.kinds.models_searched import ModelsSearched, TrialLine
from treadle.spec import Limits, Mistakes, Train
from treadle.stages.examples import Examples, load, only
from treadle.stages.work import Bench, Work
from treadle.store import Blob
from treadle.training import SearchResult

if TYPE_CHECKING:
    from treadle.training import Standing

LEARNING_SHARE, LEARNT_BY = 0.7, 0.8
"""Of the minutes that the brief allows, for the search and the fits after it, which end by the latter share of them,
however long the tables took to read; judging and packing need the rest."""
LEAST_LEARNING = 5.0
"""Seconds, where the tables took nearly all of them."""


class SearchModels(StepInput[ModelsSearched], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = ModelsSearched

    examples: Examples
    train: Train
    limits: Limits
    good_enough: dict[str, float]
    mistakes: Mistakes


def search_models(work: Work, examples: Examples) -> Entry[ModelsSearched]:
    spec = work.workspace.project.spec
    asked = SearchModels(
        examples=examples,
        train=spec.train,
        limits=spec.brief.limits,
        good_enough=spec.brief.good_enough,
        mistakes=spec.brief.mistakes,
    )
    return work.do(asked, make_search)


def make_search(asked: SearchModels, bench: Bench) -> ModelsSearched:
    from treadle.training import search

    loaded = load(asked.examples, bench)
    found = search(
        loaded.table,
        loaded.split,
        only(
            predict=asked.examples.predict,
            train=asked.train,
            good_enough=asked.good_enough,
            mistakes=asked.mistakes,
            limits=asked.limits,
        ),
        deadline_s=learning_seconds(asked.limits, bench.elapsed()),
        progress=lambda done, text: bench.progress(done, 1.0, text),
        on_trial=lambda standing: bench.tried(_seen(standing)),
    )
    return ModelsSearched(
        found=Blob(bench.blobs.put(msgspec.json.encode(found)), "found"),
        metric=found.metric,
        family=found.family,
        value=found.value,
        stopped=found.stopped,
        trials=tuple(
            TrialLine(t.number, t.family, t.used, t.fold_scores, t.value, round(t.seconds, 3), t.state)
            for t in found.trials
        ),
    )


def learning_seconds(limits: Limits, elapsed: float, spent: float = 0.0) -> float:
    """What is left for learning. `elapsed`: seconds since the run began; `spent`: on learning, in whichever run."""
    if limits.train_minutes is None:
        return math.inf
    whole = 60 * limits.train_minutes
    return max(min(LEARNING_SHARE * whole - spent, LEARNT_BY * whole - elapsed), min(LEAST_LEARNING, whole / 4))


def _seen(standing: Standing) -> TrialSeen:
    trial, best = standing.trial, standing.best
    return TrialSeen(
        number=trial.number,
        family=trial.family,
        value=trial.value,
        folds=len(trial.fold_scores),
        seconds=trial.seconds,
        state=trial.state,
        metric=standing.metric,
        best=best.number if best else None,
        best_family=best.family if best else "",
        best_value=best.value if best else 0.0,
        seconds_left=standing.seconds_left,
        trials_left=standing.trials_left,
    )


def found_by(bench: Bench, found: Blob) -> SearchResult:
    """What a search came to."""
    return msgspec.json.decode(bench.blobs.get(found.digest), type=SearchResult)
