"""What a channel was told so far, read from the record; nothing is kept beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.issue_closed import IssueClosed
from treadle.evidence.kinds.notice_held import NoticeHeld
from treadle.evidence.kinds.notice_sent import NoticeSent
from treadle.store import EntryRef

ACTOR = "policy:notify"
"""Who signs what a channel was told, and what was heard of it."""


def subject(channel: str) -> str:
    return f"channel/{channel}"


@dataclass
class Opened:
    """An issue that is open, as far as is known here. `notice`: the entry that opened it."""

    number: int
    link: str
    notice: EntryRef


@dataclass
class Known:
    """`upto`: the last entry that the channel needs to hear nothing more of; None where it was told of nothing yet.

    `keys`: what days alone brought about and it was told of. `issues`: open ones, by what they are about. `sure`: what
    is told next was surely not told before, since what came before it stands in the record; of the first that a process
    tells nobody knows.
    """

    upto: int | None = None
    told: int = 0
    refused: int = 0
    last: str = ""
    held: str = ""
    sure: bool = False
    keys: set[str] = field(default_factory=set)
    issues: dict[str, Opened] = field(default_factory=dict)

    def has(self, thing: str, issue: Opened) -> None:
        """There is an issue of it: the one that is known, or another that took its place."""
        here = self.issues.get(thing)
        if here is None or here.number != issue.number:
            self.issues[thing] = issue

    def has_no_more(self, thing: str, number: int) -> None:
        here = self.issues.get(thing)
        if here is not None and here.number == number:
            del self.issues[thing]


def known(reader: Reader, channel: str) -> Known:
    found = Known()
    said: list[Entry[Payload]] = reader.find(
        NoticeSent, NoticeHeld, IssueClosed, subject=subject(channel), status="done"
    )
    for entry in said:
        told = entry.payload
        if isinstance(told, NoticeSent):
            found.upto = max(told.upto, found.upto or 0)
            found.held = ""
            found.keys.add(told.key)
            if told.outcome == "sent":
                found.told, found.last = found.told + 1, entry.time
            found.refused += told.outcome == "refused"
            if told.issue:
                found.has(told.thing, Opened(told.issue, told.link, entry.ref))
        elif isinstance(told, NoticeHeld):
            found.held = told.text
        elif isinstance(told, IssueClosed):
            found.has_no_more(told.thing, told.issue)
    return found
