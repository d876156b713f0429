"""What a server does beside answering: once a minute, what it wrote into the journal is moved to the tables."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING

from treadle.monitoring import KINDS
from treadle.serving import segments

if TYPE_CHECKING:
    from treadle.workspace import Workspace

DRAIN_SECONDS = 60.0
_LATER = 10  # niceness: on a busy machine predictions go first


async def drain_often(workspace: Workspace, seconds: float = DRAIN_SECONDS) -> None:
    """`treadle drain` whenever there is a closed segment. In a process of its own: it takes seconds of the interpreter.

    It may be killed at any time: a segment is moved whole and once, or stays.
    """
    command = ("-m", "treadle", "drain", str(workspace.project.file), "--as", workspace.chain.actor, "--json")
    while True:
        await asyncio.sleep(seconds)
        if not any(segments(workspace.journal, kind)[0] for kind in KINDS):
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
