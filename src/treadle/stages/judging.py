"""Open the sealed test rows and judge a fitted model on them. Every opening is written down before the look."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.sealed_opened import SealedOpened
from treadle.features import suspects
from treadle.spec import Mistakes
from treadle.stages.examples import Examples, Loaded, load, only
from treadle.stages.fitting import fitted_model
from treadle.stages.work import Bench, Work
from treadle.store import Blob
from treadle.training import Evaluation, SealedRows

OVERLAP = 0.05
"""The share of sealed rows that an earlier look must have seen to count as a look at them."""


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
        reads=[training.Reads(found.feature, found.column) for found in suspects(asked.examples.plan)],
        dropped=loaded.dropped,
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
        findings=tuple(each.name for each in found.findings),
    )


def open_sealed(asked: EvaluateModel, loaded: Loaded, bench: Bench) -> int:
    """Write down that these rows are opened; how often they were by now, whatever features were made of them.

    An earlier look counts when at least `OVERLAP` of these rows were among those it saw: new rows, or another seed,
    do not make seen rows unseen.
    """
    sealed = loaded.sealed
    with bench.chain.alone() as alone:
        earlier = alone.find(SealedOpened, subject=f"sealed/{asked.project}")
        opened = 1 + sum(sealed.overlap(_rows_of(entry.payload)) >= OVERLAP for entry in earlier)
        alone.append(
            SealedOpened(
                project=asked.project,
                sealed=sealed.digest,
                sketch=sealed.sketch,
                rows=sealed.rows,
                model=asked.model,
                opened=opened,
            ),
            f"sealed/{asked.project}",
        )
    return opened


def _rows_of(looked: SealedOpened) -> SealedRows:
    return SealedRows(looked.sealed, looked.rows, looked.sketch)


def evaluation_of(bench: Bench, evaluation: Blob) -> Evaluation:
    return msgspec.json.decode(bench.blobs.get(evaluation.digest), type=Evaluation)
