"""What a server does beside answering: move its journal to the tables, follow tokens, tell the record of refusals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.monitoring import KINDS
from treadle.serving import apart

if TYPE_CHECKING:
    from treadle.access.door import Door
    from treadle.evidence.kinds.access_refused import AccessRefused
    from treadle.workspace import Workspace

DRAIN_SECONDS = 60.0
DOOR_SECONDS = 1.0
_LAST_SECONDS = 3.0  # for the last word to the record, of the ten in which a stopped server ends
_TURNS = 10  # of which each tries a project file again that could not be followed
_LATER = 10  # niceness: on a busy machine predictions go first


async def drain_often(workspace: Workspace, seconds: float = DRAIN_SECONDS) -> None:
    """As `treadle drain`, whenever there is a closed segment. In a process of its own: it takes seconds of the
    interpreter. The server was let in to run, and this is a part of it.

    It may be killed at any time: a segment is moved whole and once, or stays.
    """
    project = workspace.project
    command = ("-m", "treadle.hosting.draining", str(project.file), workspace.chain.actor, project.target)
    while True:
        await asyncio.sleep(seconds)
        if not any(workspace.journal.segments(kind)[0] for kind in KINDS):
            continue
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _LATER)
        try:
            if await process.wait():
                print("treadle: the journal was not moved to the tables (see above); it is tried again", flush=True)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def watch_the_door(workspace: Workspace, door: Door, seconds: float = DOOR_SECONDS) -> None:
    """Take up tokens that were made or revoked and what the project file says of people, tell the record of refusals.

    A catalog that is away changes nothing of what stands: tokens end by their own time, refusals wait.
    """
    from treadle.access import tokens
    from treadle.access.refusals import tell

    chain, project, file = workspace.chain, workspace.project.spec.project, _ProjectFile(workspace, door)
    waiting: list[AccessRefused] = []
    telling: list[asyncio.Task[None]] = []

    async def told() -> None:
        await apart(partial(tell, chain, project, list(waiting)))
        waiting.clear()

    try:
        while True:
            await asyncio.sleep(seconds)
            with contextlib.suppress(Exception):
                door.renew(await apart(lambda: tokens.book(chain, project, before=door.tokens)))
            await file.follow()
            waiting += door.refusals.due(time.time())
            if waiting:
                telling = [asyncio.create_task(told())]
                with contextlib.suppress(Exception):
                    await asyncio.shield(telling[0])
    finally:  # a catalog that does not answer keeps no server alive
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_LAST_SECONDS):
                await asyncio.gather(*telling, return_exceptions=True)  # what is being told is not told again
                await apart(partial(tell, chain, project, [*waiting, *door.refusals.due(time.time(), last=True)]))


class _ProjectFile:
    """The file that says who the people are and what is open, as a running server follows it.

    One that is wrong changes nothing of what stands. It is tried again, though it stays as it is: what is wrong may
    lie elsewhere, in a file that is not there yet or a folder that is not trusted yet.
    """

    def __init__(self, workspace: Workspace, door: Door) -> None:
        self._workspace, self._door = workspace, door
        self._followed: tuple[int, int] | None = None  # it may have changed since the workspace was opened
        self._tried: tuple[int, int] | None = None
        self._turns = 0

    async def follow(self) -> None:
        from treadle.spec import load

        project = self._workspace.project
        now = _changed(project.file)
        if now == self._followed:
            return
        self._turns = self._turns + 1 if now == self._tried else 0
        self._tried = now
        if self._turns % _TURNS:
            return
        with contextlib.suppress(Exception):
            self._door.follow((await apart(lambda: load(project.file))).of(project.target or None).spec)
            self._followed = now


def _changed(file: Path) -> tuple[int, int]:
    """What tells one version of a file from the next; zeros while it is not there."""
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino


def main(project: str, actor: str, target: str) -> None:
    from treadle.errors import TreadleError
    from treadle.monitoring import collect
    from treadle.spec import load
    from treadle.workspace import open_workspace

    try:
        workspace = open_workspace(load(project).of(target or None), actor=actor, begins=False)
        collect(workspace.tables, workspace.names, workspace.journal)
    except TreadleError as bad:
        raise SystemExit(f"treadle: {bad}") from bad


if __name__ == "__main__":
    main(*sys.argv[1:])
