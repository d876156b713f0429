"""The HTML report of an evaluation."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.labels_measured import LabelsMeasured
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_refitted import ModelRefitted
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.kinds.report_written import ReportWritten
from treadle.money import Money, money
from treadle.spec import Mistakes, Predict
from treadle.stages.examples import only
from treadle.stages.judging import evaluation_of
from treadle.stages.label_gain import judged_of
from treadle.stages.refitting import apart
from treadle.stages.searching import found_by
from treadle.stages.work import Bench, TrainingCost, Work, training_cost
from treadle.store import Blob
from treadle.training import Refitted


class WriteReport(StepInput[ReportWritten], frozen=True, kw_only=True):
    """`cost`: of the steps that led to the evaluation. `run`: the one that judged the model."""

    MAKES: ClassVar[type[Payload]] = ReportWritten
    MEASURED: ClassVar[tuple[str, ...]] = ("cost", "second", "run")

    project: str
    decision: str
    predict: Predict
    mistakes: Mistakes
    evaluation: Blob
    found: Blob
    opened: int
    cost: TrainingCost
    second: Money | None
    """What a second of the search cost."""
    run: str
    refitted: Refitted | None = None
    labels: Blob | None = None
    """What the experts' word gained."""


def write_report(
    work: Work,
    search: Entry[ModelsSearched],
    evaluation: Entry[ModelEvaluated],
    refitted: Entry[ModelRefitted] | None = None,
    measured: Entry[LabelsMeasured] | None = None,
) -> str:
    """The page's place."""
    workspace, spec = work.workspace, work.workspace.project.spec
    asked = WriteReport(
        project=workspace.project.address,
        decision=spec.brief.decision,
        predict=spec.predict,
        mistakes=spec.brief.mistakes,
        evaluation=evaluation.payload.evaluation,
        found=search.payload.found,
        opened=evaluation.payload.opened,
        cost=training_cost(work.entries),
        second=_second(search),
        run=evaluation.run,
        refitted=apart(refitted),
        labels=None if measured is None else measured.payload.judged,
    )
    written = work.do(asked, make_report)
    place = workspace.report
    place.parent.mkdir(exist_ok=True)
    part = place.with_suffix(f".{workspace.chain.run}.part")
    part.write_bytes(workspace.blobs.get(written.payload.report.digest))
    part.replace(place)
    return str(place)


def _second(search: Entry[ModelsSearched]) -> Money | None:
    if search.price is None or search.usage is None or not search.usage.seconds:
        return None
    paid = search.price.money
    return money(float(paid.amount) / search.usage.seconds, paid.currency)


def make_report(asked: WriteReport, bench: Bench) -> ReportWritten:
    from treadle.training import report

    times = "1 time" if asked.opened == 1 else f"{asked.opened} times"
    html = report(
        evaluation_of(bench, asked.evaluation),
        only(predict=asked.predict, project=asked.project, decision=asked.decision, mistakes=asked.mistakes),
        found_by(bench, asked.found),
        costs=_cost_lines(asked.cost),
        second=asked.second,
        made=f"Run {asked.run}. These sealed test rows were opened {times}, whatever the features.",
        refitted=asked.refitted,
        labels=None if asked.labels is None else judged_of(bench, asked.labels),
    )
    return ReportWritten(report=Blob(bench.blobs.put(html.encode()), "report"))


def _cost_lines(cost: TrainingCost) -> list[tuple[str, str]]:
    gpus = [("GPUs held", f"{cost.gpu_seconds:.0f} GPU-seconds")] if cost.gpu_seconds else []
    return [
        ("Cost of this model", " + ".join(f"{m.amount:.6f} {m.currency}" for m in cost.amounts) or "not priced"),
        ("Time", f"{cost.seconds:.0f} s"),
        ("CPU", f"{cost.cpu_seconds:.0f} CPU-seconds"),
        *gpus,
        ("Peak memory", f"{cost.peak_mb:,.0f} MB"),
    ]
