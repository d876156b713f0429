"""MLflow's REST API (version 2.0), as much of it as a mirror needs, within seconds that were promised.

By the standard library alone: MLflow's own client brings some 45 packages, and retries for minutes
(docs/decisions/0015-mirror-by-rest.md). No redirect is followed, so that a password goes nowhere else.
"""

from __future__ import annotations

import base64
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from typing import IO, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec

from treadle.address import Address
from treadle.errors import StoreError

_CALL_SECONDS = 10.0
"""For one call: a server that is well answers in a tenth of one."""
_MOST_BYTES = 8 << 20
_API = "/api/2.0/mlflow/"
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/"
LATER = "the run is unharmed; send it later with: treadle mirror PROJECT"


class Refused(StoreError):
    """The server answered, and would not. `code`: MLflow's own, such as RESOURCE_ALREADY_EXISTS."""

    def __init__(self, what: str, code: str, *, where: str, mend: str) -> None:
        self.code = code
        super().__init__(what, where=where, mend=mend)


class _Nowhere(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


class Rest:
    """A server, spoken to until `seconds` are over."""

    def __init__(self, address: Address, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        parts = address.parts
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise StoreError(
                f"{address.shown} is no MLflow server",
                where=address.where,
                mend="write http://HOST:PORT or https://HOST",
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        port = f":{parts.port}" if parts.port else ""
        self.base = f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"
        self.address, self._clock, self._until = address, clock, clock() + seconds
        self._headers = _login(parts.username, parts.password, os.environ)
        self._opener = urllib.request.build_opener(_Nowhere)

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        return self._json("GET", f"{_API}{path}?{urlencode(query)}", None)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._json("POST", _API + path, msgspec.json.encode(body))

    def put(self, artifacts: str, name: str, content: bytes) -> None:
        """Keep a file below the place `artifacts`, which the server itself must keep.

        Raises:
            StoreError: it is kept by something else, such as a bucket that clients write to.
        """
        parts = urlsplit(artifacts)
        if parts.scheme != "mlflow-artifacts":
            raise StoreError(
                f"the server keeps artifacts at {parts.scheme or 'a folder'}:, where clients write by themselves",
                where=self.address.shown,
                mend="start it with --artifacts-destination, and make the experiment anew, so that it keeps them",
            )
        place = f"{quote(parts.path.strip('/'))}/{quote(name)}"
        self._call("PUT", _ARTIFACTS + place, content, "application/octet-stream")

    def _json(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        answer = self._call(method, path, body, "application/json")
        try:
            return msgspec.json.decode(answer or b"{}", type=dict[str, Any])
        except msgspec.MsgspecError as bad:
            raise self._failed("it answered with something else than JSON: is it an MLflow server?") from bad

    def _call(self, method: str, path: str, body: bytes | None, kind: str) -> bytes:
        headers = {"Content-Type": kind, **self._headers}
        asked = urllib.request.Request(self.base + path, data=body, method=method, headers=headers)
        try:
            with self._opener.open(asked, timeout=self._seconds()) as found:
                return self._whole(found)
        except urllib.error.HTTPError as bad:
            with bad:
                raise self._refused(bad) from bad
        except TimeoutError as bad:
            raise self._failed("it does not answer in time") from bad
        except (OSError, ValueError, http.client.HTTPException) as bad:
            reason = getattr(bad, "reason", bad)
            said = "it does not answer in time" if isinstance(reason, TimeoutError) else f"{reason}"
            raise self._failed(self.address.without_secrets(said)) from bad

    def _seconds(self) -> float:
        left = self._until - self._clock()
        if left <= 0:
            raise self._failed("its seconds are over")
        return min(left, _CALL_SECONDS)

    def _whole(self, found: Any) -> bytes:
        """A body in parts, so that a server that sends a byte a second is not waited for."""
        parts, size = [], 0
        while part := found.read1(1 << 16):
            size += len(part)
            self._seconds()
            if size > _MOST_BYTES:
                raise self._failed("its answer is too large")
            parts.append(part)
        return b"".join(parts)

    def _refused(self, bad: urllib.error.HTTPError) -> StoreError:
        if 300 <= bad.code < 400:
            return self._failed("it points elsewhere: give the URL that it points to")
        if bad.code in (401, 403):
            return self._failed(
                f"it lets nobody in so ({bad.code}): give http://USER:${{PASSWORD}}@HOST, or set MLFLOW_TRACKING_TOKEN"
            )
        try:
            said = msgspec.json.decode(bad.read(1 << 16), type=dict[str, Any])
        except (msgspec.MsgspecError, OSError, http.client.HTTPException):
            said = {}
        text = str(said.get("message", "")).splitlines()
        what = f"it refused: {bad.code} {text[0][:300] if text else bad.reason}"
        return Refused(
            f"MLflow at {self.address.shown}: {self.address.without_secrets(what)}",
            str(said.get("error_code", "")),
            where=self.address.where,
            mend=LATER,
        )

    def _failed(self, said: str) -> StoreError:
        return StoreError(f"MLflow at {self.address.shown}: {said}", where=self.address.where, mend=LATER)


def _login(user: str | None, password: str | None, environment: Mapping[str, str]) -> dict[str, str]:
    """By the URL; else by the variables that MLflow's own clients read."""
    token = environment.get("MLFLOW_TRACKING_TOKEN")
    user = unquote(user) if user else environment.get("MLFLOW_TRACKING_USERNAME")
    if user:
        word = unquote(password) if password else environment.get("MLFLOW_TRACKING_PASSWORD", "")
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{word}".encode()).decode()}
    return {"Authorization": f"Bearer {token}"} if token else {}
