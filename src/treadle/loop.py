"""The whole loop, readable top to bottom:

brief -> sources -> contract -> features -> training -> evaluation -> review -> release -> (serving -> outcomes)

Each line of `run` is a step of the evidence chain: metered, priced, and not done again when nothing that it can read
changed. The steps are in `treadle.stages`.
"""

from __future__ import annotations

import time
from typing import Any

from msgspec import Struct

from treadle.evidence import Entry, Payload
from treadle.people import Gate, review_of
from treadle.stages import StepLine, TrainingCost, Work, training_cost
from treadle.stages.building import build_features
from treadle.stages.examples import Examples
from treadle.stages.fitting import fit_best
from treadle.stages.judging import evaluate, evaluation_of
from treadle.stages.packing import pack
from treadle.stages.planning import make_plan
from treadle.stages.reading import read_sources
from treadle.stages.releasing import ask_review, release_if_approved
from treadle.stages.reporting import write_report
from treadle.stages.searching import found_by, search_models
from treadle.stages.seeding import build_state
from treadle.stages.stating import state_brief
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


def run(workspace: Workspace) -> RunResult:
    """Run every stage of the project. What was done before and did not change is taken from the record."""
    start = time.monotonic()
    work, spec = Work(workspace), workspace.project.spec
    brief = state_brief(work)
    sources = read_sources(work)
    plan = make_plan(work, sources)
    built = build_features(work, plan, sources)
    origin = sources[spec.predict.each].payload.table
    examples = Examples(built.payload.table, plan, spec.predict, spec.train.seed, origin)
    search = search_models(work, examples)
    fitted = fit_best(work, examples, search)
    evaluation = evaluate(work, examples, fitted)
    report = write_report(work, search, evaluation)
    state = build_state(work, plan, sources)
    packing = pack(work, brief, sources, examples, fitted, evaluation, state)
    gates = ask_review(work, packing, evaluation)
    released = release_if_approved(work, packing)
    packed = packing.payload
    entries: list[Entry[Payload]] = work.entries
    return RunResult(
        model=packed.model,
        status=review_of(workspace.chain, packed.model, packed.bundle.digest).status,
        released=released,
        searched=found_by(work.bench(), search.payload.found).notes,
        evaluation=evaluation_of(work.bench(), evaluation.payload.evaluation),
        opened=evaluation.payload.opened,
        without_label=built.payload.without_label,
        gates=gates,
        report=report,
        steps=work.lines,
        cost=training_cost(entries),
        spent=training_cost(work.fresh),
        seconds=time.monotonic() - start,
        bundle=packed.bundle.digest,
        mb=packed.mb,
        example=packed.example,
        unsigned=work.unsigned,
    )
