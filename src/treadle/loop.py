"""The whole loop, readable top to bottom:

brief -> sources -> contract -> features -> training -> evaluation -> review -> release -> (serving -> outcomes)

Each stage is a step of the evidence chain: metered, priced, and not done again when nothing that it depends on
changed. This module composes rooms and holds no method of its own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from treadle.contracts import Contract, check, load, raise_if_broken, row_rules
from treadle.errors import SpecError
from treadle.evidence import Step, digest
from treadle.features import FeaturePlan
from treadle.models import registry
from treadle.people import approve, gates_of, request_review, review_of
from treadle.people.reviews import POLICY, Gate
from treadle.spec import Source, as_data

if TYPE_CHECKING:
    import polars as pl

    from treadle.training import Evaluation, FittedModel, SearchResult, Split, TrainingTable
    from treadle.workspace import Workspace

_SEARCH_SHARE = 0.35  # of the minutes that the brief allows: fitting, judging and packing need the rest


class SourceState(Struct, frozen=True):
    """What became of one source: its snapshot, and what its contract said."""

    source: str
    snapshot: dict[str, Any]
    rows: int
    quarantined: int
    rules: int
    bytes: int


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
    found = search_models(work, features)
    fitted = fit_best(work, features, found)
    evaluation = evaluate(work, features, fitted)
    report = write_report(work, found, evaluation)
    state = build_state(work, plan, sources)
    packing = pack(work, brief, plan, fitted, evaluation, state)
    model, gates = ask_review(work, packing, evaluation)
    released = release_if_approved(work, model, gates)
    return RunResult(
        model=model,
        status=review_of(workspace.chain, model).status,
        released=released,
        evaluation=_evaluation(work, evaluation),
        gates=gates,
        report=report,
        steps=work.steps,
        seconds=time.monotonic() - start,
        bundle=str(packing.outputs["bundle"]["digest"]),
        mb=float(packing.detail["mb"]),
        example=packing.detail.get("example", {}),
    )


@dataclass
class Work:
    """A run in progress: the workspace, the steps so far, and the data, loaded only when a step needs it."""

    workspace: Workspace
    steps: list[Step] = field(default_factory=list)
    data: Any = None
    model: Any = None

    def step(self, kind: str, subject: str = "", **options: Any) -> Step:
        made = self.workspace.chain.step(kind, subject or self.workspace.project.spec.project, **options)
        self.steps.append(made)
        return made


def state_brief(work: Work) -> Step:
    """Keep the brief as it stood: what is decided, what errors cost, what is good enough, who decides."""
    brief = work.workspace.project.spec.brief
    with work.step("brief.stated", settings={"brief": brief}) as step:
        if not step.cached:
            step.made("brief", {"kind": "value", "name": "brief", "value": brief, "digest": digest(brief)})
            step.note(said=brief.decision or "no decision is stated")
    return step


# ---- sources and contracts


def read_sources(work: Work) -> dict[str, SourceState]:
    """Read each source, hold it to its contract, set bad rows aside, and keep a snapshot of the good ones."""
    return {name: read_source(work, name, source) for name, source in work.workspace.project.spec.sources.items()}


def read_source(work: Work, name: str, source: Source) -> SourceState:
    from treadle.sources import find, scan

    workspace, where = work.workspace, work.workspace.project.place(f"sources.{name}")
    reading = find(source, workspace.project.root, where=where)
    contract = contract_of(workspace, source)
    settings = {"source": source, "contract": contract.digest if contract else None}
    uses = [{"kind": "file", "name": reading.files[0].name, "digest": reading.digest}]
    with work.step(
        "sources.read",
        f"source/{name}",
        uses=uses,
        settings=settings,
        code=("sources", "contracts", "expr", "lib:polars"),
    ) as step:
        if not step.cached:
            frame, bad, rules = _held_to_contract(workspace, name, source, scan(reading, where), contract, where)
            snapshot = workspace.tables.replace(workspace.table(f"source/{name}"), frame)
            step.made("table", snapshot.ref())
            step.note(
                rows=frame.height + bad,
                quarantined=bad,
                rules=rules,
                bytes=reading.bytes,
                said=f"{frame.height:,} rows"
                + (f", {bad:,} set aside" if bad else "")
                + (f", {rules} rules hold" if rules else ", no contract"),
            )
    facts = step.detail
    return SourceState(
        name,
        step.outputs["table"],
        int(facts["rows"]),
        int(facts["quarantined"]),
        int(facts["rules"]),
        int(facts["bytes"]),
    )


def contract_of(workspace: Workspace, source: Source) -> Contract | None:
    return load(workspace.project.root / source.contract) if source.contract else None


def _held_to_contract(
    workspace: Workspace, name: str, source: Source, frame: pl.LazyFrame, contract: Contract | None, where: str
) -> tuple[pl.DataFrame, int, int]:
    if contract is None:
        return frame.collect(), 0, 0
    report = check(frame, contract, now=workspace.chain.clock(), keys=source.keys)
    if report.quarantine.height:
        # also for a batch that is refused: the reasons must not be lost with it
        workspace.tables.replace(workspace.table(f"quarantine/{name}"), report.quarantine)
    raise_if_broken(report, contract, where)
    return report.good, report.bad_rows, len(contract.rules)


# ---- features


def make_plan(work: Work, sources: Mapping[str, SourceState]) -> FeaturePlan:
    """Check every expression of the project against the tables' types."""
    from treadle import expr, features

    workspace = work.workspace
    schemas = {name: expr.column_types(_scan(workspace, state.snapshot)) for name, state in sources.items()}
    try:
        plan: FeaturePlan = features.make_plan(workspace.project.spec, schemas)
        return plan
    except SpecError as bad:
        raise workspace.project.located(bad) from bad


