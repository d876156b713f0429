"""Files of tables moved to where they are kept cheapest, and brought back.

    1. the places that files come from and go to are asked, once for each two of them;
    2. under the record's lock: where each file would be kept cheapest is computed, and what is moved is written down;
    3. only then are files moved, a table at a time, each copy held to its hash before what it is of goes.

Killed between the last two, or with a table that is being read, the record says more than was done, and the next time
goes on with what is left. Where files lie is told by where they are found, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from treadle.costs import TierSum
from treadle.errors import SpecError, StoreError, TreadleError, nearest
from treadle.evidence import Reader
from treadle.evidence.kinds.files_moved import FilesMoved, MovedFile
from treadle.figures import counted
from treadle.money import money, to_billionth
from treadle.plans.tiers import Placed, Placing, placing_of
from treadle.store import HOT, Tiers
from treadle.tiering.found import Moved, MovedSnapshot, StaysSnapshot, TierLine

if TYPE_CHECKING:
    from treadle.workspace import Workspace

_MOST_DAYS = 100_000
_Ways = dict[tuple[str, str], StoreError | None]
"""See `treadle.store.Tiers.refuse_away`."""


@dataclass(frozen=True)
class _Asked:
    """`back`: bring back what is named, or all of it; else move by the plan."""

    days: int
    unused: float
    back: bool
    names: tuple[str, ...]

    def said(self) -> str:
        if self.back:
            return f"brought back: {', '.join(self.names) or 'all'}"
        return (
            f"what nobody made or used for {counted(self.unused, 'day')}, by the reads of {counted(self.days, 'day')}"
        )


def move(workspace: Workspace, *, days: int, unused: float, apply: bool) -> Moved:
    """Plan, or do, what is cheapest by how often each file was read.

    Raises:
        SpecError: the settings name no colder place; or a number that cannot be.
        StoreError: a place that files would go to is not there; nothing is written down then.
    """
    if not 0 <= unused <= _MOST_DAYS:
        raise SpecError(f"{unused:g} is no number of days", where="--unused", mend="give a number from 0")
    return _done(workspace, _Asked(days, unused, False, ()), apply=apply)


def bring_back(workspace: Workspace, names: Sequence[str], *, apply: bool) -> Moved:
    """Plan, or do, that files lie with their tables again: of the snapshots that are named, TABLE@VERSION, or of all.

    Raises:
        SpecError: the settings name no colder place; or there is no such snapshot.
    """
    return _done(workspace, _Asked(30, 0.0, True, tuple(names)), apply=apply)


def lying(workspace: Workspace) -> list[TierSum]:
    """What lies in each tier; none where there are no colder ones."""
    if workspace.tiers is None:
        return []
    found = placing_of(workspace, 30)
    sums = []
    for tier in found.tiers:
        mine = [each for each in found.files if each.lies == tier.figure.tier]
        monthly = sum((each.gb * tier.month for each in mine), Decimal(0))
        size = sum(each.part.size for each in mine)
        sums.append(TierSum(tier.figure.tier, len(mine), size, to_billionth(monthly), tier.figure.source))
    return sums


def _done(workspace: Workspace, asked: _Asked, *, apply: bool) -> Moved:
    placing = _placing(workspace, asked)
    told = _told(workspace, placing, asked)
    if not apply or not told.moves:
        return replace(told, next=_next(workspace, asked) if told.moves else "")
    ways = _refuse_away(workspace, _going(placing), {})  # a place that is away is waited for: not under the lock
    with workspace.chain.alone() as alone:
        placing = _placing(workspace, asked, alone)
        told = _told(workspace, placing, asked)
        goes = _going(placing)
        ways = _refuse_away(workspace, goes, ways)
        fact = FilesMoved(
            files=tuple(_file(each) for each in goes),
            monthly_before=money(told.before, workspace.book.currency),
            monthly_after=money(told.after, workspace.book.currency),
            because=asked.said(),
        )
        entry = alone.append(fact, f"tables/{workspace.project.spec.project}").seq if goes else None
    waiting = _carry(workspace, goes, placing, ways)
    return replace(told, applied=True, entry=entry, waiting=waiting, next=_next(workspace, asked) if waiting else "")


def _going(placing: Placing) -> list[Placed]:
    return [each for each in placing.files if each.to != each.lies]


def _refuse_away(workspace: Workspace, goes: Sequence[Placed], asked: _Ways) -> _Ways:
    """Before it is written down that files move there: a place that is away takes none. With what was asked before."""
    assert workspace.tiers is not None
    new = {(each.lies, each.to) for each in goes if each.to != HOT} - asked.keys()
    return asked | dict(workspace.tiers.refuse_away(sorted(new)))


def _file(each: Placed) -> MovedFile:
    return MovedFile(each.of.table, each.part.path, each.part.size, each.part.sha256, each.lies, each.to)


def _carry(workspace: Workspace, goes: Sequence[Placed], placing: Placing, ways: _Ways) -> list[str]:
    """Each table on its own: what one cannot give now is no reason to leave the others."""
    tiers, waiting = workspace.tiers, list[str]()
    assert tiers is not None
    for table in dict.fromkeys(each.of.table for each in goes):
        mine = [each for each in goes if each.of.table == table]
        since = max(each.of.version for each in placing.files if each.of.table == table)
        try:
            for tier in dict.fromkeys(each.to for each in mine):
                _to(tiers, table, [each for each in mine if each.to == tier], since, ways)
        except TreadleError as bad:
            if not isinstance(bad, StoreError) and len(mine) == len(goes) and not waiting:
                raise
            waiting.append(f"{table}: {bad.what}")
    return waiting


def _to(tiers: Tiers, table: str, mine: Sequence[Placed], since: int, ways: _Ways) -> None:
    tier = mine[0].to
    if tier == HOT:
        tiers.bring_back(table, [each.part for each in mine])
        return
    away = {each.lies: bad for each in mine if (bad := ways[each.lies, tier])}
    parts = [each.part for each in mine if each.lies not in away]
    if parts:
        tiers.move(table, parts, tier, since, {each.lies for each in mine} - away.keys())
    for bad in away.values():
        raise bad


def _placing(workspace: Workspace, asked: _Asked, reader: Reader | None = None) -> Placing:
    found = placing_of(workspace, asked.days, asked.unused, reader)
    if not asked.back:
        return found
    known = {name for each in found.files for name in each.every}
    odd = [name for name in asked.names if name not in known]
    if odd:
        mend = nearest(odd[0], known) or "write TABLE@VERSION"
        raise SpecError(f'no snapshot is called "{odd[0]}"', where="--snapshot", mend=mend)
    files = (replace(each, to=HOT if _meant(each, asked) else each.lies) for each in found.files)
    return replace(found, files=tuple(files))


def _meant(each: Placed, asked: _Asked) -> bool:
    return not asked.names or not set(asked.names).isdisjoint(each.every)


def _told(workspace: Workspace, found: Placing, asked: _Asked) -> Moved:
    goes = _going(found)
    once = sum((_once(found, each) for each in goes), Decimal(0))
    return Moved(
        project=workspace.project.spec.project,
        applied=False,
        back=asked.back,
        currency=workspace.book.currency,
        tiers=[_line(workspace, found, tier.figure.tier) for tier in found.tiers],
        moves=[_moved(several) for several in _by_snapshot(goes, lambda each: (each.lies, each.to))],
        stays=[
            _stays(several)
            for several in _by_snapshot(
                [each for each in found.files if each.to == each.lies], lambda each: (each.lies, each.why)
            )
        ],
        before=to_billionth(found.now()),
        after=to_billionth(found.then()),
        once=to_billionth(once),
        unknown=list(found.unknown),
    )


def _once(found: Placing, each: Placed) -> Decimal:
    """A copy is read back once, to be held to its hash; what lay in a tier is read out of it."""
    return found.back(each, each.to) + (found.back(each, each.lies) if each.lies != HOT else Decimal(0))


def _by_snapshot(files: Sequence[Placed], key: Callable[[Placed], tuple[str, str]]) -> list[list[Placed]]:
    found: dict[tuple[str, int, tuple[str, str]], list[Placed]] = {}
    for each in files:
        found.setdefault((each.of.table, each.of.version, key(each)), []).append(each)
    return [found[name] for name in sorted(found)]


def _moved(several: Sequence[Placed]) -> MovedSnapshot:
    first, size = several[0], sum(each.part.size for each in several)
    reads = max(each.reads for each in several)
    return MovedSnapshot(first.of.table, first.of.version, len(several), size, reads, first.lies, first.to)


def _stays(several: Sequence[Placed]) -> StaysSnapshot:
    first, size = several[0], sum(each.part.size for each in several)
    return StaysSnapshot(first.of.table, first.of.version, len(several), size, first.lies, first.why)


def _line(workspace: Workspace, found: Placing, name: str) -> TierLine:
    tier = found.tier(name)
    assert tier is not None and workspace.tiers is not None
    now, then = ([each for each in found.files if where(each) == name] for where in (_lies, _goes))
    return TierLine(
        tier=name,
        place=workspace.tiers.places.get(name, ""),
        price=tier.month,
        back=tier.retrieval,
        source=tier.figure.source,
        files=len(now),
        bytes=sum(each.part.size for each in now),
        monthly=to_billionth(sum((each.gb * tier.month for each in now), Decimal(0))),
        files_after=len(then),
        bytes_after=sum(each.part.size for each in then),
        monthly_after=to_billionth(sum((each.gb * tier.month for each in then), Decimal(0))),
    )


def _lies(each: Placed) -> str:
    return each.lies


def _goes(each: Placed) -> str:
    return each.to


def _next(workspace: Workspace, asked: _Asked) -> str:
    command = workspace.project.command("data move")
    if asked.back:
        return command + " --back" + "".join(f" --snapshot {name}" for name in asked.names) + " --apply"
    return f"{command} --days {asked.days} --unused {asked.unused:g} --apply"
