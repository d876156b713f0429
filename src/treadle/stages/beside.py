"""What the rows of a source are held beside, found in the record: other sources, and the last good snapshot.

The last good snapshot of a source is its newest one that was read from another delivery than the one at hand, whose
checks held, and that nobody rolled back: a batch that was refused made none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.contracts import Beside, Contract, Last, compared_with_last, others_of
from treadle.errors import DataError, SpecError, nearest
from treadle.evidence import Entry
from treadle.evidence.kinds.source_read import SourceRead
from treadle.store import File, Snapshot

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import Project
    from treadle.stages.work import Bench
    from treadle.workspace import Workspace


@dataclass(frozen=True)
class LastGood:
    """No reference, so that lineage does not lead from a model to rows that it was not made of. `name`: `shop@12`."""

    name: str
    snapshot: Snapshot


def reading_order(project: Project, contracts: Mapping[str, Contract | None]) -> list[str]:
    """The sources, each after those that its contract points to; else in the order of the project.

    Raises:
        SpecError: a contract points to a source that is not there, or two point to each other.
    """
    asked = {name: pointed_to(project, name, contract) for name, contract in contracts.items()}
    done, path = dict[str, None](), list[str]()

    def visit(name: str) -> None:
        if name in done:
            return
        if name in path:
            circle = [*path[path.index(name) :], name]
            raise SpecError(
                f"contracts point in a circle, so that none of these can be read first: {' to '.join(circle)}",
                where=asked[name][circle[1]],
                mend="leave one of these rules out, or ask it of the batch alone",
            )
        path.append(name)
        for other in asked[name]:
            visit(other)
        done[path.pop()] = None

    for name in asked:
        visit(name)
    return list(done)


def pointed_to(project: Project, name: str, contract: Contract | None) -> dict[str, str]:
    """The other sources that a contract names, with the place of the rule."""
    found = dict[str, str]()
    for rule in contract.rules if contract is not None else ():
        other = rule.foreign.source if rule.foreign is not None else rule.sums.source if rule.sums is not None else ""
        if not other or (other == name and rule.foreign is not None):
            continue
        if other == name:
            raise SpecError(
                "a sum is held against this very source", where=rule.where, mend="leave source: out; right: is a column"
            )
        if other not in project.spec.sources:
            raise SpecError(
                f'there is no source "{other}"', where=rule.where, mend=nearest(other, project.spec.sources)
            )
        found.setdefault(other, rule.where)
    return found


def others_now(workspace: Workspace, name: str, contract: Contract | None) -> dict[str, Snapshot]:
    """The newest snapshot of each other source that a contract asks for.

    Raises:
        DataError: one was not read yet.
    """
    if contract is None:
        return {}
    found = dict[str, Snapshot]()
    for other, where in pointed_to(workspace.project, name, contract).items():
        last = workspace.chain.last(SourceRead, subject=f"source/{other}")
        if last is None:
            raise DataError(
                f"{other} was not read yet, and the contract of {name} points to it",
                where=where,
                mend=f"{workspace.project.command_that_reads()} reads it first",
            )
        found[other] = last.payload.table
    return found


def last_good(workspace: Workspace, name: str, contract: Contract | None, files: str = "") -> LastGood | None:
    """The last good snapshot, if a rule asks for it and there is one. files: the digest of the delivery at hand."""
    if contract is None or compared_with_last(contract) is None:
        return None
    for entry, read in reversed(in_effect(workspace.chain.find(SourceRead, subject=f"source/{name}", status="done"))):
        table = entry.payload.table
        other = not files or files not in {ref.digest for ref in read.uses if isinstance(ref, File)}
        if other and workspace.chain.present(table):
            return LastGood(f"{name}@{table.version}", table)
    return None


def in_effect(entries: list[Entry[SourceRead]]) -> list[tuple[Entry[SourceRead], Entry[SourceRead]]]:
    """Of the entries of a source, oldest first, those that nobody rolled back; each with the one that read its rows."""
    known = {entry.hash: entry for entry in entries}
    stack = list[tuple[Entry[SourceRead], Entry[SourceRead]]]()
    for entry in entries:
        done = entry.payload.followed
        root = known.get(done.root, entry) if done is not None else entry
        if done is not None and any(each.hash == done.back for each, _ in stack):
            while stack and stack[-1][0].hash != done.back:
                stack.pop()
        stack.append((entry, root))
    return stack


def beside_of(
    bench: Bench,
    name: str,
    contract: Contract | None,
    others: Mapping[str, Snapshot],
    last: LastGood | None,
    kept: pl.DataFrame | None = None,
    *,
    adds: bool = False,
) -> Beside:
    """The rows themselves, of the columns that the contract asks for."""
    import polars as pl

    if contract is None:
        return Beside(name)
    asked = others_of(contract)
    frames = {other: _columns(bench, table, asked.get(other, ())) for other, table in others.items()}
    compared = compared_with_last(contract)
    found = None
    if last is not None and compared is not None:
        frame = _columns(bench, last.snapshot, compared) if compared else pl.DataFrame()
        found = Last(last.name, last.snapshot.rows, frame)
    known = {other: tuple(bench.tables.schema(table)) for other, table in others.items()}
    return Beside(name, frames, kept, last=found, adds=adds, known=known)


def _columns(bench: Bench, table: Snapshot, columns: tuple[str, ...]) -> pl.DataFrame:
    """Those that it has; that one is not there is said where it is asked for."""
    known = bench.tables.schema(table)
    return bench.read(table, [name for name in columns if name in known])
