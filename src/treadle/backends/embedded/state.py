"""Online state in LMDB: histories decoded once and kept in memory, every put written through.

A transaction is not synced to the disk (the kernel has it when `put_` returns), so a killed process loses nothing.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

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

_FORMAT = b"\x01"
_MAP_BYTES = 64 * 2**30  # address space and not disk: LMDB grows into it
_AS_OF = b"!as_of"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


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
        self._env = lmdb.open(str(folder), map_size=_MAP_BYTES, sync=False, metasync=False, max_dbs=0, lock=False)
        self._histories: dict[tuple[str, Key], History | None] = {}
        self._versions: dict[tuple[str, Key], Versions | None] = {}
        with self._env.begin() as reading:
            found = reading.get(_AS_OF)
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

        touched = put_events(rows, history, keep_us)
        self._write(("e", view, key, found.packed()) for key, found in touched.items())

    def put_lookup(self, stream: str, rows: Iterable[LookupRow], keep_us: int | None) -> None:
        def versions(key: Key) -> Versions:
            found = self.versions(stream, key)
            if found is None:
                found = self._versions[(stream, key)] = Versions()
            return found

        touched = put_lookup(rows, versions, keep_us)
        self._write(("l", stream, key, found.packed()) for key, found in touched.items())

    def load(
        self,
        histories: Iterable[tuple[str, Key, History]],
        versions: Iterable[tuple[str, Key, Versions]],
        as_of: datetime,
    ) -> None:
        with self._env.begin(write=True) as writing:
            writing.drop(self._env.open_db(None, txn=writing), delete=False)
            for view, key, history in histories:
                writing.put(_place("e", view, key), _FORMAT + _encode(_plain(history.packed())))
            for stream, key, found in versions:
                writing.put(_place("l", stream, key), _FORMAT + _encode(_plain(found.packed())))
            writing.put(_AS_OF, _encode(as_of.timestamp()))
        self._histories.clear()
        self._versions.clear()
        self.as_of = as_of

    def _read(self, kind: str, name: str, key: Key) -> Any:
        with self._env.begin(buffers=True) as reading:
            found = reading.get(_place(kind, name, key))
            return None if found is None else _decode(bytes(found[1:]))

    def _write(self, items: Iterable[tuple[str, str, Key, Any]]) -> None:
        with self._env.begin(write=True) as writing:
            for kind, name, key, data in items:
                writing.put(_place(kind, name, key), _FORMAT + _encode(_plain(data)))

    def close(self) -> None:
        self._env.sync(True)
        self._env.close()
        self._lock.close()


def _place(kind: str, name: str, key: Key) -> bytes:
    place = _encode([kind, name, key])
    if len(place) <= 500:
        return place
    # LMDB takes keys of up to 511 bytes
    import hashlib

    return place[:400] + hashlib.sha256(place).digest()


def _plain(data: Any) -> Any:
    """msgpack has timestamps of its own for aware datetimes; dates are kept as they are written."""
    return data
