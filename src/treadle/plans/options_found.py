"""Ways to go on as they are told, as types. Light: the command line names them first."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class Told(Struct, frozen=True, kw_only=True):
    """One option in words, with its figures. `monthly`: in the currency of the choices; `low` and `high` a 95 %
    interval. `waits`: the share that waits for a server that sleeps. `sets`: what follows if it is chosen."""

    name: str
    title: str
    model: str
    metric: str
    score: float
    interval: list[float | None]
    monthly: Decimal
    low: Decimal | None
    high: Decimal | None
    waits: float
    what: str
    result: str
    cost: str
    effect: str
    risks: list[str]
    sets: list[str]
