"""Prove that nothing in the chain was edited, dropped or put in another order; else name the place."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from treadle.evidence.entry import GENESIS, Entry

if TYPE_CHECKING:
    from treadle.evidence.chain import Chain


class Verdict(Struct, frozen=True):
    """`faults` is empty when the chain holds; each fault names an entry by its number."""

    entries: int
    ok: bool
    faults: list[str]
    head: str


def verify(chain: Chain, *, expect: str | None = None) -> Verdict:
    """Check every entry's hash, its link to the one before, the row's columns, and the head kept in a file.

    expect: a head hash noted down earlier (for one, from a release e-mail): it must be in the chain.
    """
    from sqlalchemy import select

    from treadle.store.catalog import entries

    faults: list[str] = []
    prev, seq, head, seen = GENESIS, 0, GENESIS, set()
    with chain.engine.connect() as connection:
        for row in connection.execute(select(entries).order_by(entries.c.seq)):
            seq += 1
            if row.seq != seq:
                gap = f"{seq}" if row.seq == seq + 1 else f"{seq} to {row.seq - 1}"
                faults.append(f"entry {gap} is missing (dropped)")
                seq = row.seq
            faults.extend(_faults_of(row, prev))
            prev = head = row.hash
            seen.add(row.hash)
    faults.extend(_tail_faults(chain, seq, seen))
    if expect is not None and expect not in seen:
        faults.append(f"the expected head {expect[:12]}… is not in the chain: entries were dropped or rewritten")
    return Verdict(entries=seq, ok=not faults, faults=faults, head=head)


def _faults_of(row: object, prev: str) -> list[str]:
    body, sealed, number = row.body, row.hash, row.seq  # type: ignore[attr-defined]
    if hashlib.sha256(body).hexdigest() != sealed:
        return [f"entry {number} was edited: its content no longer has its hash"]
    entry = msgspec.json.decode(body, type=Entry)
    faults = []
    if entry.seq != number:
        faults.append(f"entry {number} was put in another order: it was written as entry {entry.seq}")
    if entry.prev != prev:
        faults.append(f"entry {number} does not follow the entry before it (edited, dropped or reordered before it)")
    columns = ("id", "kind", "subject", "run", "time", "actor", "status", "cache_key", "prev")
    faults.extend(
        f"entry {number} was edited: its column {name} differs from its content"
        for name in columns
        if getattr(entry, name) != getattr(row, name)
    )
    return faults


def _tail_faults(chain: Chain, last: int, seen: set[str]) -> list[str]:
    if chain.head_file is None:
        return []
    if not chain.head_file.is_file():
        return [] if last == 0 else [f"the head file {chain.head_file.name} is missing: the end cannot be checked"]
    number, sealed = chain.head_file.read_text(encoding="ascii").split()
    if sealed in seen:
        return []
    if int(number) > last:
        return [f"entries {last + 1} to {number} are missing at the end (dropped)"]
    return [f"entry {number} is not the one that was written last: the chain was rewritten"]
