"""One answer of a web server, whole or not at all, within a time that holds.

By the standard library (docs/decisions/0017): what a library would add, a pool and redirects, is not wanted, and a time
that no slow server stretches is. A connection is kept from one request to the next. Nothing is tried again here.
"""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Literal
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

from msgspec import Struct

_PART = 1 << 16
_SOON = 0.01
"""Seconds after which the time is looked at again."""
_PORTS = {"http": 80, "https": 443}
_KEPT = "!#$%&'()*+,/:;=?@[]~"
"""Signs that a URL from elsewhere keeps; others are written as URLs write them."""


class Answer(Struct, frozen=True):
    """What came back. `headers`: by their names in small letters, of one that stands twice both, with a comma between.

    `body`: as it was sent, packed if it was packed.
    """

    url: str
    status: int
    headers: dict[str, str]
    body: bytes


class Sent(Struct, frozen=True):
    """What a server is sent, where it is not asked for something alone."""

    method: Literal["POST", "PUT", "PATCH"]
    body: bytes


class Lost(Exception):
    """No whole answer came, for a reason that another try may not meet."""


class Late(Exception):
    """The time for all of it is over."""


class Patience(Struct, frozen=True):
    """Seconds until a server is held to be away: to be connected to, and between two parts of an answer."""

    connecting: float = 10
    silent: float = 60


Weigh = Callable[[int], None]
"""Told the bytes of an answer as they come; it raises where they are too many."""


