"""By which columns of each source rows are asked for: counted as queries are run, and kept beside the record.

A query reads and leaves no entry, so this is no evidence: a file of counts, without a value or a name of who asked. It
decides how `treadle data compact` lays a table out, and nothing else; without it what the features look up by counts.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from treadle.exploring.found import Filtered

if TYPE_CHECKING:
    from treadle.workspace import Workspace

FILE = "uses.json"
_MOST_COLUMNS, _MOST_BYTES = 200, 1 << 20


class Counted(Struct, frozen=True):
    """How often queries asked for one value of a column, and for a range of it."""

    equal: int = 0
    between: int = 0

    @property
    def times(self) -> int:
        return self.equal + self.between


Counts = dict[str, dict[str, Counted]]
"""By source, and then by column."""


def note(workspace: Workspace, filters: Sequence[Filtered]) -> None:
    """Count what a query filtered by. Where nothing may be written, or the disk is full, it is not counted."""
    if workspace.reading or not filters:
        return
    with contextlib.suppress(OSError), _alone(workspace.root):
        counts = _load(workspace.root)
        for one in filters:
            of = counts.setdefault(one.source, {})
            if one.column in of or len(of) < _MOST_COLUMNS:
                before = of.get(one.column, Counted())
                of[one.column] = Counted(before.equal + one.equal, before.between + (not one.equal))
        _write(workspace.root / FILE, msgspec.json.encode(counts))


def measured(workspace: Workspace, source: str) -> dict[str, Counted]:
    """The columns of a source that were asked by, the most often asked first; if none were, those that the project's
    features look up by, once each."""
    found = _load(workspace.root).get(source, {})
    if not found:
        found = {column: Counted(equal=1) for column in _looked_up(workspace, source)}
    return dict(sorted(found.items(), key=lambda item: (-item[1].times, item[0])))


def _looked_up(workspace: Workspace, source: str) -> list[str]:
    found = dict[str, None]()
    for one in workspace.project.each():
        features = one.spec.features
        for lookup in features.lookup.values():
            if lookup.source == source:
                found |= dict.fromkeys(lookup.keys)
        found |= {window.on: None for window in features.window.values() if window.source == source}
    return list(found)


def _load(root: Path) -> Counts:
    """Nothing, where it is missing or none of ours."""
    try:
        with (root / FILE).open("rb") as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=Counts)
    except (OSError, msgspec.MsgspecError):
        return {}


def _write(file: Path, content: bytes) -> None:
    part = file.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(content)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    descriptor = os.open(root / ".uses.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
