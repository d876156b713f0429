"""What is told of building or buying, as types. Light: the command line names them first."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class Candidate(Struct, frozen=True):
    """One way to answer, on the same sealed rows; money a month in the answer's currency.

    score: with 95 % `low` and `high`; gain: how much better our own is, by the same draws, with its interval. running:
    of serving, fits and what is asked for it; people: hours that are booked for it; mistakes: what wrong decisions
    cost, `best` to `worst` by its interval; leaving: what it costs to go elsewhere later. total: all of these, leaving
    and what is paid once spread over the months asked about. None: not known. data: where they go. how: the sum.
    """

    name: str
    sort: str
    said: str
    score: float
    low: float | None
    high: float | None
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    p99_ms: float | None
    running: Decimal | None
    people: Decimal | None
    mistakes: Decimal | None
    best: Decimal | None
    worst: Decimal | None
    leaving: Decimal | None
    total: Decimal | None
    data: str
    how: list[str]
    sources: list[str]


class BuildOrBuy(Struct, frozen=True):
    """`candidates`: our own first. `decisions`: a month; `measured`: whether they were, or are those that were given;
    `of_history`: in words, how much of what was measured was replayed.
    `entry`: of the record, with all scores; `turns`: what would turn the advice; `unknown`: what is in no sum."""

    project: str
    model: str
    metric: str
    rows: int
    opened: int
    currency: str
    at: str
    decisions: float | None
    measured: bool
    months: int
    candidates: list[Candidate]
    advice: str
    turns: list[str]
    unknown: list[str]
    assumed: list[str]
    entry: int
    cached: bool
    next: str
    of_history: str = ""
