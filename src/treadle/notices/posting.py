"""JSON sent to a server on the web and what it answered; tried again where that may help, and signed.

The form of the signature is that of Standard Webhooks (standardwebhooks.com): HMAC-SHA256 of id, time and body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from binascii import Error as NotBase64
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Literal

import msgspec
from msgspec import Struct

from treadle.errors import DataError
from treadle.sources.asking import Answer, Line, Patience, Sent, origin_of
from treadle.sources.calling import Allowed, Caller, Clock, Tries

TRIES = Tries(most=4, first=0.5, longest=8)
SECONDS = 30.0
"""For all tries of one notice: a chat that is away holds nothing up."""
_MOST_BYTES = 8 << 20
_NEVER = frozenset({400, 413, 415, 422})
"""Answers by which a server says that it will take this very thing at no time."""


class Held(Exception):
    """It could not be told, and may be later."""


class Refused(Exception):
    """The server will never take this one."""


class Post(Struct, frozen=True):
    """How servers are told: `clock` is another for tests. `unencrypted`: plain HTTP to another machine is meant."""

    unencrypted: bool = False
    clock: Clock = Clock()
    tries: Tries = TRIES
    seconds: float = SECONDS

    def send(
        self, url: str, headers: Mapping[str, str], body: bytes | None, method: Literal["POST", "PUT", "PATCH"] = "POST"
    ) -> Answer:
        """The answer of a server that took it; `body` None: it is asked for something.

        Raises:
            Held: it did not answer, or refused who asks. Refused: it refused what it was sent.
        """
        plain = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "identity"}
        line = Line(self.clock.now() + self.seconds, Patience(connecting=5, silent=10), self.clock.now)
        allowed = Allowed(origin_of(url), frozenset(), self.unencrypted)
        caller = Caller(line, allowed, _failure, tries=self.tries, clock=self.clock)
        with closing(line):
            try:
                if body is None:
                    answer = caller.get(url, {**plain, **headers}, _weigh)
                else:
                    answer = caller.send(url, {**plain, **headers}, _weigh, Sent(method, body))
            except (DataError, ValueError) as bad:
                raise Held(str(bad).splitlines()[0]) from bad
        if 200 <= answer.status < 300:
            return answer
        said = f"it answered {answer.status}{_reason(answer)}"
        raise Refused(said) if answer.status in _NEVER else Held(said)


def signature(secret: str, name: str, seconds: int, body: bytes) -> dict[str, str]:
    """The headers that sign a message. secret: `whsec_` and base64, or any text.

    >>> signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
    ...           b'{"test": 2432232314}')["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True) if secret.startswith("whsec_") else None
    except (NotBase64, ValueError):
        key = None
    signed = hmac.new(key or secret.encode(), f"{name}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": name,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def read(answer: Answer, where: str) -> Any:
    """What an answer holds, as JSON.

    Raises:
        Held: it holds none.
    """
    try:
        return msgspec.json.decode(answer.body)
    except msgspec.DecodeError as bad:
        raise Held(f"{where} answered {answer.status} with what is no JSON") from bad


def _weigh(size: int) -> None:
    if size > _MOST_BYTES:
        raise ValueError(f"it answers more than {_MOST_BYTES:,} bytes")


def _failure(what: str, mend: str) -> DataError:
    return DataError(what, mend=mend)


def _reason(answer: Answer) -> str:
    """The first words of what a server says to a refusal, without signs that move a terminal."""
    text = answer.body[:300].decode(errors="replace")
    kept = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:120]
    return f": {kept}" if kept and not kept.startswith("<") else ""
