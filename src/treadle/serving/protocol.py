"""HTTP as uvicorn speaks it, with limits that it does not have: of a request's size and time, of how many requests wait
for their answers, of how long an answer waits to be read, and of connections.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MOST_CONNECTIONS = 900  # each is an open file, of which a process may usually have 1,024
_AT_ONCE = 2 * 2**10  # bytes that are parsed before it is asked what waits: a hundred of the smallest requests
_HELD_BYTES = 64 * 2**20  # of all connections, not parsed yet since what stands before is not answered
_HEAD_BYTES = 64 * 2**10  # beyond the first of what is parsed at once
_HEAD_SECONDS = 30.0
_BODY_BYTES = 8 * 2**20  # more than any answer is asked for with: a path of ours has read less, and refused
_BODY_SECONDS = 60.0
_WRITE_SECONDS = 60.0  # in which the caller takes at least a byte of an answer that waits for it
_LAST_SECONDS = 5.0  # the same, once the server is stopped
_FRAMING_BYTES = 64 * 2**10  # what stands around the parts of a body, and a quarter of the body more
_ONCE = frozenset((b"host", b"authorization", b"content-type", b"origin", b"x-csrf-token", b"transfer-encoding"))
"""Headers by which the door knows who asks and from where, or where a body ends: of two, another reader might take the
other."""

Refusal = tuple[bytes, bytes]
"""Status line and content."""


def _refusal(status: bytes, what: bytes, mend: bytes) -> Refusal:
    return status, b'{"error":"%b","mend":"%b"}' % (what, mend)


_LARGE_HEAD, _LARGE_BODY = b"431 Request Header Fields Too Large", b"413 Content Too Large"
_BAD, _BUSY, _UNKNOWN = b"400 Bad Request", b"503 Service Unavailable", b"501 Not Implemented"
_TOO_LARGE = _refusal(
    _LARGE_HEAD, b"the head of the request is larger than 64 KiB", b"send a shorter path, fewer headers"
)
_TOO_LONG = _refusal(_LARGE_BODY, b"the body is larger than anything that is taken here", b"send it in parts")
_SHREDS = _refusal(_BAD, b"the body comes in too small parts, or never ends", b"send it whole, with content-length")
_TRAILER = _refusal(_BAD, b"headers after the body are not taken", b"send all headers before the body")
_TWICE = _refusal(_BAD, b"a header stands there twice that may be given once", b"send it once")
_UPGRADE = _refusal(_BAD, b"a body cannot come with an upgrade", b"send HTTP/1.1 without the header upgrade")
_CODED = _refusal(_UNKNOWN, b"of transfer codings chunked alone is taken", b"send the body as it is, not compressed")
_NO_REQUEST = _refusal(_BAD, b"this is not a request of HTTP/1.1", b"look at the request line and the headers")
_FULL = _refusal(_BUSY, b"this server has as many connections as it takes", b"close some, or call again later")
_CROWDED = _refusal(
    _BUSY, b"too many requests wait for their answers", b"send this again, once those before are answered"
)


class _Flow(FlowControl):
    """Reads on only while no request waits for the answer of another."""

    def __init__(self, transport: asyncio.Transport, waiting: deque[Any]) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if not self._waiting:
            super().resume_reading()


class GuardedProtocol(HttpToolsProtocol):
    """Refuses what does not end: a head (request line and headers), a body, and what stands around its parts.

    The parser gathers all of these in memory without limit, at a cost that grows with the square of their parts, and
    takes the headers after a body for those before it. By size they are refused with an answer, by time with a closed
    connection. Once a request was answered, no more of its body is read: the connection is closed.

    Requests that come before the answers to those before them wait, in their order: some hundred of them at most, and
    what came with them in `_rest`, as bytes; no more is read meanwhile. A refusal is said in its place, after what
    stands before it, and is the last word of the connection. Who does not read their answers is cut off.
    """

    def __init__(self, *args: Any, unread: Callable[[int], None] = lambda status: None, **more: Any) -> None:
        """unread: told the status of each request that is refused here."""
        super().__init__(*args, **more)
        self._unread = unread

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        self._in_head, self._in_body, self._keeps = True, False, True
        self._head = self._body = self._framing = self._messages = 0
        self._why = _NO_REQUEST
        self._rest = b""
        self._last_word: bytes | None = None
        self._running: RequestResponseCycle | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._to_write, self._write_seconds = 0, _WRITE_SECONDS
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(_FULL)
        else:
            self._wait(_HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        if self._ended():
            return
        self._unset_keepalive_if_required()
        if len(data) <= _AT_ONCE and not self.pipeline:
            self._parse(data)
            return
        self._rest += data
        self._parse_on()
        if self._rest and sum(len(one._rest) for one in self.connections) > _HELD_BYTES:  # type: ignore[misc, union-attr]
            self._refuse(_CROWDED)

    def _ended(self) -> bool:
        return self._last_word is not None or self.transport.is_closing()

    def _parse_on(self) -> None:
        """Parse what came, up to a request that waits for the answer of another."""
        rest, at = memoryview(self._rest), 0
        while at < len(rest) and not self.pipeline and not self._ended():
            self._parse(rest[at : at + _AT_ONCE])
            at += _AT_ONCE
        self._rest = b"" if self._ended() else bytes(rest[at:])

    def _parse(self, data: bytes | memoryview) -> None:
        head_before, body_before, body, message = self._in_head, self._in_body, self._body, self._messages
        try:
            self.parser.feed_data(data)
        except HttpParserError:
            self._refuse(self._why)
        except HttpParserUpgrade:  # HTTP/1.1 goes on, as a server may choose; what comes is for another protocol
            self._last_word = b""
        if self._ended():
            return
        if not self._in_head and not self._in_body and message == self._messages and self._idle():
            # blank lines before a head begin none for the parser, and end the time for which uvicorn keeps a connection
            self._in_head = head_before = True
            self._head = 0
        if self._in_head:
            if self._patience is None:
                self._wait(_HEAD_SECONDS)
            self._head = self._head + len(data) if head_before and message == self._messages else 0
            if self._head > _HEAD_BYTES:
                self._refuse(_TOO_LARGE)
        elif self._in_body:
            if self._patience is None:
                self._wait(_BODY_SECONDS)
            if body_before and message == self._messages:
                self._framing += len(data) - (self._body - body)
            if self._body > _BODY_BYTES:
                self._refuse(_TOO_LONG)
            elif self._framing > _FRAMING_BYTES + self._body // 4:
                self._refuse(_SHREDS)

    def _idle(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._in_body = True, False
        self._messages += 1

    def on_headers_complete(self) -> None:
        once = [name for name, _ in self.headers if name in _ONCE]
        if len(once) != len(set(once)):
            self._why = _TWICE
            raise ValueError("a header that may stand there once")
        if b"transfer-encoding" in once and dict(self.headers)[b"transfer-encoding"].strip().lower() != b"chunked":
            self._why = _CODED
            raise ValueError("a coding that is not undone here")
        upgrade = self.parser.should_upgrade()
        if upgrade and any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self.headers
        ):
            self._why = _UPGRADE  # the parser leaves the body for another protocol
            raise ValueError("a body with an upgrade")
        self._in_head, self._in_body = False, True
        self._head = self._body = self._framing = 0
        if self._patience is not None:
            self._wait(None)
        super().on_headers_complete()
        self.headers = []  # what the parser gathers from now on stands after the body, and is seen by nobody
        # until the body is there, an answer is the last word on this connection
        self._keeps, self.cycle.keep_alive = self.cycle.keep_alive and not upgrade, False

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.headers:
            self._why = _TRAILER
            raise ValueError("a header after the body")
        self._in_body = False
        if self._patience is not None:
            self._wait(None)
        if not self.cycle.response_started:
            self.cycle.keep_alive = self._keeps
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        was_last = not self.pipeline
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_writing()
        elif was_last:
            if self._last_word is not None:
                self._end()
        elif not self.pipeline:
            self._parse_on()
            self.flow.resume_reading()

    def shutdown(self) -> None:
        self._keeps = False
        super().shutdown()
        self._write_seconds = _LAST_SECONDS
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        if self.flow.write_paused or self.transport.is_closing():
            self._watch_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        if self._writing is not None:
            self._writing.cancel()
        self.pipeline.clear()
        self._rest = b""
        running = self._running
        if running is not None and not running.response_complete:  # uvicorn tells the newest request alone
            running.disconnected = True
            running.message_event.set()
        super().connection_lost(exc)

    # -- what does not come in time

    def _wait(self, seconds: float | None) -> None:
        """Close the connection in so many seconds, unless something else is said before; None: let it be."""
        if self._patience is not None:
            self._patience.cancel()
        self._patience = None if seconds is None else self.loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        self._patience = None
        if self.pipeline:  # nothing is read meanwhile, so it could not come
            self._wait(_HEAD_SECONDS)
        elif self._in_body or self._idle():
            self._close()
        else:
            self._last_word = b""

    def timeout_keep_alive_handler(self) -> None:
        if not self.transport.is_closing():
            self._close()

    # -- what is not read in time

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._writing is not None and not self.transport.is_closing():
            self._writing.cancel()
            self._writing = None

    def _watch_writing(self) -> None:
        """Cut the connection off unless, time after time, something of what is written to it is taken."""
        if self._writing is None:
            self._to_write = self.transport.get_write_buffer_size()
            self._writing = self.loop.call_later(self._write_seconds, self._look_at_writing)

    def _look_at_writing(self) -> None:
        self._writing = None
        if self.transport.get_write_buffer_size() >= self._to_write:
            self.transport.abort()
        elif self.flow.write_paused or self.transport.is_closing():
            self._watch_writing()

    # -- refusals

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: a caller cannot fill the log."""

    def send_400_response(self, msg: str) -> None:
        """As an answer of ours says it."""
        self._refuse(self._why)

    def _refuse(self, why: Refusal) -> None:
        """Answer the request that is read now, unless it was answered already, after those before it; nobody else does.

        It is the last that is read.
        """
        status, content = why
        self._unread(int(status[:3]))
        self._wait(None)
        self._rest = b""
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close" % len(content)
        self._last_word = b"HTTP/1.1 %b\r\n%b\r\n\r\n%b" % (status, head, content)
        if not self._in_body:
            if self._idle():
                self._end()
        elif self.pipeline:
            self.pipeline.popleft()  # the newest: it is this one
        else:
            if self.cycle.response_started:
                self._last_word = b""
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._end()

    def _end(self) -> None:
        if self._last_word:
            self.transport.write(self._last_word)
        self._close()

    def _close(self) -> None:
        self.transport.close()
        self._watch_writing()
