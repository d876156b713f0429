"""Decisions that wait for somebody: open ones, and those to be looked at again."""

from __future__ import annotations

from datetime import date

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened
from treadle.evidence.kinds.decision_reviewed import DecisionReviewed
from treadle.people.decisions import decision
from treadle.people.found import Decision

MOST = 10
_NO_DAY = "9999"


def waiting(reader: Reader, today: date) -> tuple[list[Decision], int]:
    """Those that are not decided, or whose day of review has come, what is due first; `MOST` of them, and how many more
    there are."""
    stands: dict[str, bool] = {}
    until: dict[str, str] = {}
    review: dict[str, str] = {}
    said: list[Entry[Payload]] = reader.find(DecisionOpened, DecisionClosed, DecisionReviewed, status="done")
    for entry in said:
        told = entry.payload
        if isinstance(told, DecisionOpened):
            stands[told.decision], review[told.decision] = False, told.review
            until[told.decision] = told.until or _NO_DAY
        elif isinstance(told, DecisionClosed):
            stands[told.decision] = True
        elif isinstance(told, DecisionReviewed):
            stands[told.decision] = stands.get(told.decision, False) and told.holds
            review[told.decision] = told.review
    day = {name: review[name] if done else until[name] for name, done in stands.items()}
    due = [name for name, done in stands.items() if not done or "" < review[name] <= today.isoformat()]
    due.sort(key=lambda name: day[name])
    found = (decision(reader, name, today) for name in due[:MOST])
    return [each for each in found if each is not None], max(0, len(due) - MOST)
