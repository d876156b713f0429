"""From the brief to the training table: read, hold to contracts, plan, build features, prove them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from treadle.contracts import Contract, check, load, raise_if_broken
from treadle.errors import DataError, SpecError
from treadle.evidence import Step, digest
from treadle.features import FeaturePlan
from treadle.spec import Source
from treadle.stages.work import Work

if TYPE_CHECKING:
    import polars as pl

    from treadle.workspace import Workspace


class SourceState(Struct, frozen=True):
    """What became of one source: its snapshot, and what its contract said."""

    source: str
    snapshot: dict[str, Any]
    rows: int
    quarantined: int
    rules: int
    bytes: int


def state_brief(work: Work) -> Step:
    """Keep the brief as it stood: what is decided, what errors cost, what is good enough, who decides."""
    brief = work.workspace.project.spec.brief
    with work.step("brief.stated", settings={"brief": brief}) as step:
        if not step.cached:
            step.made("brief", {"kind": "value", "name": "brief", "value": brief, "digest": digest(brief)})
            step.note(said=brief.decision or "no decision is stated")
    return step


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
        return _some_rows(workspace, name, frame.collect(), where), 0, 0
    report = check(frame, contract, now=workspace.chain.clock(), keys=source.keys)
    if report.quarantine.height:
        # also for a batch that is refused: the reasons must not be lost with it
        workspace.tables.replace(workspace.table(f"quarantine/{name}"), report.quarantine)
    raise_if_broken(report, contract, where)
    return _some_rows(workspace, name, report.good, where), report.bad_rows, len(contract.rules)


def _some_rows(workspace: Workspace, name: str, frame: pl.DataFrame, where: str) -> pl.DataFrame:
    """An empty table of examples is a delivery that failed; an empty table to look up in may be right."""
    if frame.height == 0 and name == workspace.project.spec.predict.each:
        raise DataError("the table has no rows", where=where, mend="the last good snapshot is kept; deliver it again")
    return frame


def make_plan(work: Work, sources: Mapping[str, SourceState]) -> FeaturePlan:
    """Check every expression of the project against the tables' types."""
    from treadle import expr, features

    workspace, spec = work.workspace, work.workspace.project.spec
    schemas = {name: expr.column_types(scan_snapshot(workspace, state.snapshot)) for name, state in sources.items()}
    try:
        plan: FeaturePlan = features.make_plan(spec, schemas)
        return plan
    except SpecError as bad:
        raise workspace.project.located(bad) from bad


def scan_snapshot(workspace: Workspace, snapshot: Mapping[str, Any]) -> pl.LazyFrame:
    return workspace.tables.scan(str(snapshot["table"]), int(snapshot["version"]))


def source_tables(workspace: Workspace, plan: FeaturePlan, sources: Mapping[str, SourceState]) -> dict[str, Any]:
    """The snapshots that the plan reads, only the columns that it reads."""
    return {
        name: scan_snapshot(workspace, sources[name].snapshot).select(sorted(columns)).collect()
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
