"""Open the sealed test rows and judge a fitted model on them. Every opening is written down before the look."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from treadle.evidence import Entry, Payload, StepInput, digest
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.sealed_opened import SealedOpened
from treadle.spec import Mistakes
from treadle.stages.examples import Examples, Loaded, load, only
from treadle.stages.fitting import fitted_model
from treadle.stages.work import Bench, Work
from treadle.store import Blob
from treadle.training import Evaluation


class EvaluateModel(StepInput[ModelEvaluated], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = ModelEvaluated

    project: str
    examples: Examples
    model: Blob
    mistakes: Mistakes


def evaluate(work: Work, examples: Examples, fitted: Entry[ModelFitted]) -> Entry[ModelEvaluated]:
    spec = work.workspace.project.spec
    return work.do(
        EvaluateModel(
            project=spec.project, examples=examples, model=fitted.payload.model, mistakes=spec.brief.mistakes
        ),
        make_evaluation,
    )


def make_evaluation(asked: EvaluateModel, bench: Bench) -> ModelEvaluated:
    from treadle import training

    loaded, model = load(asked.examples, bench), fitted_model(bench, asked.model)
    opened = open_sealed(asked, loaded, bench)
    found = training.evaluate(
        model,
        loaded.table,
        loaded.split,
        only(
            predict=asked.examples.predict,
            train=msgspec.structs.replace(only(predict=asked.examples.predict).train, seed=asked.examples.seed),
            mistakes=asked.mistakes,
        ),
        progress=lambda done, text: bench.progress(done, 1.0, text),
    )
    value = found.value
    return ModelEvaluated(
        evaluation=Blob(bench.blobs.put(msgspec.json.encode(found)), "evaluation"),
        metric=found.metric,
        value=value.value,
        low=value.low,
        high=value.high,
        rows=found.rows,
        opened=opened,
    )


def open_sealed(asked: EvaluateModel, loaded: Loaded, bench: Bench) -> int:
    """Write down that these rows are opened; how often they were by now, whatever features were made of them."""
    chain, rows = bench.chain, loaded.split.test
    names = sorted(str(loaded.table.ids[int(row)]) for row in rows)
    sealed = digest(names if asked.examples.plan.key else [asked.examples.origin, names])
    with chain.alone() as alone:
        earlier = alone.find(SealedOpened, subject=f"sealed/{asked.project}")
        opened = 1 + sum(entry.payload.sealed == sealed for entry in earlier)
        alone.append(
            SealedOpened(project=asked.project, sealed=sealed, rows=len(rows), model=asked.model, opened=opened),
            f"sealed/{asked.project}",
        )
    return opened


def evaluation_of(bench: Bench, evaluation: Blob) -> Evaluation:
    return msgspec.json.decode(bench.blobs.get(evaluation.digest), type=Evaluation)