def _scan(workspace: Workspace, snapshot: Mapping[str, Any]) -> pl.LazyFrame:
    return workspace.tables.scan(str(snapshot["table"]), int(snapshot["version"]))


def source_tables(workspace: Workspace, plan: FeaturePlan, sources: Mapping[str, SourceState]) -> dict[str, Any]:
    """The snapshots that the plan reads, only the columns that it reads."""
    return {
        name: _scan(workspace, sources[name].snapshot).select(sorted(columns)).collect()
        for name, columns in plan.sources().items()
    }


def build_features(work: Work, plan: FeaturePlan, sources: Mapping[str, SourceState]) -> Step:
    """The training table: every row of the examples with its features, each seen as of its own `at`."""
    from treadle import features

    workspace = work.workspace
    uses = [sources[name].snapshot for name in plan.sources()]
    with work.step(
        "features.build", uses=uses, settings={"plan": plan}, code=("features", "expr", "lib:polars")
    ) as step:
        if not step.cached:
            frame = features.build(plan, source_tables(workspace, plan, sources))
            step.made("table", workspace.tables.replace(workspace.table("training"), frame).ref())
            step.note(said=f"{frame.height:,} rows, {len(plan.features)} features")
    return step


@dataclass
class TrainingData:
    """The training table and its split, read when a step first asks for them."""

    workspace: Workspace
    plan: FeaturePlan
    snapshot: Mapping[str, Any]

    @cached_property
    def table(self) -> TrainingTable:
        from treadle.features.batch import AT, KNOWN, LABEL
        from treadle.training import TrainingTable

        frame = _scan(self.workspace, self.snapshot).collect()
        keep = frame.get_column(LABEL).is_not_null()
        if AT in frame.columns:
            keep = keep & frame.get_column(AT).is_not_null()
        self.dropped = frame.height - int(keep.sum())
        frame = frame.filter(keep)
        at, known = (_times(frame, name) for name in (AT, KNOWN))
        ids = (
            [",".join(map(str, key)) for key in frame.select(self.plan.key).iter_rows()]
            if self.plan.key
            else list(map(str, range(frame.height)))
        )
        group = frame.get_column(self.plan.group).to_list() if self.plan.group else None
        return TrainingTable(
            frame=frame.select([f.name for f in self.plan.features]),
            label=frame.get_column(LABEL).to_numpy(),
            at=at,
            known=known,
            ids=ids,
            features=self.plan.features,
            group=group,
        )

    @cached_property
    def split(self) -> Split:
        from treadle.training import check as check_table
        from treadle.training import split

        check_table(self.table, self.workspace.project.spec.predict.kind)
        return split(self.table, self.workspace.project.spec.predict, seed=self.workspace.project.spec.train.seed)


