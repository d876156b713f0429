"""Try families and settings on the training folds, within the brief's time and money."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import msgspec

from treadle.evidence import Entry, Payload, StepInput, TrialSeen, Usage, digest, reached
from treadle.evidence.kinds.models_searched import ModelsSearched, TrialLine
from treadle.money import Money
from treadle.spec import Limits, Mistakes, Train
from treadle.spec.choices import COUNTS, QUANTILES, REGRESSION
from treadle.stages.examples import Examples, load, only
from treadle.stages.resuming import TrialsInRecord
from treadle.stages.work import Bench, Work
from treadle.store import Blob
from treadle.training import SearchResult

if TYPE_CHECKING:
    from treadle.training import Standing

LEARNING_SHARE, LEARNT_BY = 0.7, 0.8
"""Of the minutes, or the money, that the brief allows, for the search and the fits after it, which end by the latter
share of the minutes, however long the tables took to read; judging and packing need the rest."""
LEAST_LEARNING = 5.0
"""Seconds, where the tables, or what was learned before, took nearly all of them."""
_WITHOUT_DECISIONS = frozenset(("roc_auc", "average_precision", "log_loss", "brier", *REGRESSION, *COUNTS, *QUANTILES))
"""Metrics that are the same whatever is decided, and so whatever mistakes cost."""
_PEAK_MB = 2048.0
"""Memory that a search is expected to hold, for what an hour of it costs."""


class SearchModels(StepInput[ModelsSearched], frozen=True, kw_only=True):
    """`hour`: what an hour of search costs here at the most, in the brief's currency; None where no rate says so.
    `purse`: what is left to spend of budgets, likewise; what it buys is no reason to search again."""

    MAKES: ClassVar[type[Payload]] = ModelsSearched
    MEASURED: ClassVar[tuple[str, ...]] = ("hour", "purse")

    examples: Examples
    train: Train
    limits: Limits
    good_enough: dict[str, float]
    mistakes: Mistakes
    hour: Money | None = None
    purse: Money | None = None


def search_models(work: Work, examples: Examples) -> Entry[ModelsSearched]:
    spec = work.workspace.project.spec
    asked = SearchModels(
        examples=examples,
        train=as_judged(spec.train),
        limits=spec.brief.limits,
        good_enough=spec.brief.good_enough,
        mistakes=spec.brief.mistakes,
        hour=hour_of(work),
        purse=work.purse.left(spec.brief.mistakes.currency),
    )
    return work.do(asked, make_search)


def as_judged(train: Train) -> Train:
    """What is fitted after it was judged is no part of what is judged: to ask for it searches nothing again."""
    return msgspec.structs.replace(train, refit="training")


def hour_of(work: Work) -> Money | None:
    """What an hour of learning costs at the most, in the brief's currency; None where no rate says so.

    All cores busy, and a GPU where one is used; what waits is cheaper, so a limit of money is kept from below.
    """
    from treadle.evidence import nvml
    from treadle.training import MOST_THREADS
    from treadle.training.families.known import on_a_gpu

    chain, book = work.workspace.chain, work.workspace.book
    currency = work.workspace.project.spec.brief.mistakes.currency
    gpus = on_a_gpu(work.workspace.project.spec.train.families) and nvml.driver() is not None
    usage = Usage(
        seconds=3600.0, cpu_seconds=3600.0 * MOST_THREADS, peak_mb=_PEAK_MB, gpu_seconds=3600.0 if gpus else 0.0
    )
    price = chain.price(usage, chain.clock())
    return None if price is None else book.rates.convert(price.money, currency)


def limit_of(
    limits: Limits, hour: Money | None, elapsed: float = 0.0, purse: Money | None = None, spent: float = 0.0
) -> tuple[float, str]:
    """Seconds that a search and the fits after it may take, and, where money is what bounds them, how that is said.

    `spent`: seconds of learning before, in whichever run; what they cost is no more in the purse, which is of now.
    """
    seconds = learning_seconds(limits, elapsed, spent)
    if hour is None or not hour.amount:
        return seconds, ""

    buys = LEARNING_SHARE / float(hour.amount) * 3600
    bounds = [] if limits.train_cost is None else [(_left(limits.train_cost * buys, spent), limits.train_cost)]
    bounds += [] if purse is None else [(float(purse.amount) * buys, float(purse.amount))]
    bought, cost = min(bounds, default=(math.inf, 0.0))
    if bought >= seconds:
        return seconds, ""
    said = f"{cost:g} {hour.currency} bounds the search to {bought:.0f} seconds, at {float(hour.amount):.2g} an hour."
    return bought, said


def _left(whole: float, spent: float) -> float:
    return max(whole - spent, min(LEAST_LEARNING, whole / 4))


def make_search(asked: SearchModels, bench: Bench) -> ModelsSearched:
    from treadle.training import search

    loaded, (seconds, said) = (
        load(asked.examples, bench),
        limit_of(asked.limits, asked.hour, bench.elapsed(), asked.purse),
    )
    with TrialsInRecord(bench, _unlimited(asked)) as record:

        def seen(standing: Standing) -> None:
            record.take(standing.kept)
            bench.tried(_seen(standing))

        found = search(
            loaded.table,
            loaded.split,
            only(
                predict=asked.examples.predict,
                train=_train_of(asked),
                good_enough=asked.good_enough,
                mistakes=asked.mistakes,
                limits=asked.limits,
            ),
            deadline_s=seconds,
            progress=lambda done, text: bench.progress(done, 1.0, text),
            earlier=record.earlier,
            on_trial=seen,
        )
    if said and found.stopped == "deadline":
        found = msgspec.structs.replace(found, notes=(said, *found.notes))
    return ModelsSearched(
        found=Blob(bench.blobs.put(msgspec.json.encode(found)), "found"),
        metric=found.metric,
        family=found.family,
        value=found.value,
        stopped=found.stopped,
        trials=tuple(
            TrialLine(t.number, t.family, t.used, t.fold_scores, t.value, round(t.seconds, 3), t.state, t.mb, t.row_us)
            for t in found.trials
        ),
    )


def _train_of(asked: SearchModels) -> Train:
    """Money narrows a search, and does not prolong one that nothing else bounds."""
    from treadle.training import MOST_TRIALS

    limits, trials = asked.limits, asked.train.trials
    bounded = limits.train_cost is not None or asked.purse is not None
    alone = bounded and limits.train_minutes is None and trials is None
    return asked.train if not alone else msgspec.structs.replace(asked.train, trials=MOST_TRIALS)


def _unlimited(asked: SearchModels) -> str:
    """What is searched, by what code: the same search with more minutes, or more trials, goes on from this one.

    So does one with other costs of mistakes, where what a trial is worth does not hang on them: a metric that is named
    (which is guessed by the costs else) and that looks at no decision. They count in the fit, for the threshold.
    """
    train = msgspec.structs.replace(asked.train, trials=None)
    mistakes = Mistakes() if asked.examples.predict.metric in _WITHOUT_DECISIONS else asked.mistakes
    same = msgspec.structs.replace(asked, limits=Limits(), train=train, hour=None, purse=None, mistakes=mistakes)
    return digest([same.parts(), reached(__name__).digest])


def learning_seconds(limits: Limits, elapsed: float, spent: float = 0.0) -> float:
    """What is left for learning. `elapsed`: seconds since the run began; `spent`: on learning, in whichever run."""
    if limits.train_minutes is None:
        return math.inf
    whole = 60 * limits.train_minutes
    return max(min(LEARNING_SHARE * whole - spent, LEARNT_BY * whole - elapsed), min(LEAST_LEARNING, whole / 4))


def _seen(standing: Standing) -> TrialSeen:
    trial, best = standing.kept.trial, standing.best
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
