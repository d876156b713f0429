"""The endpoint as a plain ASGI application: one dictionary of routes, no framework on the hot path.

A Starlette application (reads, pages) can be mounted under a prefix; everything else is answered here.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from treadle.errors import RequestError, TreadleError, nearest
from treadle.serving.endpoint import Endpoint
from treadle.serving.journal import FLUSH_SECONDS
from treadle.serving.metrics import CONTENT_TYPE
from treadle.serving.openapi import openapi

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

_JSON = b"application/json"
_MAX_BODY = 64 * 2**20
_RELEASE_POLL_SECONDS = 1.0
_SHOWN = 500  # of a value that is wrong, in an answer


class App:
    """Answers /predict, /events/VIEW, /outcomes, /state, /healthz, /readyz, /metrics and /openapi.json."""

    def __init__(self, endpoint: Endpoint, mounts: dict[str, Any] | None = None) -> None:
        self.endpoint = endpoint
        self.mounts = mounts or {}
        self._encode = msgspec.json.Encoder(enc_hook=str).encode
        self._background: list[asyncio.Task[None]] = []
        self._routes: dict[tuple[str, str], Callable[[bytes], tuple[int, bytes, bytes]]] = {
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
        for prefix, app in self.mounts.items():
            if path.startswith(prefix):
                await app(scope, receive, send)
                return
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            body = await _rest(body, receive)
        status, kind, content = self._answer(scope["method"], path, body)
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", kind), (b"content-length", b"%d" % len(content))],
            }
        )
        await send({"type": "http.response.body", "body": content})

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes, bytes]:
        handler = self._routes.get((method, path))
        shown = path
        try:
            if len(body) > _MAX_BODY:
                answer = self._error(413, f"the body is larger than {_MAX_BODY >> 20} MiB", "send it in parts")
            elif handler is not None:
                answer = handler(body)
            elif path.startswith("/events/") and method == "POST":
                shown = "/events"
                answer = self._events(path[len("/events/") :], body)
            else:
                shown, answer = "other", self._lost(method, path)
        except RequestError as bad:
            answer = self._refused(bad)
        except TreadleError as bad:
            # what a caller may not do, or what this server cannot do now
            answer = self._error(400 if path == "/state" else 503, bad.what, bad.mend)
        except Exception:
            # a fault of ours: counted, logged with its trace, and told as such
            traceback.print_exc()
            answer = self._error(500, "the server has a fault here; its log has the trace", "tell who runs this server")
        self.endpoint.metrics.request(shown, answer[0])
        return answer

    def _predict(self, body: bytes) -> tuple[int, bytes, bytes]:
        start = time.perf_counter()
        content = self.endpoint.predict(body)
        self.endpoint.metrics.latency.observe(time.perf_counter() - start)
        return 200, _JSON, content

    def _events(self, view: str, body: bytes) -> tuple[int, bytes, bytes]:
        return 200, _JSON, self._encode({"taken": self.endpoint.take_events(view, body)})

    def _outcomes(self, body: bytes) -> tuple[int, bytes, bytes]:
        return 200, _JSON, self._encode({"taken": self.endpoint.take_outcomes(body)})

    def _state(self, body: bytes) -> tuple[int, bytes, bytes]:
        return 200, _JSON, self._encode({"as_of": self.endpoint.rebuild_state(body)})

    def _state_now(self, _body: bytes) -> tuple[int, bytes, bytes]:
        return 200, _JSON, self._encode({"as_of": self.endpoint.state_as_of()})

    def _healthz(self, _body: bytes) -> tuple[int, bytes, bytes]:
        return 200, _JSON, self._encode({"status": "alive"})

    def _readyz(self, _body: bytes) -> tuple[int, bytes, bytes]:
        ready, text = self.endpoint.ready()
        return (
            (200 if ready else 503),
            _JSON,
            self._encode(
                {
                    "ready": ready,
                    "model": self.endpoint.model,
                    "golden_records": text,
                    "refused_release": self.endpoint.refused or None,
                }
            ),
        )

    def _metrics(self, _body: bytes) -> tuple[int, bytes, bytes]:
        return 200, CONTENT_TYPE, self.endpoint.metrics.text()

    def _openapi(self, _body: bytes) -> tuple[int, bytes, bytes]:
        return 200, _JSON, self._encode(openapi(self.endpoint))

    def _about(self, _body: bytes) -> tuple[int, bytes, bytes]:
        return (
            200,
            _JSON,
            self._encode(
                {
                    "endpoint": self.endpoint.name,
                    "model": self.endpoint.model,
                    "paths": sorted({path for _, path in self._routes} | {"/events/VIEW", *self.mounts}),
                }
            ),
        )

    def _lost(self, method: str, path: str) -> tuple[int, bytes, bytes]:
        methods = sorted(m for m, p in self._routes if p == path)
        if methods:
            return self._error(405, f"{path} takes {' and '.join(methods)}, not {method}", "")
        return self._error(404, f"there is no {path} here", nearest(path, [p for _, p in self._routes]))

    def _refused(self, bad: RequestError) -> tuple[int, bytes, bytes]:
        status = 400 if bad.rule == "json" else 422
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

    def _error(self, status: int, what: str, mend: str) -> tuple[int, bytes, bytes]:
        return status, _JSON, self._encode({"error": what, "mend": mend})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._background = [
                    asyncio.create_task(self._flush_often()),
                    asyncio.create_task(self._follow_releases()),
                ]
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                for task in self._background:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
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


def _short(text: str) -> str:
    return text if len(text) <= 2 * _SHOWN else text[: 2 * _SHOWN] + "…"


async def _rest(body: bytes, receive: Receive) -> bytes:
    """The remaining parts of a body that came in several; stops reading soon after the limit."""
    parts, size = [body], len(body)
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= _MAX_BODY + 1:
            parts.append(part)
        if not message.get("more_body") or message["type"] == "http.disconnect":
            return b"".join(parts) if size <= _MAX_BODY else b"x" * (_MAX_BODY + 1)
