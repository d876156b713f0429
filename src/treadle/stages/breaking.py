"""A source that is not what it was: what of the project breaks by it, by name, told before any row is taken.

What the source gives now is held against its last snapshot: columns that are gone, or of a type that what reads them
does not take. A column that nothing reads breaks nothing, and a type that the contract states is the contract's matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from treadle import expr
from treadle.contracts import Contract, Rule
from treadle.errors import DataError, Fault, TreadleError
from treadle.evidence.kinds.source_read import SourceRead
from treadle.features import make_plan
from treadle.features.columns import Part, below, reads
from treadle.features.drawn import drawn
from treadle.mapping import NotMade, NotThere
from treadle.spec import Source, all_tables
from treadle.spec.writing import scalar
from treadle.store import File

if TYPE_CHECKING:
    import polars as pl

    from treadle.sources import RatesRead
    from treadle.spec import Project, ProjectSpec
    from treadle.workspace import Workspace

Schemas = dict[str, Mapping[str, expr.Type]]
_SHOWN, _LIKELY = 8, 0.5
NOTHING: Mapping[str, expr.Type] = MappingProxyType({})
_WORDS = {
    "int": "whole numbers",
    "float": "numbers",
    "str": "texts",
    "bool": "true or false",
    "date": "dates",
    "timestamp": "times",
}


@dataclass(frozen=True)
class Changed:
    """A column that is gone (`now` is empty), or that holds another type than it did."""

    column: str
    was: str
    now: str = ""
    odd: str = ""
    """Of texts in place of whole numbers the first that is none."""

    def said(self, source: str) -> str:
        if not self.now:
            return f"{source} no longer has {self.column}"
        like = f", such as {self.odd}" if self.odd else ""
        return f"{self.column} of {source} holds {_WORDS[self.now]} now{like}, and held {_WORDS[self.was]}"


@dataclass(frozen=True)
class Readers:
    """What reads a column: parts of the project and rules of its contract, which break; and released versions."""

    parts: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def breaks(self) -> bool:
        return bool(self.parts or self.rules)

    def said(self) -> str:
        found = _and_more([*self.parts, *(f'the rule "{rule}"' for rule in self.rules)])
        return found + (f"{', and so do' if found else ''} {_and_more(list(self.models))}" if self.models else "")


def refuse_broken(
    workspace: Workspace, source: str, rows: pl.DataFrame, contract: Contract | None, where: str
) -> tuple[str, ...]:
    """Refuse rows by which something breaks that stood on the last snapshot; else what is to be told of its columns.

    Raises:
        DataError: with what breaks by name, whom to ask, and the likely new name of each column that is gone.
    """
    last = workspace.chain.last(SourceRead, subject=f"source/{source}")
    if last is None or not workspace.chain.present(last.payload.table):
        return ()
    snapshot = last.payload.table
    before = workspace.tables.schema(snapshot)
    changed = [
        each
        for each in changes(before, rows, contract)
        if not each.now or workspace.tables.read(snapshot, [each.column])[each.column].null_count() < snapshot.rows
    ]
    notes = [f"new columns: {_and_more(new)}"] if (new := [n for n in rows.columns if n not in before]) else []
    if not changed:
        return tuple(notes)
    types = expr.column_types(rows)
    known = {each.column: readers(workspace, source, each.column, contract, types) for each in changed}
    broken = [each for each in changed if known[each.column].breaks]
    if broken:
        raise _refusal(workspace, source, rows, where, [(each, known[each.column]) for each in broken])
    for each in changed:
        found = known[each.column].said()
        notes.append(each.said(source) + (f", which {found} read" if found else ", which nothing reads"))
    return tuple(notes)


def unmapped(workspace: Workspace, source: str, bad: NotMade, contract: Contract | None) -> DataError:
    """The error of a mapping of whose columns some cannot be made: with what reads these columns."""
    faults = [_unmapped(workspace, source, each, contract) for each in (bad, *bad.others)]
    ask = _ask(workspace.project)
    if len(faults) == 1:
        return DataError(faults[0].what, where=faults[0].where, mend=f"{faults[0].mend}; {ask}")
    why = "has not what its columns are made of" if isinstance(bad, NotThere) else "holds what its columns cannot"
    what = f"{source} {why}; nothing was taken"
    return DataError(what, where=workspace.project.place(f"sources.{source}.map"), mend=ask, faults=faults)


def _unmapped(workspace: Workspace, source: str, bad: NotMade, contract: Contract | None) -> Fault:
    found = readers(workspace, source, bad.target, contract)
    gone = isinstance(bad, NotThere) and bad.gone
    said = f"{bad.what}, of which {bad.target} is made" if gone else bad.what
    said += f": {found.said()} read{_s(found)} {'it' if gone else bad.target}" if found.breaks else ""
    mend = _meant(workspace, source, bad) if isinstance(bad, NotThere) and gone else bad.mend
    return Fault(said, workspace.project.place(f"sources.{source}.map.{bad.target}"), mend)


def _meant(workspace: Workspace, source: str, bad: NotThere) -> str:
    """What to write in place of a column that is not there: the one that it was made of when it was read last; one that
    is written nearly so; or one that holds the like."""
    mapped = workspace.project.spec.sources[source].mapped[bad.target]
    whole = mapped.origin == bad.origin
    rows = bad.rows
    before = _made_of(workspace, source, bad.target) if whole else None
    if rows is not None and before is not None and before in rows.columns:
        return f"it was made of {before} when it was read last, and that is there: write from: {scalar(before)}"
    if not whole and bad.near:  # what an expression comes to need not be like what it reads
        return bad.mend
    likely = _likely(workspace, source, bad.target, rows, called=bad.origin) if rows is not None else None
    if likely and bad.near in ("", likely[0]):
        there = f"from: {scalar(likely[0])}" if whole else "that in its place"
        return f"it is probably called {likely[0]} now ({likely[1]}): write {there}"
    other = f" Its values are more like those of {likely[0]} ({likely[1]})" if likely else ""
    return f"{bad.mend}{other}"


class _Asked(Struct, frozen=True):
    """Of the input of a reading, what is looked at here."""

    source: Source


def _made_of(workspace: Workspace, source: str, target: str) -> str | None:
    """What a column was made of when the source was read last, where that was one column, and a reading tells it."""
    last = workspace.chain.last(SourceRead, subject=f"source/{source}")
    try:
        before = msgspec.json.decode(last.input, type=_Asked).source if last is not None else None
    except msgspec.MsgspecError:  # of a reading that goes on from another
        return None
    if before is None or (before.unmapped == "drop" and target not in before.mapped):
        return None
    return before.mapped[target].origin if target in before.mapped else target


def files_of_rates(rates: Sequence[RatesRead]) -> dict[str, File]:
    """What a reading was converted by, for the record."""
    return {each.written: File(each.written, each.digest) for each in rates}


def changes(before: pl.Schema, rows: pl.DataFrame, contract: Contract | None) -> list[Changed]:
    """Columns that are gone or of another type; one without a value may be of any."""
    types, now = expr.column_types(before), expr.column_types(rows)
    declared = contract.types if contract is not None else {}
    found = list[Changed]()
    for column in before:
        was = types.get(column)
        if column not in rows.columns:
            found.append(Changed(column, was or ""))
        elif (
            was is not None
            and column not in declared
            and rows.get_column(column).null_count() < rows.height
            and not _fits(was, now.get(column))
        ):
            odd = _odd(rows.get_column(column)) if was == "int" else ""
            found.append(Changed(column, was, now.get(column) or "str", odd))
    return found


def _odd(values: pl.Series) -> str:
    """The first text that is no whole number; nothing where all are, or where these are no texts."""
    import polars as pl

    if values.dtype != pl.String:
        return ""
    odd = values.filter(values.cast(pl.Int64, strict=False).is_null() & values.is_not_null())
    return str(odd[0])[:40] if len(odd) else ""


def _fits(was: expr.Type, now: expr.Type | None) -> bool:
    """Whether what read the one type can read the other: whole numbers and fractions, a date that became a time."""
    return was == now or {was, now} == {"int", "float"} or (was, now) == ("date", "timestamp")


def readers(
    workspace: Workspace, source: str, column: str, contract: Contract | None, now: Mapping[str, expr.Type] = NOTHING
) -> Readers:
    """What of the project, as its file says it now, reads a column of a source as it was read last. `now`: the columns
    that the source has by now, which the file may speak of already."""
    return Readers(
        parts=tuple(readers_of(workspace, source, [column], now)),
        rules=tuple(f"{rule.text} ({rule.where})" for rule in _rules(contract, column)),
        models=tuple(_released(workspace, Part("column", f"{source}.{column}"))),
    )


def _rules(contract: Contract | None, column: str) -> list[Rule]:
    rules = contract.rules if contract is not None else ()
    return [rule for rule in rules if column in (rule.column, *rule.columns)]


def _released(workspace: Workspace, part: Part) -> list[str]:
    """The versions that read it and are served, each with its endpoint. One whose bundle is gone has none to tell."""
    found = []
    for one in workspace.each():
        served = one.served_plan()
        if served is not None and below(reads(served[1]), part):
            found.append(f"{served[0]}, which {one.endpoint} serves")
    return found


def readers_of(
    workspace: Workspace, source: str, columns: Sequence[str], now: Mapping[str, expr.Type] = NOTHING
) -> list[str]:
    """Features, lookups, views and roles, such as the label, that read one of the columns, over the sources as they
    were read last; and what the source itself is read by.
    """
    schemas: Schemas = {}
    for name in all_tables(workspace.project.spec):
        last = workspace.chain.last(SourceRead, subject=f"source/{name}")
        if last is not None:
            schemas[name] = expr.column_types(workspace.tables.schema(last.payload.table))
    if source in schemas:
        schemas[source] = {**now, **schemas[source]}
    found = set(_of_the_source(workspace.project.spec, source, columns))
    for one in workspace.project.each():
        found.update(_in(one.spec, schemas, source, columns))
    return sorted(found)


def _of_the_source(spec: ProjectSpec, name: str, columns: Sequence[str]) -> list[str]:
    source = spec.sources[name]
    new = source.only_new
    named = {"key": source.keys, "happened": (source.happened,), "known": (source.known,)}
    named |= {"new.by": (new.by,), "new.deleted": (new.deleted,)} if new is not None else {}
    return [f"{part} of {name}" for part, each in named.items() if {*each} & {*columns}]


def _in(spec: ProjectSpec, schemas: Schemas, source: str, columns: Sequence[str]) -> set[str]:
    try:
        known = {**drawn(spec, schemas), **reads(make_plan(spec, schemas))}
    except (TreadleError, KeyError):  # a source that was never read, or a plan that is wrong for a reason of its own
        return set()
    broken = {part for column in columns for part in below(known, Part("column", f"{source}.{column}"))}
    return {_called(part, spec) for part in broken}


def _called(part: Part, spec: ProjectSpec) -> str:
    """A part as the project file names it."""
    head = part.name.partition(".")[0]
    if part.kind in ("view column", "rows of"):
        return f"view {head}" if head in spec.views else f"rows of {head}"
    if part.kind == "match of":
        return f"lookup {head}" if head in spec.features.lookup else f"window {head}"
    return f"{part.kind} {part.name}"


def _refusal(
    workspace: Workspace, source: str, rows: pl.DataFrame, where: str, broken: list[tuple[Changed, Readers]]
) -> DataError:
    faults, lines = list[Fault](), list[str]()
    gone = {each.column for each, _ in broken if not each.now}
    for each, found in broken:
        likely = _likely(workspace, source, each.column, rows) if each.column in gone else None
        mend = f"probably called {likely[0]} now ({likely[1]})" if likely else ""
        lines += [f"{scalar(each.column)}: {scalar(likely[0])}"] if likely else []
        faults.append(Fault(f"{each.said(source)}: {found.said()} read{_s(found)} it", mend=mend))
    way = f"if that is so, write map: {{{', '.join(lines)}}} under sources.{source}" if lines else ""
    other = "make it what it was at the source, or take what reads it out of the project"
    if any(each.odd for each, _ in broken):
        other = f"declare it in a contract (logicalType: integer), which sets odd rows aside; or {other}"
    mend = f"{'; else '.join(filter(None, (way, other)))}; {_ask(workspace.project)}"
    stands = "nothing was taken, and the last good snapshot stands"
    if len(faults) == 1:
        hint = f"; it is {faults[0].mend}" if faults[0].mend else ""
        return DataError(f"{faults[0].what}{hint}; {stands}", where=where, mend=mend)
    return DataError(f"{source} is not what it was; {stands}", where=where, mend=mend, faults=faults)


def _likely(
    workspace: Workspace, source: str, column: str, rows: pl.DataFrame, called: str = ""
) -> tuple[str, str] | None:
    """Of the columns that are new, the one that is most like one that is gone; with its score and why."""
    import polars as pl

    from treadle.likeness import described, proposals

    last = workspace.chain.last(SourceRead, subject=f"source/{source}")
    if last is None:
        return None
    before = workspace.tables.schema(last.payload.table)
    new = [name for name in rows.columns if name not in before]
    if column not in before or not new:
        return None
    known = workspace.tables.read(last.payload.table, [column])
    wanted = [each for name in filter(None, (column, called)) for each in described(known.rename({column: name}))]
    wanted = wanted or described(pl.DataFrame({column: []}))
    best = max(
        (found for each in wanted for found in proposals(described(rows, new), [each])), key=lambda found: found.score
    )
    if best.score < _LIKELY:
        return None
    return best.column, f"likeness {best.score:.2f}: {', '.join(best.why)}"


def _s(found: Readers) -> str:
    return "s" if len([*found.parts, *found.rules, *found.models]) == 1 else ""


def _ask(project: Project) -> str:
    people = project.spec.brief.people
    return f"ask {', '.join(dict.fromkeys((people.owner, *people.reviewers)))}"


def _and_more(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
