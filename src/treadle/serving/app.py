"""The endpoint as a plain ASGI application: one dictionary of routes, no framework on the hot path.

A Starlette application (reads, pages) can be mounted under a prefix; everything else is answered here.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from treadle.access.door import Refused
from treadle.errors import RequestError, TreadleError, nearest
from treadle.principal import ANONYMOUS
from treadle.serving.bodies import MAX_BODY, Bodies, NoRoom
from treadle.serving.endpoint import Endpoint
from treadle.serving.inputs import MOST_ROWS, TOO_MANY, rows_of_many, too_many
from treadle.serving.journal import FLUSH_SECONDS
from treadle.serving.metrics import CONTENT_TYPE
from treadle.serving.openapi import openapi
from treadle.serving.together import Asked, Together

if TYPE_CHECKING:
    from treadle.access import Permission
    from treadle.access.door import Door

T = TypeVar("T")
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

Answer = tuple[int, bytes, bytes]
"""Status, content type and body."""
Handler = Callable[[bytes, str], Answer | Awaitable[Answer]]
"""Of a body, and of who asks by name; empty for who need not say."""

PRINCIPAL = "treadle.principal"
"""In the scope of a mounted application: who asks."""
_JSON = b"application/json"
_RELEASE_POLL_SECONDS = _STATE_SECONDS = 1.0
_AGAIN_SECONDS = 1.0  # before what broke off beside answering begins anew
_SHOWN = 500  # of a value that is wrong, in an answer


_EVENTS = "/events/VIEW"
ROUTES: dict[tuple[str, str], Permission] = {
    ("POST", "/predict"): "predict",
    ("POST", _EVENTS): "events",
    ("POST", "/outcomes"): "outcomes",
    ("POST", "/state"): "run",
    ("GET", "/state"): "read",
    ("GET", "/healthz"): "open",
    ("GET", "/readyz"): "open",
    ("GET", "/metrics"): "read",
    ("GET", "/openapi.json"): "predict",
    ("GET", "/"): "predict",
}
"""The paths of an endpoint, and the permission that each asks for."""


class Route(Struct, frozen=True):
    """What a request is about: `shown` in the counters, `name` in the record, the permission that it asks for.

    `mount`: the mounted application that answers it.
    """

    shown: str
    name: str
    permission: Permission
    mount: str = ""


_ROUTE_OF = {(method, path): Route(path, f"{method} {path}", asked) for (method, path), asked in ROUTES.items()}
_ELSEWHERE = Route("other", "elsewhere", "open")  # what is not there may be asked for by anybody


_EMPTY = (b"content-length", b"0")


async def _again_and_again(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """What goes on beside answering; where it breaks off it begins anew, since a lack of something may pass."""
    while True:
        try:
            await work()
            return
        except Exception as bad:
            print(f"treadle: what goes on beside answering broke off, and begins again: {bad!r}", flush=True)
            await asyncio.sleep(_AGAIN_SECONDS)


def _wants_page(scope: dict[str, Any]) -> bool:
    """Whether it is a browser's address line that asks: programs take anything, or JSON."""
    asked = any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
    return asked and scope["method"] in ("GET", "HEAD")


