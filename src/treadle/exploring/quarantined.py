"""Rows that are set aside, looked into: how many of each source, and which, each with the rules that it broke."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from treadle.errors import DataError, SpecError, TreadleError, nearest
from treadle.evidence import Entry
from treadle.exploring.found import Aside, AsideBound, AsideDone, AsideListed, AsideRow, AsideRule, Broke, ShownAside
from treadle.stages import contract_of
from treadle.stages.quarantine import head_of, parts_of, standing

if TYPE_CHECKING:
    import polars as pl

    from treadle.workspace import Workspace

_DIGITS = 9
NOTHING_SAID: Mapping[str, str] = MappingProxyType({})


def list_aside(workspace: Workspace) -> AsideListed:
    """Every source with the rows that are set aside by now, by rule. No value of a row is told."""
    lines = []
    for name in workspace.project.spec.sources:
        with workspace.chain.reading() as reader:
            head = head_of(reader, name)
        if head is None:
            lines.append(Aside(name))
            continue
        parts = parts_of(workspace.blobs, head.aside, name)
        newest = head.change or head.read
        lines.append(
            Aside(
                source=name,
                rows=sum(part.height for part in parts),
                mended=sum(int(part["mended"].sum()) for part in parts if "mended" in part.columns),
                version=head.read.payload.table.version,
                time=newest.time,
                by=newest.actor,
                said=newest.said(),
                rules=_rules(parts, _said_now(workspace, name)),
            )
        )
    waits = next((line.source for line in lines if line.rows), None)
    shown = workspace.project.command(f"data quarantine show {waits}") if waits else ""
    return AsideListed(workspace.project.spec.project, lines, shown)


def _rules(parts: list[pl.DataFrame], said: Mapping[str, str] = NOTHING_SAID) -> list[AsideRule]:
    """said: what the rules of the contract say now."""
    import polars as pl

    met: dict[str, dict[str, int]] = {}
    for part in parts:  # the newest reading comes last
        each = part.select("broke").with_row_index("n").explode("broke").unnest("broke").unique(["n", "rule", "reason"])
        for rule, text, rows in each.group_by("rule", "reason").agg(pl.len()).sort("rule", "reason").iter_rows():
            counts = met.setdefault(rule, {})
            counts[text] = counts.pop(text, 0) + rows
    made = []
    for rule, counts in met.items():
        now = said.get(rule, list(counts)[-1])
        bounds = [AsideBound(text, rows) for text, rows in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]
        made.append(AsideRule(rule, now, sum(counts.values()), bounds if list(counts) != [now] else []))
    return sorted(made, key=lambda each: (-each.rows, each.rule))


def _said_now(workspace: Workspace, source: str) -> dict[str, str]:
    """What the rules of a source's contract say, as its file is; of one that cannot be read nothing."""
    try:
        contract = contract_of(workspace, workspace.project.spec.sources[source])
    except TreadleError:
        return {}
    return {rule.id: rule.text for rule in contract.rules} if contract is not None else {}


def show_aside(workspace: Workspace, source: str, rule: str | None, limit: int) -> ShownAside:
    """The rows of a source that are set aside, as they stand now, each with the rules that it broke.

    Raises:
        DataError: no row broke such a rule.
    """
    head = standing(workspace, source)
    parts = parts_of(workspace.blobs, head.aside, source)
    whole, known = sum(part.height for part in parts), sorted({each.rule for each in _rules(parts)})
    if rule is not None and rule not in known:
        raise DataError(
            f"no row of {source} that is set aside breaks a rule {rule}", where="--rule", mend=nearest(rule, known)
        )
    names = list(dict.fromkeys(name for part in parts for name in part["given"].struct.fields))
    parts = [part if rule is None else part.filter(_breaks(rule)) for part in parts]
    chosen, rows = sum(part.height for part in parts), list[AsideRow]()
    for part in parts:
        rows += _rows(part.head(limit - len(rows)))
    return ShownAside(
        source=source,
        columns=names,
        rows=rows,
        more=chosen - len(rows),
        all=whole,
        version=head.read.payload.table.version,
    )


def _breaks(rule: str) -> pl.Expr:
    import polars as pl

    return pl.col("broke").list.eval(pl.element().struct.field("rule") == rule).list.any()


def _rows(part: pl.DataFrame) -> list[AsideRow]:
    mended = part["mended"].to_list() if "mended" in part.columns else [False] * part.height
    return [
        AsideRow(
            row=int(row),
            values={str(name): None if value is None else str(value) for name, value in (given or {}).items()},
            broke=[Broke(e["rule"], e["column"], e["value"], e["reason"]) for e in broke],
            mended=bool(changed),
        )
        for row, given, broke, changed in zip(
            part["row"], part["given"].to_list(), part["broke"].to_list(), mended, strict=True
        )
    ]


def mend_aside(workspace: Workspace, source: str, sets: tuple[str, ...], where: str, reason: str) -> AsideDone:
    """See `treadle.stages.mending.mend`."""
    from treadle.stages.mending import mend, sets_of

    done = mend(workspace, source, sets_of(sets), where, reason)
    return _done(
        workspace, source, done, done.payload.rows, f"treadle data quarantine replay {source} {workspace.project.typed}"
    )


def drop_aside(workspace: Workspace, source: str, where: str, reason: str) -> AsideDone:
    """See `treadle.stages.mending.drop`."""
    from treadle.stages.mending import drop

    done = drop(workspace, source, where, reason)
    return _done(workspace, source, done, done.payload.rows)


def replay_aside(workspace: Workspace, source: str, reason: str) -> AsideDone:
    """See `treadle.stages.quarantine.replay`."""
    from treadle.stages import Work
    from treadle.stages.quarantine import replay

    standing(workspace, source)
    contract = contract_of(workspace, workspace.project.spec.sources[source])
    done = replay(Work(workspace), source, contract, reason)
    followed = done.payload.followed
    return _done(workspace, source, done, followed.rows if followed else 0, workspace.project.command_that_reads())


def undo_aside(workspace: Workspace, source: str, version: str, reason: str) -> AsideDone:
    """See `treadle.stages.quarantine.bring_back`."""
    from treadle.stages import Work
    from treadle.stages.quarantine import bring_back

    if not reason.strip():
        raise SpecError("nothing is undone without a reason", where="--reason", mend="say why: --reason TEXT")
    number = version.removeprefix(source).removeprefix("@")
    if not number.isdecimal() or len(number) > _DIGITS:
        raise DataError(f"{version!r} is no version", where=source, mend="treadle data history lists them: 12 or @12")
    done = bring_back(Work(workspace), source, int(number), reason)
    return _done(workspace, source, done, done.payload.table.rows)


def _done(workspace: Workspace, source: str, entry: Entry[Any], rows: int, next_: str = "") -> AsideDone:
    head = standing(workspace, source)
    left = sum(part.height for part in parts_of(workspace.blobs, head.aside, source))
    followed = getattr(entry.payload, "followed", None)
    return AsideDone(
        source=source,
        done=followed.done if followed is not None else entry.payload.done,
        rows=rows,
        left=left,
        version=head.read.payload.table.version,
        entry=entry.seq,
        by=entry.actor,
        next=next_,
    )
