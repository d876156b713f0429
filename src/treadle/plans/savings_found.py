"""What is told of savings, as types. Light: the command line names them first."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

Verdict = Literal["pays", "too early", "not seen yet", "does not pay", "no longer pays", "not measured"]


class Proposal(Struct, frozen=True):
    """`now`: what is paid a month by the measure of this name; `expected`: by how much less it would be, None where it
    cannot be told. why: what it rests on; how: the command, or the place, that does it."""

    name: str
    text: str
    now: Decimal | None
    expected: Decimal | None
    why: str
    how: str


class Followed(Struct, frozen=True):
    """A choice, and the same measure now. `achieved`: what it is less; None, and `why`, where it was not measured."""

    name: str
    text: str
    by: str
    chosen: str
    review: str
    expected: Decimal | None
    was: Decimal | None
    now: Decimal | None
    achieved: Decimal | None
    verdict: Verdict
    why: str
    entry: int


class Savings(Struct, frozen=True):
    """`proposals`: the greatest first; `followed`: what was chosen before; `warnings`: of other choices that may not
    pay any more. `due`: of the next review, "" where none was kept yet. `entry`: of the record, None: nothing was
    written. `unknown`: what could not be measured."""

    project: str
    currency: str
    days: int
    proposals: list[Proposal]
    followed: list[Followed]
    warnings: list[str]
    unknown: list[str]
    last: str
    due: str
    entry: int | None = None
    next: str = ""