class App:
    """Answers /predict, /events/VIEW, /outcomes, /state, /healthz, /readyz, /metrics and /openapi.json."""

    def __init__(
        self,
        endpoint: Endpoint,
        door: Door,
        mounts: dict[str, Any] | None = None,
        beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
    ) -> None:
        """door: who may come in. mounts: the first part of a path, such as "/api", to what answers below it; it finds
        the principal who asks in the scope, as `PRINCIPAL`.

        beside: what is to run as long as the server does; cancelled at its end.
        """
        self.endpoint, self.door = endpoint, door
        self.mounts = mounts or {}
        self._beside = beside
        self._together, self._bodies = Together(endpoint.answer_each), Bodies()
        self._encode = msgspec.json.Encoder(enc_hook=str).encode
        self._writes = asyncio.Lock()  # of the online state: a list that is taken in parts is kept whole, or not at all
        self._background: list[asyncio.Task[None]] = []
        self._handlers: dict[tuple[str, str], Handler] = {
            ("POST", "/predict"): self._predict,
            ("POST", "/outcomes"): self._outcomes,
            ("POST", "/state"): self._state,
            ("GET", "/state"): self._state_now,
            ("GET", "/healthz"): self._healthz,
            ("GET", "/readyz"): self._readyz,
            ("GET", "/metrics"): self._metrics,
            ("GET", "/openapi.json"): self._openapi,
            ("GET", "/"): self._about,
        }

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        method = "GET" if scope["method"] == "HEAD" else scope["method"]  # the server leaves the body out
        route = _ROUTE_OF.get((method, path)) or self._other_route(method, path)
        if route.mount:
            await self._mounted(scope, receive, send, route)
            return
        home = path == "/" and "/home" in self.mounts and _wants_page(scope)
        asked: Permission = "open" if home else route.permission
        try:  # before a body is read: who may not send one fills no memory with it, and its trailers are no headers
            who = self.door.enter(scope["method"], scope["headers"], route.name, asked, peer_of(scope))
        except Refused as bad:
            await self._turn_away(send, route, bad)
            return
        if home:
            await send({"type": "http.response.start", "status": 303, "headers": [(b"location", b"/home"), _EMPTY]})
            await send({"type": "http.response.body", "body": b""})
            return
        message = await receive()
        body: bytes = message.get("body", b"")
        if message["type"] == "http.disconnect":
            return
        if message.get("more_body"):
            try:
                whole = await self._bodies.whole(body, receive, known=who.kind != "anonymous")
            except NoRoom:
                full = Refused(503, "too many bodies of others are still to come", "send it again, or in smaller parts")
                await self._turn_away(send, route, full)
                return
            if whole is None:
                return  # it broke off: what came is not what the caller meant to say, so nothing of it is taken
            body = whole
        client = "" if who is ANONYMOUS else who.actor
        status, kind, content = await self._answer(route, method, path, body, client)
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(content))]
        if status == 405:
            headers.append((b"allow", ", ".join(self._taken_by(path)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _other_route(self, method: str, path: str) -> Route:
        """Of a path that is no endpoint's own word for word: rows of a view, a mounted application, or nothing."""
        prefix = path[: path.find("/", 1)] if path.count("/") > 1 else path
        if prefix in self.mounts:
            return Route(prefix, prefix, "open", mount=prefix)
        if path.startswith("/events/") and method == "POST":
            return _ROUTE_OF["POST", _EVENTS]
        return _ELSEWHERE

    async def _mounted(self, scope: dict[str, Any], receive: Receive, send: Send, route: Route) -> None:
        try:
            scope[PRINCIPAL] = self.door.identify(scope["method"], scope["headers"], route.name, peer_of(scope))
        except Refused as bad:
            await self._turn_away(send, route, bad)
            return
        await self.mounts[route.mount](scope, receive, send)

    async def _turn_away(self, send: Send, route: Route, bad: Refused) -> None:
        self.endpoint.metrics.request(route.shown, bad.status)
        await _send(send, self._error(bad.status, bad.what, bad.mend))

    async def _answer(self, route: Route, method: str, path: str, body: bytes, client: str) -> Answer:
        try:
            if len(body) > MAX_BODY:
                answer = self._error(413, f"the body is larger than {MAX_BODY >> 20} MiB", "send it in parts")
            elif (rows := rows_of_many(body)) > MOST_ROWS:
                raise too_many(f"{rows:,}")
            elif (handler := self._handlers.get((method, path))) is not None:
                found = handler(body, client)
                answer = found if type(found) is tuple else await found  # type: ignore[misc]
            elif route.shown == _EVENTS:
                answer = await self._events(path[len("/events/") :], body)
            else:
                answer = self._lost(method, path)
        except RequestError as bad:
            answer = self._refused(bad)
        except TreadleError as bad:
            # what a caller may not do, or what this server cannot do now
            answer = self._error(400 if path == "/state" else 503, bad.what, bad.mend)
        except Exception:
            # a fault of ours: counted, logged with its trace, and told as such
            traceback.print_exc()
            answer = self._error(500, "the server has a fault here; its log has the trace", "tell who runs this server")
        self.endpoint.metrics.request(route.shown, answer[0])
        return answer

    def _predict(self, body: bytes, client: str) -> Answer | Awaitable[Answer]:
        start = time.perf_counter()
        found = self.endpoint.read(body)
        if isinstance(found, list):
            return self._predict_many(self.endpoint.answer_many(found, client), start)
        if not self._together.alone():
            return self._predict_with_others(Asked(found, body, client), start)
        content = self.endpoint.answer(found, client)
        self.endpoint.metrics.latency.observe(time.perf_counter() - start)
        return 200, _JSON, content

    async def _predict_with_others(self, asked: Asked, start: float) -> Answer:
        content = await self._together.answer(asked)
        self.endpoint.metrics.latency.observe(time.perf_counter() - start)
        return 200, _JSON, content

    async def _predict_many(self, answers: Iterator[bytes], start: float) -> Answer:
        content = b"".join([part async for part in _taking_turns(answers)])
        self.endpoint.metrics.latency.observe(time.perf_counter() - start)
        return 200, _JSON, content

    async def _events(self, view: str, body: bytes) -> Answer:
        async with self._writes:
            live = self.endpoint.live  # another may be taken up meanwhile
            with contextlib.closing(self.endpoint.take_events(view, body)) as parts:
                taken = [part async for part in _taking_turns(parts)]
        *_, unknown = [{}, *[part async for part in _taking_turns(live.unknown_fields(view, body))]]
        return 200, _JSON, self._encode({"taken": sum(taken)} | ({"unknown_fields": unknown} if unknown else {}))

    def _outcomes(self, body: bytes, _client: str) -> Answer:
        return 200, _JSON, self._encode({"taken": self.endpoint.take_outcomes(body)})

    async def _state(self, body: bytes, _client: str) -> Answer:
        async with self._writes:
            return 200, _JSON, self._encode({"as_of": self.endpoint.rebuild_state(body)})

    def _state_now(self, _body: bytes, _client: str) -> Answer:
        """What probes do not tell: they are answered to anybody."""
        ready, text = self.endpoint.ready()
        content = {
            "ready": ready,
            "model": self.endpoint.model,
            "golden_records": text,
            "refused_release": self.endpoint.refused or None,
            "as_of": self.endpoint.state_as_of(),
            "state_fault": self.endpoint.state_fault.what if self.endpoint.state_fault else None,
        }
        return 200, _JSON, self._encode(content)

    def _healthz(self, _body: bytes, _client: str) -> Answer:
        return 200, _JSON, self._encode({"status": "alive"})

    def _readyz(self, _body: bytes, _client: str) -> Answer:
        ready, _ = self.endpoint.ready()
        return (200 if ready else 503), _JSON, self._encode({"ready": ready})

    def _metrics(self, _body: bytes, _client: str) -> Answer:
        return 200, CONTENT_TYPE, self.endpoint.metrics.text()

    def _openapi(self, _body: bytes, _client: str) -> Answer:
        return 200, _JSON, self._encode(openapi(self.endpoint))

    def _about(self, _body: bytes, _client: str) -> Answer:
        content = {
            "endpoint": self.endpoint.name,
            "model": self.endpoint.model,
            "features_as_of": self.endpoint.state_as_of(),
            "paths": self.paths(),
        }
        return 200, _JSON, self._encode(content)

    def paths(self) -> list[str]:
        """What is answered here, the mounted applications too."""
        return sorted({path for _, path in self._handlers} | {_EVENTS, *self.mounts})

    def _lost(self, method: str, path: str) -> Answer:
        methods = [each for each in self._taken_by(path) if each != "HEAD"]
        if methods:
            mend = f"send it by {' or '.join(methods)}; GET /openapi.json tells what it takes"
            return self._error(405, f"{_short(path)} takes {' and '.join(methods)}, not {method}", mend)
        return self._error(404, f"there is no {_short(path)} here", nearest(path, self.paths()))

    def _taken_by(self, path: str) -> list[str]:
        """The methods that a path takes."""
        methods = {"POST"} if path.startswith("/events/") else {m for m, p in self._handlers if p == path}
        return sorted(methods | ({"HEAD"} if "GET" in methods else set()))

    def _refused(self, bad: RequestError) -> Answer:
        status = {"json": 400, TOO_MANY: 413}.get(bad.rule, 422)
        return (
            status,
            _JSON,
            self._encode(
                {
                    "error": _short(bad.what),
                    "field": _short(bad.field),
                    "value": self._shown(bad.value),
                    "rule": bad.rule,
                    "mend": bad.mend,
                }
            ),
        )

    def _shown(self, value: Any) -> Any:
        """The value that is wrong; of a long one, its beginning."""
        text = self._encode(value)
        return value if len(text) <= _SHOWN else text[:_SHOWN].decode(errors="ignore") + "…"

    def _error(self, status: int, what: str, mend: str) -> Answer:
        return status, _JSON, self._encode({"error": what, "mend": mend})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                beside = (self._flush_often, self._follow_releases, self._watch_state, *self._beside)
                self._background = [asyncio.create_task(_again_and_again(work)) for work in beside]
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                try:
                    for task in self._background:
                        task.cancel()
                    await asyncio.gather(*self._background, return_exceptions=True)
                    for mounted in {id(app): app for app in self.mounts.values()}.values():
                        await mounted.aclose()
                finally:
                    self.endpoint.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _flush_often(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self.endpoint.flush()

    async def _follow_releases(self) -> None:
        """Take up a new release or a rollback. The new model is opened and proved before the old one is let go."""
        while True:
            await asyncio.sleep(_RELEASE_POLL_SECONDS)
            await self.endpoint.follow()

    async def _watch_state(self) -> None:
        while True:
            await self.endpoint.watch()
            await asyncio.sleep(_STATE_SECONDS)


def peer_of(scope: dict[str, Any]) -> str:
    """The address that a request came from."""
    client = scope.get("client")
    return str(client[0]) if client else ""


async def _send(send: Send, answer: Answer) -> None:
    status, kind, content = answer
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(content))]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _short(text: str) -> str:
    return text if len(text) <= 2 * _SHOWN else text[: 2 * _SHOWN] + "…"


async def _taking_turns(parts: Iterator[T]) -> AsyncIterator[T]:
    """The same parts; after each the event loop turns to whoever else waits."""
    for part in parts:
        yield part
        await asyncio.sleep(0)
