"""The days of a project as a calendar file (iCalendar, RFC 5545): actions, decisions, milestones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.rhythm.actions import actions
from treadle.rhythm.milestones import milestone
from treadle.rhythm.milestones import names as milestones
from treadle.rhythm.waiting import waiting

if TYPE_CHECKING:
    from treadle.evidence import Reader
    from treadle.workspace import Workspace

_OCTETS = 75
"""Of a line, at most; what is longer is folded (RFC 5545, 3.1)."""


class Day(Struct, frozen=True):
    """A thing on a day. `thing`: the same thing has the same, so that a calendar that reads the file anew moves it."""

    thing: str
    day: str
    text: str
    more: str = ""


def days(workspace: Workspace, reader: Reader, now: datetime, person: str | None = None) -> list[Day]:
    """Of everybody, or what concerns one person: their actions, decisions that wait for them, milestones."""
    today = now.date()
    found = [
        *_actions(reader, today, person),
        *_decisions(reader, today, person),
        *_milestones(workspace, reader, today),
    ]
    return sorted(found, key=lambda each: (each.day, each.thing))


def calendar(project: str, found: Sequence[Day], now: datetime) -> bytes:
    """The file, with an event of a whole day for each."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Treadle//treadle//EN", "CALSCALE:GREGORIAN"]
    lines.append(f"X-WR-CALNAME:{_text(project)}")
    for each in found:
        lines += ["BEGIN:VEVENT", f"UID:{_text(each.thing)}@treadle.{_text(project)}", f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}"]
        lines += [f"DTSTART;VALUE=DATE:{date.fromisoformat(each.day):%Y%m%d}", f"SUMMARY:{_text(each.text)}"]
        lines += [f"DESCRIPTION:{_text(each.more)}"] if each.more else []
        lines += ["TRANSP:TRANSPARENT", "END:VEVENT"]
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _actions(reader: Reader, today: date, person: str | None) -> Iterator[Day]:
    for each in actions(reader, today):
        if each.state in ("open", "late") and person in (None, each.owner):
            more = f"of {each.owner}" + (f", {each.origin}" if each.origin else "")
            yield Day(f"action/{each.number}", each.due, f"{each.text} ({each.owner})", more)


def _decisions(reader: Reader, today: date, person: str | None) -> Iterator[Day]:
    open_ones = [each for each in waiting(reader, today)[0] if each.outcome is None]
    settled = [each for each in waiting(reader, date.max)[0] if each.outcome is not None]  # whenever they are looked at
    for each in [*open_ones, *settled]:
        if person not in (None, each.decides, *each.unheard):
            continue
        day = each.until if each.outcome is None else each.review
        if day:
            word = "decide" if each.outcome is None else "does it still hold"
            more = f"{each.decides} decides" + (f"; not heard yet: {', '.join(each.unheard)}" if each.unheard else "")
            yield Day(f"decision/{each.name}", day, f"{word}: {each.question}", more)


def _milestones(workspace: Workspace, reader: Reader, today: date) -> Iterator[Day]:
    for name in milestones(reader):
        found = milestone(workspace, reader, name, today)
        if found.status != "reached":
            more = "; ".join(f"{gate.text}, and it is {gate.found}" for gate in found.gates if not gate.holds)
            yield Day(f"milestone/{name}", found.by, f"milestone: {found.text or name}", more)


def _text(text: str) -> str:
    """As RFC 5545, 3.3.11 writes text. Other control characters may not stand in it at all.

    >>> _text("by hand; a, b\\nand C:\\\\new")
    'by hand\\\\; a\\\\, b\\\\nand C:\\\\\\\\new'
    """
    kept = "".join(c for c in text if c.isprintable() or c == "\n")
    return kept.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """Lines of at most 75 octets, that begin with a space where they go on; no character is cut in two."""
    parts, now = list[bytes](), b""
    for character in line:
        octets = character.encode()
        if len(now) + len(octets) > _OCTETS:
            parts.append(now)
            now = b" "
        now += octets
    return b"\r\n".join([*parts, now]) + b"\r\n"
