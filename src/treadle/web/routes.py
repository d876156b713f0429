"""GET /api/OPERATION answers what `treadle OPERATION --json` prints; /report and /watch are the project's pages.

Only operations that read and change nothing are served, since a caller over HTTP has no identity here. What changes
something is done by a named person on the command line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from treadle.api import OPERATIONS, Context, Operation
from treadle.api.operation import workspace_for
from treadle.errors import AccessError, EvidenceError, TreadleError, nearest

Answer = tuple[int, bytes, bytes]
_JSON, _HTML = b"application/json", b"text/html; charset=utf-8"
# a page of ours holds its styles and drawings itself, and never runs or fetches anything else
_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'unsafe-inline'"


class Routes:
    """A plain ASGI application for one project. Reads run in a thread, one at a time, so that predictions go on."""

    prefixes = ("/api", "/report", "/watch")

    def __init__(self, project: str) -> None:
        self.project = project
        self._one = asyncio.Lock()
        self._encode = msgspec.json.Encoder(enc_hook=str).encode

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        async with self._one:
            status, kind, content = await asyncio.to_thread(
                self.answer, scope["method"], scope["path"], scope.get("query_string", b"").decode("ascii", "replace")
            )
        headers = [
            (b"content-type", kind),
            (b"content-length", b"%d" % len(content)),
            (b"content-security-policy", _POLICY),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def answer(self, method: str, path: str, query: str) -> Answer:
        """Status, content type and body."""
        try:
            if method not in ("GET", "HEAD"):
                return self._error(405, f"{path} takes GET, not {method}", "changes are made on the command line")
            if path == "/report":
                return self._page(self._workspace().reports / f"{self._workspace().project.spec.project}.html")
            if path == "/watch":
                return self._page(Path(OPERATIONS["watch"].call(*self._asked(OPERATIONS["watch"], {})).page))
            return self._operation(path.removeprefix("/api").strip("/"), query)
        except msgspec.ValidationError as bad:
            return self._error(422, str(bad), "GET /api tells what each operation takes")
        except AccessError as bad:
            return self._error(403, bad.what, bad.mend)
        except EvidenceError as bad:
            return self._error(404, bad.what, bad.mend)
        except TreadleError as bad:
            return self._error(400, str(bad).splitlines()[0], bad.mend)

    def _operation(self, path: str, query: str) -> Answer:
        if not path:
            return 200, _JSON, self._encode({"operations": [describe(found) for found in OPERATIONS.values()]})
        found = OPERATIONS.get(path.replace("/", " "))
        if found is None:
            known = [name.replace(" ", "/") for name, each in OPERATIONS.items() if each.remote]
            return self._error(404, f"there is no operation {path}", nearest(path, known))
        if not found.remote:
            return self._error(
                403, f"{found.name} changes something, and a caller here has no identity", f"treadle {found.name}"
            )
        given = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        return 200, _JSON, self._encode(found.call(*self._asked(found, given)))

    def _asked(self, found: Operation, given: dict[str, str]) -> tuple[Any, Context]:
        """The typed request. The project is the one served here, whatever a caller writes."""
        names = {field.name for field in found.fields()}
        local = sorted(field.name for field in found.fields() if field.local and field.name in given)
        if local:
            raise msgspec.ValidationError(f"{local[0]} names a file, and is given on the command line alone")
        asked = given | ({"project": self.project} if "project" in names else {})
        return msgspec.convert(asked, found.request, strict=False), Context()

    def _workspace(self) -> Any:
        return workspace_for(self.project, Context(), "read")

    def _page(self, place: Path) -> Answer:
        if not place.is_file():
            return self._error(404, f"{place.name} was not made yet", f"treadle run {self.project}")
        return 200, _HTML, place.read_bytes()

    def _error(self, status: int, what: str, mend: str) -> Answer:
        return status, _JSON, self._encode({"error": what, "mend": mend})


def describe(found: Operation) -> dict[str, Any]:
    """An operation as GET /api lists it."""
    return {
        "operation": found.name,
        "path": f"/api/{found.name.replace(' ', '/')}" if found.remote else None,
        "does": found.doc.splitlines()[0],
        "takes": {
            field.name: {"text": field.text, "required": field.required}
            for field in found.fields()
            if field.name != "project" and not field.local
        },
    }
