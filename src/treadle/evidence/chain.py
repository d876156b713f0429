"""The chain: append a fact, run a step once, find what was written."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import structs

from treadle.errors import EvidenceError
from treadle.evidence.decoding import decode, read
from treadle.evidence.entry import GENESIS, Body, Entry, Price, Usage, raw, seal
from treadle.evidence.observer import Observer, Silent
from treadle.evidence.payload import P, Payload, StepInput, refs_in
from treadle.evidence.reader import Q, Reader
from treadle.evidence.step import Step
from treadle.store import Ref

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


_COLUMNS = ("seq", "id", "kind", "subject", "run", "time", "actor", "status", "cache_key", "prev")
"""Of an entry in the catalog, beside its body and its hash."""


class Library(Protocol):
    """What the chain needs of a blob store: to keep the list of a step's code, and to read it again."""

    def put(self, content: bytes) -> str: ...

    def get(self, digest: str) -> bytes: ...

    def exists(self, digest: str) -> bool: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Chain:
    """An append-only, hash-chained log in the catalog. Safe for several processes at once.

    `actor` signs what is written; `price` turns a `Usage` into money; `present` tells whether a reference
    (a table version, a blob, a state) can still be read, so that a cached step whose product is gone is run again;
    `size` gives its bytes; `library` keeps what code a step could reach.
    """

    engine: Engine
    actor: str
    run: str = ""
    head_file: Path | None = None
    clock: Callable[[], datetime] = utc_now
    price: Callable[[Usage, datetime], Price | None] = lambda usage, at: None
    present: Callable[[Ref], bool] = lambda ref: True
    size: Callable[[Ref], int] = lambda ref: 0
    library: Library | None = None
    observer: Observer = field(default_factory=Silent)
    fresh: bool = False
    """True: run every step again, whatever the cache holds."""

    def catch_up(self) -> None:
        """Bring views and tiles up to date, after an upgrade; reads alone otherwise."""
        with self.reading() as reader:
            behind = reader.behind()
        if behind:
            with self.alone() as alone:
                alone.catch_up()

    def acting(self, actor: str) -> Chain:
        """The same chain, signed by another actor."""
        return replace(self, actor=actor)

    def append(self, payload: P, subject: str, *, price: Price | None = None, usage: Usage | None = None) -> Entry[P]:
        """Write one fact. `price`: what it cost, for what no machine was measured; or `usage`, of what no step could
        tell of itself, priced as that of a step is."""
        with self.alone() as alone:
            return alone.append(payload, subject, price=price, usage=usage)

    @contextmanager
    def alone(self) -> Iterator[Alone]:
        """The catalog's write lock: what is read inside is still true when what is appended inside is written."""
        with self.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
            alone = Alone(self, connection)
            yield alone
        if alone.written:
            self._note_head(alone.written[-1])

    def _note_head(self, entry: Entry[Payload]) -> None:
        """The head is also kept in a file, so that entries dropped from the end of the chain are missed.

        Written after the commit: a killed process leaves it behind the chain, never ahead of it.
        """
        if self.head_file is not None:
            part = self.head_file.with_suffix(f".{os.getpid()}.{uuid.uuid4().hex[:8]}.part")
            part.write_text(f"{entry.seq} {entry.hash}\n", encoding="ascii")
            part.replace(self.head_file)

    def step(self, asked: StepInput[P], subject: str = "", *, code: str = "", cache: bool = True) -> Step[P]:
        """A piece of work that is metered, logged, and not done again when nothing that it can read changed.

        asked: all that it may read; code: the module of the function that does the work, from which all that it can
        reach is computed.
        """
        return Step(self, asked, subject, code, cache)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Several questions to one state of the record."""
        with self.engine.connect() as connection:
            yield Reader(connection)

    def find(
        self,
        *kinds: type[Q],
        subject: str | None = None,
        run: str | None = None,
        cache_key: str | None = None,
        status: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> list[Entry[Q]]:
        """Entries that fit, oldest first unless told. Without a kind: of every kind."""
        with self.reading() as reader:
            return reader.find(
                *kinds,
                subject=subject,
                run=run,
                cache_key=cache_key,
                status=status,
                newest_first=newest_first,
                limit=limit,
            )

    def last(self, *kinds: type[Q], subject: str | None = None, status: str = "done") -> Entry[Q] | None:
        found = self.find(*kinds, subject=subject, status=status, newest_first=True, limit=1)
        return found[0] if found else None


class Alone(Reader):
    """The write lock, held. Everything appended is written at the end of the block, or nothing of it."""

    def __init__(self, chain: Chain, connection: Connection) -> None:
        super().__init__(connection)
        self.chain = chain
        self.written: list[Entry[Payload]] = []
        self._caught_up = False

    def append(
        self,
        payload: P,
        subject: str,
        *,
        price: Price | None = None,
        usage: Usage | None = None,
        actor: str | None = None,
    ) -> Entry[P]:
        """A fact, signed by the chain's actor, or by `actor`."""
        body = self._body(payload, subject, price, actor)
        if usage is not None:
            priced = price or self.chain.price(usage, self.chain.clock())
            body = structs.replace(body, usage=usage, price=priced)
        return self.write(body)  # type: ignore[return-value]

    def append_all(self, facts: Sequence[tuple[Payload, Price | None]], subject: str) -> None:
        """Facts about one subject, each with what it cost: as `append` one after the other, in a tenth of the time."""
        self.write_all([self._body(payload, subject, price, None) for payload, price in facts])

    def _body(self, payload: Payload, subject: str, price: Price | None, actor: str | None) -> Body:
        return Body(
            seq=0,
            id="",
            kind=type(payload).KIND,
            version=type(payload).VERSION,
            subject=subject,
            run=self.chain.run,
            time="",
            actor=actor or self.chain.actor,
            status="done",
            payload=raw(payload),
            uses=refs_in(payload) if type(payload).FACT else (),
            made=() if type(payload).FACT else refs_in(payload),
            price=price,
        )

    def write(self, body: Body) -> Entry[Payload]:
        """Number, time, link and seal an entry, and bring views and tiles up to date with it."""
        (entry,) = self.write_all([body])
        return entry

    def write_all(self, bodies: Sequence[Body]) -> list[Entry[Payload]]:
        """Number, time, link and seal entries in their order, and bring views and tiles up to date with them."""
        from sqlalchemy import insert, select

        from treadle.evidence import views
        from treadle.evidence.tiles import grow
        from treadle.store.schema import entries

        if not bodies:
            return []
        for body in bodies:
            _refuse_unfit(body)
        self.catch_up()
        last = self.connection.execute(
            select(entries.c.seq, entries.c.hash).order_by(entries.c.seq.desc()).limit(1)
        ).first()
        before, prev = (int(last.seq), str(last.hash)) if last else (0, GENESIS)
        self._refuse_after_a_cut(before)
        made, rows = list[Entry[Payload]](), []
        for seq, body in enumerate(bodies, before + 1):
            linked = self._linked(body, seq, prev)
            content, prev = seal(linked)
            made.append(read(content, prev))
            rows.append({name: getattr(linked, name) for name in _COLUMNS} | {"body": content, "hash": prev})
        self.connection.execute(insert(entries), rows)
        views.fold_all(self.connection, made)
        grow(self.connection, before, [row["body"] for row in rows])
        self._note_size(before + len(made))
        self.written += made
        return made

    def _linked(self, body: Body, seq: int, prev: str) -> Body:
        import msgspec

        time = self.chain.clock().astimezone(UTC).isoformat(timespec="microseconds")
        return msgspec.structs.replace(body, seq=seq, id=uuid.uuid4().hex, time=time, prev=prev)

    def _refuse_after_a_cut(self, last: int) -> None:
        """Nothing is written after a cut end: the next entry would take the place, and the trace, of what was cut.

        Raises:
            EvidenceError: the tree, or the head file, knows of entries after the last one.
        """
        from treadle.evidence.tiles import log_size

        known = log_size(self.connection)
        if not self.written and self.chain.head_file is not None and self.chain.head_file.is_file():
            with suppress(ValueError, OSError):
                known = max(known, int(self.chain.head_file.read_text(encoding="ascii").split()[0]))
        if known > last:
            raise EvidenceError(
                f"entries {last + 1} to {known} are missing at the end of the record: nothing is written after a cut",
                where=str(self.chain.head_file or "entries"),
                mend="put the newest catalog back; treadle verify says what is known of what is missing",
            )

    def number(self, name: str) -> int:
        """The next number under `name`. It is given out once, also when nothing comes of it."""
        from sqlalchemy import func, insert, select, update

        from treadle.store.schema import numbers, versions

        table = numbers
        given = self.connection.execute(select(table.c.last).where(table.c.name == name)).scalar()
        if given is None:
            # names of version 0.1 stand in the chain without having been given out here
            known = select(func.count()).select_from(versions).where(versions.c.project == name)
            given = int(self.connection.execute(known).scalar() or 0)
            self.connection.execute(insert(table).values(name=name, last=given + 1))
        else:
            self.connection.execute(update(table).where(table.c.name == name).values(last=given + 1))
        return int(given) + 1

    def catch_up(self) -> None:
        """Make the views anew from the chain, and add what the tiles lack, after an upgrade or an edit."""
        from sqlalchemy import func, select

        from treadle.evidence import views
        from treadle.evidence.tiles import grow, log_size
        from treadle.store.schema import entries

        if self._caught_up:
            return
        size = int(self.connection.execute(select(func.coalesce(func.max(entries.c.seq), 0))).scalar() or 0)
        if self._size() < size:
            views.empty(self.connection)
            tiled, done = log_size(self.connection), 0
            while done < size:
                query = select(entries.c.seq, entries.c.body, entries.c.hash).where(entries.c.seq > done)
                rows = self.connection.execute(query.order_by(entries.c.seq).limit(1000)).all()
                for row in rows:
                    content = row.body if isinstance(row.body, bytes) else str(row.body).encode()
                    with suppress(Exception):  # what cannot be read shows in no view; `verify` names it
                        views.fold(self.connection, decode(content, row.hash), kept=True)
                    if row.seq > tiled:
                        grow(self.connection, row.seq - 1, [content])
                done = rows[-1].seq
            self._note_size(size)
        self._caught_up = True

    def _size(self) -> int:
        from sqlalchemy import select

        from treadle.store.schema import projected

        found = self.connection.execute(select(projected.c.size).where(projected.c.name == "views")).scalar()
        return found if isinstance(found, int) and found > 0 else 0

    def _note_size(self, size: int) -> None:
        from sqlalchemy import insert, update

        from treadle.store.schema import projected

        done = self.connection.execute(update(projected).where(projected.c.name == "views").values(size=size))
        if done.rowcount == 0:
            self.connection.execute(insert(projected).values(name="views", size=size))


def _refuse_unfit(body: Body) -> None:
    """SQLite takes a text of any length and with any sign; other databases do not, and a record may move to one.

    Raises:
        EvidenceError: a text is longer than its column, or holds a NUL.
    """
    from treadle.store.schema import entries

    for name in ("kind", "subject", "run", "actor", "status", "cache_key"):
        text, longest = str(getattr(body, name)), getattr(entries.c[name].type, "length", 0)
        if len(text) > longest or "\0" in text:
            wrong = f"longer than {longest} characters" if len(text) > longest else "a text with a NUL in it"
            raise EvidenceError(
                f"the {name} of an entry is {wrong}: {text[:60]!r}",
                where="entries",
                mend="give it a shorter name of plain text",
            )
