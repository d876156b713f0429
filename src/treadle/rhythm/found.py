"""What is told of meetings, actions and of looking back, as types. Light: named before anything is done."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

State = Literal["late", "open", "done", "dropped"]


class Action(Struct, frozen=True):
    """`state`: late is open after its day. `days`: how many it is late, or was closed late; 0 where it is not.
    `history`: what was said of it since it was opened, a sentence each."""

    number: int
    text: str
    owner: str
    due: str
    state: State
    days: int
    origin: str
    opened_by: str
    opened: str
    entry: int
    history: list[str]


class Share(Struct, frozen=True):
    """Of actions that were due by now, how many are done: `done` of `due`. Dropped ones are in neither."""

    due: int
    done: int
    in_time: int


class Point(Struct, frozen=True):
    """One line of an agenda. `why`: what put it there; `where`: what `treadle why` knows it by."""

    topic: str
    text: str
    why: str
    where: str
    who: str = ""


class GateShown(Struct, frozen=True):
    """`found`: what was measured, in the entry `entry`; `why`: where nothing could be."""

    text: str
    found: str
    holds: bool
    entry: int
    why: str = ""


class Milestone(Struct, frozen=True):
    """`status`: reached while all its gates hold; late after its day. `before`: what it was, a sentence each."""

    name: str
    text: str
    by: str
    status: Literal["reached", "open", "late"]
    gates: list[GateShown]
    entry: int
    before: list[str]


class Sentence(Struct, frozen=True):
    """A sentence of the status, and the numbers of the entries that it rests on."""

    topic: str
    text: str
    entries: list[int]


class Knowing(Struct, frozen=True):
    """A person and an area. `recent`: what they did there, each counted by half for 180 days past; `grounds`: of what
    kinds, in words; `rated`: what they say of themselves."""

    person: str
    recent: float
    grounds: list[str]
    last: str
    rated: str = ""


class Area(Struct, frozen=True):
    """`alone`: the one person who knows it, where there is one alone; `nobody`: those who did are no persons of the
    project any more, or nobody did anything lately."""

    name: str
    people: list[Knowing]
    alone: str = ""
    nobody: bool = False


class Pair(Struct, frozen=True):
    """Two who could work on an area together, and why these."""

    area: str
    knows: str
    learns: str
    why: str


class Onward(Struct, frozen=True):
    """One step of a newcomer's first days. `do`: what to type or whom to ask."""

    what: str
    why: str
    do: str


class Minutes(Struct, frozen=True):
    day: str
    present: list[str]
    text: str
    by: str
    entry: int
    actions: list[Action]


class Moment(Struct, frozen=True):
    """One line of a timeline. Nobody is named: who did it is in the record, and no matter of looking back."""

    time: str
    entry: int
    kind: str
    text: str
    about: bool


class Topic(Struct, frozen=True):
    """What somebody could tell the others of. `entry`: where it stands; 0 for an area that they know."""

    text: str
    why: str
    speaker: str
    entry: int


class Session(Struct, frozen=True):
    """`spoke`: when its speaker did so last, in words."""

    day: str
    topic: Topic
    spoke: str


class Held(Struct, frozen=True):
    """A session that was held; `entry`: where that stands."""

    day: str
    speaker: str
    topic: str
    entry: int


class Repeat(Struct, frozen=True):
    """A cause that was found before, in other retrospectives."""

    cause: str
    retros: list[str]


class Retro(Struct, frozen=True):
    """`status`: open, until what was learned is kept. `left`: entries of the span that the timeline has no room for."""

    name: str
    what: str
    status: Literal["open", "kept"]
    opened: str
    entry: int
    timeline: list[Moment]
    left: int
    text: str
    causes: list[str]
    repeats: list[Repeat]
    actions: list[Action]
    share: Share


class Turn(Struct, frozen=True):
    """Something that waits for a person. `do`: the command that ends it, empty where none does alone; `also`: what ends
    it otherwise, in words; `where`: what `treadle why` knows it by; `due`: its day, where it has one."""

    person: str
    what: str
    why: str
    do: str
    where: str
    due: str = ""
    also: str = ""
