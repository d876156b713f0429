"""Try families and settings on the training folds, within the brief's time and money."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from treadle.evidence import Entry, Payload, StepInput, digest, reached
from treadle.evidence.kinds.models_searched import ModelsSearched, TrialLine
from treadle.spec import Limits, Mistakes, Train
from treadle.stages.examples import Examples, load, only
from treadle.stages.resuming import TrialsInRecord
from treadle.stages.work import Bench, Work
from treadle.store import Blob
from treadle.training import SearchResult

LEARNING_SHARE = 0.7
"""Of the minutes that the brief allows, for the search and the fits after it; judging and packing need the rest."""


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

    loaded, minutes = load(asked.examples, bench), asked.limits.train_minutes
    with TrialsInRecord(bench, _unlimited(asked)) as record:
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
            deadline_s=float("inf") if minutes is None else minutes * 60 * LEARNING_SHARE,
            progress=lambda done, text: bench.progress(done, 1.0, text),
            earlier=record.earlier,
            on_trial=record.take,
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


def _unlimited(asked: SearchModels) -> str:
    """What is searched, by what code: the same search with more minutes, or more trials, goes on from this one."""
    train = msgspec.structs.replace(asked.train, trials=None)
    same = msgspec.structs.replace(asked, limits=Limits(), train=train)
    return digest([same.parts(), reached(__name__).digest])


def found_by(bench: Bench, found: Blob) -> SearchResult:
    """What a search came to."""
    return msgspec.json.decode(bench.blobs.get(found.digest), type=SearchResult)
