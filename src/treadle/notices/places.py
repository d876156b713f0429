"""Where a channel leads, ready to be told: secrets filled in, and only where a person trusts the project with it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

from msgspec.structs import replace

from treadle.errors import TreadleError
from treadle.notices.forges import Forge, Issue, forge
from treadle.notices.found import Notice
from treadle.notices.known import Known
from treadle.notices.mailing import send_mail
from treadle.notices.posting import Gone, Held, Post, Refused, signature
from treadle.notices.wording import chat, identity, issue, mail, title
from treadle.spec import Channel
from treadle.spec.secrets import filled, names_in
from treadle.spec.trust import Place, granted

_LEAST_SECRET = 6
"""Characters of a part of a URL that may be one."""


@dataclass(frozen=True)
class Outcome:
    """What became of one notice. `issue` and `link`: at a forge, where there is one; `closed`: things whose issues it
    closed. `lacks`: addresses, of several, that it was not taken for."""

    outcome: Literal["sent", "refused", "nobody"]
    answer: str = ""
    issue: int = 0
    link: str = ""
    closed: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reached:
    """One channel of one project, that can be told. Every call raises `Held` or `Refused`."""

    project: str
    name: str
    channel: Channel
    post: Post
    environment: Mapping[str, str]

    def tell(self, notices: Sequence[Notice]) -> Outcome:
        """Tell several in one message; a place that takes one at a time is told one."""
        mark = identity(self.project, self.name, notices[-1])
        try:
            if self.channel.mail:
                return self._mail(notices, mark)
            body = chat(self.project, notices)
            headers = self._signed(mark, body)
            answer = self.post.send(self._url(), headers, body)
        except (Held, Refused) as bad:
            raise type(bad)(self.post.cleaned(str(bad))) from None
        except (ValueError, RecursionError) as bad:  # a password that no server can be told, an answer that is none
            raise Held(f"it could not be told ({type(bad).__name__})") from None
        return Outcome("sent", str(answer.status))

    def issue(self, notice: Notice, told: Known) -> Outcome:
        """Close the issues of what is over, and open one of it, or comment on the one that there is."""
        with self._forge() as at:
            return self._issue(at, notice, told)

    def open_ones(self) -> set[int]:
        """Numbers of the issues that are open at the forge."""
        with self._forge() as at:
            return at.open_ones()

    def look(self, number: int) -> Issue:
        with self._forge() as at:
            return at.look(number)

    def has_told(self, number: int, notice: Notice) -> bool:
        """Whether an issue bears a comment of this notice."""
        with self._forge() as at:
            return at.said(number, identity(self.project, self.name, notice))

    @contextmanager
    def _forge(self) -> Iterator[Forge]:
        """What it says no to is said without what is secret, and with the token that it may be about."""
        kind: Literal["github", "gitlab"] = "github" if self.channel.github else "gitlab"
        try:
            yield forge(kind, self._url(), self._secret(self.channel.token or "", "token"), self.post)
        except (Held, Refused) as bad:
            said = self.post.cleaned(str(bad))
            token = f"; its token is {self.channel.token}" if "answered 401" in said or "answered 403" in said else ""
            raise type(bad)(said + token) from None
        except (ValueError, RecursionError) as bad:
            raise Held(f"the forge could not be told ({type(bad).__name__})") from None

    def _issue(self, at: Forge, notice: Notice, told: Known) -> Outcome:
        mark = identity(self.project, self.name, notice)
        text = issue(notice, mark)
        over = {thing: told.issues[thing] for thing in notice.ends if thing in told.issues}
        for opened in over.values():
            with suppress(Gone):
                self._comment(at, opened.number, text, mark, notice, told)
                at.close(opened.number)
        closed = tuple(over)
        if over and not notice.asks:
            return Outcome("sent", "closed", link=over[closed[0]].link, closed=closed)
        there = None if notice.thing in over else told.issues.get(notice.thing)
        with suppress(Gone):  # somebody removed the issue: another is opened
            if there is not None:
                self._comment(at, there.number, text, mark, notice, told)
                return Outcome("sent", "commented", there.number, there.link, closed)
        if not notice.asks:
            return Outcome("nobody", "there is no issue of it")
        # one that was opened by somebody who was killed before it stood in the record
        try:
            made = at.find(mark) or at.begin(title(self.project, notice), text, self.channel.labels)
        except Refused as bad:
            if not closed:
                raise
            return Outcome("refused", self.post.cleaned(str(bad)), closed=closed)  # what was closed is closed
        return Outcome("sent", "opened", made.number, made.link, closed)

    @staticmethod
    def _comment(at: Forge, number: int, text: str, mark: str, notice: Notice, told: Known) -> None:
        """Once: the forge may have taken it, and not said so, or said so to a process that was killed then.

        That is of the first that a process tells alone, in the order of entries; what only days brought about is told
        after all entries that there are by then, so that it may have been the first and be none now.
        """
        if (notice.seq and told.sure) or not at.said(number, mark):
            at.comment(number, text)

    def _mail(self, notices: Sequence[Notice], mark: str) -> Outcome:
        to = self._addresses(notices[0])
        if not to:
            return Outcome("nobody", f"no address of {', '.join(notices[0].concerns)} is given")
        message = mail(self.project, notices, self.channel.sender or "", to, mark)
        lacks = send_mail(self._url(), message, unencrypted=self.channel.unencrypted)
        answer = f"taken, but not for {', '.join(lacks)}: tell them by hand" if lacks else "taken"
        return Outcome("sent", answer, lacks=lacks)

    def _addresses(self, notice: Notice) -> list[str]:
        """Of those whom it concerns, where addresses are given by person; else all."""
        to = self.channel.to
        if not isinstance(to, dict):
            return list(to)
        return [address for person, address in to.items() if person in notice.concerns or not notice.concerns]

    def _signed(self, mark: str, body: bytes) -> dict[str, str]:
        name = f"msg_{mark}"
        if not self.channel.sign:
            return {"webhook-id": name}
        return signature(self._secret(self.channel.sign, "sign"), name, int(time.time()), body)

    def _url(self) -> str:
        return self._secret(self.channel.server, self.channel.leads_to)

    def _secret(self, written: str, setting: str) -> str:
        try:
            return filled(written, f"notify.{self.name}.{setting}", self.environment)
        except TreadleError as bad:
            raise Held(f"{bad.what}; {bad.mend}") from bad


def place(project: str, name: str, channel: Channel, root: Path, post: Post | None = None) -> Reached:
    """
    Raises:
        Held: nobody trusts the project in `root` with this server, and with telling it this.
    """
    if not granted(root).covers(Place(channel.trusted_as, "server")):
        raise Held(f"this project may not tell {channel.trusted_as}; if you trust it: treadle trust {root}")
    found = post or Post(unencrypted=channel.unencrypted)
    return Reached(project, name, channel, replace(found, secrets=_secrets(channel, os.environ)), os.environ)


def _secrets(channel: Channel, environment: Mapping[str, str]) -> tuple[str, ...]:
    """What is filled in for the names of a channel, and parts of it where it is a URL, the longest first; each also as
    URLs write it, and as it is without that."""
    found = set[str]()
    for name in names_in(" ".join(filter(None, (channel.server, channel.sign, channel.token)))):
        with suppress(TreadleError):  # one that is not set was told to nobody
            value = filled(name, "", environment, quoted=False)
            found |= {value, *_parts(value)}
    quoted = {quote(each, safe=safe, errors="surrogateescape") for each in found for safe in ("", "/")}
    every = found | quoted | {unquote(each) for each in found}
    return tuple(sorted((each for each in every if len(each) >= 3), key=len, reverse=True))


def _parts(url: str) -> Iterator[str]:
    """Parts of a URL that may be secret by themselves: path, query, and what these and its login are made of."""
    with suppress(ValueError):  # it is none
        if "://" in url:
            parts = urlsplit(url)
            login, query = parts.netloc.rpartition("@")[0], parts.query
            pieces = [*login.split(":", 1), *parts.path.split("/"), *query.replace("=", "&").split("&")]
            yield from (parts.path, query, *(each for each in pieces if len(each) >= _LEAST_SECRET))
