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
    `reviews`: what was said of it since, a sentence each; the last one of an outcome that was opened again says why.
    `agreed`: who accepted it in a mediation."""

    option: str
    because: str
    by: str
    time: str
    against: list[str]
    unheard: list[str]
    reviews: list[str]
    agreed: list[str] = []


class ProposalShown(Struct, frozen=True):
    """What a mediator proposes. `entry`: the number under which it is accepted; `accepted`: by whom it was."""

    entry: int
    by: str
    option: str
    because: str
    review: str
    accepted: list[str]


class SideShown(Struct, frozen=True):
    """One side of an experiment: what it changes, who is for it; once it was run what it came to, with its 95 %
    interval, and the seconds that it took to learn."""

    option: str
    changes: list[str]
    people: list[str]
    family: str
    value: float | None
    interval: list[float | None]
    seconds: float | None


class ExperimentShown(Struct, frozen=True):
    """How a question is settled by an experiment. `entry`: the number under which its terms are agreed to.

    `rows`: of which snapshots. `waits_for`: who must agree, and has not. `gain`: of the first side over the second, its
    95 % interval beside it; `verdict`: `first` or `second` is better beyond the margin, both are the `same` to within
    it, or it is `untold`; `better`: the option that is, empty where none is; `said`: all of it in a sentence.
    """

    entry: int
    status: Literal["stated", "agreed", "ran"]
    sides: list[SideShown]
    metric: str
    margin: float
    minutes: float
    otherwise: str
    rows: list[str]
    agreed: list[str]
    waits_for: list[str]
    gain: float | None
    interval: list[float | None]
    verdict: str
    better: str
    said: str


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
    experiment: ExperimentShown | None = None
    """What is to settle it, or has."""
    proposal: ProposalShown | None = None
    """What its mediator proposes."""


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


class OwnCheckin(Struct, frozen=True):
    """What somebody wrote for themselves. `unchanged`: it is what the record has the digest of."""

    week: str
    load: int
    blocked: str
    text: str
    unchanged: bool


class Pulse(Struct, frozen=True):
    """How a team was, from answers without names: how many, their mean load of 5, how many had 5, and the share with
    blocked work. `week`: in which they were shown."""

    week: str
    answers: int
    load: float
    too_much: int
    blocked: float
    entry: int
