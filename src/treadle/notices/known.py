"""What a channel was told so far, read from the record; nothing is kept beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.issue_closed import IssueClosed
from treadle.evidence.kinds.notice_held import NoticeHeld
from treadle.evidence.kinds.notice_sent import NoticeSent
from treadle.store import EntryRef


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

    `keys`: what days alone brought about and it was told of. `issues`: open ones, by what they are about.
    """

    upto: int | None = None
    told: int = 0
    refused: int = 0
    last: str = ""
    held: str = ""
    keys: set[str] = field(default_factory=set)
    issues: dict[str, Opened] = field(default_factory=dict)


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
                found.issues.setdefault(told.thing, Opened(told.issue, told.link, entry.ref))
        elif isinstance(told, NoticeHeld):
            found.held = told.text
        elif isinstance(told, IssueClosed):
            found.issues.pop(told.thing, None)
    return found
