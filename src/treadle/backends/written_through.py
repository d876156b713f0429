"""Online state that an engine keeps as bytes by place: decoded once, kept in memory, every put written through."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import msgspec

from treadle.features.state import EventRow, History, Key, LookupRow, Versions, put_events, put_lookup

FORMAT = 2
_DATE = 1  # msgpack has times, but no dates: a date is an extension of its own, by the number of its day


class WrittenThrough(ABC):
    """The part of `treadle.features.OnlineState` that is the same wherever the bytes lie."""

    def __init__(self) -> None:
        self._histories: dict[tuple[str, Key], History | None] = {}
        self._versions: dict[tuple[str, Key], Versions | None] = {}
        self._touched: list[tuple[dict[tuple[str, Key], Any], str, Sequence[tuple[Any, ...]]]] | None = None
        """What was put since `together` began; None outside of it."""

    @abstractmethod
    def _read(self, kind: str, name: str, key: Key) -> Any:
        """What `packed` gave, of a history (kind e) or of versions (kind l); None where there is none."""

    @abstractmethod
    def _write(self, items: Iterable[tuple[str, str, Key, Any]]) -> None:
        """Keep all of (kind, name, key, packed), or nothing; within `together`, aside until `_keep`."""

    @abstractmethod
    def _set_aside(self) -> None:
        """From now on what is written is set aside."""

    @abstractmethod
    def _keep(self) -> None:
        """Keep all that was set aside, or nothing."""

    @abstractmethod
    def _drop(self) -> None:
        """Forget what was set aside, if there is any; no error of the engine's is one."""

    @contextmanager
    def together(self) -> Iterator[None]:
        assert self._touched is None
        touched = self._touched = []
        try:
            self._set_aside()
            yield
            self._keep()
        except BaseException:
            for kept, name, rows in touched:
                _read_again(kept, name, rows)
            raise
        finally:
            self._touched = None
            self._drop()

    def forget(self) -> None:
        """Read everything again."""
        self._histories.clear()
        self._versions.clear()

    def history(self, view: str, key: Key) -> History | None:
        place = (view, key)
        if place not in self._histories:
            data = self._read("e", view, key)
            self._histories[place] = None if data is None else History.unpacked(data)
        return self._histories[place]

    def versions(self, stream: str, key: Key) -> Versions | None:
        place = (stream, key)
        if place not in self._versions:
            data = self._read("l", stream, key)
            self._versions[place] = None if data is None else Versions.unpacked(data)
        return self._versions[place]

    def put_events(self, view: str, rows: Iterable[EventRow], arguments: int, keep_us: int) -> None:
        def history(key: Key) -> History:
            found = self.history(view, key)
            if found is None:
                found = self._histories[(view, key)] = History(arguments)
            return found

        rows = list(rows)
        with self._all_or_nothing(self._histories, view, rows):
            touched = put_events(rows, history, keep_us)
            self._write(("e", view, key, found.packed()) for key, found in touched.items())

    def put_lookup(self, stream: str, rows: Iterable[LookupRow], keep_us: int | None) -> None:
        def versions(key: Key) -> Versions:
            found = self.versions(stream, key)
            if found is None:
                found = self._versions[(stream, key)] = Versions()
            return found

        rows = list(rows)
        with self._all_or_nothing(self._versions, stream, rows):
            touched = put_lookup(rows, versions, keep_us)
            self._write(("l", stream, key, found.packed()) for key, found in touched.items())

    @contextmanager
    def _all_or_nothing(
        self, kept: dict[tuple[str, Key], Any], name: str, rows: Sequence[tuple[Any, ...]]
    ) -> Iterator[None]:
        """Rows that cannot be written must not stay in memory either."""
        if self._touched is not None:
            self._touched.append((kept, name, rows))
        try:
            yield
        except BaseException:
            _read_again(kept, name, rows)
            raise


def _read_again(kept: dict[tuple[str, Key], Any], name: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """What these rows touched is read again from where it is kept."""
    for row in rows:
        kept.pop((name, row[0]), None)


def place_of(kind: str, name: str, key: Key) -> bytes:
    parts = [part + 0.0 if type(part) is float else part for part in (key if type(key) is tuple else (key,))]
    parts = list(_marked(parts))  # and -0.0 is 0.0
    place = encode([kind, name, parts if type(key) is tuple else parts[0]])
    if len(place) <= 500:
        return place
    # LMDB takes keys of up to 511 bytes
    import hashlib

    return place[:400] + hashlib.sha256(place).digest()


def content_of(packed: list[Any]) -> bytes:
    """A history or versions as bytes; their values are the third part of both."""
    return bytes((FORMAT,)) + encode([*packed[:2], [_marked(values) for values in packed[2]], *packed[3:]])


def _marked(values: Sequence[Any]) -> Sequence[Any]:
    if date not in map(type, values):
        return values
    return [
        msgspec.msgpack.Ext(_DATE, value.toordinal().to_bytes(4, "big")) if type(value) is date else value
        for value in values
    ]


def _extension(code: int, data: memoryview) -> Any:
    return date.fromordinal(int.from_bytes(data, "big")) if code == _DATE else msgspec.msgpack.Ext(code, bytes(data))


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(ext_hook=_extension).decode
