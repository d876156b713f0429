"""A web server asked politely: not too often, again where that may help, and only where a person said.

What is tried again: an answer 408, 425, 429, 500, 502, 503 or 504 (or 403 that says when), a time-out, a connection
that is lost. The wait doubles from try to try and is drawn between nothing and that ("full jitter", M. Brooker,
Exponential Backoff And Jitter, AWS Architecture Blog, 2015), so that many clients do not come back at once; it is at
least what the server asks for by `Retry-After` (RFC 9110, 10.2.3).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from msgspec import Struct

from treadle.errors import DataError
from treadle.sources.asking import Answer, Late, Line, Lost, Sent, Weigh, joined, origin_of
from treadle.spec.urls import in_the_open, parts_of

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_ELSEWHERE = frozenset({301, 302, 303, 307, 308})
_MOST_HOPS = 5
_PLAIN = {
    "accept": "application/json, text/csv;q=0.9, */*;q=0.5",
    "accept-encoding": "gzip",
    "user-agent": "treadle",
}
"""What every server is told, unless a source says otherwise."""


class Tries(Struct, frozen=True):
    """How often a request is made before it is given up, and the seconds of the waits between."""

    most: int = 6
    first: float = 0.5
    longest: float = 30

    def wait(self, tries: int, drawn: float) -> float:
        """Seconds after so many tries. drawn: from 0 to 1."""
        return float(drawn * min(self.longest, self.first * 2.0 ** (tries - 1)))


class Clock(Struct, frozen=True):
    """What time is asked of, and waited by; another for tests."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random


class Allowed(Struct, frozen=True):
    """Where requests may go: to the `origin` of the API, and to other `hosts`, which are told nothing."""

    origin: tuple[str, str, int]
    hosts: frozenset[str]
    unencrypted: bool

    def is_own(self, url: str) -> bool:
        """Whether it is the API itself, that is told what is secret; also where it went from HTTP to HTTPS."""
        scheme, host, port = origin_of(url)
        return (scheme, host, port) == self.origin or (
            (scheme, host, port) == ("https", self.origin[1], 443) and self.origin[0::2] == ("http", 80)
        )

    def why_not(self, url: str) -> str:
        """Why it may not be asked; empty where it may."""
        if parts_of(url) is None or origin_of(url)[0] not in ("http", "https"):
            return "something that is no URL of the web"
        scheme, host, port = origin_of(url)
        if scheme == "http" and (self.origin[0] == "https" or in_the_open(url)) and not self.unencrypted:
            return f"plain http: at {host}"
        if not self.is_own(url) and not {host, f"{host}:{port}"} & self.hosts:
            return f"another host, {host}" if host != self.origin[1] else f"another port, {host}:{port}"
        return ""


class Caller:
    """Asks, waits and asks again, within the time that its `Line` has."""

    def __init__(
        self,
        line: Line,
        allowed: Allowed,
        fail: Callable[[str, str], DataError],
        *,
        between: float = 0.0,
        tries: Tries | None = None,
        clock: Clock | None = None,
    ) -> None:
        """fail: the error of a sentence and how to mend it. between: seconds from one request to the next."""
        self._line, self._allowed, self._fail = line, allowed, fail
        self._between, self._tries, self._clock = between, tries or Tries(), clock or Clock()
        self._next = 0.0

    def get(self, url: str, headers: Mapping[str, str], weigh: Weigh) -> Answer:
        """The answer to a request, wherever it was at last. headers: told to the API itself alone.

        Raises:
            DataError: there is none, after all tries or before the time is over; or it is where nobody may go.
        """
        asked, hops = url, 0
        while True:
            refused = self._allowed.why_not(asked)
            if refused:
                raise self._fail(f"it points to {refused}", "if that is meant, allow it: redirects: [HOST]")
            own = self._allowed.is_own(asked)
            said = {name.lower(): value for name, value in headers.items()} if own else {}
            answer = self._insist(asked, {**_PLAIN, **said}, weigh)
            to = answer.headers.get("location", "")
            if answer.status not in _ELSEWHERE or not to:
                return answer
            hops += 1
            asked = joined(asked, to)
            if hops > _MOST_HOPS:
                raise self._fail(f"it points elsewhere more than {_MOST_HOPS} times", "give the URL that it points to")

    def send(self, url: str, headers: Mapping[str, str], weigh: Weigh, sent: Sent) -> Answer:
        """The answer to what is sent. It goes nowhere else than it was sent to: an answer that points elsewhere is one.

        What was tried again may have come before: whoever is sent to must be able to tell that by what is sent.

        Raises:
            DataError: there is no answer, after all tries or before the time is over; or it may not be sent there.
        """
        refused = self._allowed.why_not(url)
        if refused:
            raise self._fail(f"it is {refused}", "if that is meant, add unencrypted: true")
        return self._insist(url, {**_PLAIN, **{name.lower(): value for name, value in headers.items()}}, weigh, sent)

    def _insist(self, url: str, headers: Mapping[str, str], weigh: Weigh, sent: Sent | None = None) -> Answer:
        tries = 0
        while True:
            tries += 1
            asks_for = 0.0
            try:
                self._pace()
                answer = self._line.ask(url, headers, weigh, sent)
            except Late:
                raise self._late("it was not done") from None
            except Lost as bad:
                said = str(bad)
            else:
                if not _may_pass(answer):
                    return answer
                said = f"it answered {answer.status}"
                asks_for = seconds_asked_for(answer.headers)
            if tries == self._tries.most:
                raise self._fail(f"{said}, at the last of {tries} tries", "run again when it answers")
            wait = max(asks_for, self._tries.wait(tries, self._clock.draw()))
            if wait >= self._line.left:
                asked = f" and asks to wait {asks_for:,.0f} s" if asks_for else ""
                raise self._late(f"{said}{asked}")
            self._clock.sleep(wait)

    def _pace(self) -> None:
        """Wait until the next request may begin."""
        now = self._clock.now()
        if self._next > now:
            if self._next - now >= self._line.left:
                raise Late
            self._clock.sleep(self._next - now)
            now = self._next
        self._next = now + self._between

    def _late(self, said: str) -> DataError:
        return self._fail(f"{said} in the time that all of it may take", "give it more time with within: 2h")


def _may_pass(answer: Answer) -> bool:
    """Whether another try may be answered otherwise. Some APIs say 403 to who asks too often, and when to come back."""
    return answer.status in _AGAIN or (answer.status == 403 and "retry-after" in answer.headers)


def seconds_asked_for(headers: Mapping[str, str]) -> float:
    """Seconds by `Retry-After`, or until its date, which is held to the server's own clock; 0 where it says nothing.

    >>> seconds_asked_for({"retry-after": "120"})
    120.0
    """
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return float(told[:12])
    then, now = _date(told), _date(headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (then - now).total_seconds()) if then else 0.0


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
