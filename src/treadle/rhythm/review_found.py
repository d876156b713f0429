"""What is told of a review, as types. Light: named before anything is done."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

State = Literal["holds", "look", "unknown"]


class ChecklistLine(Struct, frozen=True):
    """One thing that a reviewer looks at, with what the record has of it: `holds`, `look` (there is something to look
    at) or `unknown` (nobody measured it). `entry`: where it stands."""

    name: str
    state: State
    text: str
    entry: int


class Proposed(Struct, frozen=True):
    """A reviewer who may be asked, the first one first. `load`: things that wait for them, and reviews of late."""

    person: str
    why: list[str]
    load: int


class Obstacle(Struct, frozen=True):
    """What stands between a version and its release; `who` can take it out of the way: by the command `do`, empty
    where none does alone, or as `also` says in words."""

    what: str
    who: list[str]
    do: str
    also: str = ""


class CommentShown(Struct, frozen=True):
    """`place`: a file and its line; `moved`: that line is another one by now. `answers`: the entry of a comment."""

    entry: int
    by: str
    time: str
    about: str
    text: str
    place: str
    line: str
    moved: bool
    answers: int


class ReviewTimes(Struct, frozen=True):
    """How long reviews of the last 90 days took, from the request to the approval by a person, in hours. `waits`: how
    long this one has been waiting; None where it does not."""

    reviews: int
    median: float | None
    longest: float | None
    waits: float | None


class ReviewShown(Struct, frozen=True):
    """`excluded`: reviewers who may not approve it, each with why; `owners`: who CODEOWNERS names for what changed.
    `assigned`: who is asked to review it, while nobody has approved it; `obstacles`: what else must be done before
    anybody can. `signed`: by whom, as what; `answered`: findings that somebody answered for, why, who and when.
    `before`: the version that `changed` is told against; empty of the first, which all files are new of."""

    model: str
    bundle: str
    status: str
    requested_by: str
    approved_by: str
    changed: list[str]
    proposed: list[Proposed]
    excluded: list[str]
    owners: list[str]
    checklist: list[ChecklistLine]
    comments: list[CommentShown]
    times: ReviewTimes
    next: str
    assigned: list[str] = []
    obstacles: list[Obstacle] = []
    warnings: list[str] = []
    signed: list[str] = []
    answered: list[str] = []
    before: str = ""


class Commented(Struct, frozen=True):
    entry: int
    by: str
    about: str
    place: str
    text: str


class Assigned(Struct, frozen=True):
    model: str
    reviewers: list[str]
    by: str
    entry: int
    next: str = ""
