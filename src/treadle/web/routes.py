"""GET /api/OPERATION answers what `treadle OPERATION --json` prints; /report and /watch are the project's pages.

Only operations that read and change nothing are served, since a caller over HTTP has no identity here. What changes
something is done by a named person on the command line.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from treadle.web.answers import Answer, Answers, Wanted
from treadle.web.readers import Busy, ReaderEnded, Readers

Receive = Callable[[], Awaitable[dict[str, Any]]]
READ_SECONDS = 30.0
# a page of ours holds its styles and drawings itself, and never runs or fetches anything else
_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'unsafe-inline'"


class Routes:
    """A plain ASGI application for one project. Reads are made in processes of their own, so that predictions go on.

    A read that takes longer than `seconds` is ended with 503; one whose caller went away is ended at once.
    """

    prefixes = ("/api", "/report", "/watch")

    def __init__(self, project: str, *, seconds: float = READ_SECONDS, readers: Readers | None = None) -> None:
        self.project, self.seconds = project, seconds
        self.answers = Answers(project)
        self.readers = readers or Readers(project)

    async def __call__(
        self, scope: dict[str, Any], receive: Receive, send: Callable[[dict[str, Any]], Awaitable[None]]
    ) -> None:
        method, path = scope["method"], scope["path"]
        query = scope.get("query_string", b"").decode("ascii", "replace")
        found = self.answers.wanted(method, path, query)
        if isinstance(found, Wanted):
            read = await self._unless_gone(self._read(method, path, query), receive)
            if read is None:
                return
            found = read
        status, kind, content = found
        headers = [
            (b"content-type", kind),
            (b"content-length", b"%d" % len(content)),
            (b"content-security-policy", _POLICY),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _read(self, method: str, path: str, query: str) -> Answer:
        try:
            async with asyncio.timeout(self.seconds):
                return await self.readers.ask(method, path, query)
        except TimeoutError:
            text = f"this read takes longer than {self.seconds:g} s, and was ended"
            return self.answers.error(503, text, "ask for less, ask again later, or use the command line")
        except Busy:
            return self.answers.error(503, "too many reads wait already", "ask again later")
        except ReaderEnded:
            text = "the process that made this read ended before its answer"
            return self.answers.error(503, text, "ask again; the server's log may say why")

    async def _unless_gone(self, reading: Awaitable[Answer], receive: Receive) -> Answer | None:
        """The answer; None once the caller has gone, and the read is ended then."""
        read, gone = asyncio.ensure_future(reading), asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((read, gone), return_when=asyncio.FIRST_COMPLETED)
            return read.result() if read.done() else None
        finally:
            for task in (read, gone):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def aclose(self) -> None:
        await self.readers.aclose()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