def _times(frame: pl.DataFrame, name: str) -> Any:
    import polars as pl

    if name not in frame.columns:
        return None
    return frame.get_column(name).cast(pl.Datetime("us")).to_numpy()


# ---- training and evaluation

_TRAINING = ("training", "spec/project.py", "lib:lightgbm", "lib:scikit-learn", "lib:optuna", "lib:numpy")


def search_models(work: Work, features: Step) -> SearchResult:
    """Try families and settings on the training folds, within the brief's time and money."""
    from treadle.training import SearchResult, search

    spec = work.workspace.project.spec
    settings = {
        "predict": spec.predict,
        "train": spec.train,
        "limits": spec.brief.limits,
        "good_enough": spec.brief.good_enough,
        "mistakes": spec.brief.mistakes,
    }
    with work.step("training.search", uses=[features.outputs["table"]], settings=settings, code=_TRAINING) as step:
        if not step.cached:
            found = search(
                work.data.table,
                work.data.split,
                spec,
                deadline_s=_deadline(spec),
                progress=lambda done, text: step.progress(done, 1.0, text),
            )
            step.value("found", found)
            step.note(
                said=f"{len(found.trials)} trials, best {found.family} {found.metric} {found.value:.4f} on folds",
                dropped=work.data.dropped,
            )
    return msgspec.convert(step.outputs["found"]["value"], SearchResult)


def _deadline(spec: Any) -> float:
    minutes = spec.brief.limits.train_minutes
    return float("inf") if minutes is None else minutes * 60 * _SEARCH_SHARE


def fit_best(work: Work, features: Step, found: SearchResult) -> Step:
    """Fit the best settings on all training rows; calibrate and choose the threshold on out-of-fold predictions."""
    from treadle.training import fit
    from treadle.training.keep import dump

    spec = work.workspace.project.spec
    settings = {
        "family": found.family,
        "params": found.params,
        "predict": spec.predict,
        "train": spec.train,
        "mistakes": spec.brief.mistakes,
    }
    with work.step("training.fit", uses=[features.outputs["table"]], settings=settings, code=_TRAINING) as step:
        if not step.cached:
            work.model = fit(
                work.data.table,
                work.data.split,
                found,
                spec,
                progress=lambda done, text: step.progress(done, 1.0, text),
            )
            step.made("model", {"kind": "blob", "digest": work.workspace.blobs.put(dump(work.model))})
            step.note(
                said=f"{work.model.summary.family}, {work.model.summary.train_rows:,} rows, "
                f"calibration {work.model.summary.calibration}"
            )
    return step


def _model(work: Work, fitted: Step) -> FittedModel:
    from treadle.training.keep import restore

    if work.model is None:
        work.model = restore(work.workspace.blobs.get(str(fitted.outputs["model"]["digest"])))
    return work.model  # type: ignore[no-any-return]


def evaluate(work: Work, features: Step, fitted: Step) -> Step:
    """Open the sealed test rows, once for each fitted model; every opening is counted."""
    from treadle import training

    workspace = work.workspace
    with work.step(
        "training.evaluate",
        uses=[fitted.outputs["model"], features.outputs["table"]],
        settings={"mistakes": workspace.project.spec.brief.mistakes, "predict": workspace.project.spec.predict},
        code=("training", "lib:numpy"),
    ) as step:
        if not step.cached:
            model = _model(work, fitted)
            opened = 1 + len(
                [
                    e
                    for e in workspace.chain.entries(kind="training.evaluate", status="done")
                    if features.outputs["table"]["fingerprint"] in str(e.uses)
                ]
            )
            found = training.evaluate(
                model,
                work.data.table,
                work.data.split,
                workspace.project.spec,
                progress=lambda done, text: step.progress(done, 1.0, text),
            )
            content = msgspec.json.encode(found)
            step.made("evaluation", {"kind": "blob", "digest": workspace.blobs.put(content)})
            value = found.value
            step.note(
                opened=opened,
                said=f"{found.metric} {value.value:.4f} [{value.low:.4f}, {value.high:.4f}] on "
                f"{found.rows:,} sealed rows; opened {opened} time{'s' if opened > 1 else ''}",
            )
    return step


