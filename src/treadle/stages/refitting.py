"""Fit what was judged once more, on all rows with a label: for release, where the project asks for it."""

from __future__ import annotations

from typing import ClassVar

from msgspec import structs

from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.model_refitted import ModelRefitted
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.money import Money
from treadle.spec import Limits, Mistakes, Train
from treadle.stages.examples import Examples, load, only
from treadle.stages.fitting import fitted_model
from treadle.stages.searching import found_by, hour_of, limit_of
from treadle.stages.work import Bench, Work
from treadle.store import Blob
from treadle.training import Refitted


class RefitModel(StepInput[ModelRefitted], frozen=True, kw_only=True):
    """`evaluation`: the one that the twin was judged by; a model is fitted again after that, and not before. `cost`,
    `hour` and `purse`: see `FitModel`; `fitted`: seconds that the fit of the twin took, whichever run made it."""

    MAKES: ClassVar[type[Payload]] = ModelRefitted
    MEASURED: ClassVar[tuple[str, ...]] = ("hour", "purse", "fitted")

    examples: Examples
    found: Blob
    twin: Blob
    evaluation: Blob
    train: Train
    minutes: float | None
    mistakes: Mistakes
    cost: float | None = None
    hour: Money | None = None
    purse: Money | None = None
    fitted: float = 0.0


def refit_on_all(
    work: Work,
    examples: Examples,
    search: Entry[ModelsSearched],
    fitted: Entry[ModelFitted],
    evaluation: Entry[ModelEvaluated],
) -> Entry[ModelRefitted] | None:
    """None where the judged model itself is what may be released."""
    spec = work.workspace.project.spec
    if spec.train.refit != "all":
        return None
    return work.do(
        RefitModel(
            examples=examples,
            found=search.payload.found,
            twin=fitted.payload.model,
            evaluation=evaluation.payload.evaluation,
            train=spec.train,
            minutes=spec.brief.limits.train_minutes,
            mistakes=spec.brief.mistakes,
            cost=spec.brief.limits.train_cost,
            hour=hour_of(work),
            purse=work.purse.left(spec.brief.mistakes.currency),
            fitted=fitted.usage.seconds if fitted.usage else 0.0,
        ),
        make_refit,
    )


def make_refit(asked: RefitModel, bench: Bench) -> ModelRefitted:
    from treadle.training import refit
    from treadle.training.keep import dump

    loaded, found = load(asked.examples, bench), found_by(bench, asked.found)
    limits = Limits(train_minutes=asked.minutes, train_cost=asked.cost)
    left, _ = limit_of(limits, asked.hour, bench.elapsed(), asked.purse, found.seconds + asked.fitted)
    model, apart = refit(
        loaded.table,
        loaded.split,
        found,
        fitted_model(bench, asked.twin),
        only(predict=asked.examples.predict, train=asked.train, mistakes=asked.mistakes),
        progress=lambda done, text: bench.progress(done, 1.0, text),
        seconds=left,
    )
    kept = bench.blobs.put(dump(model))
    bench.keep("model", kept, model)
    return ModelRefitted(model=Blob(kept, "model"), twin=asked.twin, **structs.asdict(apart))


def apart(refitted: Entry[ModelRefitted] | None) -> Refitted | None:
    """How the model that is released stands to its twin."""
    if refitted is None:
        return None
    said = refitted.payload
    return Refitted(said.rows, said.twin_rows, said.sealed, said.largest, said.mean, said.turned, said.labelled)
