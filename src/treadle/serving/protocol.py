"""HTTP as uvicorn speaks it, with limits that it does not have: of a request's size and time, and of connections."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS = 900  # each is an open file, of which a process may usually have 1,024
_HEAD_BYTES = 64 * 2**10  # beyond the first read, which the kernel and the loop bound
_HEAD_SECONDS = 30.0
_BODY_BYTES = 8 * 2**20  # more than any answer is asked for with: a path of ours has read less, and refused
_BODY_SECONDS = 60.0
_FRAMING_BYTES = 64 * 2**10  # what stands around the parts of a body, and a quarter of the body more
_ONCE = frozenset((b"host", b"authorization", b"content-type", b"origin", b"x-csrf-token"))
"""Headers by which the door knows who asks and from where: of two, another reader might take the other."""
_TOO_LARGE = b'{"error":"the head of the request is larger than 64 KiB","mend":"send a shorter path, fewer headers"}'
_TOO_LONG = b'{"error":"the body is larger than anything that is taken here","mend":"send it in parts"}'
_SHREDS = b'{"error":"the body comes in too small parts, or never ends","mend":"send it whole, with content-length"}'
_TRAILER = b'{"error":"headers after the body are not taken","mend":"send all headers before the body"}'
_TWICE = b'{"error":"a header stands there twice that may be given once","mend":"send it once"}'
_UPGRADE = b'{"error":"a body cannot come with an upgrade","mend":"send HTTP/1.1 without the header upgrade"}'
_NO_REQUEST = b'{"error":"this is not a request of HTTP/1.1","mend":"look at the request line and the headers"}'
_FULL = b'{"error":"this server has as many connections as it takes","mend":"close some, or call again later"}'
_LARGE_HEAD, _LARGE_BODY = b"431 Request Header Fields Too Large", b"413 Content Too Large"
_BAD, _BUSY = b"400 Bad Request", b"503 Service Unavailable"


class GuardedProtocol(HttpToolsProtocol):
    """Refuses what does not end: a head (request line and headers), a body, and what stands around its parts.

    The parser gathers all of these in memory without limit, at a cost that grows with the square of their parts, and
    takes the headers after a body for those before it. By size they are refused with an answer, by time with a closed
    connection. Once a request was answered, no more of its body is read: the connection is closed.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._in_head, self._in_body, self._keeps = True, False, True
        self._head = self._body = self._framing = self._messages = 0
        self._why = _NO_REQUEST
        self._patience: asyncio.TimerHandle | None = None
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(_BUSY, _FULL)
        else:
            self._wait(_HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        head_before, body_before, body, message = self._in_head, self._in_body, self._body, self._messages
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._in_head and not self._in_body and message == self._messages and self._idle():
            # blank lines before a head begin none for the parser, and end the time for which uvicorn keeps a connection
            self._in_head = head_before = True
            self._head = 0
        if self._in_head:
            if self._patience is None:
                self._wait(_HEAD_SECONDS)
            self._head = self._head + len(data) if head_before else 0
            if self._head > _HEAD_BYTES:
                self._refuse(_LARGE_HEAD, _TOO_LARGE)
        elif self._in_body:
            if self._patience is None:
                self._wait(_BODY_SECONDS)
            if body_before and message == self._messages:
                self._framing += len(data) - (self._body - body)
            if self._body > _BODY_BYTES:
                self._refuse(_LARGE_BODY, _TOO_LONG)
            elif self._framing > _FRAMING_BYTES + self._body // 4:
                self._refuse(_BAD, _SHREDS)

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

    def shutdown(self) -> None:
        self._keeps = False
        super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        super().connection_lost(exc)

    def _wait(self, seconds: float | None) -> None:
        """Close the connection in so many seconds, unless something else is said before; None: let it be."""
        if self._patience is not None:
            self._patience.cancel()
        self._patience = None if seconds is None else self.loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        self._patience = None
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: HTTP/1.1 goes on, as a server may choose, and a caller cannot fill the log."""

    def send_400_response(self, msg: str) -> None:
        """As an answer of ours says it."""
        self._refuse(_BAD, self._why)

    def _refuse(self, status: bytes, content: bytes) -> None:
        """Answer, unless this request was answered already, and close; nobody answers it any more."""
        cycle = self.cycle if self._in_body else None
        if cycle is None or not cycle.response_started:
            head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close" % len(content)
            self.transport.write(b"HTTP/1.1 %b\r\n%b\r\n\r\n%b" % (status, head, content))
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        self._wait(None)
        self.transport.close()
