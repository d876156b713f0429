"""Check a project and keep nothing of it: whatever a later command would refuse is refused here, with a place."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.contracts import NO_LAST
from treadle.drafting.beside import Others
from treadle.drafting.budgeted import check_money
from treadle.drafting.found import Checked, SourceCheck
from treadle.drafting.gathering import Gathered
from treadle.drafting.larger import held_in_parts, room_of
from treadle.drafting.teaching import refuse_unlearnable
from treadle.errors import SpecError, TreadleError
from treadle.keeping import key_in_git
from treadle.spec import Project, ProjectSpec, Source
from treadle.stages.named import misnamed
from treadle.stages.parted import first_rows, large_parts

if TYPE_CHECKING:
    import polars as pl

    from treadle.contracts import Contract, Judged, Parts
    from treadle.features import FeaturePlan
    from treadle.workspace import Workspace


def check_project(workspace: Workspace, *, data: bool) -> Checked:
    """Types, names and expressions always; with `data` also the rows: their contracts, and whether they teach.

    Raises:
        SpecError: what loading the file refuses.
    """
    with ExitStack() as rooms:
        return _checked(workspace, rooms, data=data)


def _checked(workspace: Workspace, rooms: ExitStack, *, data: bool) -> Checked:
    """rooms: of folders for rows that memory may not hold, kept until all was asked."""
    project = workspace.project
    found = Gathered(project)
    held, sources = _Held(workspace, found, rooms, Others(workspace)), project.spec.sources
    looked = {name: _source(held, name, sources[name], data=data) for name in held.others.order()}
    tables = {name: looked[name] for name in sources}
    found.sources.sort(key=lambda each: list(sources).index(each.source))
    _pointed(workspace, found)
    _entities(workspace, tables, found, data=data)
    known = {name: table for name, table in tables.items() if table is not None}
    plan = None
    for one in project.each():
        found.project = one
        plan = _plan(one.spec, known, found) if len(known) == len(tables) else None
        if plan is not None and data and not found.glimpsed & plan.sources().keys():
            refuse_unlearnable(plan, known, found, room_of(workspace))
        _goals(one.spec, found)
        _order(one.spec, found)
    _unused(project, found)
    _lags(workspace, found)
    _ports(project, found)
    if project.spec.predicts:
        _approval(project.spec, found)
    _limit(workspace, found)
    leaked = key_in_git(project.root)
    check_money(project, workspace.book, workspace.chain.clock().date().isoformat(), found)
    return Checked(
        project=project.spec.project,
        ok=not found.problems and not any(s.broken for s in found.sources),
        problems=found.problems,
        warnings=[*found.warnings, *([leaked] if leaked else [])],
        features=len(plan.features) if plan else 0,
        inputs=[f.name for f in plan.inputs] if plan else [],
        sources=found.sources,
    )


def _plan(spec: ProjectSpec, tables: Mapping[str, pl.LazyFrame], found: Gathered) -> FeaturePlan | None:
    from treadle import expr
    from treadle.features import make_plan

    try:
        return make_plan(spec, {name: expr.column_types(frame) for name, frame in tables.items()})
    except SpecError as bad:
        found.refused(bad, "features")
        return None


@dataclass(frozen=True)
class _Held:
    """Where the rows of sources are looked at."""

    workspace: Workspace
    found: Gathered
    rooms: ExitStack
    others: Others

    def room(self) -> Path:
        return self.rooms.enter_context(room_of(self.workspace))


def _source(held: _Held, name: str, source: Source, *, data: bool) -> pl.LazyFrame | None:
    """The rows of a source that its contract keeps; None when it cannot be read."""
    from treadle.mapping import NotMade
    from treadle.sources import Scratch, expected, find, notes_of
    from treadle.stages.breaking import unmapped

    workspace, found, path = held.workspace, held.found, f"sources.{name}"
    contract, where = _contract(workspace, name, source, found), workspace.project.place(path)
    source = expected(source, contract.types) if contract is not None else source
    try:
        if source.new is None:
            rows = find(source, workspace.project.root, where=where)
            parts = large_parts(rows, contract, name, where, Scratch(held.room))
            if parts is not None:
                frame = _in_parts(held, name, source, parts, contract, rows.digest, data=data)
            else:
                frame = _whole(held, name, source, rows.rows(where), contract, rows.digest, data=data)
            for said in notes_of(rows):
                found.warning(f"{path}.{'map' if source.map else 'read'}", said)
        else:
            frame = _whole(held, name, source, _looked_at(workspace, name, source, found), contract, "", data=data)
    except NotMade as bad:
        found.refused(unmapped(workspace, name, bad, contract), path)
        return None
    except TreadleError as bad:
        of_contract = source.contract is not None and bad.where.startswith(f"{source.contract}:")
        found.refused(bad, f"{path}.{'contract' if of_contract else 'read'}")
        return None
    for each in misnamed(name, source, frame.collect(), contract):
        found.refused(each, path)
    return frame


def _whole(
    held: _Held, name: str, source: Source, frame: pl.LazyFrame, contract: Contract | None, files: str, *, data: bool
) -> pl.LazyFrame:
    """Rows that are held at once, or the first of them."""
    _unlike(held, name, frame.collect(), contract)
    if not data or name in held.found.glimpsed:
        return frame
    kept = _kept(held, name, source, frame, contract, files)
    held.others.keep(name, kept)
    return kept


def _in_parts(
    held: _Held, name: str, source: Source, parts: Parts, contract: Contract | None, files: str, *, data: bool
) -> pl.LazyFrame:
    """No rows: those of a large table are among `Gathered.large`, where they are asked for."""
    import polars as pl

    from treadle.sources import MappedParts

    _unlike(held, name, first_rows(parts), contract)
    if data and contract is not None:
        where, now = held.workspace.project.place(f"sources.{name}"), held.workspace.chain.clock()
        beside = held.others.beside(name, contract, files)
        kept, judged = held_in_parts(
            parts, contract, held.room(), now=now, keys=source.keys, where=where, beside=beside
        )
        _told(held.found, name, judged, contract, len(kept.schema))
        parts = kept
    elif data:
        if isinstance(parts, MappedParts):  # each value is converted once, as a run does
            deque(parts.read(), maxlen=0)
        columns = len(parts.schema)
        held.found.sources.append(SourceCheck(name, parts.rows, columns, rules=0, quarantined=0, broken=[]))
    if data:
        held.found.large[name] = parts
        held.others.keep(name, parts)
    return pl.LazyFrame(schema=parts.schema)


def _unlike(held: _Held, name: str, rows: pl.DataFrame, contract: Contract | None) -> None:
    """Raises DataError where something breaks that stood on the rows that were read last."""
    from treadle.stages.breaking import refuse_broken

    path = f"sources.{name}"
    for said in refuse_broken(held.workspace, name, rows, contract, held.workspace.project.place(path)):
        held.found.warning(path, said)


def _looked_at(workspace: Workspace, name: str, source: Source, found: Gathered) -> pl.LazyFrame:
    """The first rows of a source that is read in increments, held to what `new` says of it: a run reads it in parts, so
    a check need not read it whole.
    """
    from treadle.evidence.kinds.source_read import SourceRead
    from treadle.sources import definition_of, look, refuse_increment

    path = f"sources.{name}"
    seen = look(source, workspace.project.root, where=workspace.project.place(path))
    last = workspace.chain.last(SourceRead, subject=f"source/{name}")
    mark = last.payload.mark if last is not None else None
    if mark is not None and mark.definition != definition_of(source, workspace.project.root):
        mark = None  # a run would begin anew
    if set(source.keys) <= set(seen.rows.columns):  # else `misnamed` tells of it
        try:
            refuse_increment(source, seen.rows, mark, instants=seen.instants)
        except TreadleError as bad:
            found.refused(bad, f"{path}.new")
    if not seen.whole:
        found.glimpsed.add(name)
        rows, columns = seen.rows.shape
        found.sources.append(SourceCheck(name, rows, columns, rules=0, quarantined=0, broken=[], whole=False))
        said = f"only the first {rows:,} rows were looked at, which says nothing of others"
        found.warning(f"{path}.new", f"{said}; its contract is held when it is read" if source.contract else said)
    return seen.rows.lazy()


def _entities(workspace: Workspace, tables: dict[str, pl.LazyFrame | None], found: Gathered, *, data: bool) -> None:
    """The tables of each entity, among the others; none that could not be made."""
    import polars as pl

    from treadle.drafting.entities import made_of
    from treadle.spec.drawn import made_of as named

    spec = workspace.project.spec
    for name, entity in spec.entities.items():
        known = {source: table for source in entity.sources if (table := tables.get(source)) is not None}
        known |= {source: pl.concat(found.large[source].read()).lazy() for source in known.keys() & found.large.keys()}
        made: dict[str, pl.DataFrame] = {}
        try:
            if len(known) == len(entity.sources):
                made, notes = made_of(workspace, name, known, data=data)
                found.made(name, made, notes, seen=data, glimpsed=bool(found.glimpsed & known.keys()))
        except TreadleError as bad:
            found.refused(bad, f"entities.{name}")
        tables |= {table: made[table].lazy() if table in made else None for table in named(spec, name)}


def _contract(workspace: Workspace, name: str, source: Source, found: Gathered) -> Contract | None:
    from treadle.contracts import load

    try:
        return load(workspace.project.root / source.contract, source.contract) if source.contract else None
    except TreadleError as bad:
        found.refused(bad, f"sources.{name}.contract")
        return None


def _pointed(workspace: Workspace, found: Gathered) -> None:
    """Contracts that point to a source that is not there, or to each other in a circle."""
    from treadle.stages import contract_of
    from treadle.stages.beside import reading_order

    sources = workspace.project.spec.sources
    try:
        reading_order(workspace.project, {name: contract_of(workspace, sources[name]) for name in sources})
    except TreadleError as bad:
        found.refused(bad, "sources")


def _kept(
    held: _Held, name: str, source: Source, frame: pl.LazyFrame, contract: Contract | None, files: str
) -> pl.LazyFrame:
    from treadle.contracts import check

    found, now = held.found, held.workspace.chain.clock()
    if contract is None:
        rows, columns = frame.collect().shape
        found.sources.append(SourceCheck(name, rows, columns, rules=0, quarantined=0, broken=[]))
        return frame
    report = check(frame, contract, now=now, keys=source.keys, beside=held.others.beside(name, contract, files))
    _told(found, name, report, contract, len(report.good.columns))
    return report.good.lazy()


def _told(found: Gathered, name: str, report: Judged, contract: Contract, columns: int) -> None:
    unasked = [f"{said}; it is asked when both are read" for said in report.unasked if not said.endswith(NO_LAST)]
    for said in (*report.warnings, *unasked):
        found.warning(f"sources.{name}.contract", said)
    found.sources.append(
        SourceCheck(
            source=name,
            rows=report.rows,
            columns=columns,
            rules=len(contract.rules),
            quarantined=report.bad_rows,
            broken=list(report.broken),
        )
    )


def _approval(spec: ProjectSpec, found: Gathered) -> None:
    """Who may approve a release: nobody is a mistake, and only the one who asks is nearly one."""
    people = spec.brief.people
    if people.approve == "policy":
        return
    if not people.reviewers:
        found.problem(
            "brief.people",
            "a reviewer must approve each release, and none is named",
            "name `reviewers:`, or write `approve: policy`",
        )
    elif set(people.reviewers) == {people.owner}:
        found.warning(
            "brief.people.reviewers",
            f"{people.owner} owns the project and is its only reviewer, and nobody approves a release that they asked "
            "for: name another reviewer, run as someone else (--as), or write `approve: policy`",
        )


def _limit(workspace: Workspace, found: Gathered) -> None:
    """A limit of money must be one that money can be held against."""
    from treadle.stages.stating import refuse_unheld_cost

    try:
        refuse_unheld_cost(workspace)
    except TreadleError as bad:
        found.problem("brief.limits.train_cost", bad.what, bad.mend)


def _order(spec: ProjectSpec, found: Gathered) -> None:
    """Rows with a time that nobody said how to split are split at random: a model then learns from what came later."""
    predict = spec.predict
    if predict.at is not None and predict.split.by == "random" and not found.project.states("predict.split.by"):
        found.warning(
            "predict.at",
            "rows have a time, and are split at random, so that the model is judged on rows older than some it learnt "
            "from: write split: {by: time}, or split: {by: random} if you mean it",
        )


def _lags(workspace: Workspace, found: Gathered) -> None:
    """How old the rows are that a run read last, of sources that say how often they come."""
    from msgspec.structs import replace

    from treadle.evidence.kinds.source_read import SourceRead
    from treadle.stages.lateness import lag_of

    lags = dict[str, str]()
    for name, source in workspace.project.spec.sources.items():
        last = workspace.chain.last(SourceRead, subject=f"source/{name}") if source.every else None
        lag = lag_of(name, source, last, workspace.chain.clock()) if last else None
        if lag is not None:
            lags[name] = lag.said()
            if lag.late:
                found.warning(f"sources.{name}.every", lag.said())
    found.sources = [replace(each, lag=lags.get(each.source, "")) for each in found.sources]


def _ports(project: Project, found: Gathered) -> None:
    """Two servers on one port cannot run at once."""
    first: dict[int, str] = {}
    for name, spec in project.targets.items():
        port = spec.serve.port
        other = first.setdefault(port, name)
        if other != name:
            found.project = project.of(name)
            found.warning("predict.port", f"{name} is served on port {port}, as {other} is: give each a port")


def _unused(project: Project, found: Gathered) -> None:
    """What only a prediction would read, in a project of data alone."""
    if not project.spec.predicts:
        for part in ("features", "train", "serve", "watch.window", "experts"):
            if project.states(part):
                found.warning(part, f"nothing is predicted, so nothing reads `{part}`: state `predict`, or take it out")


def _goals(spec: ProjectSpec, found: Gathered) -> None:
    for metric in spec.brief.good_enough:
        if spec.predict.metric is not None and metric != spec.predict.metric:
            found.warning(
                f"brief.good_enough.{metric}",
                f"the search looks at {spec.predict.metric}, so it never stops for {metric}",
            )
