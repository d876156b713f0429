"""A process that writes until it is killed, and tells what it has been promised."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHILD = "import pickle, sys; work, opens = pickle.load(sys.stdin.buffer); work(opens)"


def say(word: object) -> None:
    """Called by the writing process once a write has returned."""
    print(word, flush=True)


@contextmanager
def writing(work: Callable[[Callable[[], Any]], None], opens: Callable[[], Any]) -> Iterator[Iterator[str]]:
    """Run `work(opens)` in another process; gives what it says, line by line; kills it with SIGKILL at the end."""
    child = subprocess.Popen([sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None and child.stdout is not None
    with child.stdin, child.stdout:
        try:
            pickle.dump((work, opens), child.stdin)
            child.stdin.close()
            yield (line.decode().strip() for line in child.stdout)
        finally:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()


def killed_after(lines: int, work: Callable[[Callable[[], Any]], None], opens: Callable[[], Any]) -> list[str]:
    """What the writing process had said when it was killed, at least `lines` lines of it."""
    with writing(work, opens) as said:
        return [next(said) for _ in range(lines)]
