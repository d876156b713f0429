"""What is told of mentors and of plans to grow, as types. Light: named before anything is done."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

PlanState = Literal["asked", "agreed", "declined", "ended", "reached"]
TaskState = Literal["open", "begun", "done", "gone"]


class Opening(Struct, frozen=True):
    """Something that the record has open and that touches an area. `key`: what it is known by while it is open;
    `subject`: of the entries that speak of it; `people`: for whom it waits, who may be nobody."""

    area: str
    key: str
    subject: str
    what: str
    why: str
    do: str
    people: tuple[str, ...] = ()


class Mentor(Struct, frozen=True):
    """Somebody who knows an area by the record. `waits`: things that wait for them; `mentors`: plans in which
    they teach. `busy`: too much for one more. Nobody is ranked: who has time stands first."""

    person: str
    why: list[str]
    waits: int
    mentors: int
    busy: bool


class Gap(Struct, frozen=True):
    """An area that a person does not count as one who knows, and why it may be worth it to them. `open`: how many
    things are open there."""

    area: str
    why: list[str]
    mentors: list[Mentor]
    open: int


class Drawn(Struct, frozen=True):
    """A plan as it could be taken. `left`: things that are open there and for which it has no room."""

    learner: str
    area: str
    mentor: Mentor
    tasks: list[Opening]
    left: int


class TaskShown(Struct, frozen=True):
    """`state`: begun is still open and the learner has done something of it; gone ended without them. `entries`: what
    shows it. `do`: what ends it, while it is open."""

    what: str
    why: str
    state: TaskState
    entries: list[int]
    do: str = ""


class Plan(Struct, frozen=True):
    """`state`: reached is agreed, and the learner counts as one who knows the area by now. `told`: whether who asks is
    shown how far it is; else `tasks`, `did` and `more` are empty. `did`: what the learner did there since, a line a
    sort; `more`: what is open there by now and was not then."""

    number: int
    learner: str
    mentor: str
    area: str
    state: PlanState
    day: str
    entry: int
    told: bool
    tasks: list[TaskShown]
    did: list[str]
    more: list[Opening]
    because: str = ""