class Line:
    """Connections to the servers that are asked, one each. For one thread; `close` it."""

    def __init__(self, until: float, patience: Patience, clock: Callable[[], float] = time.monotonic) -> None:
        """until: of `clock`, when an answer that is under way ends too."""
        self._until, self._patience, self._clock = until, patience, clock
        self._paused: float | None = None
        self._kept: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def close(self) -> None:
        for connection in self._kept.values():
            connection.close()
        self._kept.clear()

    @property
    def left(self) -> float:
        paused = self._paused
        return self._until - (self._clock() if paused is None else paused)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time that whoever asks waits for others, and not for a server: `until` moves on by it."""
        self._paused = begun = self._clock()
        try:
            yield
        finally:
            self._until += self._clock() - begun
            self._paused = None

    def ask(self, url: str, headers: Mapping[str, str], weigh: Weigh, sent: Sent | None = None) -> Answer:
        """Get a URL, or send to it; a redirect is an answer as others are.

        Raises:
            Lost: there is no connection, it broke, or the server was silent for too long.
            Late: the time is over.
        """
        parts = urlsplit(url)
        origin = (parts.scheme, parts.netloc.rpartition("@")[2])
        kept = self._kept.pop(origin, None)
        if kept is not None and sent:  # a server that closed it may have taken what it was sent
            kept.close()
            kept = None
        try:
            if kept is not None:
                with suppress(ConnectionError, ssl.SSLError):  # the server closed it since it was used: no failure
                    return self._answer(origin, kept, parts, headers, weigh, sent)
            return self._answer(origin, self._opened(parts), parts, headers, weigh, sent)
        except (OSError, http.client.HTTPException, ValueError) as bad:  # ValueError: a host that no name can be
            if self.left <= 0:
                raise Late from bad
            raise Lost(_said(bad)) from bad

    def _answer(
        self,
        origin: tuple[str, str],
        connection: http.client.HTTPConnection,
        parts: SplitResult,
        headers: Mapping[str, str],
        weigh: Weigh,
        sent: Sent | None,
    ) -> Answer:
        target, extra = _target(parts)
        whole = False
        try:
            with self._held(connection):
                method, body = (sent.method, sent.body) if sent else ("GET", None)
                connection.request(method, target, body, {**headers, **extra})
                # closed also when it was read whole: else the connection holds that it still is being read
                with closing(connection.getresponse()) as found:
                    answer = Answer(parts.geturl(), found.status, _headers(found), _body(found, weigh))
            whole = not found.will_close
        finally:
            if whole:
                self._kept[origin] = connection
            else:
                connection.close()
        return answer

    @contextmanager
    def _held(self, connection: http.client.HTTPConnection) -> Iterator[None]:
        """Whatever a server does, a letter a minute too, ends when the time is over: its socket is shut."""
        if self.left <= 0:
            raise Late
        # the socket itself: the connection lets go of it where the answer is to end with it
        done = threading.Event()
        threading.Thread(target=self._watch, args=(connection.sock, done), daemon=True).start()
        try:
            yield
        finally:
            done.set()
        if self.left <= 0:
            raise Late

    def _watch(self, held: socket.socket, done: threading.Event) -> None:
        while not done.wait(max(self.left, _SOON)):
            if self.left <= 0:  # and not so where it was paused meanwhile
                _shut(held)
                return

    def _opened(self, parts: SplitResult) -> http.client.HTTPConnection:
        host, port, secure = parts.hostname or "", parts.port or _PORTS[parts.scheme], parts.scheme == "https"
        proxy = _proxy(parts)
        at = (proxy.hostname or "", proxy.port or 80) if proxy else (host, port)
        seconds = max(0.001, min(self._patience.connecting, self.left))
        connection: http.client.HTTPConnection
        if secure:
            connection = http.client.HTTPSConnection(*at, timeout=seconds, context=ssl.create_default_context())
            if proxy:
                connection.set_tunnel(host, port, headers=_to_proxy(proxy))
        else:
            connection = http.client.HTTPConnection(*at, timeout=seconds)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        connection.sock.settimeout(self._patience.silent)
        return connection


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: who is asked, and told what is secret."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower().rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)


def joined(base: str, to: str) -> str:
    """A URL that a server gave, relative to another, what no URL may hold written as URLs do; "" if it is none."""
    with suppress(ValueError):
        parts = urlsplit(urljoin(base, to))
        path, query = quote(parts.path, safe=_KEPT), quote(parts.query, safe=_KEPT)
        return urlunsplit(parts._replace(path=path, query=query, fragment=""))
    return ""


def _shut(held: socket.socket) -> None:
    """End what another thread waits for. Of a socket with TLS only the bare one may be touched by another thread."""
    with suppress(OSError):
        socket.socket.shutdown(held, socket.SHUT_RDWR)


def _target(parts: SplitResult) -> tuple[str, dict[str, str]]:
    """What is asked for, and what a proxy is told besides: it wants the whole URL, where nothing is encrypted."""
    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    path = path if path.startswith("/") else f"/{path}"
    proxy = _proxy(parts)
    if proxy is None or parts.scheme == "https":
        return path, {}
    return f"http://{parts.netloc.rpartition('@')[2]}{path}", _to_proxy(proxy)


def _proxy(parts: SplitResult) -> SplitResult | None:
    """The proxy that the environment names for a host (`https_proxy`, `no_proxy`), if it does."""
    named = urllib.request.getproxies().get(parts.scheme)
    if not named or urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urlsplit(named if "://" in named else f"http://{named}")


def _to_proxy(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def _headers(found: http.client.HTTPResponse) -> dict[str, str]:
    told = dict[str, str]()
    for name, value in found.headers.items():
        told[name.lower()] = f"{told[name.lower()]}, {value}" if name.lower() in told else value
    return told


def _refuse_unsure(found: http.client.HTTPResponse) -> None:
    """An answer with several lengths, or one that is no number, may be cut anywhere (RFC 9112, 6.3)."""
    said = {each.strip() for value in found.headers.get_all("Content-Length", ()) for each in value.split(",")}
    if said and not found.chunked and (len(said) > 1 or not all(each.isascii() and each.isdecimal() for each in said)):
        raise Lost("it does not say in one way how long its answer is (Content-Length)")


def _body(found: http.client.HTTPResponse, weigh: Weigh) -> bytes:
    _refuse_unsure(found)
    expected = found.length or 0
    weigh(expected)  # before any of it is taken, where it says how much there is
    parts, size = list[bytes](), 0
    while part := found.read1(_PART):
        size += len(part)
        weigh(max(size, expected))
        parts.append(part)
    if found.length:
        raise http.client.IncompleteRead(b"", found.length)
    return b"".join(parts)


def _said(bad: Exception) -> str:
    if isinstance(bad, TimeoutError):
        return "it does not answer in time"
    if isinstance(bad, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted ({bad.verify_message})"
    if isinstance(bad, http.client.RemoteDisconnected):
        return "it closed the connection without an answer"
    if isinstance(bad, http.client.IncompleteRead):
        missing = f", {bad.expected:,} bytes before its end" if bad.expected else ""
        return f"its answer broke off{missing}"
    if isinstance(bad, http.client.HTTPException):
        return f"it does not speak HTTP ({type(bad).__name__})"
    return getattr(bad, "strerror", None) or type(bad).__name__
