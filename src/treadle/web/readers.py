"""A few processes that make reads for the server. One that takes too long, or that nobody waits for, is ended.

A read imports the engines of tables and plots, holds the interpreter while it decodes a ledger, and takes memory by its
size: in the server's own process, thread or not, predictions would wait for it, and nothing could stop it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process

import msgspec

from treadle.principal import Principal

SIDE_BY_SIDE = 2
_WAITING = 32
_IDLE_SECONDS = 60.0


class Busy(Exception):
    """More reads wait than will ever be wanted."""


class ReaderEnded(Exception):
    """The process of a read ended without an answer."""


class Readers:
    """At most `SIDE_BY_SIDE` processes: begun when first needed, kept for the next read, ended after an idle minute."""

    def __init__(
        self,
        project: str,
        target: str | None = None,
        *,
        program: tuple[str, ...] = ("-m", "treadle.web.reader"),
    ) -> None:
        self._command = (sys.executable, *program, project, *([target] if target else []))
        self._idle: list[Process] = []
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._slots = asyncio.Semaphore(SIDE_BY_SIDE)
        self._waiting = 0
        self._ending: set[asyncio.Task[None]] = set()

    async def ask(self, method: str, path: str, query: str, who: Principal) -> tuple[int, bytes, bytes]:
        """The answer of one read. Cancelled, the process is ended, and its place is free at once."""
        if self._waiting >= _WAITING:
            raise Busy
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        process: Process | None = None
        try:
            process = self._taken() or await self._begun()
            answer = await _answer(process, msgspec.json.encode((method, path, query, who)) + b"\n")
        except BaseException:
            if process is not None:
                self._end(process)
            raise
        else:
            self._keep(process)
            return answer
        finally:
            self._slots.release()

    def _taken(self) -> Process | None:
        while self._idle:
            process = self._idle.pop()
            self._timers.pop(process.pid).cancel()
            if process.returncode is None:
                return process
        return None

    async def _begun(self) -> Process:
        # a session of its own: Ctrl-C at the server's terminal is for the server
        return await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, start_new_session=True)

    def _keep(self, process: Process) -> None:
        self._idle.append(process)
        self._timers[process.pid] = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._let_go, process)

    def _let_go(self, process: Process) -> None:
        self._timers.pop(process.pid, None)
        if process in self._idle:
            self._idle.remove(process)
        self._end(process)

    def _end(self, process: Process) -> None:
        """End it now; its pipes are closed once it is gone."""
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        task = asyncio.get_running_loop().create_task(_buried(process))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def aclose(self) -> None:
        for process in list(self._idle):
            self._timers.pop(process.pid).cancel()
            self._idle.remove(process)
            self._end(process)
        await asyncio.gather(*self._ending)


async def _buried(process: Process) -> None:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    await process.stdout.read()
    await process.wait()


async def _answer(process: Process, line: bytes) -> tuple[int, bytes, bytes]:
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(line)
        await process.stdin.drain()
        status, kind, length = msgspec.json.decode(await process.stdout.readline(), type=tuple[int, str, int])
        return status, kind.encode(), await process.stdout.readexactly(length)
    except (OSError, EOFError, msgspec.DecodeError) as bad:
        raise ReaderEnded from bad
