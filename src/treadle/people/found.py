"""What is told of decisions and of the team, as types. Light: the command line names them before it does anything."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Status = Literal["open", "overdue", "decided", "review due"]


class OptionShown(Struct, frozen=True):
    """One of the answers that a question may get: a short name, and what it means."""

    name: str
    text: str


class Cited(Struct, frozen=True):
    """An entry that somebody rests on. `newer`: what has come after it about the same, so that it may say otherwise."""

    entry: int
    kind: str
    subject: str
    said: str
    newer: str = ""


class Position(Struct, frozen=True):
    """`before`: options that the same person was for earlier, oldest first."""

    person: str
    option: str
    because: str
    time: str
    evidence: list[Cited]
    before: list[str]


class Outcome(Struct, frozen=True):
    """`against`: positions that were for another option when it was decided. `unheard`: who was not waited for.
    `reviews`: what was said of it since, a sentence each; the last one of an outcome that was opened again says why."""

    option: str
    because: str
    by: str
    time: str
    against: list[str]
    unheard: list[str]
    reviews: list[str]


class Decision(Struct, frozen=True):
    """`decides`: who may close it now: the one named, or the mediator once `until` is over.

    `unheard`: who is asked and has no position yet. `outcome`: None while it is open; `was`: outcomes before it was
    opened again. `notes`: what to look at: a review that is due, evidence that something newer has come after.
    """

    name: str
    question: str
    status: Status
    options: list[OptionShown]
    opened_by: str
    opened: str
    decides: str
    mediator: str
    until: str
    review: str
    asked: list[str]
    unheard: list[str]
    positions: list[Position]
    outcome: Outcome | None
    was: list[Outcome]
    evidence: list[Cited]
    notes: list[str]


class RoleHeld(Struct, frozen=True):
    """`state`: `held`, `one person` (nobody stands in), or `missing`. `required`: nothing is released without it."""

    role: str
    people: list[str]
    state: str
    required: bool
    signs: bool


class Load(Struct, frozen=True):
    """A person with all that they hold; `overloaded` with more than two roles, in a team of more than one."""

    person: str
    roles: list[str]
    accountable: list[str]
    overloaded: bool
    confirmed: str
    """When they confirmed the charter as it is now; empty where they have not."""