def _evaluation(work: Work, evaluation: Step) -> Evaluation:
    from treadle.training import Evaluation

    content = work.workspace.blobs.get(str(evaluation.outputs["evaluation"]["digest"]))
    return msgspec.json.decode(content, type=Evaluation)


def write_report(work: Work, found: SearchResult, evaluation: Step) -> str:
    """The HTML report of this evaluation; its path."""
    from treadle.training import report

    workspace, opened = work.workspace, int(evaluation.detail.get("opened", 1))
    place = workspace.reports / f"{workspace.project.spec.project}.html"
    with work.step(
        "report.written",
        uses=[evaluation.outputs["evaluation"]],
        settings={"opened": opened},
        code=("training/reporting.py", "pages"),
    ) as step:
        if not step.cached:
            made = (
                f"Run {workspace.chain.run}. The sealed test rows were opened {opened} time{'s' if opened > 1 else ''}."
            )
            html = report(
                _evaluation(work, evaluation), workspace.project.spec, found, costs=_cost_lines(work), made=made
            )
            step.made("report", {"kind": "blob", "digest": workspace.blobs.put(html.encode())})
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(workspace.blobs.get(str(step.outputs["report"]["digest"])))
    return str(place)


def _cost_lines(work: Work) -> list[tuple[str, str]]:
    spent = training_cost(work.steps)
    return [
        ("Cost of this model", f"{spent['amount']:.4f} {spent['currency']}"),
        ("Time", f"{spent['seconds']:.0f} s"),
        ("CPU", f"{spent['cpu_seconds']:.0f} CPU-seconds"),
        ("Peak memory", f"{spent['peak_mb']:,.0f} MB"),
    ]


def training_cost(steps: Sequence[Step]) -> dict[str, Any]:
    """What the steps that led to the model used, whichever run did them."""
    entries = [step.entry for step in steps if step.entry is not None]
    used = [e.usage for e in entries if e.usage is not None]
    paid = [e.cost for e in entries if e.cost]
    return {
        "seconds": round(sum(u.seconds for u in used), 2),
        "cpu_seconds": round(sum(u.cpu_seconds for u in used), 2),
        "peak_mb": max((u.peak_mb for u in used), default=0.0),
        "amount": round(sum(c["amount"] for c in paid), 6),
        "currency": next((c["currency"] for c in paid), "USD"),
        "steps": {e.kind if not e.kind.startswith("sources") else e.subject: e.usage for e in entries},
    }


def prove_features(workspace: Workspace, rows: int | None = None) -> Any:
    """Play real history through the batch and the online path; kept in the chain."""
    from treadle import features

    work = Work(workspace)
    sources = read_sources(work)
    plan = make_plan(work, sources)
    with work.step(
        "features.proved", uses=[s.snapshot for s in sources.values()], settings={"rows": rows}, cache=False
    ) as step:
        proof = features.prove(plan, source_tables(workspace, plan, sources), rows=rows, progress=step.progress)
        step.note(
            rows=proof.rows,
            cells=proof.cells,
            differing=proof.differing,
            said=f"{proof.cells:,} cells, {proof.differing:,} differ",
        )
    return proof


# ---- models: state, bundle, review, release


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
            found = _evaluation(work, evaluation)
            packed = pack_bundle(
                _model(work, fitted),
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
    frame = _scan(work.workspace, snapshot)
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
    workspace, found = work.workspace, _evaluation(work, evaluation)
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
