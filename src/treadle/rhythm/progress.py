"""How far a plan to grow is, read from what the learner did since: of its tasks, and in its area at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.action_changed import ActionChanged
from treadle.evidence.kinds.growth_planned import GrowthTask
from treadle.evidence.kinds.milestone_set import MilestoneSet
from treadle.evidence.kinds.retro_opened import RetroOpened
from treadle.evidence.kinds.review_commented import ReviewCommented
from treadle.evidence.kinds.saving_chosen import SavingChosen
from treadle.evidence.kinds.savings_reviewed import SavingsReviewed
from treadle.evidence.kinds.source_read import SourceRead
from treadle.repository import touched
from treadle.rhythm.areas import area_of, area_of_file
from treadle.rhythm.growing import MOST_TASKS, Team
from treadle.rhythm.growth import Standing
from treadle.rhythm.growth_found import Plan, PlanState, TaskShown, TaskState
from treadle.rhythm.owners import person_of
from treadle.rhythm.skills import NO_ACT

if TYPE_CHECKING:
    from treadle.workspace import Workspace

_MOST = 10
"""Entries that are named for one task."""


def shown(workspace: Workspace, reader: Reader, team: Team, plan: Standing, who: str) -> Plan:
    """As `who` may see it: the two of it all, others only that it is there, unless the learner took it openly."""
    said = plan.entry.payload
    told = said.shown or who in (plan.learner, plan.mentor)
    now = {each.key: each for each in team.open if each.area == said.area}
    tasks = [_task(reader, plan, task, now.get(task.key)) for task in said.tasks] if told else []
    old = {task.key for task in said.tasks}
    return Plan(
        number=said.number,
        learner=plan.learner,
        mentor=plan.mentor,
        area=said.area,
        state=_state(team, plan) if told else plan.answer or "asked",
        day=plan.entry.time[:10],
        entry=plan.entry.seq,
        told=told,
        tasks=tasks,
        did=[*_did(reader, plan), *_committed(workspace, team, plan)] if told else [],
        more=[each for key, each in now.items() if key not in old][:MOST_TASKS] if told and plan.runs else [],
        because=plan.because if told else "",
    )


def _state(team: Team, plan: Standing) -> PlanState:
    if plan.answer is None:
        return "asked"
    area = next((each for each in team.areas if each.name == plan.entry.payload.area), None)
    knows = area is not None and plan.learner in team.able(area)
    return "reached" if plan.answer == "agreed" and knows else plan.answer


def _task(reader: Reader, plan: Standing, task: GrowthTask, opening: Any) -> TaskShown:
    entries = [entry.seq for entry in _acts(reader, plan, task)]
    state: TaskState = "begun" if entries else "open"
    if opening is None:
        state = "done" if entries else "gone"
    return TaskShown(task.what, task.why, state, entries[-_MOST:], "" if opening is None else opening.do)


def _acts(reader: Reader, plan: Standing, task: GrowthTask) -> Iterator[Entry[Payload]]:
    """What the learner did of a task since they took it."""
    begin, _, rest = task.key.partition("/")
    found: list[Entry[Any]] = []
    if begin in ("comment", "alert"):
        kinds = (ReviewCommented,) if begin == "comment" else (RetroOpened,)
        about = {entry.hash for entry in reader.by_seq([int(rest)] if rest.isdecimal() else [])}
        found = [entry for entry in reader.find(*kinds, status="done") if _about(entry.payload) in about]
    elif task.subject:
        found = reader.find(subject=task.subject, status="done")
    if begin == "model":
        name = task.subject.removeprefix("model/")
        found += [
            e for e in reader.find(ReviewCommented, status="done") if e.payload.name.removeprefix("model/") == name
        ]
    for entry in sorted(found, key=lambda each: each.seq):
        if entry.actor == plan.learner and entry.seq > plan.entry.seq and _counts(entry.payload, task):
            yield entry


def _about(said: Payload) -> str:
    if isinstance(said, ReviewCommented):
        return "" if said.answers is None else said.answers.digest
    return said.about.digest if isinstance(said, RetroOpened) else ""


def _counts(said: Payload, task: GrowthTask) -> bool:
    """To drop an action or a milestone is no progress in it, nor is to read a source anew, or to look at savings."""
    if isinstance(said, ActionChanged):
        return said.state != "dropped"
    if isinstance(said, MilestoneSet):
        return not said.dropped
    if isinstance(said, SourceRead):
        return said.followed is not None
    if isinstance(said, SavingChosen):
        return task.key == f"saving/{said.saving}" and not said.dropped
    return not isinstance(said, SavingsReviewed)


def _did(reader: Reader, plan: Standing) -> Iterator[str]:
    """What the learner signed in the area since, by kind: counted by the catalog, no entry is read."""
    from sqlalchemy import func, select

    from treadle.store.schema import entries

    query = select(entries.c.kind, func.count()).where(
        entries.c.actor == plan.learner, entries.c.seq > plan.entry.seq, entries.c.status == "done"
    )
    for kind, count in reader.connection.execute(query.group_by(entries.c.kind).order_by(entries.c.kind)):
        if area_of(str(kind)) == plan.entry.payload.area and kind not in NO_ACT:
            yield f"{int(count):,} {kind}"


def _committed(workspace: Workspace, team: Team, plan: Standing) -> Iterator[str]:
    since, area = datetime.fromisoformat(plan.entry.time), plan.entry.payload.area
    mine = together = 0
    for commit in touched(workspace.project.root, since.date().isoformat()):
        authors = {person_of(email, team.people) for email in commit.authors}
        if (
            plan.learner in authors
            and datetime.fromisoformat(commit.time) > since
            and area in {area_of_file(file) for file in commit.files}
        ):
            mine += 1
            together += plan.mentor in authors
    if mine:
        yield f"{mine:,} commit{'s' * (mine != 1)}, {together:,} of them with {plan.mentor}"
