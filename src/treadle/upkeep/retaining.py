"""Old snapshots that nothing needs are removed: by rules, priced before, and said in the record with who did it.

    1. under the record's lock: what each kept thing rests on is walked, and what goes is written down;
    2. only then are files removed, a table at a time, while nobody writes or reads it.

Killed between the two, the record says more than was done, and the next time goes on with what is left: a file that is
gone is always said to be gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from treadle.errors import SpecError, StoreError
from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.snapshots_removed import RemovedSnapshot, SnapshotsRemoved
from treadle.evidence.kinds.source_read import SourceRead
from treadle.evidence.removals import Named, name_of, removals
from treadle.spec.settings import Keep
from treadle.store import Snapshot
from treadle.upkeep.found import GoneSnapshot, KeptSnapshot, Retained
from treadle.upkeep.pinned import pins

if TYPE_CHECKING:
    from treadle.workspace import Workspace


@dataclass(frozen=True)
class _Made:
    """A snapshot, and the entry that made it last."""

    snapshot: Snapshot
    entry: Entry[Payload]


@dataclass(frozen=True)
class _Plan:
    """`why`: of what is kept, by its name. `newest`: of each table the greatest version that the record knows."""

    kept: list[_Made]
    gone: list[_Made]
    why: dict[Named, list[str]]
    newest: dict[str, int]

    def of(self, table: str) -> list[Snapshot]:
        return [made.snapshot for made in self.kept if made.snapshot.table == table]


def retain(workspace: Workspace, *, last: int | None, days: float | None, apply: bool) -> Retained:
    """Plan, or do, what the rules say: those of the workspace's settings, where none are given.

    Raises:
        SpecError: a rule that is none; or to be applied without any.
    """
    rules = _rules(workspace, last, days)
    if not apply:
        with workspace.chain.reading() as reader:
            plan = _plan(workspace, reader, rules)
        return _told(workspace, plan, rules, _sizes(workspace, plan))
    if rules.last is None and rules.days is None:
        raise SpecError(
            "no rule says which snapshots may go",
            where="keep",
            mend="say `keep: {last: 5, days: 30}` in settings.yaml, or give --last or --days",
        )
    with workspace.chain.alone() as alone:
        plan = _plan(workspace, alone, rules)
        sizes, entry = _sizes(workspace, plan), None
        if plan.gone:
            entry = alone.append(_fact(workspace, plan, rules, sizes), f"tables/{workspace.project.spec.project}")
    freed, waiting = _Sizes(), []
    for table in plan.newest:
        try:
            swept = workspace.tables.sweep(table, plan.of(table), plan.newest[table])
            freed = freed.with_more(swept.files, swept.bytes)
        except StoreError as bad:
            waiting.append(f"{table}: {bad.what}")
    return _told(workspace, plan, rules, freed, applied=True, entry=entry, waiting=waiting)


def _rules(workspace: Workspace, last: int | None, days: float | None) -> Keep:
    said = workspace.keep or Keep()
    if last is not None and last < 1:
        raise SpecError(f"{last} is no number of snapshots", where="--last", mend="the newest one always stays: give 1")
    if days is not None and not 0 <= days <= 100_000:
        raise SpecError(f"{days:g} is no number of days", where="--days", mend="give a number from 0")
    if last is None and days is None:
        return said
    return Keep(last=last, days=days, releases=said.releases)


def _said(rules: Keep) -> str:
    parts = [f"of each table the newest {rules.last:,}"] if rules.last is not None else []
    parts += [f"those of the last {rules.days:g} days"] if rules.days is not None else []
    return f"keep {' and '.join(parts)}" if parts else "no rule says what may go"


def _plan(workspace: Workspace, reader: Reader, rules: Keep) -> _Plan:
    gone_before, made = removals(reader), _made(workspace, reader)
    made = {
        name: each for name, each in made.items() if name not in gone_before or gone_before[name].seq < each.entry.seq
    }
    why = _why(workspace, made, rules)
    for name, reasons in pins(reader, rules.releases).items():
        if name in made:
            why.setdefault(name, []).extend(reasons)
    _together(made, why)
    newest: dict[str, int] = {}
    for each in made.values():
        table = each.snapshot.table
        newest[table] = max(newest.get(table, 0), each.snapshot.version)
    for table, version, _ in gone_before:
        if table in newest:
            newest[table] = max(newest[table], version)
    return _Plan(
        kept=[each for name, each in made.items() if name in why],
        gone=[each for name, each in made.items() if name not in why],
        why=why,
        newest=newest,
    )


def _made(workspace: Workspace, reader: Reader) -> dict[Named, _Made]:
    """Every snapshot of the project's tables with the entry that made it last, oldest first."""
    from sqlalchemy import select

    from treadle.store.schema import refs

    names = [one.project.address for one in workspace.each()] + [workspace.project.spec.project]
    found: dict[Named, _Made] = {}
    numbers = set[int]()
    for name in dict.fromkeys(names):
        query = select(refs.c.seq).where(refs.c.made == 1, refs.c.name >= f"{name}/", refs.c.name < f"{name}0")
        numbers |= {int(row[0]) for row in reader.connection.execute(query)}
    for entry in reader.by_seq(sorted(numbers)):
        for ref in entry.made if entry.status == "done" else ():
            if isinstance(ref, Snapshot):
                found.pop(name_of(ref), None)
                found[name_of(ref)] = _Made(ref, entry)
    return found


