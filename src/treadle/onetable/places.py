"""The folder that a project is drafted in: one that is kept, or one that is gone afterwards whatever happens."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


@contextmanager
def folder_for(save: str | None) -> Iterator[Path]:
    """The folder to be kept; else one of this machine's temporary ones, which is removed at the end, after Ctrl-C and
    after a polite kill (SIGTERM) too."""
    if save is not None:
        yield Path(save)
        return
    made = Path(tempfile.mkdtemp(prefix="treadle-fit-"))
    try:
        with _killed_like_stopped():
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _killed_like_stopped() -> Iterator[None]:
    """While it lasts, SIGTERM ends the work like Ctrl-C does; only the main thread can be told so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
