"""Decisions that wait for somebody: open ones, and those to be looked at again."""

from __future__ import annotations

from datetime import date

from treadle.evidence import Reader
from treadle.people.decisions import decision, standings
from treadle.people.found import Decision

MOST = 10


def waiting(reader: Reader, today: date, most: int = MOST) -> tuple[list[Decision], int]:
    """Those that are not decided, or whose day of review has come, what is due first; `most` of them, and how many more
    there are."""
    due = [each for each in reversed(standings(reader, today)) if each.status != "decided"]
    due.sort(key=lambda each: each.day)
    found = (decision(reader, each.name, today) for each in due[:most])
    return [each for each in found if each is not None], max(0, len(due) - most)
