"""Fit the best settings on all training rows; calibrate and choose the threshold on out-of-fold predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import msgspec

from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.money import Money
from treadle.spec import Limits, Mistakes, Train
from treadle.stages.examples import Examples, load, only
from treadle.stages.searching import as_judged, found_by, hour_of, limit_of
from treadle.stages.work import Bench, Work
from treadle.store import Blob
from treadle.training import FittedModel


class FitModel(StepInput[ModelFitted], frozen=True, kw_only=True):
    """`cost`: the brief's `train_cost`. `hour` and `purse`: see `SearchModels`; the search itself is paid by then."""

    MAKES: ClassVar[type[Payload]] = ModelFitted
    MEASURED: ClassVar[tuple[str, ...]] = ("hour", "purse")

    examples: Examples
    found: Blob
    train: Train
    minutes: float | None
    mistakes: Mistakes
    cost: float | None = None
    hour: Money | None = None
    purse: Money | None = None


def fit_best(work: Work, examples: Examples, search: Entry[ModelsSearched]) -> Entry[ModelFitted]:
    spec = work.workspace.project.spec
    return work.do(
        FitModel(
            examples=examples,
            found=search.payload.found,
            train=as_judged(spec.train),
            minutes=spec.brief.limits.train_minutes,
            mistakes=spec.brief.mistakes,
            cost=spec.brief.limits.train_cost,
            hour=hour_of(work),
            purse=work.purse.left(spec.brief.mistakes.currency),
        ),
        make_model,
    )


def make_model(asked: FitModel, bench: Bench) -> ModelFitted:
    from treadle.training import fit
    from treadle.training.keep import dump

    loaded, found = load(asked.examples, bench), found_by(bench, asked.found)
    limits = Limits(train_minutes=asked.minutes, train_cost=asked.cost)
    left, _ = limit_of(limits, asked.hour, bench.elapsed(), asked.purse, found.seconds)
    model = fit(
        loaded.table,
        loaded.split,
        found,
        only(predict=asked.examples.predict, train=asked.train, mistakes=asked.mistakes),
        progress=lambda done, text: bench.progress(done, 1.0, text),
        seconds=left,
    )
    # how long it took is in the entry; in the model it would make every fit another one
    model = replace(model, summary=msgspec.structs.replace(model.summary, seconds=0.0))
    kept = bench.blobs.put(dump(model))
    bench.keep("model", kept, model)
    summary = model.summary
    return ModelFitted(
        model=Blob(kept, "model"),
        family=summary.family,
        train_rows=summary.train_rows,
        calibration=summary.calibration,
    )


def fitted_model(bench: Bench, model: Blob) -> FittedModel:
    """The model itself; read back once in a run if an earlier run fitted it."""
    from treadle.training.keep import restore

    return bench.recall("model", model.digest, lambda: restore(bench.blobs.get(model.digest)))
