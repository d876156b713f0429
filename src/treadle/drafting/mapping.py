"""Propose where the columns of a source stand in a target schema, for a person to accept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.drafting.found import MapLine, MapProposed
from treadle.drafting.inserting import insert
from treadle.errors import DataError, SpecError, nearest
from treadle.spec.writing import scalar

if TYPE_CHECKING:
    import polars as pl

    from treadle.likeness import Described, Proposed
    from treadle.spec import Source
    from treadle.workspace import Workspace


def propose_map(
    workspace: Workspace, source: str, to: str | None, taken: Sequence[str], *, accept: bool
) -> MapProposed:
    """A line of the `map` of a source for each column of the target that is not mapped yet, with its score.

    to: another source, or the file of a contract; if not given, the source's own contract, else its last snapshot.
    taken: `TARGET=COLUMN`, lines that a person names whatever they score. accept: the sure ones and those named are
    written to the project file.

    Raises:
        DataError: there is no such source, target or column, or nothing to be mapped to.
    """
    stated = _source(workspace, source)
    rows = _rows(workspace, source, stated)
    said, target = _target(workspace, source, to)
    target = [each for each in target if each.name not in stated.map]
    from treadle.likeness import described, proposals

    columns = described(rows)
    found = [_line(each, stated) for each in proposals(columns, target)]
    found = _named(found, taken, rows.columns, [each.name for each in target])
    entries = {line.target: line.entry for line in found if line.accepted and line.entry}
    used = {line.column for line in found if line.column}
    if accept and entries:
        insert(workspace.project, source, entries)
    return MapProposed(
        source=source,
        to=said,
        lines=found,
        left=[name for name in rows.columns if name not in used and name not in _mapped_from(stated)],
        text="".join(f"{scalar(name)}: {entry}\n" for name, entry in entries.items()),
        file=workspace.project.file.name if accept and entries else "",
    )


def _source(workspace: Workspace, name: str) -> Source:
    sources = workspace.project.spec.sources
    if name not in sources:
        raise DataError(f'there is no source "{name}"', where="SOURCE", mend=nearest(name, sources))
    return sources[name]


def _rows(workspace: Workspace, name: str, source: Source) -> pl.DataFrame:
    """The first rows of a source as it has them, before anything is mapped."""
    from treadle.mapping import as_read
    from treadle.sources import look

    project = workspace.project
    return look(as_read(source), project.root, where=project.place(f"sources.{name}")).rows


def _target(workspace: Workspace, source: str, to: str | None) -> tuple[str, list[Described]]:
    """What is mapped to, in words, and what its columns are like."""
    from treadle.likeness import described

    sources = workspace.project.spec.sources
    if to in sources:
        kept = _kept(workspace, str(to))
        if kept is not None:
            return f"the last snapshot of {to}", described(kept)
        return f"{to}, as it is read now", described(_rows(workspace, str(to), sources[str(to)]))
    if to is not None or sources[source].contract:
        return _contract(workspace, source, to)
    kept = _kept(workspace, source)
    if kept is None:
        raise DataError(
            f"{source} has no contract, and was not read yet: nothing says what it is to be mapped to",
            where=workspace.project.place(f"sources.{source}"),
            mend="name a source or the file of a contract: --to NAME",
        )
    return f"the last snapshot of {source}", described(kept)


def _contract(workspace: Workspace, source: str, to: str | None) -> tuple[str, list[Described]]:
    """The columns of a contract; with the values of a snapshot that was held to it, where there is one."""
    from treadle.contracts import load
    from treadle.likeness import described, stated

    root, sources = workspace.project.root, workspace.project.spec.sources
    written = to if to is not None else str(sources[source].contract)
    place = next((each for each in (root / written, Path(written)) if each.is_file()), None)
    if place is None:
        mend = nearest(written, sources) or "name a source, or the file of a contract"
        raise DataError(f'"{written}" is no source, and no file of a contract', where="--to", mend=mend)
    contract = load(place)
    held = [name for name, each in sources.items() if each.contract and (root / each.contract) == place]
    kept = next((rows for rows in (_kept(workspace, name) for name in held) if rows is not None), None)
    known = {each.name: each for each in (described(kept) if kept is not None else [])}
    return f"the contract {contract.name}", [
        known.get(each.name, each) for each in stated(dict(contract.columns), {}) if each.name
    ]


def _kept(workspace: Workspace, name: str) -> pl.DataFrame | None:
    """The last snapshot of a source, if there is one."""
    from treadle.evidence.kinds.source_read import SourceRead

    last = workspace.chain.last(SourceRead, subject=f"source/{name}")
    if last is None or not workspace.chain.present(last.payload.table):
        return None
    return workspace.tables.read(last.payload.table)


def _mapped_from(source: Source) -> set[str]:
    from treadle.mapping import read_by

    return {column for columns in read_by(source.mapped).values() for column in columns}


def _line(found: Proposed, source: Source) -> MapLine:
    parts = [f"from: {scalar(found.column)}"]
    parts += [f"type: {found.type}"] if found.type else []
    parts += [f"unit: {{from: {scalar(found.unit[0])}, to: {scalar(found.unit[1])}}}"] if found.unit else []
    entry = scalar(found.column) if len(parts) == 1 else f"{{{', '.join(parts)}}}"
    if not found.column or (len(parts) == 1 and found.column == found.target and source.unmapped == "keep"):
        entry = ""  # nothing is like it; or it is called so, and is there
    return MapLine(
        target=found.target,
        column=found.column,
        score=found.score,
        why=list(found.why),
        second=found.second,
        second_score=found.second_score,
        entry=entry,
        accepted=found.sure,
    )


def _named(lines: list[MapLine], taken: Sequence[str], columns: Sequence[str], targets: Sequence[str]) -> list[MapLine]:
    """The lines with those that a person names; a column that is named for one target is no other's."""
    from msgspec.structs import replace

    chosen = dict[str, str]()
    for text in taken:
        target, sign, column = text.partition("=")
        if not sign:
            raise SpecError(f'"{text}" says no line', where="--take", mend="write TARGET=COLUMN")
        for name, known, what in ((target, targets, "the target"), (column, columns, "the source")):
            if name not in known:
                raise DataError(f'{what} has no column "{name}"', where="--take", mend=nearest(name, known))
        if column in chosen.values() or target in chosen:
            raise SpecError(f'"{text}" names what was named before', where="--take", mend="name each once")
        chosen[target] = column
    made = []
    for line in lines:
        column = chosen.get(line.target, "")
        if column and column != line.column:
            line = replace(line, column=column, score=0.0, why=["named by hand"], entry=scalar(column))
        elif not column and line.column in chosen.values():
            line = replace(
                line, column="", score=0.0, why=["its column is named for another"], entry="", accepted=False
            )
        made.append(replace(line, accepted=True) if column else line)
    return made