def _why(workspace: Workspace, made: dict[Named, _Made], rules: Keep) -> dict[Named, list[str]]:
    """What the rules keep, and why. Of each table the newest always stays."""
    since = workspace.chain.clock() - timedelta(days=rules.days) if rules.days is not None else None
    everything = rules.last is None and rules.days is None
    why: dict[Named, list[str]] = {}
    places: dict[str, int] = {}
    for name, each in reversed(made.items()):
        place = places[each.snapshot.table] = places.get(each.snapshot.table, 0) + 1
        reasons = ["the newest"] if place == 1 else []
        reasons += [f"among the newest {rules.last:,}"] if rules.last is not None and 1 < place <= rules.last else []
        reasons += (
            [f"of the last {rules.days:g} days"] if since and datetime.fromisoformat(each.entry.time) >= since else []
        )
        if everything and not reasons:
            reasons = ["no rule says that it may go"]
        if reasons:
            why[name] = reasons
    return why


def _together(made: dict[Named, _Made], why: dict[Named, list[str]]) -> None:
    """What was set aside in a reading goes with its rows: the two are one entry, which is used again whole or not."""
    for each in list(made.values()):
        payload = each.entry.payload
        if isinstance(payload, SourceRead) and payload.quarantine is not None and name_of(payload.table) in why:
            aside = name_of(payload.quarantine)
            if aside in made:
                why.setdefault(aside, []).append(f"goes with {payload.table.table} version {payload.table.version}")


@dataclass(frozen=True)
class _Sizes:
    files: int = 0
    bytes: int = 0

    def with_more(self, files: int, size: int) -> _Sizes:
        return _Sizes(self.files + files, self.bytes + size)


def _sizes(workspace: Workspace, plan: _Plan) -> _Sizes:
    """What is freed: files on the disk, whoever left them."""
    found = _Sizes()
    for table in plan.newest:
        swept = workspace.tables.sweep(table, plan.of(table), plan.newest[table], dry=True)
        found = found.with_more(swept.files, swept.bytes)
    return found


def _fact(workspace: Workspace, plan: _Plan, rules: Keep, sizes: _Sizes) -> SnapshotsRemoved:
    gone = (each.snapshot for each in plan.gone)
    return SnapshotsRemoved(
        rules=_said(rules),
        snapshots=tuple(RemovedSnapshot(each.table, each.version, each.fingerprint, each.rows) for each in gone),
        files=sizes.files,
        bytes=sizes.bytes,
        monthly=workspace.book.month_of(sizes.bytes),
    )


def _told(
    workspace: Workspace,
    plan: _Plan,
    rules: Keep,
    freed: _Sizes,
    *,
    applied: bool = False,
    entry: Entry[SnapshotsRemoved] | None = None,
    waiting: Sequence[str] = (),
) -> Retained:
    stays = {(each.snapshot.table, part.path) for each in plan.kept for part in each.snapshot.parts}
    whole = {
        (each.snapshot.table, part.path): part.size for each in (*plan.kept, *plan.gone) for part in each.snapshot.parts
    }
    project = workspace.project
    ruled = rules.last is not None or rules.days is not None
    return Retained(
        project=project.spec.project,
        rules=_said(rules),
        applied=applied,
        removed=[_gone(each, stays) for each in plan.gone],
        kept=[_kept(each, plan.why) for each in plan.kept],
        files=freed.files,
        bytes=freed.bytes,
        before=sum(whole.values()),
        monthly=float(workspace.book.month_of(freed.bytes).amount),
        currency=workspace.book.currency,
        book=f"{workspace.book.name} {workspace.book.date}",
        entry=None if entry is None else entry.seq,
        waiting=list(waiting),
        next=_next(workspace, rules, ruled=ruled, done=(applied and not waiting) or not (plan.gone or freed.files)),
    )


def _next(workspace: Workspace, rules: Keep, *, ruled: bool, done: bool) -> str:
    command = workspace.project.command("data retain")
    if not ruled:
        return f"{command} --last 5 --days 30, or `keep: {{last: 5, days: 30}}` in settings.yaml"
    given = f" --last {rules.last}" if rules.last is not None else ""
    given += f" --days {rules.days:g}" if rules.days is not None else ""
    return "" if done else f"{command}{given if rules != workspace.keep else ''} --apply"


def _gone(each: _Made, stays: set[tuple[str, str]]) -> GoneSnapshot:
    snapshot = each.snapshot
    alone = sum(part.size for part in snapshot.parts if (snapshot.table, part.path) not in stays)
    return GoneSnapshot(snapshot.table, snapshot.version, each.entry.time, snapshot.rows, alone)


def _kept(each: _Made, why: dict[Named, list[str]]) -> KeptSnapshot:
    snapshot = each.snapshot
    size = sum(part.size for part in snapshot.parts)
    reasons = list(dict.fromkeys(why[name_of(snapshot)]))
    return KeptSnapshot(snapshot.table, snapshot.version, each.entry.time, snapshot.rows, size, reasons)
