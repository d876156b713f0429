"""A colder place that is a folder: another disk, or what is mounted from elsewhere."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from treadle.errors import FRESH, EvidenceError, StoreError
from treadle.store import clear_parts


class FolderShelf:
    """See `treadle.store.Shelf`. A put writes beside, waits until the disk has it, and renames."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def place(self) -> str:
        return os.path.realpath(self.root)

    def put(self, key: str, file: Path) -> None:
        place = self.root / key
        self._refuse_gone()
        with self._said_plainly("written"):
            place.parent.mkdir(parents=True, exist_ok=True)
            clear_parts(place.parent, ".*.part")
            copied(file, place)

    def get(self, key: str, file: Path) -> None:
        place = self.root / key
        self._refuse_gone()
        if not place.is_file():
            raise EvidenceError(
                "a file that was moved there is gone",
                where=str(place),
                mend=f"bring the place back, or make the table again with: {FRESH}",
            )
        with self._said_plainly("read"):
            copied(place, file)

    def size(self, key: str) -> int | None:
        self._refuse_gone()
        try:
            return (self.root / key).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as bad:
            raise self._away("read", bad) from bad

    def remove(self, key: str) -> None:
        with self._said_plainly("changed"):
            (self.root / key).unlink(missing_ok=True)

    def _refuse_gone(self) -> None:
        """A folder that is not there may be a disk that is not mounted, with all that was moved to it."""
        if not self.root.is_dir():
            raise StoreError(
                "the colder place is not there",
                where=str(self.root),
                mend="mount it; or, where nothing was moved to it yet, make the folder",
            )

    @contextmanager
    def _said_plainly(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as bad:
            raise self._away(what, bad) from bad

    def _away(self, what: str, bad: OSError) -> StoreError:
        return StoreError(
            f"the colder place cannot be {what}: {bad.strerror or bad}",
            where=str(self.root),
            mend="check that it is mounted, has room and may be written; what was moved before stands",
        )


def copied(source: Path, target: Path) -> None:
    """Whole or not at all, and on the disk once it returns."""
    part = target.with_name(f".{target.name[:180]}.{uuid.uuid4().hex[:8]}.part")
    try:
        with source.open("rb") as held, part.open("xb") as file:
            shutil.copyfileobj(held, file, 1 << 22)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    on_disk(target.parent)


def on_disk(folder: Path) -> None:
    """Wait until the names in a folder are as they were last changed, whatever becomes of the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
