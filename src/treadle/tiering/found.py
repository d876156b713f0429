"""What is told of tiers, as types. Light: the command line names them first."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class TierLine(Struct, frozen=True):
    """What lies in a tier, before and after. `price`: of a GB a month; `back`: of reading one back, None: not known;
    `source`: who says so."""

    tier: str
    place: str
    price: Decimal
    back: Decimal | None
    source: str
    files: int
    bytes: int
    monthly: Decimal
    files_after: int
    bytes_after: int
    monthly_after: Decimal


class MovedSnapshot(Struct, frozen=True):
    """Files of a snapshot that go to another tier: those that no newer snapshot has."""

    table: str
    version: int
    files: int
    bytes: int
    reads: float
    lies: str
    to: str


class StaysSnapshot(Struct, frozen=True):
    """Files of a snapshot that stay in their tier. `why`: for what; "" where no other is cheaper."""

    table: str
    version: int
    files: int
    bytes: int
    tier: str
    why: str


class Moved(Struct, frozen=True):
    """What goes where, or went where it was `applied`. before, after: a month of all that is kept, with what it costs
    to read it back as often as it was read; `once`: what the moving itself costs, by what is read out of tiers for it.

    `unknown`: tiers that have no price. `waiting`: tables of which something could not be moved now, each with the
    reason. `entry`: what says so in the record.
    """

    project: str
    applied: bool
    back: bool
    currency: str
    tiers: list[TierLine]
    moves: list[MovedSnapshot]
    stays: list[StaysSnapshot]
    before: Decimal
    after: Decimal
    once: Decimal
    unknown: list[str]
    waiting: list[str] = []
    entry: int | None = None
    next: str = ""
