"""The chain: append an entry, run a step once, find what was written."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import msgspec

from treadle.evidence.code import fingerprint
from treadle.evidence.entry import GENESIS, Entry, Usage, content_hash, digest

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Observer(Protocol):
    """Told what goes on, to show it. Must not raise."""

    def started(self, step: Step) -> None: ...

    def progressed(self, step: Step, done: float, total: float, text: str) -> None: ...

    def ended(self, step: Step, entry: Entry | None) -> None: ...


class Silent:
    """The observer that shows nothing."""

    def started(self, step: Step) -> None: ...

    def progressed(self, step: Step, done: float, total: float, text: str) -> None: ...

    def ended(self, step: Step, entry: Entry | None) -> None: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Chain:
    """An append-only, hash-chained log in the catalog. Safe for several processes at once.

    `actor` signs what is written; `price` turns a `Usage` into money; `present` tells whether a reference
    (a table version, a blob) can still be read, so that a cached step whose product is gone is run again.
    """

    engine: Engine
    actor: str
    run: str = ""
    head_file: Path | None = None
    clock: Callable[[], datetime] = utc_now
    price: Callable[[Usage, datetime], dict[str, Any] | None] = lambda usage, at: None
    present: Callable[[Mapping[str, Any]], bool] = lambda ref: True
    observer: Observer = field(default_factory=Silent)
    fresh: bool = False
    """True: run every step again, whatever the cache holds."""

    def acting(self, actor: str) -> Chain:
        """The same chain, signed by another actor."""
        return replace(self, actor=actor)

    def append(
        self,
        kind: str,
        subject: str,
        *,
        detail: Mapping[str, Any] | None = None,
        uses: Sequence[Any] = (),
        made: Mapping[str, Any] | None = None,
        status: str = "done",
        cache_key: str = "",
        usage: Usage | None = None,
        cost: dict[str, Any] | None = None,
    ) -> Entry:
        """Write one entry under the catalog's write lock, so that its predecessor is the true last one."""
        from sqlalchemy import insert, select

        from treadle.store.catalog import entries

        with self.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("LOCK TABLE entries IN EXCLUSIVE MODE")
            last = connection.execute(
                select(entries.c.seq, entries.c.hash).order_by(entries.c.seq.desc()).limit(1)
            ).first()
            entry = Entry(
                seq=last.seq + 1 if last else 1,
                id=uuid.uuid4().hex,
                kind=kind,
                subject=subject,
                run=self.run,
                time=self.clock().astimezone(UTC).isoformat(timespec="microseconds"),
                actor=self.actor,
                status=status,
                cache_key=cache_key,
                detail=_plain(detail or {}),
                uses=_plain(list(uses)),
                made=_plain(made or {}),
                usage=usage,
                cost=cost,
                prev=last.hash if last else GENESIS,
            ).sealed()
            connection.execute(
                insert(entries).values(
                    seq=entry.seq,
                    id=entry.id,
                    kind=entry.kind,
                    subject=entry.subject,
                    run=entry.run,
                    time=entry.time,
                    actor=entry.actor,
                    status=entry.status,
                    cache_key=entry.cache_key,
                    body=entry.body(),
                    prev=entry.prev,
                    hash=entry.hash,
                )
            )
        self._note_head(entry)
        return entry

    def _note_head(self, entry: Entry) -> None:
        """The head is also kept in a file, so that entries dropped from the end of the chain are missed.

        Written after the commit: a killed process leaves it behind the chain, never ahead of it.
        """
        if self.head_file is not None:
            part = self.head_file.with_suffix(f".{os.getpid()}.part")
            part.write_text(f"{entry.seq} {entry.hash}\n", encoding="ascii")
            part.replace(self.head_file)

    def step(
        self,
        kind: str,
        subject: str = "",
        *,
        uses: Sequence[Any] = (),
        settings: Mapping[str, Any] | None = None,
        code: Sequence[str] = (),
        cache: bool = True,
    ) -> Step:
        """A piece of work that is metered, logged, and not done again when nothing that it depends on changed.

        uses: references (dicts with `kind`) to what it reads; settings: all else that its result depends on;
        code: rooms or files of this package, and "lib:NAME" for libraries, whose change makes a new result.
        """
        return Step(
            self,
            kind,
            subject,
            _plain(list(uses)),
            _plain(dict(settings or {})),
            fingerprint(tuple(code)),
            cache,
        )

    def entries(
        self,
        *,
        kind: str | None = None,
        subject: str | None = None,
        run: str | None = None,
        cache_key: str | None = None,
        status: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> list[Entry]:
        """Entries that fit, oldest first unless told; `kind` ending in `.` is a prefix."""
        from sqlalchemy import select

        from treadle.store.catalog import entries

        query = select(entries.c.body, entries.c.hash)
        if kind is not None:
            query = query.where(entries.c.kind.startswith(kind) if kind.endswith(".") else entries.c.kind == kind)
        for column, wanted in (
            (entries.c.subject, subject),
            (entries.c.run, run),
            (entries.c.cache_key, cache_key),
            (entries.c.status, status),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        query = query.order_by(entries.c.seq.desc() if newest_first else entries.c.seq)
        if limit is not None:
            query = query.limit(limit)
        with self.engine.connect() as connection:
            return [_decode(row.body, row.hash) for row in connection.execute(query)]

    def last(self, *, kind: str, subject: str | None = None, status: str | None = None) -> Entry | None:
        found = self.entries(kind=kind, subject=subject, status=status, newest_first=True, limit=1)
        return found[0] if found else None


def _decode(body: bytes, sealed: str) -> Entry:
    return msgspec.structs.replace(msgspec.json.decode(body, type=Entry), hash=sealed)


def _plain(value: Any) -> Any:
    """As JSON would keep it, so that what is compared and hashed is what is read back."""
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=str))


