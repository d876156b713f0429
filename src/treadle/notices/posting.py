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


class Gone(Held):
    """There is nothing there any more (404, 410)."""


class Refused(Exception):
    """The server will never take this one."""


class Post(Struct, frozen=True):
    """How servers are told: `clock` is another for tests. `unencrypted`: plain HTTP to another machine is meant."""

    unencrypted: bool = False
    clock: Clock = Clock()
    tries: Tries = TRIES
    seconds: float = SECONDS
    secrets: tuple[str, ...] = ()
    """What no sentence of a server may repeat."""

    def cleaned(self, text: str) -> str:
        """Without what is secret, and without signs that move a terminal."""
        for secret in self.secrets:
            text = text.replace(secret, "…")
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())

    def send(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        method: Literal["POST", "PUT", "PATCH"] = "POST",
        *,
        once: bool = False,
    ) -> Answer:
        """The answer of a server that took it; `body` None: it is asked for something. once: it is not tried again
        here, since who gets it twice would not know.

        Raises:
            Held: it did not answer, or refused who asks. Refused: it refused what it was sent.
        """
        plain = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "identity"}
        line = Line(self.clock.now() + self.seconds, Patience(connecting=5, silent=10), self.clock.now)
        try:
            allowed = Allowed(origin_of(url), frozenset(), self.unencrypted)
        except ValueError:  # its words may quote a part of what is secret
            raise Held("its URL cannot be understood") from None
        tries = Tries(most=1) if once else self.tries
        caller = Caller(line, allowed, _failure, tries=tries, clock=self.clock)
        with closing(line):
            try:
                if body is None:
                    answer = caller.get(url, {**plain, **headers}, _weigh)
                else:
                    answer = caller.send(url, {**plain, **headers}, _weigh, Sent(method, body))
            except (DataError, ValueError) as bad:
                said = str(bad).splitlines()[0]
                said = said.replace("in the time that all of it may take", f"within {self.seconds:.0f} s")
                raise Held(self.cleaned(said.replace(", at the last of 1 tries", ""))) from bad
        if 200 <= answer.status < 300:
            return answer
        words = self.cleaned(answer.body[:4000].decode(errors="replace"))[:120]
        said = f"it answered {answer.status}" + (f": {words}" if words and not words.startswith("<") else "")
        if answer.status in (404, 410):
            raise Gone(said)
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
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as bad:
        raise Held(f"{where} answered {answer.status} with what is no JSON") from bad


def _weigh(size: int) -> None:
    if size > _MOST_BYTES:
        raise ValueError(f"it answers more than {_MOST_BYTES:,} bytes")


def _failure(what: str, mend: str) -> DataError:
    return DataError(what, mend=mend)
