"""Check a project and keep nothing of it: whatever a later command would refuse is refused here, with a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from treadle.drafting.found import Checked, SourceCheck
from treadle.drafting.suggested import MOST_CLASSES, alike_said
from treadle.errors import SpecError, TreadleError, nearest
from treadle.spec import Project, ProjectSpec, Source

if TYPE_CHECKING:
    import polars as pl

    from treadle.contracts import Contract
    from treadle.features import FeaturePlan
    from treadle.sources import Found as FoundRows
    from treadle.workspace import Workspace


def check_project(workspace: Workspace, *, data: bool) -> Checked:
    """Types, names and expressions always; with `data` also the rows: their contracts, and whether they teach.

    Raises:
        SpecError: what loading the file refuses.
    """
    project = workspace.project
    found = _Found(project)
    tables = {name: _source(workspace, name, source, found, data=data) for name, source in project.spec.sources.items()}
    _pointed(workspace, found)
    _entities(workspace, tables, found, data=data)
    known = {name: table for name, table in tables.items() if table is not None}
    plan = None
    for one in project.each():
        found.project = one
        plan = _plan(one.spec, known, found) if len(known) == len(tables) else None
        if plan is not None and data and not found.glimpsed & plan.sources().keys():
            _learnable(plan, known, found)
        _goals(one.spec, found)
        _order(one.spec, found)
    _lags(workspace, found)
    _ports(project, found)
    _approval(project.spec, found)
    _limit(workspace, found)
    return Checked(
        project=project.spec.project,
        ok=not found.problems and not any(s.broken for s in found.sources),
        problems=found.problems,
        warnings=found.warnings,
        features=len(plan.features) if plan else 0,
        inputs=[f.name for f in plan.inputs] if plan else [],
        sources=found.sources,
    )


def _plan(spec: ProjectSpec, tables: Mapping[str, pl.LazyFrame], found: _Found) -> FeaturePlan | None:
    from treadle import expr
    from treadle.features import make_plan

    try:
        return make_plan(spec, {name: expr.column_types(frame) for name, frame in tables.items()})
    except SpecError as bad:
        found.refused(bad, "features")
        return None


@dataclass
class _Found:
    """What a check has found so far; each text begins with its place in the project file."""

    project: Project
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sources: list[SourceCheck] = field(default_factory=list)
    glimpsed: set[str] = field(default_factory=set)
    """Sources of which only the first rows were looked at."""

    def problem(self, path: str, what: str, mend: str = "") -> None:
        said = f"{self.project.place(path)}: {what}{f' ({mend})' if mend else ''}"
        if said not in self.problems:  # what several targets share is told once
            self.problems.append(said)

    def warning(self, path: str, what: str) -> None:
        said = f"{self.project.place(path)}: {what}"
        if said not in self.warnings:
            self.warnings.append(said)

    def made(
        self, name: str, tables: Mapping[str, pl.DataFrame], notes: tuple[str, ...], *, seen: bool, glimpsed: bool
    ) -> None:
        """The tables of an entity; only some of its rows were seen where a source was glimpsed."""
        if seen:
            rows, columns = tables[name].shape
            self.sources.append(SourceCheck(name, rows, columns, rules=0, quarantined=0, broken=[], whole=not glimpsed))
        if glimpsed:
            self.glimpsed |= tables.keys()
        for note in notes:
            self.warning(f"entities.{name}", note)

    def refused(self, error: TreadleError, path: str) -> None:
        """What a step refused. Where its own place is in the project file, that counts; else `path` does."""
        head, _, rest = error.where.partition(":")
        if head.split(".")[0] in ProjectSpec.__struct_encode_fields__:
            path, inside = head, rest.strip()
        else:
            inside = "" if error.where.startswith(self.project.file.name) else error.where
        for fault in error.faults:
            self.problem(fault.where or path, fault.what, fault.mend)
        if error.faults:
            return
        if not any(f": {path}" in told for told in self.problems):  # the plan stops at what was told of a source
            self.problem(path, f"{f'{inside}: ' if inside else ''}{error.what}", error.mend)


def _source(workspace: Workspace, name: str, source: Source, found: _Found, *, data: bool) -> pl.LazyFrame | None:
    """The rows of a source that its contract keeps; None when it cannot be read."""
    from treadle.mapping import NotThere
    from treadle.sources import read
    from treadle.stages.breaking import refuse_broken, unmapped

    path = f"sources.{name}"
    contract, where = _contract(workspace, name, source, found), workspace.project.place(path)
    try:
        if source.new is None:
            frame = _taken(name, read(source, workspace.project.root, where=where), found)
        else:
            frame = _looked_at(workspace, name, source, found)
        for said in refuse_broken(workspace, name, frame.collect(), contract, where):
            found.warning(path, said)
        if data and name not in found.glimpsed:
            frame = _held(workspace, name, source, frame, contract, found)
    except NotThere as bad:
        found.refused(unmapped(workspace, name, bad, contract), path)
        return None
    except TreadleError as bad:
        found.refused(bad, f"{path}.read")
        return None
    _columns(name, source, frame, found)
    return frame


def _taken(name: str, read: tuple[FoundRows, pl.LazyFrame], found: _Found) -> pl.LazyFrame:
    """The rows of a source that is read whole; what its mapping has to tell is told."""
    from treadle.sources import MappedRows

    for said in read[0].notes if isinstance(read[0], MappedRows) else ():
        found.warning(f"sources.{name}.map", said)
    return read[1]


def _looked_at(workspace: Workspace, name: str, source: Source, found: _Found) -> pl.LazyFrame:
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
    if set(source.keys) <= set(seen.rows.columns):  # else `_columns` tells of it
        try:
            refuse_increment(source, seen.rows, mark)
        except TreadleError as bad:
            found.refused(bad, f"{path}.new")
    if not seen.whole:
        found.glimpsed.add(name)
        rows, columns = seen.rows.shape
        found.sources.append(SourceCheck(name, rows, columns, rules=0, quarantined=0, broken=[], whole=False))
        said = f"only the first {rows:,} rows were looked at, which says nothing of others"
        found.warning(f"{path}.new", f"{said}; its contract is held when it is read" if source.contract else said)
    return seen.rows.lazy()


def _entities(workspace: Workspace, tables: dict[str, pl.LazyFrame | None], found: _Found, *, data: bool) -> None:
    """The tables of each entity, among the others; none that could not be made."""
    from treadle.drafting.entities import made_of
    from treadle.spec.drawn import made_of as named

    spec = workspace.project.spec
    for name, entity in spec.entities.items():
        known = {source: table for source in entity.sources if (table := tables.get(source)) is not None}
        made: dict[str, pl.DataFrame] = {}
        try:
            if len(known) == len(entity.sources):
                made, notes = made_of(workspace, name, known, data=data)
                found.made(name, made, notes, seen=data, glimpsed=bool(found.glimpsed & known.keys()))
        except TreadleError as bad:
            found.refused(bad, f"entities.{name}")
        tables |= {table: made[table].lazy() if table in made else None for table in named(spec, name)}


def _contract(workspace: Workspace, name: str, source: Source, found: _Found) -> Contract | None:
    from treadle.contracts import load

    try:
        return load(workspace.project.root / source.contract) if source.contract else None
    except TreadleError as bad:
        found.refused(bad, f"sources.{name}.contract")
        return None


def _pointed(workspace: Workspace, found: _Found) -> None:
    """Contracts that point to a source that is not there, or to each other in a circle."""
    from treadle.stages import contract_of
    from treadle.stages.beside import reading_order

    sources = workspace.project.spec.sources
    try:
        reading_order(workspace.project, {name: contract_of(workspace, sources[name]) for name in sources})
    except TreadleError as bad:
        found.refused(bad, "sources")


def _held(
    workspace: Workspace, name: str, source: Source, frame: pl.LazyFrame, contract: Contract | None, found: _Found
) -> pl.LazyFrame:
    from treadle.contracts import check

    if contract is None:
        rows, columns = frame.collect().shape
        found.sources.append(SourceCheck(name, rows, columns, rules=0, quarantined=0, broken=[]))
        return frame
    report = check(frame, contract, now=workspace.chain.clock(), keys=source.keys)
    for said in (*report.warnings, *(f"{said}; a run asks it" for said in report.unasked)):
        found.warning(f"sources.{name}.contract", said)
    found.sources.append(
        SourceCheck(
            source=name,
            rows=report.rows,
            columns=len(report.good.columns),
            rules=len(contract.rules),
            quarantined=report.bad_rows,
            broken=list(report.broken),
        )
    )
    return report.good.lazy()


def _columns(name: str, source: Source, frame: pl.LazyFrame, found: _Found) -> None:
    """A key names columns; `happened` and `known` are times."""
    from treadle import expr

    types = expr.column_types(frame)
    for index, column in enumerate(source.keys):
        path = f"sources.{name}.key" if isinstance(source.key, str) else f"sources.{name}.key[{index}]"
        if column not in types:
            found.problem(path, f'source {name} has no column "{column}"', nearest(column, types))
    for part, text in (("happened", source.happened), ("known", source.known)):
        if text is None:
            continue
        path = f"sources.{name}.{part}"
        try:  # a column as it is called, though it be a word of the language such as `when`; else an expression
            kind = types[text] if text in types else expr.parse(text, types, where=path).type
        except SpecError as bad:
            found.refused(bad, path)
            continue
        if kind not in ("timestamp", "date"):
            found.problem(path, f"a time is wanted here, and {text} is {kind}", "name a timestamp column")


def _learnable(plan: FeaturePlan, tables: Mapping[str, pl.LazyFrame], found: _Found) -> None:
    """Build the training table as a run would, and ask of it what training asks before it begins."""
    from treadle import features, training
    from treadle.scoring import task_of
    from treadle.stages.examples import teaching, training_table

    spec = found.project.spec
    wanted = {name: tables[name].select(sorted(columns)).collect() for name, columns in plan.sources().items()}
    try:
        frame = features.build(plan, wanted)
        _left_out(frame, found)
        table = training_table(plan, frame.filter(teaching(plan, frame)))
        task = task_of(spec.predict.kind, table.classes, levels=spec.predict.quantiles)
        training.check(table, task)
        for said in (*task.remarks(table.label), *_alike(spec, wanted[spec.predict.each])):
            found.warning("predict.label", said)
        training.costs_of(spec.brief.mistakes, table.classes)
        training.split(table, spec.predict, seed=spec.train.seed)
    except TreadleError as bad:
        first = bad.what.split("; ")[0]
        path = "features" if first.startswith("the feature") else "predict.label"
        found.refused(bad, "predict.label_known" if first.startswith("`known`") else path)


def _alike(spec: ProjectSpec, each: pl.DataFrame) -> list[str]:
    """Values of the columns that the label reads, where they are text and differ by capitals or blanks alone."""
    import polars as pl

    from treadle import expr

    read = sorted(expr.parse(spec.predict.label, expr.column_types(each)).columns)
    texts = [each.get_column(name).unique().drop_nulls() for name in read if each.schema[name] == pl.String]
    return [said for values in texts if len(values) <= MOST_CLASSES for said in alike_said(values.name, values)]


def _left_out(frame: pl.DataFrame, found: _Found) -> None:
    """Say how many rows a run leaves out, since they have no label or no time."""
    import polars as pl

    from treadle.features import AT, LABEL

    labelled = frame.filter(pl.col(LABEL).is_not_null())
    if frame.height - labelled.height:
        text = f"{frame.height - labelled.height:,} of {frame.height:,} rows have no label, and are left out"
        found.warning("predict.label", text)
    timeless = labelled.get_column(AT).null_count() if AT in frame.columns else 0
    if timeless:
        found.warning("predict.at", f"{timeless:,} rows have no time `at`, and are left out")


def _approval(spec: ProjectSpec, found: _Found) -> None:
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


def _limit(workspace: Workspace, found: _Found) -> None:
    """A limit of money must be one that money can be held against."""
    from treadle.stages.stating import refuse_unheld_cost

    try:
        refuse_unheld_cost(workspace)
    except TreadleError as bad:
        found.problem("brief.limits.train_cost", bad.what, bad.mend)


def _order(spec: ProjectSpec, found: _Found) -> None:
    """Rows with a time that nobody said how to split are split at random: a model then learns from what came later."""
    predict = spec.predict
    if predict.at is not None and predict.split.by == "random" and not found.project.states("predict.split.by"):
        found.warning(
            "predict.at",
            "rows have a time, and are split at random, so that the model is judged on rows older than some it learnt "
            "from: write split: {by: time}, or split: {by: random} if you mean it",
        )


def _lags(workspace: Workspace, found: _Found) -> None:
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


def _ports(project: Project, found: _Found) -> None:
    """Two servers on one port cannot run at once."""
    first: dict[int, str] = {}
    for name, spec in project.targets.items():
        port = spec.serve.port
        other = first.setdefault(port, name)
        if other != name:
            found.project = project.of(name)
            found.warning("predict.port", f"{name} is served on port {port}, as {other} is: give each a port")


def _goals(spec: ProjectSpec, found: _Found) -> None:
    for metric in spec.brief.good_enough:
        if spec.predict.metric is not None and metric != spec.predict.metric:
            found.warning(
                f"brief.good_enough.{metric}",
                f"the search looks at {spec.predict.metric}, so it never stops for {metric}",
            )
