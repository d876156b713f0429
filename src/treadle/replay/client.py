"""A caller of an endpoint: one kept connection, the token that it shows, and what it was answered."""

from __future__ import annotations

import http.client
import time
from typing import Any
from urllib.parse import urlsplit

import msgspec

from treadle.errors import TreadleError


class Client:
    """One kept HTTP connection, and the token that is sent along."""

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url)
        self.url, self.requests = url, 0
        self._headers = {"content-type": "application/json"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str) -> Any:
        status, body = self._send("GET", path, None)
        if status != 200:
            raise TreadleError(f"{path} answered {status}: {body.decode()[:300]}", where=self.url)
        return msgspec.json.decode(body)

    def get_once_known(self, path: str, seconds: float = 5.0) -> Any:
        """As `get`; a token that was made just now is known to a running server a moment later."""
        until = time.monotonic() + seconds
        while True:
            status, body = self._send("GET", path, None)
            if status != 401 or time.monotonic() > until:
                break
            time.sleep(0.2)
        if status != 200:
            raise TreadleError(f"{path} answered {status}: {body.decode()[:300]}", where=self.url)
        return msgspec.json.decode(body)

    def post(self, path: str, body: Any) -> Any:
        status, answer = self.try_post(path, body)
        if status != 200:
            raise TreadleError(f"{path} answered {status}: {answer}", where=self.url)
        return answer

    def try_post(self, path: str, body: Any) -> tuple[int, Any]:
        status, content = self._send("POST", path, msgspec.json.encode(body))
        return status, msgspec.json.decode(content)

    def _send(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        self.requests += 1
        try:
            self._connection.request(method, path, body, self._headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as bad:
            self._connection.close()
            raise TreadleError(
                f"no answer: {bad}", where=self.url, mend="start it with: treadle serve PROJECT"
            ) from bad
