"""The whole loop, readable top to bottom:

brief -> sources -> contract -> features -> training -> evaluation -> review -> release -> (serving -> outcomes)

Each line of `run` is a step of the evidence chain: metered, priced, and not done again when nothing that it depends on
changed. The steps are in `treadle.stages`.
"""

from __future__ import annotations

import time
from typing import Any

from msgspec import Struct

from treadle.evidence import Step
from treadle.people import review_of
from treadle.people.reviews import Gate
from treadle.stages.data import build_features, make_plan, read_sources, state_brief
from treadle.stages.delivery import ask_review, build_state, pack, release_if_approved
from treadle.stages.learning import TrainingData, evaluate, evaluation_of, fit_best, search_models, write_report
from treadle.stages.work import Work
from treadle.workspace import Workspace


class RunResult(Struct, frozen=True):
    """What a run came to. See `treadle.api.work.RunAnswer`, which shows it."""

    model: str
    status: str
    released: bool
    evaluation: Any
    gates: list[Gate]
    report: str
    steps: list[Step]
    seconds: float
    bundle: str
    mb: float
    example: dict[str, Any]


def run(workspace: Workspace) -> RunResult:
    """Run every stage of the project. What was done before and did not change is taken from the record."""
    start = time.monotonic()
    work = Work(workspace)
    brief = state_brief(work)
    sources = read_sources(work)
    plan = make_plan(work, sources)
    features = build_features(work, plan, sources)
    work.data = TrainingData(workspace, plan, features.outputs["table"])
    search = search_models(work, features)
    fitted = fit_best(work, features, search)
    evaluation = evaluate(work, features, fitted)
    report = write_report(work, search, evaluation)
    state = build_state(work, plan, sources)
    packing = pack(work, brief, plan, fitted, evaluation, state)
    model, gates = ask_review(work, packing, evaluation)
    released = release_if_approved(work, model, gates)
    return RunResult(
        model=model,
        status=review_of(workspace.chain, model).status,
        released=released,
        evaluation=evaluation_of(work, evaluation),
        gates=gates,
        report=report,
        steps=work.steps,
        seconds=time.monotonic() - start,
        bundle=str(packing.outputs["bundle"]["digest"]),
        mb=float(packing.detail["mb"]),
        example=packing.detail.get("example", {}),
    )
