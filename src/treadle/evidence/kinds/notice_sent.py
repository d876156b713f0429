"""The kind `notice.sent`."""

from __future__ import annotations

from typing import ClassVar, Literal

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class NoticeSent(Payload, frozen=True, kw_only=True):
    """A channel was told of something, and of all entries up to `upto` that are for it.

    `thing`: what it is about, such as action/3. `key`: what is told once. `outcome`: begun (from here on is told),
    sent, refused (the server will never take this one), nobody (no address of those whom it concerns is known).
    `issue`: its number at a forge, `link`: where it can be looked at. `rests`: the entry that is told of.
    """

    KIND: ClassVar[str] = "notice.sent"
    FACT: ClassVar[bool] = True

    channel: str
    thing: str
    key: str
    upto: int
    outcome: Literal["begun", "sent", "refused", "nobody"]
    text: str
    answer: str = ""
    issue: int = 0
    link: str = ""
    rests: EntryRef | None = None

    def said(self) -> str:
        if self.outcome == "begun":
            return f"{self.channel} is told what happens from here on"
        words = {"sent": "was told", "refused": "refused to be told", "nobody": "has nobody to be told"}
        place = f" (issue {self.issue})" if self.issue else ""
        return f"{self.channel} {words[self.outcome]}{place}: {self.text}"
