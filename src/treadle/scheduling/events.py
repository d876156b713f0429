"""Events that a project is run for: told to the record by whoever knows of them, heard by the scheduler of a workspace.

An event is an entry, so one that was told is not lost, whoever is killed; and a run that began after it has heard it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.errors import SpecError, nearest
from treadle.evidence.kinds.event_told import EventTold
from treadle.evidence.kinds.schedule_ran import ScheduleRan
from treadle.scheduling.found import Triggered

if TYPE_CHECKING:
    from treadle.evidence import Entry, Payload
    from treadle.workspace import Workspace

_LONGEST = 500


def tell(workspace: Workspace, event: str, text: str) -> Triggered:
    """Keep that an event happened.

    Raises:
        SpecError: the project waits for no event of this name; or the text is too long.
    """
    project = workspace.project
    known = project.spec.schedule.on
    if event not in known:
        mend = nearest(event, known) or f"write schedule: {{on: [{event if event.isidentifier() else 'NAME'}]}}"
        raise SpecError(f'the project waits for no event "{event}"', where=project.place("schedule.on"), mend=mend)
    if len(text) > _LONGEST:
        raise SpecError(f"{len(text)} letters are too many for a reason", where="--because", mend=f"{_LONGEST} at most")
    entry = workspace.chain.append(EventTold(event=event, text=text), f"event/{event}")
    return Triggered(project=project.spec.project, event=event, entry=entry.seq, by=entry.actor)


def heard_until(workspace: Workspace) -> int:
    """The number of the newest entry of the record: a run that begins now has heard all that was told up to it."""
    with workspace.chain.reading() as reader:
        newest: list[Entry[Payload]] = reader.find(newest_first=True, limit=1)
    return newest[0].seq if newest else 0


def waiting(workspace: Workspace, subject: str) -> Entry[EventTold] | None:
    """The newest event that was told since the last run began, of those that the project waits for."""
    last = workspace.chain.last(ScheduleRan, subject=subject)
    heard, names = last.payload.heard if last is not None else 0, workspace.project.spec.schedule.on
    newest: list[Entry[EventTold] | None] = [workspace.chain.last(EventTold, subject=f"event/{name}") for name in names]
    return max((told for told in newest if told is not None and told.seq > heard), key=lambda e: e.seq, default=None)
