"""From a judged model to a released one: online state, bundle, review, release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from treadle.contracts import row_rules
from treadle.evidence import Step, digest
from treadle.features import FeaturePlan
from treadle.models import registry
from treadle.people import approve, gates_of, request_review
from treadle.people.reviews import POLICY, Gate
from treadle.spec import as_data
from treadle.stages.data import SourceState, contract_of, scan_snapshot, source_tables
from treadle.stages.learning import evaluation_of, fitted_model
from treadle.stages.work import Work, training_cost
from treadle.workspace import Workspace


def build_state(work: Work, plan: FeaturePlan, sources: Mapping[str, SourceState]) -> str | None:
    """Online state of all that is known, in a folder named by what it is built from; None if nothing needs it."""
    if not plan.lookups and not plan.windows:
        return None
    workspace = work.workspace
    streams = [plan.views, plan.lookup_streams, plan.arguments, plan.windows, plan.lookups]
    uses = [sources[name].snapshot for name in plan.sources()]
    name = digest([streams, [snapshot["fingerprint"] for snapshot in uses]])[:16]
    folder = workspace.state / name
    with work.step(
        "state.built",
        f"endpoint/{workspace.endpoint}",
        uses=uses,
        settings={"streams": streams},
        code=("features", "expr", "backends/embedded/state.py"),
    ) as step:
        if not step.cached or not folder.is_dir():
            seed_state(workspace, plan, source_tables(workspace, plan, sources), name, None)
            step.value("state", name)
            step.note(said="what is known of each key, for online features")
    return name


def seed_state(workspace: Workspace, plan: FeaturePlan, tables: Mapping[str, Any], name: str, as_of: Any) -> Any:
    from treadle.backends.embedded.state import LmdbState
    from treadle.features import seed

    state = LmdbState(workspace.state / name)
    try:
        return seed(plan, tables, state, as_of)
    finally:
        state.close()


def pack(work: Work, brief: Step, plan: FeaturePlan, fitted: Step, evaluation: Step, state: str | None) -> Step:
    """One signed file with all that serving needs; its ONNX graph is proved equal to the fitted model."""
    from treadle.models.delivery import pack_bundle

    workspace, spec = work.workspace, work.workspace.project.spec
    contract = contract_of(workspace, spec.sources[spec.predict.each])
    rules = row_rules(contract, set(plan.input_types)) if contract else ()
    with work.step(
        "model.packed",
        uses=[fitted.outputs["model"], evaluation.outputs["evaluation"], brief.outputs["brief"]],
        settings={"plan": plan, "state": state, "brief": as_data(spec)["brief"], "rules": rules},
        code=("models", "features", "serving/inputs.py", "lib:onnx", "lib:onnxruntime"),
    ) as step:
        if not step.cached:
            name = registry.next_name(workspace.chain, spec.project)
            found = evaluation_of(work, evaluation)
            packed = pack_bundle(
                fitted_model(work, fitted),
                found,
                work.data.table,
                work.data.split,
                workspace.project,
                plan,
                rules,
                name=name,
                created=workspace.chain.clock().isoformat(timespec="seconds"),
                key=workspace.signing_key,
                folder=workspace.root / "bundles",
                refs={"run": workspace.chain.run, "state": state or "", **_refs(work, fitted)},
                cost=training_cost(work.steps[:-1]),
                cut=_cut(work),
            )
            step.made("bundle", {"kind": "blob", "digest": workspace.blobs.put_file(packed.path)})
            packed.path.unlink()
            step.note(
                model=name,
                family=found.family,
                metric=found.metric,
                value=found.value.value,
                low=found.value.low,
                high=found.value.high,
                mb=packed.mb,
                p99_ms=packed.p99_ms,
                cut=_cut(work),
                example=_newest_example(work, plan),
                said=f"{name}, {packed.mb:.2f} MB, golden records pass, p99 {packed.p99_ms:.2f} ms a record",
            )
    return step


def _newest_example(work: Work, plan: FeaturePlan) -> dict[str, Any]:
    """The fields of a request, from the newest row whose label is known: for the curl line that `serve` prints."""
    from treadle import expr

    spec = work.workspace.project.spec
    snapshot = next(s for s in work.steps if s.subject == f"source/{spec.predict.each}").outputs["table"]
    frame = scan_snapshot(work.workspace, snapshot)
    types = plan.each_types
    frame = frame.filter(expr.to_polars(expr.parse(plan.label, types)).is_not_null())
    if plan.at is not None:
        frame = frame.sort(expr.to_polars(expr.parse(plan.at, types)), nulls_last=False)
    return {
        name: value
        for name, value in frame.select(list(plan.input_types)).tail(1).collect().to_dicts()[0].items()
        if value is not None
    }


def _cut(work: Work) -> str | None:
    cut = work.data.split.cut
    return None if cut is None else f"{cut}Z"


def _refs(work: Work, fitted: Step) -> dict[str, str]:
    from treadle import __version__

    data = next(step.outputs["table"]["fingerprint"] for step in work.steps if step.kind == "features.build")
    return {"data": str(data), "model": str(fitted.outputs["model"]["digest"]), "treadle": __version__}


def ask_review(work: Work, packing: Step, evaluation: Step) -> tuple[str, list[Gate]]:
    """Measure every gate of the brief and ask for a release in the actor's name."""
    workspace, found = work.workspace, evaluation_of(work, evaluation)
    model, spent = str(packing.detail["model"]), training_cost(work.steps)
    scores = {name: interval.value for name, interval in found.scores.items()}
    scores[found.metric] = found.value.value
    gates = gates_of(
        workspace.project.spec.brief,
        scores,
        gain_is_real=(found.gain_over_baseline.low or 0.0) > 0,
        train_cost=float(spent["amount"]),
        train_minutes=float(spent["seconds"]) / 60,
        bundle_mb=float(packing.detail["mb"]),
        p99_ms=float(packing.detail["p99_ms"]),
    )
    asked = request_review(workspace.chain, model, gates, str(packing.outputs["bundle"]["digest"]))
    return model, [msgspec.convert(gate, Gate) for gate in asked.detail["gates"]]


def release_if_approved(work: Work, model: str, gates: Sequence[Gate]) -> bool:
    """Release an approved model; let the policy approve it, where the brief has one and every gate holds."""
    workspace, spec = work.workspace, work.workspace.project.spec
    approval = workspace.chain.last(kind="review.approved", subject=f"model/{model}")
    if approval is None and spec.brief.people.approve == "policy" and all(gate.holds for gate in gates):
        approval = approve(workspace.chain, spec, model, by=POLICY, note="every gate of the brief holds")
    if approval is None:
        return False
    registry.release(
        workspace.chain,
        workspace.endpoint,
        registry.find(workspace.chain, spec.project, model),
        workspace.pointer,
        approval=approval,
    )
    return True
