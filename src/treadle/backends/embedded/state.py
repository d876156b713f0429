"""Online state in LMDB: histories decoded once and kept in memory, every put written through.

A transaction is not synced to the disk (the kernel has it when `put_` returns), so a killed process loses nothing.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from treadle.backends.written_through import FORMAT, WrittenThrough, content_of, decode, encode, place_of
from treadle.errors import StoreError
from treadle.features.state import History, Key, Versions, locked

_BASES = 1
"""The format before: after its values, a history had running sums of what was forgotten, which nobody needs now."""
_MAP_BYTES = 64 * 2**30  # address space and not disk: LMDB grows into it
_AS_OF = b"!as_of"


class LmdbState(WrittenThrough):
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
        self._file = _identity(folder)
        self._aside: Any = None
        super().__init__()
        with self._env.begin() as reading:
            found = reading.get(_AS_OF)
            # one of them tells, before the first request is answered
            one = next((value for place, value in reading.cursor() if place != _AS_OF), None)
        try:
            self._check_format(one)
        except StoreError:
            self.close()
            raise
        self.as_of = datetime.fromtimestamp(decode(found), UTC) if found else None

    def load(
        self,
        histories: Iterable[tuple[str, Key, History]],
        versions: Iterable[tuple[str, Key, Versions]],
        as_of: datetime,
    ) -> None:
        with self._said_plainly("written"), self._env.begin(write=True) as writing:
            writing.drop(self._env.open_db(None, txn=writing), delete=False)
            for view, key, history in histories:
                writing.put(place_of("e", view, key), content_of(history.packed()))
            for stream, key, found in versions:
                writing.put(place_of("l", stream, key), content_of(found.packed()))
            writing.put(_AS_OF, encode(as_of.timestamp()))
        self.forget()
        self.as_of = as_of

    def _read(self, kind: str, name: str, key: Key) -> Any:
        with self._env.begin(buffers=True) as reading:
            found = reading.get(place_of(kind, name, key))
            return None if found is None else self._unpacked(bytes(found), kind)

    def _check_format(self, data: bytes | None) -> None:
        if data is not None and data[0] not in (FORMAT, _BASES):
            raise StoreError(
                f"the online state is of format {data[0]}; this version of Treadle reads {_BASES} and {FORMAT}",
                where=self._folder,
                mend="delete the folder, then fill it anew from the tables: treadle serve PROJECT --as-of TIME",
            )

    def _unpacked(self, data: bytes, kind: str) -> Any:
        self._check_format(data)
        packed = decode(data[1:])
        return [*packed[:3], packed[4]] if kind == "e" and data[0] == _BASES else packed

    def _write(self, items: Iterable[tuple[str, str, Key, Any]]) -> None:
        aside = nullcontext(self._aside) if self._aside is not None else self._env.begin(write=True)
        with self._said_plainly("written"), aside as writing:
            for kind, name, key, data in items:
                writing.put(place_of(kind, name, key), content_of(data))

    def _set_aside(self) -> None:
        with self._said_plainly("written"):
            self._aside = self._env.begin(write=True)

    def _keep(self) -> None:
        aside, self._aside = self._aside, None
        with self._said_plainly("written"):
            aside.commit()

    def _drop(self) -> None:
        if self._aside is not None:
            self._aside.abort()
            self._aside = None

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

    def check(self) -> None:
        """A folder that was removed or put in another's place goes on in this process's memory, and is lost with it."""
        if _identity(Path(self._folder)) != self._file:
            raise StoreError(
                "the online state was removed, or another was put in its place, while it was served",
                where=self._folder,
                mend="start the server again; a state that was never filled is filled from the snapshots then",
            )

    def close(self) -> None:
        if self._lock.closed:
            return
        self._env.sync(True)
        self._env.close()
        self._lock.close()


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a file from every other that has or had its name; None where it is gone."""
    try:
        found = (folder / "data.mdb").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
