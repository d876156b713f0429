"""HTTP as uvicorn speaks it, with limits that it does not have: of the size of a request's head, and of its time."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD_BYTES = 64 * 2**10  # beyond the first read, which the kernel and the loop bound
_HEAD_SECONDS = 30.0
_TOO_LARGE = b'{"error":"the head of the request is larger than 64 KiB","mend":"send a shorter path, fewer headers"}'
_NO_REQUEST = b'{"error":"this is not a request of HTTP/1.1","mend":"look at the request line and the headers"}'


class GuardedProtocol(HttpToolsProtocol):
    """Refuses a head (request line and headers) that does not end, by size with 431, by time with a closed connection.

    The parser gathers a head in memory without limit, at a cost that grows with the square of its parts.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._in_head, self._head = True, 0
        self._patience: asyncio.TimerHandle | None = self.loop.call_later(_HEAD_SECONDS, self._too_late)

    def data_received(self, data: bytes) -> None:
        began_before = self._in_head
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            if self._patience is None:
                self._patience = self.loop.call_later(_HEAD_SECONDS, self._too_late)
            self._head = self._head + len(data) if began_before else 0
            if self._head > _HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large", _TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head, self._head = False, 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        super().connection_lost(exc)

    def _too_late(self) -> None:
        self._patience = None
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """As an answer of ours says it."""
        self._refuse(b"400 Bad Request", _NO_REQUEST)

    def _refuse(self, status: bytes, content: bytes) -> None:
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close" % len(content)
        self.transport.write(b"HTTP/1.1 %b\r\n%b\r\n\r\n%b" % (status, head, content))
        self.transport.close()
