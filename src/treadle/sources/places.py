"""Which files a source names: exact, regular, inside the project's folder or trusted. Nothing here ever waits."""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from treadle.errors import DataError
from treadle.sources.partitions import files_below
from treadle.spec import kind_of
from treadle.spec.trust import granted, is_inside, is_pattern, matching

LOG = "_delta_log"


def named(written: str, root: Path, where: str, *, partitioned: bool = False) -> list[Path]:
    """The files of `read:`: what has exactly this name, or lies in that folder; else what its pattern matches.

    partitioned: of a folder of folders called `year=2024` all files below it are taken.

    Raises:
        DataError: nothing there, or a folder that holds no files, or folders.
    """
    try:
        return _named(written, root / written, where, partitioned)
    except (OSError, ValueError) as bad:  # a name too long for the disk, or with a NUL in it
        reason = getattr(bad, "strerror", None) or bad
        raise DataError(f"{written[:80]} cannot be read: {reason}", where=where, mend="check the path") from bad


def _named(written: str, place: Path, where: str, partitioned: bool) -> list[Path]:
    if (place / LOG).is_dir():
        return _delta_files(place, where)
    if place.is_dir():
        below = files_below(place, where) if partitioned else []
        return below or _files_in(place, written, where)
    files = [place] if os.path.lexists(place) else matching(place) if is_pattern(place.name) else []
    if not files:
        near = ", ".join(sorted(p.name for p in place.parent.glob("*"))[:8]) if place.parent.is_dir() else ""
        raise DataError(
            f"there is no file {written}",
            where=where,
            mend=f"beside it there are: {near}" if near else f"there is no folder {place.parent.name}/",
        )
    return files


def _files_in(folder: Path, written: str, where: str) -> list[Path]:
    """The files of a folder, by name. Hidden ones, and those that begin with _ as `_SUCCESS` does, are none of them."""
    inside = [each for each in sorted(folder.iterdir()) if not each.name.startswith((".", "_"))]
    below = next((each for each in inside if each.is_dir()), None)
    if below is not None or not inside:
        holds = f"holds the folder {below.name}" if below is not None else "holds no files"
        raise DataError(
            f"{written} is a folder that {holds}",
            where=where,
            mend="name a file, a folder of files alone, a pattern such as data/*.parquet, or a Delta table",
        )
    return inside


def _delta_files(folder: Path, where: str) -> list[Path]:
    """All files of a Delta table; what is neither a file nor a folder has no place in one."""
    found = []
    for inside in sorted(folder.rglob("*")):
        mode = inside.lstat().st_mode
        if stat.S_ISREG(mode):
            found.append(inside)
        elif not stat.S_ISDIR(mode):
            what = "a link" if stat.S_ISLNK(mode) else kind_of(mode)
            raise DataError(f"{inside.name} in the Delta table is {what}", where=where, mend="remove it")
    return found


def refuse_outside(files: Sequence[Path], root: Path, where: str) -> None:
    """Refuse a file that lies outside the project's folder, links followed, unless a person trusted its place."""
    for file in files:
        real = Path(os.path.realpath(file))
        if not is_inside(real, root) and not granted(root).allows(real):
            raise DataError(
                f"{file.name} lies outside the project folder ({real})",
                where=where,
                mend=f"if you trust this project: treadle trust {root}",
            )


@contextlib.contextmanager
def opened(file: Path, where: str) -> Iterator[io.BufferedReader]:
    """A regular file, open to read its bytes. A pipe or a device is refused without waiting for the other end."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as bad:
        raise DataError(
            f"{file.name} cannot be opened: {getattr(bad, 'strerror', None) or bad}",
            where=where,
            mend="check the path and its permissions",
        ) from bad
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise DataError(f"{file.name} is {kind_of(mode)}", where=where, mend="name a regular file with rows")
    with os.fdopen(descriptor, "rb") as stream:
        yield stream


class AsItIs(NamedTuple):
    """What moves when a file is written to, or another gets its name; `size` in bytes, times in nanoseconds."""

    device: int
    inode: int
    size: int
    written: int
    changed: int


def as_it_is(file: Path, where: str) -> AsItIs:
    """
    Raises:
        DataError: as `opened` does.
    """
    with opened(file, where) as stream:
        told = os.fstat(stream.fileno())
    return AsItIs(told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)
