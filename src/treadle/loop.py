"""The whole loop, readable top to bottom:

brief -> sources -> contract -> features -> training -> evaluation -> review -> release -> (serving -> outcomes)

Each line of `judge`, `bundle` and `run` is a step of the evidence chain: metered, priced, and not done again when
nothing that it can read changed. The steps are in `treadle.stages`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from treadle.costs.budgets import OPEN_PURSE, Purse
from treadle.evidence import Entry, Payload
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.features_built import FeaturesBuilt
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.model_refitted import ModelRefitted
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.features import FeaturePlan
from treadle.people import Gate, review_of
from treadle.stages import Fetched, StepLine, TrainingCost, Work, training_cost
from treadle.stages.building import build_features
from treadle.stages.examples import Examples
from treadle.stages.fitting import fit_best
from treadle.stages.ingesting import take
from treadle.stages.judging import evaluate, evaluation_of
from treadle.stages.label_gain import measure_labels
from treadle.stages.labels import apply_labels
from treadle.stages.packing import pack
from treadle.stages.planning import make_plan
from treadle.stages.reading import Sources
from treadle.stages.refitting import refit_on_all
from treadle.stages.releasing import ask_review, release_if_approved
from treadle.stages.reporting import write_report
from treadle.stages.searching import found_by, search_models
from treadle.stages.seeding import build_state
from treadle.stages.standing import to_beat
from treadle.stages.stating import state_brief, state_code
from treadle.training import Evaluation
from treadle.workspace import Workspace


class RunResult(Struct, frozen=True):
    """What a run came to. `cost` is of the steps that made this model, whichever run did them; `spent` of this run."""

    model: str
    status: str
    released: bool
    searched: tuple[str, ...]
    """How the search ended, and what it left out."""
    evaluation: Evaluation
    opened: int
    without_label: int
    gates: list[Gate]
    report: str
    steps: list[StepLine]
    cost: TrainingCost
    spent: TrainingCost
    seconds: float
    bundle: str
    mb: float
    example: dict[str, Any]
    unsigned: str = ""
    """Why no checkpoint was signed after a release, where none could be."""
    serves: str = ""
    """The version that the endpoint served before; empty for none."""
    readings: tuple[tuple[Fetched, int], ...] = ()
    """How sources from elsewhere were read side by side, and the rows of each."""
    late: tuple[str, ...] = ()
    """A sentence for each source whose rows are late."""


@dataclass(frozen=True)
class Judged:
    """What is there once a model was judged on the sealed rows, and before anything of it could be released."""

    brief: Entry[BriefStated]
    sources: Sources
    plan: FeaturePlan
    built: Entry[FeaturesBuilt]
    examples: Examples
    search: Entry[ModelsSearched]
    fitted: Entry[ModelFitted]
    evaluation: Entry[ModelEvaluated]
    report: str
    refitted: Entry[ModelRefitted] | None
    """What is released in its place, where the project asks for a fit on all rows."""


def run(workspace: Workspace, *, full: bool = False, purse: Purse = OPEN_PURSE) -> RunResult:
    """Run every stage of the project. What was done before and did not change is taken from the record.

    full: sources that are read in increments are read whole. purse: what may be spent, asked before each step.
    """
    work = Work(workspace, full=full, purse=purse)
    judged = judge(work)
    packing = bundle(work, judged)
    gates = ask_review(work, packing, judged.evaluation)
    released = release_if_approved(work, packing)
    packed = packing.payload
    entries: list[Entry[Payload]] = work.entries
    return RunResult(
        model=packed.model,
        status=review_of(workspace.chain, packed.model, packed.bundle.digest).status,
        released=released,
        searched=found_by(work.bench(), judged.search.payload.found).notes,
        evaluation=evaluation_of(work.bench(), judged.evaluation.payload.evaluation),
        opened=judged.evaluation.payload.opened,
        without_label=judged.built.payload.without_label,
        gates=gates,
        report=judged.report,
        steps=work.lines,
        cost=training_cost(entries),
        spent=training_cost(work.fresh),
        seconds=time.monotonic() - work.began,
        bundle=packed.bundle.digest,
        mb=packed.mb,
        example=packed.example,
        unsigned=work.unsigned,
        serves=work.serves,
        readings=tuple((each, judged.sources[each.source].payload.rows) for each in work.fetched),
        late=tuple(work.late),
    )


def judge(work: Work, told: Callable[[Work, Examples], None] = lambda work, examples: None) -> Judged:
    """From the brief to a model that was judged, and its report. `told`: is shown the examples before the search."""
    spec = work.workspace.project.spec
    state_code(work.workspace)
    brief = state_brief(work)
    sources = take(work)
    plan = make_plan(work, sources)
    built = build_features(work, plan, sources)
    labelled = apply_labels(work, plan, built)
    origin = sources[spec.predict.each].payload.table
    examples = Examples((labelled or built).payload.table, plan, spec.predict, spec.train.seed, origin)
    told(work, examples)
    search = search_models(work, examples)
    fitted = fit_best(work, examples, search)
    evaluation = evaluate(work, examples, fitted, to_beat(work, fitted))
    refitted = refit_on_all(work, examples, search, fitted, evaluation)
    measured = measure_labels(work, labelled, built.payload.table, examples, search, fitted)
    report = write_report(work, search, evaluation, refitted, measured)
    return Judged(brief, sources, plan, built, examples, search, fitted, evaluation, report, refitted)


def bundle(work: Work, judged: Judged) -> Entry[ModelPacked]:
    """The judged model as the file that could be released, proved equal to it."""
    state = build_state(work, judged.plan, judged.sources)
    asked = judged.brief, judged.sources, judged.examples, judged.fitted, judged.evaluation
    return pack(work, *asked, state, judged.refitted)
