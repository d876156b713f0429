"""Prove that nothing in the chain was edited, dropped or put in another order, and that what is stored is what it says.

What differs is named. Whatever stands in the catalog, the answer is a verdict and never a crash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from treadle.errors import EvidenceError
from treadle.evidence.checkpoints import Kept, faults_of
from treadle.evidence.decoding import decode
from treadle.evidence.entry import GENESIS, Entry
from treadle.evidence.expected import Expected, any_text
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.evidence.kinds.snapshots_removed import SnapshotsRemoved
from treadle.evidence.payload import Payload
from treadle.evidence.removals import Named, name_of, removals_in
from treadle.evidence.tiles import log_size
from treadle.evidence.tree import Rebuilt
from treadle.store import Blob, Ref, Snapshot

if TYPE_CHECKING:
    from treadle.evidence.chain import Chain

_COLUMNS = ("id", "kind", "subject", "run", "time", "actor", "status", "cache_key", "prev")
Checker = Callable[[Ref], list[str]]
_BACK = timedelta(hours=1)
"""So much earlier than the entry before it an entry may say to be: clocks of machines differ, and are put right."""
_MOST_REMARKS = 5


class Verdict(Struct, frozen=True):
    """`faults` is empty when the record holds; each fault names an entry by its number, or a stored thing.

    `artifacts`: how many stored tables and blobs were held to their hashes. `removed`: a sentence for each removal by
    retention, of snapshots that are not held to anything since. `remarks`: what is no fault, and wants an answer.
    """

    entries: int
    ok: bool
    faults: list[str]
    head: str
    artifacts: int = 0
    removed: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def verify(
    chain: Chain,
    *,
    expect: str | None = None,
    check: Checker | None = None,
    everything: bool = False,
    kept: Sequence[Sequence[Kept]] = (),
) -> Verdict:
    """Check every entry's hash, its link to the one before, the row's columns, the tree, and the head kept in a file.

    expect: a head hash noted down earlier (for one, from a release e-mail): it must be in the chain. check: tells what
    is wrong with a stored thing; those that a released model rests on are held to it, or `everything` that any entry
    made or used. kept: checkpoints signed earlier, which the log must extend; of each group the first is named that it
    does not extend.
    """
    from sqlalchemy import select, type_coerce
    from sqlalchemy.types import NullType

    from treadle.store.schema import entries

    faults: list[str] = []
    walk, views, names, clocks = _Walk(everything), Expected(), _Names(), _Clocks()
    prev, seq, head, seen = GENESIS, 0, GENESIS, set()
    noted = _noted_head(chain)  # before the entries are read: others may write meanwhile
    columns = [type_coerce(column, NullType()).label(column.name) for column in entries.c]
    with chain.engine.connect() as connection, any_text(connection):
        tree = Rebuilt((each.checkpoint.size for group in kept for each in group), _projected(connection))
        for row in connection.execute(select(*columns).order_by(entries.c.seq)):
            seq += 1
            if not isinstance(row.seq, int):
                faults.append(f"an entry has the number {row.seq!r}, which is none")
                continue
            if row.seq != seq:
                gap = f"{seq}" if row.seq == seq + 1 else f"{seq} to {row.seq - 1}"
                faults.append(f"entry {gap} is missing (dropped)")
                seq = row.seq
            found, wrong = _entry_of(row, prev)
            faults.extend(wrong)
            if found is not None:
                walk.add(found)
                clocks.add(found)
                faults.extend(names.twice(found))
                try:
                    views.add(found)
                except (ArithmeticError, TypeError, ValueError) as bad:
                    faults.append(f"entry {row.seq} cannot be summed: {type(bad).__name__}")
            tree.add(row.seq, row.body)
            prev = head = str(row.hash)
            seen.add(head)
        faults.extend(tree.tile_faults(connection))
        faults.extend(views.faults(connection))
    faults.extend(_tail_faults(chain, noted, seq, seen))
    faults.extend(said for group in kept for said in faults_of(group, tree.heads, seq))
    if expect is not None and expect not in seen:
        faults.append(f"the expected head {expect[:12]}… is not in the chain: entries were dropped or rewritten")
    artifacts, removed, wrong = _held(walk, check)
    faults.extend(wrong)
    ok, remarks = not faults, clocks.remarks()
    return Verdict(entries=seq, ok=ok, faults=faults, head=head, artifacts=artifacts, removed=removed, remarks=remarks)


def _held(walk: _Walk, check: Checker | None) -> tuple[int, tuple[str, ...], list[str]]:
    """How many stored things were held to what is kept of them, which were removed, and what is wrong."""
    if check is None:
        return 0, (), []
    stored, removed = walk.stored()
    return len(stored), removed, [f"{said} (entry {maker})" for ref, maker in stored for said in check(ref)]


def _entry_of(row: Any, prev: str) -> tuple[Entry[Payload] | None, list[str]]:
    body, sealed, number = row.body, row.hash, row.seq
    if not isinstance(body, bytes | memoryview):
        return None, [f"entry {number} was edited: its content is {type(body).__name__} and no longer bytes"]
    body = bytes(body)
    if hashlib.sha256(body).hexdigest() != sealed:
        return None, [f"entry {number} was edited: its content no longer has its hash"]
    try:
        entry = decode(body, sealed)
    except EvidenceError as bad:
        return None, [f"entry {number}: {bad.what}"]
    except Exception as bad:
        # whatever somebody wrote there: a verdict, and never a crash
        return None, [f"entry {number} cannot be read: {type(bad).__name__}"]
    faults = []
    if entry.seq != number:
        faults.append(f"entry {number} was put in another order: it was written as entry {entry.seq}")
    if entry.prev != prev:
        faults.append(f"entry {number} does not follow the entry before it (edited, dropped or reordered before it)")
    faults.extend(
        f"entry {number} was edited: its column {name} differs from its content"
        for name in _COLUMNS
        if getattr(entry, name) != getattr(row, name)
    )
    return entry, faults


class _Walk:
    """What a released model rests on: from the releases that stand, back over what each entry used."""

    def __init__(self, everything: bool) -> None:
        self._everything = everything
        self._stored: dict[str, tuple[Ref, int]] = {}
        self._uses: dict[int, tuple[Ref, ...]] = {}
        self._made: dict[int, tuple[Ref, ...]] = {}
        self._makers: dict[tuple[str, str], list[int]] = {}
        """By content and table; by content alone, without a table, too."""
        self._released: list[int] = []
        self._removed: list[Entry[SnapshotsRemoved]] = []
        self._last: dict[Named, int] = {}

    def add(self, entry: Entry[Payload]) -> None:
        if entry.status != "done":
            return
        if isinstance(entry.payload, SnapshotsRemoved):
            self._removed.append(entry)  # type: ignore[arg-type]
        self._last |= {name_of(ref): entry.seq for ref in entry.made if isinstance(ref, Snapshot)}
        if self._everything:
            self._keep((*entry.uses, *entry.made), entry.seq)
            return
        self._uses[entry.seq], self._made[entry.seq] = entry.uses, entry.made
        self._makers.setdefault((entry.hash, ""), []).append(entry.seq)
        for ref in entry.made:
            for table in {"", _table(ref)}:
                self._makers.setdefault((ref.content, table), []).append(entry.seq)
        if isinstance(entry.payload, ReleaseMade | ReleaseRolledBack):
            self._released.append(entry.seq)  # also an earlier one: a rollback may serve it again

    def _keep(self, refs: Iterable[Ref], seq: int) -> None:
        for ref in refs:
            if isinstance(ref, Snapshot | Blob):
                place = f"{ref.table}/{ref.version}" if isinstance(ref, Snapshot) else ""
                self._stored.setdefault(f"{ref.content}/{place}", (ref, seq))

    def stored(self) -> tuple[list[tuple[Ref, int]], tuple[str, ...]]:
        """What is held to its hash, each with the entry that named it first; and what was said to be removed instead.

        A snapshot that was made again after its removal is held like any other.
        """
        self._collect()
        gone, told = removals_in(self._removed), dict[int, list[Snapshot]]()
        kept = []
        for ref, seq in self._stored.values():
            removal = gone.get(name_of(ref)) if isinstance(ref, Snapshot) else None
            if removal is None or not isinstance(ref, Snapshot) or self._last.get(name_of(ref), 0) > removal.seq:
                kept.append((ref, seq))
            else:
                told.setdefault(removal.seq, []).append(ref)
        said = {each.seq: each for each in gone.values()}
        return kept, tuple(f"{_several(refs)} {said[seq].said()}" for seq, refs in sorted(told.items()))

    def _collect(self) -> None:
        waiting, seen = list(self._released), set()
        while waiting:
            seq = waiting.pop()
            if seq in seen:
                continue
            seen.add(seq)
            self._keep((*self._uses[seq], *self._made[seq]), seq)
            for ref in self._uses[seq]:
                waiting.extend(self._maker(ref, _table(ref), seq) or self._maker(ref, "", seq))

    def _maker(self, ref: Ref, table: str, before: int) -> list[int]:
        """The newest that made it in that table, if any did."""
        return [maker for maker in self._makers.get((ref.content, table), ()) if maker < before][-1:]


def _table(ref: Ref) -> str:
    return ref.table if isinstance(ref, Snapshot) else ""


def _several(refs: Sequence[Snapshot]) -> str:
    first = f"table {refs[0].table} version {refs[0].version}"
    return first if len(refs) == 1 else f"{first}, with {len(refs) - 1:,} more,"


def _projected(connection: Any) -> int:
    """How many entries the tiles should hold: all that the views do."""
    from sqlalchemy import select

    from treadle.store.schema import projected

    found = connection.execute(select(projected.c.size).where(projected.c.name == "views")).scalar()
    return max(found if isinstance(found, int) else 0, log_size(connection))


class _Clocks:
    """Entries that say to be earlier than the one before. Their order is proved; their times are what a clock said."""

    def __init__(self) -> None:
        self._before: tuple[int, datetime] | None = None
        self._told: list[str] = []

    def add(self, entry: Entry[Payload]) -> None:
        try:
            said = datetime.fromisoformat(entry.time)
        except (TypeError, ValueError):  # put in by hand
            return
        time = said if said.tzinfo is not None else said.replace(tzinfo=UTC)
        if self._before is not None and self._before[1] - time >= _BACK:
            seq, newer = self._before
            self._told.append(
                f"entry {entry.seq} says {entry.time[:19]}, which is {_span(newer - time)} before entry {seq}: the "
                "clock was set back, or was wrong before"
            )
        self._before = entry.seq, time

    def remarks(self) -> tuple[str, ...]:
        more = len(self._told) - _MOST_REMARKS
        return (*self._told[:_MOST_REMARKS], *([f"and {more:,} more whose time lies so"] if more > 0 else []))


def _span(back: timedelta) -> str:
    """
    >>> _span(timedelta(days=31)), _span(timedelta(hours=1))
    ('31 days', '1 hour')
    """
    hours = int(back.total_seconds() // 3600)
    number, unit = (hours // 24, "day") if hours >= 48 else (hours, "hour")
    return f"{number:,} {unit}{'s' * (number != 1)}"


class _Names:
    """Names of versions: each is given once."""

    def __init__(self) -> None:
        self._given: dict[str, tuple[int, str]] = {}

    def twice(self, entry: Entry[Payload]) -> list[str]:
        if not isinstance(entry.payload, ModelPacked) or entry.status != "done":
            return []
        name, bundle = entry.payload.model, entry.payload.bundle.digest
        first, known = self._given.setdefault(name, (entry.seq, bundle))
        # version 0.1, which kept no list of code, could give a name twice
        if first == entry.seq or known == bundle or not entry.code:
            return []
        return [f"entry {entry.seq} gives the name {name} to another bundle than entry {first}"]


def _noted_head(chain: Chain) -> tuple[int, str] | str | None:
    """What the head file says: number and hash, or what is wrong with it; None where there is none."""
    if chain.head_file is None or not chain.head_file.is_file():
        return None
    try:
        number, sealed = chain.head_file.read_text(encoding="ascii").split()
        return int(number), sealed
    except (ValueError, OSError) as bad:
        return f"the head file {chain.head_file.name} cannot be read ({bad}): the end cannot be checked"


def _tail_faults(chain: Chain, noted: tuple[int, str] | str | None, last: int, seen: set[str]) -> list[str]:
    if chain.head_file is None:
        return []
    if noted is None:
        return [] if last == 0 else [f"the head file {chain.head_file.name} is missing: the end cannot be checked"]
    if isinstance(noted, str):
        return [noted]
    written, sealed = noted
    if sealed in seen:
        return []
    if written > last:
        return [f"entries {last + 1} to {written} are missing at the end (dropped)"]
    return [f"entry {written} is not the one that was written last: the chain was rewritten"]
