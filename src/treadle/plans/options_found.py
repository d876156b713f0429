"""Ways to go on as they are told, as types. Light: the command line names them first."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class Told(Struct, frozen=True, kw_only=True):
    """One option in words, with its figures. `monthly`: in the currency of the choices; `low` and `high` a 95 %
    interval. `waits`: the share that waits for a server that sleeps. `sets`: what follows if it is chosen. `buys`:
    what it gives for what it costs more than the first one; "" of the first."""

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
    buys: str = ""


class MonthSpent(Struct, frozen=True):
    """What machines came to this month up to today, in words; and, by option, that it allows less a month than would
    count against it already: those cannot be chosen now."""

    said: str = ""
    over: dict[str, str] = {}
