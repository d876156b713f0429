"""The files of a source as they are and as they were when they were read: what is new of them, changed or gone."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from treadle.errors import DataError
from treadle.sources import seen
from treadle.sources.places import LOG, named, opened, refuse_outside
from treadle.spec import Source

FileAsSeen = tuple[str, int, int]
"""A name, a size in bytes, and the time of change in nanoseconds."""


def lost_files(source: Source, root: Path, content: bytes, where: str) -> list[str]:
    """Files that were read and are there no more; `content` lists those that were read."""
    there = {file.name for file in listed(source, root, True, where)}
    return sorted(seen.unpacked_files(content).keys() - there)


def files_there(source: Source, root: Path) -> frozenset[FileAsSeen]:
    """The files that a source names now, by name, size and time of change; none, where there are none to read."""
    found = set[FileAsSeen]()
    try:
        files = named(source.read, root, "")
    except DataError:
        return frozenset()
    for file in files:
        with contextlib.suppress(OSError):  # it went meanwhile
            told = file.stat()
            found.add((file.name, told.st_size, told.st_mtime_ns))
    return frozenset(found)


def files_read(content: bytes) -> frozenset[FileAsSeen]:
    """The files that were read, by the content of `mark.seen`."""
    return frozenset((each.name, each.size, each.changed_ns) for each in seen.unpacked_files(content).values())


def listed(source: Source, root: Path, read_before: bool, where: str) -> list[Path]:
    """The files that are there. That all which were read are gone by now is no fault."""
    place = root / source.read
    if (place / LOG).is_dir():
        raise DataError(
            f"{source.read} is a Delta table, which is read by rows", where=where, mend="write new: {by: COLUMN}"
        )
    try:
        files = named(source.read, root, where)
    except DataError:
        folder = place if place.is_dir() else place.parent
        if read_before and folder.is_dir() and not any(folder.glob(place.name if place != folder else "*")):
            return []
        raise
    refuse_outside(files, root, where)
    return files


def as_seen(file: Path, before: seen.SeenFile | None, where: str) -> seen.SeenFile:
    """A file by its content. One of the same size and time of change as before is taken to be the same."""
    with opened(file, where) as stream:
        told = os.fstat(stream.fileno())
        if before is not None and (before.size, before.changed_ns) == (told.st_size, told.st_mtime_ns):
            return before
        content = hashlib.file_digest(stream, "sha256").hexdigest()
        return seen.SeenFile(file.name, stream.tell(), content, told.st_mtime_ns)
