"""A caller of an endpoint: one kept connection, the token that it shows, and what it was answered."""

from __future__ import annotations

import http.client
import time
from typing import Any
from urllib.parse import urlsplit

import msgspec

from treadle.errors import SpecError, TreadleError

_CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
_MEND = "write http://HOST:PORT or https://HOST, with a path where the endpoint stands below one"


class Client:
    """One kept HTTP connection, encrypted where the URL says https, and the token that is sent along."""

    def __init__(self, url: str, token: str = "") -> None:
        """url: http:// or https://, with the path that the endpoint's own paths stand below, if there is one.

        Raises:
            SpecError: it is no such URL.
        """
        self.url, self.requests = url, 0
        self._headers = {"content-type": "application/json"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"
        try:
            parts = urlsplit(url)
            kind, host, port = _CONNECTIONS.get(parts.scheme), parts.hostname, parts.port
        except ValueError as bad:
            raise SpecError(f"this is no URL: {bad}", where=url, mend=_MEND) from bad
        if kind is None or not host or parts.query or parts.fragment:
            raise SpecError("this is not where an endpoint can be", where=url, mend=_MEND)
        self._below = parts.path.rstrip("/")
        self._connection = kind(host, port, timeout=60)

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str) -> Any:
        return self._got(path, *self._send("GET", path, None))

    def get_once_known(self, path: str, seconds: float = 5.0) -> Any:
        """As `get`; a token that was made just now is known to a running server a moment later."""
        until = time.monotonic() + seconds
        while True:
            status, body = self._send("GET", path, None)
            if status != 401 or time.monotonic() > until:
                return self._got(path, status, body)
            time.sleep(0.2)

    def post(self, path: str, body: Any) -> Any:
        status, answer = self.try_post(path, body)
        if status != 200:
            raise TreadleError(f"{path} answered {status}: {answer}", where=self.url)
        return answer

    def try_post(self, path: str, body: Any) -> tuple[int, Any]:
        """Status and answer; what is no JSON, as of a proxy between, is told as an `error`."""
        status, content = self._send("POST", path, msgspec.json.encode(body))
        try:
            return status, msgspec.json.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError) as bad:
            if status == 200:
                raise self._no_json(path) from bad
            return status, {"error": f"{status}: {_begin(content)}"}

    def _got(self, path: str, status: int, body: bytes) -> Any:
        if status != 200:
            raise TreadleError(f"{path} answered {status}: {_begin(body)}", where=self.url)
        try:
            return msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as bad:
            raise self._no_json(path) from bad

    def _no_json(self, path: str) -> TreadleError:
        return TreadleError(f"{path} answered with something else than JSON: is it an endpoint?", where=self.url)

    def _send(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        self.requests += 1
        try:
            self._connection.request(method, self._below + path, body, self._headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as bad:
            self._connection.close()
            raise TreadleError(
                f"no answer: {bad}", where=self.url, mend="start it with: treadle serve PROJECT"
            ) from bad


def _begin(body: bytes) -> str:
    return body.decode(errors="replace")[:300]
