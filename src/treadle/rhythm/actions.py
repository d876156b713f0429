"""Actions as they stand: whose, until when, and which are late. Read from the entries; nothing is kept beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from treadle.errors import TeamError
from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.action_changed import ActionChanged
from treadle.evidence.kinds.action_opened import ActionOpened
from treadle.rhythm.found import Action, Share

SUBJECT = "action/"
_STATES = ("late", "open", "done", "dropped")


def actions(reader: Reader, today: date, numbers: Iterable[int] | None = None) -> list[Action]:
    """Every action, or those of `numbers`: late ones first, the latest of them before, then by their day."""
    if numbers is not None:
        return sorted((action(reader, number, today)[0] for number in set(numbers)), key=_place)
    changes: dict[int, list[Entry[ActionChanged]]] = {}
    for change in reader.find(ActionChanged, status="done"):
        changes.setdefault(change.payload.number, []).append(change)
    opened: list[Entry[ActionOpened]] = reader.find(ActionOpened, status="done")
    return sorted((_action(each, changes.get(each.payload.number, ()), today) for each in opened), key=_place)


def _place(found: Action) -> tuple[int, str, int]:
    return _STATES.index(found.state), found.due, found.number


def action(reader: Reader, number: int, today: date) -> tuple[Action, Entry[ActionOpened]]:
    """One action, and the entry that opened it.

    Raises:
        TeamError: there is none of this number.
    """
    opened: Entry[ActionOpened] | None = reader.last(ActionOpened, subject=f"{SUBJECT}{number}")
    if opened is None:
        raise TeamError(f"there is no action {number}", where="NUMBER", mend="treadle actions list PROJECT shows them")
    changes: list[Entry[ActionChanged]] = reader.find(ActionChanged, subject=f"{SUBJECT}{number}", status="done")
    return _action(opened, changes, today), opened


def newest_of(reader: Reader, number: int) -> Entry[ActionOpened] | Entry[ActionChanged]:
    """The entry that an action stands by: that which changed it last, or opened it."""
    subject = f"{SUBJECT}{number}"
    changed: Entry[ActionChanged] | None = reader.last(ActionChanged, subject=subject)
    opened: Entry[ActionOpened] | None = reader.last(ActionOpened, subject=subject)
    assert opened is not None
    return changed or opened


def share_of(found: Iterable[Action], today: date) -> Share:
    """How many of those that were due by now are done, and how many of these in time."""
    due = [
        each for each in found if each.state != "dropped" and (each.due <= today.isoformat() or each.state == "done")
    ]
    done = [each for each in due if each.state == "done"]
    return Share(len(due), len(done), sum(not each.days for each in done))


def _action(opened: Entry[ActionOpened], changes: Sequence[Entry[ActionChanged]], today: date) -> Action:
    said = opened.payload
    last = changes[-1].payload if changes else None
    owner, due = (last.owner, last.due) if last else (said.owner, said.due)
    state = last.state if last else "open"
    ended = date.fromisoformat(changes[-1].time[:10]) if changes and state != "open" else today
    late = max(0, (ended - date.fromisoformat(due)).days)
    return Action(
        number=said.number,
        text=said.text,
        owner=owner,
        due=due,
        state="late" if state == "open" and late else state,
        days=0 if state == "dropped" else late,
        origin=said.origin,
        opened_by=opened.actor,
        opened=opened.time,
        entry=opened.seq,
        history=[f"{each.actor} on {each.time[:10]}: {each.payload.said()}" for each in changes],
    )
