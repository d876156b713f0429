"""What is told of serving's cost, shared out, as types. Light: the command line names them first."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class ShareLine(Struct, frozen=True):
    """Of one day, endpoint, version or client: how often it was answered, and its share. `name` "" is of a client that
    nobody need name, and of a version that none answered."""

    name: str
    answers: int
    cpu_seconds: float
    amount: Decimal


class Shared(Struct, frozen=True):
    """`amount`: what serving cost in the days `first` to `last`, by `basis`; every grouping sums up to it exactly.

    `idle`: of it what fell on days on which nobody asked. thousand: what 1,000 answers came to; None where there was
    none. `weighed`: by what a version's answer is told to take, for those that answered.
    """

    project: str
    currency: str
    first: str
    last: str
    amount: Decimal
    basis: str
    answers: int
    idle: Decimal
    thousand: Decimal | None
    by_day: list[ShareLine]
    by_endpoint: list[ShareLine]
    by_model: list[ShareLine]
    by_client: list[ShareLine]
    weighed: list[str]
