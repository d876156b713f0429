"""What is told of people's minutes, as types. Light: the command line names them first."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class StageMinutes(Struct, frozen=True):
    """Of a person in a month: `minutes` of work on a stage, as they count; `measured`: of them, by the record."""

    month: str
    person: str
    stage: str
    minutes: float
    measured: float


class PersonMonth(Struct, frozen=True):
    """`counts`: the booked minutes, where there are any; else those that were measured, in so many sessions."""

    month: str
    person: str
    measured: float
    booked: float | None
    sessions: int
    acts: int

    @property
    def counts(self) -> float:
        return self.measured if self.booked is None else self.booked


class Automated(Struct, frozen=True):
    """What was done `times` without a person. `each`: minutes of one by hand, the quarter that took least; None, and
    `why`, where too few were. `minutes`: what was saved."""

    what: str
    times: int
    by_hand: int
    each: float | None
    minutes: float | None
    why: str = ""


class Hours(Struct, frozen=True):
    """`waited`: minutes for which machines worked while a person was at it; `reused`: steps that were taken from the
    record, which spared `spared` minutes of waiting. `hour`: what one booked hour comes to in the mean, in `currency`;
    `saved`: what the automated minutes come to by it. `rule`: how minutes are counted, in words."""

    project: str
    first: str
    last: str
    gap: float
    stages: list[StageMinutes]
    people: list[PersonMonth]
    automated: list[Automated]
    waited: float
    reused: int
    spared: float
    currency: str
    hour: Decimal | None
    saved: Decimal | None
    rule: str
