"""Online state in LMDB: histories decoded once and kept in memory, every put written through.

A transaction is not synced to the disk (the kernel has it when `put_` returns), so a killed process loses nothing.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from treadle.errors import StoreError
from treadle.features.state import (
    EventRow,
    History,
    Key,
    LookupRow,
    Versions,
    locked,
    put_events,
    put_lookup,
)

_FORMAT = 2
_BASES = 1
"""The format before: after its values, a history had running sums of what was forgotten, which nobody needs now."""
_MAP_BYTES = 64 * 2**30  # address space and not disk: LMDB grows into it
_AS_OF = b"!as_of"
_DATE = 1  # msgpack has times, but no dates: a date is an extension of its own, by the number of its day


class LmdbState:
    """See `treadle.features.OnlineState`. Opens in milliseconds: a key is decoded when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        import lmdb

        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / "writer.lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as bad:
            self._lock.close()
            raise locked(str(folder)) from bad
        self._folder = str(folder)
        try:
            with self._said_plainly("opened"):
                self._env = lmdb.open(
                    self._folder, map_size=_MAP_BYTES, sync=False, metasync=False, lock=False, mode=0o660
                )
        except StoreError:
            self._lock.close()
            raise
        self._histories: dict[tuple[str, Key], History | None] = {}
        self._versions: dict[tuple[str, Key], Versions | None] = {}
        with self._env.begin() as reading:
            found = reading.get(_AS_OF)
            # one of them tells, before the first request is answered
            one = next((value for place, value in reading.cursor() if place != _AS_OF), None)
        try:
            self._check_format(one)
        except StoreError:
            self.close()
            raise
        self.as_of = datetime.fromtimestamp(_decode(found), UTC) if found else None

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
        with _all_or_nothing(self._histories, view, rows):
            touched = put_events(rows, history, keep_us)
            self._write(("e", view, key, found.packed()) for key, found in touched.items())

    def put_lookup(self, stream: str, rows: Iterable[LookupRow], keep_us: int | None) -> None:
        def versions(key: Key) -> Versions:
            found = self.versions(stream, key)
            if found is None:
                found = self._versions[(stream, key)] = Versions()
            return found

        rows = list(rows)
        with _all_or_nothing(self._versions, stream, rows):
            touched = put_lookup(rows, versions, keep_us)
            self._write(("l", stream, key, found.packed()) for key, found in touched.items())

    def load(
        self,
        histories: Iterable[tuple[str, Key, History]],
        versions: Iterable[tuple[str, Key, Versions]],
        as_of: datetime,
    ) -> None:
        with self._said_plainly("written"), self._env.begin(write=True) as writing:
            writing.drop(self._env.open_db(None, txn=writing), delete=False)
            for view, key, history in histories:
                writing.put(_place("e", view, key), _content(history.packed()))
            for stream, key, found in versions:
                writing.put(_place("l", stream, key), _content(found.packed()))
            writing.put(_AS_OF, _encode(as_of.timestamp()))
        self._histories.clear()
        self._versions.clear()
        self.as_of = as_of

    def _read(self, kind: str, name: str, key: Key) -> Any:
        with self._env.begin(buffers=True) as reading:
            found = reading.get(_place(kind, name, key))
            return None if found is None else self._content_of(bytes(found), kind)

    def _check_format(self, data: bytes | None) -> None:
        if data is not None and data[0] not in (_FORMAT, _BASES):
            raise StoreError(
                f"the online state is of format {data[0]}; this version of Treadle reads {_BASES} and {_FORMAT}",
                where=self._folder,
                mend="delete the folder, then fill it anew from the tables: treadle serve PROJECT --as-of TIME",
            )

    def _content_of(self, data: bytes, kind: str) -> Any:
        self._check_format(data)
        packed = _decode(data[1:])
        return [*packed[:3], packed[4]] if kind == "e" and data[0] == _BASES else packed

    def _write(self, items: Iterable[tuple[str, str, Key, Any]]) -> None:
        with self._said_plainly("written"), self._env.begin(write=True) as writing:
            for kind, name, key, data in items:
                writing.put(_place(kind, name, key), _content(data))

    @contextmanager
    def _said_plainly(self, done: str) -> Iterator[None]:
        import lmdb

        try:
            yield
        except lmdb.Error as bad:
            raise StoreError(
                f"the online state cannot be {done}: {bad}",
                where=self._folder,
                mend="check that the disk has room and may be written; what was told before stands",
            ) from bad

    def close(self) -> None:
        if self._lock.closed:
            return
        self._env.sync(True)
        self._env.close()
        self._lock.close()


@contextmanager
def _all_or_nothing(kept: dict[tuple[str, Key], Any], name: str, rows: Sequence[tuple[Any, ...]]) -> Iterator[None]:
    """Rows that cannot be written must not stay in memory either: what they touched is read again from the file."""
    try:
        yield
    except BaseException:
        for row in rows:
            kept.pop((name, row[0]), None)
        raise


def _place(kind: str, name: str, key: Key) -> bytes:
    parts = [part + 0.0 if type(part) is float else part for part in (key if type(key) is tuple else (key,))]
    parts = list(_marked(parts))  # and -0.0 is 0.0
    place = _encode([kind, name, parts if type(key) is tuple else parts[0]])
    if len(place) <= 500:
        return place
    # LMDB takes keys of up to 511 bytes
    import hashlib

    return place[:400] + hashlib.sha256(place).digest()


def _content(packed: list[Any]) -> bytes:
    """A history or versions as bytes; their values are the third part of both."""
    return bytes((_FORMAT,)) + _encode([*packed[:2], [_marked(values) for values in packed[2]], *packed[3:]])


def _marked(values: Sequence[Any]) -> Sequence[Any]:
    if date not in map(type, values):
        return values
    return [
        msgspec.msgpack.Ext(_DATE, value.toordinal().to_bytes(4, "big")) if type(value) is date else value
        for value in values
    ]


def _extension(code: int, data: memoryview) -> Any:
    return date.fromordinal(int.from_bytes(data, "big")) if code == _DATE else msgspec.msgpack.Ext(code, bytes(data))


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ext_hook=_extension).decode
