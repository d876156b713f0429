"""What writers left behind who were killed before their file had its name."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

DEAD_AFTER = 3600.0
"""Seconds after which nobody still writes to a file that has not changed since."""


def dead_parts(folder: Path, pattern: str) -> Iterator[Path]:
    """The unfinished files of a folder that nobody wrote to within the hour; a younger one may be being written."""
    before = time.time() - DEAD_AFTER
    with contextlib.suppress(OSError):
        for part in folder.glob(pattern):
            with contextlib.suppress(OSError):
                if part.lstat().st_mtime < before:
                    yield part


def clear_parts(folder: Path, pattern: str) -> None:
    """Remove them. One that cannot be removed is left: it is in nobody's way."""
    for part in dead_parts(folder, pattern):
        with contextlib.suppress(OSError):
            part.unlink()
