"""Where a channel leads, ready to be told: secrets filled in, and only where a person trusts the project with it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from treadle.errors import TreadleError
from treadle.notices.forges import Forge, forge
from treadle.notices.found import Notice
from treadle.notices.known import Known
from treadle.notices.mailing import send_mail
from treadle.notices.posting import Held, Post, Refused, signature
from treadle.notices.wording import chat, identity, issue, mail, title
from treadle.spec import Channel
from treadle.spec.secrets import filled, names_in
from treadle.spec.trust import Place, granted


@dataclass(frozen=True)
class Outcome:
    """What became of one notice. `issue` and `link`: at a forge, where there is one; `closed`: things whose issues it
    closed."""

    outcome: Literal["sent", "refused", "nobody"]
    answer: str = ""
    issue: int = 0
    link: str = ""
    closed: tuple[str, ...] = ()


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
            raise type(bad)(self._without_secrets(str(bad))) from None
        return Outcome("sent", str(answer.status))

    def issue(self, notice: Notice, told: Known) -> Outcome:
        """Open an issue of it, or comment on the one that there is, and close those of what is over."""
        try:
            return self._issue(notice, told)
        except (Held, Refused) as bad:
            raise type(bad)(self._without_secrets(str(bad))) from None

    def forge(self) -> Forge:
        return forge(
            "github" if self.channel.github else "gitlab",
            self._url(),
            self._secret(self.channel.token or "", "token"),
            self.post,
        )

    def _issue(self, notice: Notice, told: Known) -> Outcome:
        at, mark = self.forge(), identity(self.project, self.name, notice)
        text = issue(notice, mark)
        over = {thing: told.issues[thing] for thing in notice.ends if thing in told.issues}
        for opened in over.values():
            at.comment(opened.number, text)
            at.close(opened.number)
        if over:
            first = next(iter(over.values()))
            return Outcome("sent", "closed", first.number, first.link, tuple(over))
        there = told.issues.get(notice.thing)
        if there is not None:
            at.comment(there.number, text)
            return Outcome("sent", "commented", there.number, there.link)
        if not notice.asks:
            return Outcome("nobody", "there is no issue of it")
        # one that was opened by somebody who was killed before it stood in the record
        made = at.find(mark) or at.begin(title(self.project, notice), text, self.channel.labels)
        return Outcome("sent", "opened", made.number, made.link)

    def _mail(self, notices: Sequence[Notice], mark: str) -> Outcome:
        to = self._addresses(notices[0])
        if not to:
            return Outcome("nobody", f"no address of {', '.join(notices[0].concerns)} is given")
        message = mail(self.project, notices, self.channel.sender or "", to, mark)
        return Outcome("sent", send_mail(self._url(), message, unencrypted=self.channel.unencrypted))

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

    def _without_secrets(self, text: str) -> str:
        """What a server answers may repeat what it was told."""
        written = " ".join(filter(None, (self.channel.server, self.channel.sign, self.channel.token)))
        for name in names_in(written):
            with suppress(TreadleError):  # one that is not set was told to nobody
                text = text.replace(filled(name, "", self.environment, quoted=False), "…")
        return text


def place(project: str, name: str, channel: Channel, root: Path, post: Post | None = None) -> Reached:
    """
    Raises:
        Held: nobody trusts the project in `root` with this server, and with telling it this.
    """
    if not granted(root).covers(Place(channel.trusted_as, "server")):
        raise Held(f"this project may not tell {channel.trusted_as}; if you trust it: treadle trust {root}")
    return Reached(project, name, channel, post or Post(unencrypted=channel.unencrypted), os.environ)
