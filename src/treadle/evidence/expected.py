"""What the views must hold, computed from the entries in plain Python: a second statement of what `views` does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from treadle.evidence.entry import Entry
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.payload import Payload
from treadle.evidence.words import words_of
from treadle.money import in_units
from treadle.store import Snapshot

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

_WRAP = 1 << 128


class Expected:
    """Add the entries in order, then ask `faults`. Rows are compared by a sum of hashes: it needs no memory."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str, str], list[Any]] = {}
        self._names: set[str] = set()
        self._rows = {"view_refs": 0, "view_versions": 0, "view_trials": 0, "view_texts": 0}

    def add(self, entry: Entry[Payload]) -> None:
        for made, refs in ((0, entry.uses), (1, entry.made)):
            for ref in refs:
                name = ref.table if isinstance(ref, Snapshot) else ""
                self._row("view_refs", entry.seq, made, ref.content[:64], name[:255])
        said = entry.payload
        if isinstance(said, ModelPacked) and said.model not in self._names:
            self._names.add(said.model)
            project = said.model.rpartition(":")[0]
            self._row("view_versions", said.model, project, said.bundle.digest, entry.seq)
        if isinstance(said, ModelsSearched):
            for t in said.trials:
                where = (entry.seq, t.number, entry.subject, entry.run)
                self._row("view_trials", *where, t.family, said.metric, t.value, t.state, t.seconds)
        found = said.searched(entry.input) if entry.status == "done" else ""
        if found:
            self._row("view_texts", entry.seq, " ".join(words_of(found)))
        self._money(entry)

    def _row(self, view: str, *values: Any) -> None:
        self._rows[view] = (self._rows[view] + _hash(values)) % _WRAP

    def _money(self, entry: Entry[Payload]) -> None:
        usage, price = entry.usage, entry.price
        if usage is None and price is None:
            return
        currency = price.money.currency if price else ""
        units, nanos = in_units(price.money.amount) if price else (0, 0)
        step, day = entry.kind, entry.time[:10]
        if isinstance(entry.payload, CostBooked):
            step, day = f"booked: {entry.payload.category}", entry.payload.due
        names = [("run", entry.run or "(no run)"), ("step", step), ("day", day), ("all", "")]
        names += [("who", f"{day[:7]} {entry.actor}"), ("what", f"{day[:7]} {entry.subject}"[:255])]
        if price and price.book:
            names.append(("book", price.book[:255]))
        for by, name in names:
            sums = self._sums.setdefault((by, name, currency), [0, 0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0.0, 0.0])
            sums[0] += 1
            sums[1] += 0 if price else 1
            if usage:
                sums[2] += usage.seconds
                sums[3] += usage.cpu_seconds
                sums[4] = max(sums[4], usage.peak_mb)
                sums[5] += usage.written_bytes
                sums[9] += usage.gpu_seconds
                sums[10] += usage.gpu_seconds if price is None or "gpu_hour" in price.lacks else 0.0
            sums[6] += units
            sums[7] += nanos
            sums[8] = entry.seq

    def faults(self, connection: Connection) -> list[str]:
        """A sentence for each view that says something else than the entries."""
        from treadle.store import schema

        if self._never_made(connection):
            return []
        out = [
            f"the view {table.name} was edited: it is not what the entries say"
            for table in (schema.refs, schema.versions, schema.trials, schema.texts)
            if _total(connection, table) != self._rows[table.name]
        ]
        if self._ledger(connection) != self._sums:
            out.append("the view view_ledger was edited: its sums are not those of the entries")
        return out

    def _never_made(self, connection: Connection) -> bool:
        """A catalog of version 0.1 has no views until it is written to."""
        from sqlalchemy import func, select

        from treadle.store.schema import VIEWS, projected

        counts = [connection.execute(select(func.count()).select_from(t)).scalar() for t in (projected, *VIEWS)]
        return not any(counts)

    def _ledger(self, connection: Connection) -> dict[tuple[str, str, str], list[Any]]:
        from treadle.store.schema import ledger

        return {
            (row.by, row.name, row.currency): [
                row.steps,
                row.unpriced,
                row.seconds,
                row.cpu_seconds,
                row.peak_mb,
                row.written_bytes,
                row.units,
                row.nanos,
                row.last,
                row.gpu_seconds,
                row.gpu_unpriced,
            ]
            for row in _plain(connection, ledger)
        }


def _hash(values: tuple[Any, ...]) -> int:
    return int.from_bytes(hashlib.blake2b(repr(values).encode(errors="replace"), digest_size=16).digest(), "big")


def _total(connection: Connection, table: Table) -> int:
    return sum(_hash(tuple(row)) for row in _plain(connection, table)) % _WRAP


def _plain(connection: Connection, table: Table) -> Iterator[Any]:
    """Rows as they lie in the database, whatever an edit made of their types."""
    from sqlalchemy import select, type_coerce
    from sqlalchemy.types import NullType

    columns = [type_coerce(column, NullType()).label(column.name) for column in table.c]
    yield from connection.execute(select(*columns))


@contextmanager
def any_text(connection: Connection) -> Iterator[None]:
    """Read text that an edit left as no UTF-8, instead of failing at its row."""
    raw: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        yield
        return
    before = raw.text_factory
    raw.text_factory = lambda content: content.decode(errors="surrogateescape")
    try:
        yield
    finally:
        raw.text_factory = before