class Step:
    """One piece of work. Use it as a context manager; skip the work when `cached` is true.

    >>> with chain.step("features.build", uses=[snapshot.ref()]) as step:   # doctest: +SKIP
    ...     if not step.cached:
    ...         step.made("table", tables.replace("training", build()).ref())
    >>> step.outputs["table"]                                              # doctest: +SKIP
    """

    def __init__(
        self,
        chain: Chain,
        kind: str,
        subject: str,
        uses: list[Any],
        settings: dict[str, Any],
        code: str,
        cache: bool,
    ) -> None:
        self.chain, self.kind, self.subject, self.uses, self.settings = chain, kind, subject, uses, settings
        self.parts = {
            "code": code,
            "settings": digest(settings),
            **{f"input {_input_name(i, ref)}": content_hash(ref) for i, ref in enumerate(uses)},
        }
        self.key = digest([kind, subject, self.parts])
        self.outputs: dict[str, Any] = {}
        self.detail: dict[str, Any] = {}
        self.entry: Entry | None = None
        self.cached = False
        self.why = ""
        self._cache = cache

    def __enter__(self) -> Self:
        from treadle.evidence.metering import Meter

        self._look_up()
        self.chain.observer.started(self)
        self._meter = Meter()
        return self

    def _look_up(self) -> None:
        if not self._cache:
            self.why = "always run"
            return
        if self.chain.fresh:
            self.why = "a fresh run was asked for"
            return
        hit = next(
            iter(self.chain.entries(kind=self.kind, cache_key=self.key, status="done", newest_first=True, limit=1)),
            None,
        )
        if hit is not None:
            gone = [name for name, ref in hit.made.items() if not self.chain.present(ref)]
            if not gone:
                self.cached, self.outputs, self.detail, self.entry = (
                    True,
                    dict(hit.made),
                    dict(hit.detail),
                    hit,
                )
                self.why = f"nothing changed since {hit.time[:19]}Z: same code, settings and inputs"
                return
            self.why = f"its earlier product is gone: {', '.join(gone)}"
            return
        self.why = self._what_changed()

    def _what_changed(self) -> str:
        before = self.chain.last(kind=self.kind, subject=self.subject, status="done")
        if before is None:
            return "never run before"
        old = before.detail.get("parts", {})
        changed = [name for name in self.parts if old.get(name) != self.parts[name]]
        changed += [f"{name} (dropped)" for name in old if name not in self.parts]
        return f"changed: {', '.join(changed)}" if changed else "its earlier entry cannot be used"

    def made(self, name: str, ref: Mapping[str, Any]) -> None:
        """Record a product: a reference to a table or blob, or `{"kind": "value", "value": …}`."""
        self.outputs[name] = _plain(dict(ref))

    def value(self, name: str, value: Any) -> None:
        """Record a small product that is kept in the entry itself."""
        self.made(name, {"kind": "value", "value": value})

    def note(self, **facts: Any) -> None:
        """Facts for people, kept beside the products; they are no inputs of later steps."""
        self.detail.update(_plain(facts))

    def progress(self, done: float, total: float, text: str = "") -> None:
        self.chain.observer.progressed(self, done, total, text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        usage = self._meter.stop()
        if self.cached and error is None:
            self.chain.observer.ended(self, self.entry)
            return
        now = self.chain.clock()
        detail = {**self.detail, "parts": self.parts, "settings": self.settings, "why": self.why}
        if error is not None:
            detail["error"] = str(error) or type(error).__name__
        try:
            self.entry = self.chain.append(
                self.kind,
                self.subject,
                detail=detail,
                uses=self.uses,
                made=self.outputs if error is None else {},
                status="done" if error is None else "failed",
                cache_key=self.key,
                usage=usage,
                cost=self.chain.price(usage, now),
            )
        finally:
            self.chain.observer.ended(self, self.entry)


def _input_name(index: int, ref: Any) -> str:
    if isinstance(ref, Mapping):
        return str(ref.get("name") or ref.get("table") or ref.get("kind") or index)
    return str(index)
