"""A few processes that make reads for the server. One that takes too long is ended; one that nobody waits for ends.

A read imports the engines of tables and plots, holds the interpreter while it decodes a ledger, and takes memory by its
size: in the server's own process, thread or not, predictions would wait for it, and nothing could stop it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from subprocess import PIPE, Popen

import msgspec

from treadle.principal import Principal
from treadle.serving import apart

SIDE_BY_SIDE = 2
READ_SECONDS = 30.0
_OF_ANYBODY = SIDE_BY_SIDE - 1  # places that callers without a name may fill: one is kept for those who are known
_WAITING, _WAITING_OF_ANYBODY = 32, 16
_IDLE_SECONDS = 60.0

Read = tuple[int, bytes, bytes]
"""Status, content type and content."""
Process = Popen[bytes]


class Busy(Exception):
    """More reads wait than will ever be wanted."""


class ReaderEnded(Exception):
    """The process of a read ended without an answer."""


class _Places:
    """So many at a time, and so many that wait for it."""

    def __init__(self, places: int, most_waiting: int) -> None:
        self._slots, self._waiting, self._most = asyncio.Semaphore(places), 0, most_waiting

    async def take(self) -> None:
        if self._waiting >= self._most:
            raise Busy
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        self._slots.release()


class Readers:
    """At most `SIDE_BY_SIDE` processes: begun when first needed, kept for the next read, ended after an idle minute.

    They are begun, asked and waited for in threads: to begin a process holds whoever does it. One event loop owns it.
    """

    def __init__(
        self,
        project: str,
        target: str | None = None,
        *,
        program: tuple[str, ...] = ("-m", "treadle.web.reader"),
        seconds: float = READ_SECONDS,
    ) -> None:
        """seconds: that one read may take, from when it has a process."""
        self._command = (sys.executable, *program, project, *([target] if target else []))
        self._seconds = seconds
        self._idle: list[Process] = []
        self._busy: set[Process] = set()
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._all, self._anybody = _Places(SIDE_BY_SIDE, _WAITING), _Places(_OF_ANYBODY, _WAITING_OF_ANYBODY)
        self._reads: set[asyncio.Task[Read]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._closing = False

    async def ask(self, method: str, path: str, query: str, who: Principal) -> Read:
        """The answer of one read. Cancelled, it leaves the queue; one that has begun is made to its end, in its place.

        It is not ended with its caller: whoever goes away again and again would have a process begun each time.
        """
        places = [self._all] if who.kind != "anonymous" else [self._anybody, self._all]
        taken: list[_Places] = []
        try:
            for each in places:
                await each.take()
                taken.append(each)
            read = asyncio.ensure_future(self._read(msgspec.json.encode((method, path, query, who)) + b"\n"))
        except BaseException:
            _leave(taken)
            raise
        self._reads.add(read)
        read.add_done_callback(lambda done: self._done(done, taken))
        return await asyncio.shield(read)

    def _done(self, read: asyncio.Task[Read], taken: list[_Places]) -> None:
        self._reads.discard(read)
        _leave(taken)
        if not read.cancelled():
            read.exception()  # nobody may be there any more to be told

    async def _read(self, line: bytes) -> Read:
        idle = self._taken()
        process = idle if idle is not None else await apart(self._begun)
        if self._closing:
            self._end(process)
            raise ReaderEnded
        self._busy.add(process)
        limit = asyncio.get_running_loop().call_later(self._seconds, process.kill)
        try:
            answer = await apart(lambda: _answer(process, line))
        except BaseException:
            self._end(process)
            raise
        finally:
            limit.cancel()
            self._busy.discard(process)
        if self._closing:
            self._end(process)
        else:
            self._keep(process)
        return answer

    def _taken(self) -> Process | None:
        while self._idle:
            process = self._idle.pop()
            self._timers.pop(process.pid).cancel()
            if process.poll() is None:
                return process
            self._end(process)
        return None

    def _begun(self) -> Process:
        # a session of its own: Ctrl-C at the server's terminal is for the server
        return Popen(self._command, stdin=PIPE, stdout=PIPE, start_new_session=True)

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
        process.kill()
        task = asyncio.get_running_loop().create_task(apart(lambda: _buried(process)))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def aclose(self) -> None:
        """End what there is. Whoever asks afterwards, in another loop too, has processes begun anew."""
        self._closing = True
        for process in self._idle:
            self._timers.pop(process.pid).cancel()
            self._end(process)
        self._idle.clear()
        for process in self._busy:
            process.kill()
        await asyncio.gather(*self._reads, return_exceptions=True)
        await asyncio.gather(*self._ending)
        self._closing = False


def _leave(taken: list[_Places]) -> None:
    for each in taken:
        each.leave()


def _buried(process: Process) -> None:
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _answer(process: Process, line: bytes) -> Read:
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(line)
        process.stdin.flush()
        status, kind, length = msgspec.json.decode(process.stdout.readline(), type=tuple[int, str, int])
        content = process.stdout.read(length)
    except (OSError, ValueError, msgspec.DecodeError) as bad:
        raise ReaderEnded from bad
    if len(content) < length:
        raise ReaderEnded
    return status, kind.encode(), content
