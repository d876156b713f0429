"""One dated figure: what is charged for a unit of something, where, since when, and who says so."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, get_args

from msgspec import Struct

from treadle.days import day_in

Kind = Literal[
    "on_demand", "spot", "reserved", "request", "gb_second", "database", "storage", "block_storage", "retrieval",
    "egress", "transfer", "hardware", "power", "carbon", "pue", "cpu_power", "memory_power",
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(Kind)
MACHINES = ("on_demand", "spot", "reserved")
UNITS: dict[str, str] = {
    "on_demand": "hour",
    "spot": "hour",
    "reserved": "hour",
    "request": "request",
    "gb_second": "GB-second",
    "database": "hour",
    "storage": "GB-month",
    "block_storage": "GB-month",
    "retrieval": "GB",
    "egress": "GB",
    "transfer": "GB",
    "hardware": "piece",
    "power": "kWh",
    "carbon": "gCO2e/kWh",
    "pue": "ratio",
    "cpu_power": "W/CPU",
    "memory_power": "W/GB",
}
"""What one of each kind is. A figure has the unit of its kind, so that two of a kind can be held against each other."""
NO_MONEY = frozenset(("carbon", "pue", "cpu_power", "memory_power"))
TIERS = ("hot", "cool", "archive")
OPTIONS = ("", "no upfront", "partial upfront", "all upfront")
FIRST_YEAR, LAST_YEAR = 1990, 2200
_MOST = 1e9
_RUN = ("=", "+", "-", "@")


class Figure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`amount` of `currency` for one unit of its kind (`UNITS`); kinds of `NO_MONEY` have no currency.

    region: as the vendor writes it. date: from which the source says so (ISO 8601). source: who says so, for a person
        to look up; never empty.
    cpus, memory_gb: of a machine, in virtual CPUs and 10^9 bytes, where the source says them; `gpus` of `gpu`.
    term_years, upfront, option: of what is reserved: for 1 or 3 years, paid at once, and beside that `amount` an hour.
    tier: of storage and of what it costs to read it back. from_gb: of egress, the GB a month from which it counts.
    life_years, watts: of hardware of one's own: years until it is written off, power it draws under load.
    """

    kind: Kind
    vendor: str
    region: str
    amount: Decimal
    date: str
    source: str
    sku: str = ""
    currency: str = ""
    cpus: float | None = None
    memory_gb: float | None = None
    gpu: str = ""
    gpus: int = 0
    term_years: int = 0
    upfront: Decimal = Decimal(0)
    option: str = ""
    tier: str = ""
    from_gb: float = 0.0
    life_years: float | None = None
    watts: float | None = None

    @property
    def unit(self) -> str:
        return UNITS[self.kind]

    @property
    def group(self) -> tuple[str, ...]:
        """What is dated together: steps of one rate by volume are one price, and none is left when they change. The
        currency is no part of it: one that was said wrongly would stand beside the right one for ever."""
        term = str(self.term_years) if self.term_years else ""
        return self.kind, self.vendor, self.region, self.sku, term, self.option, self.tier

    def said(self) -> str:
        """What it is of, for a person."""
        parts = [self.vendor, self.region, self.sku or self.kind, self.tier]
        parts += [f"{self.term_years} year{'s' if self.term_years > 1 else ''}", self.option] if self.term_years else []
        parts += [f"from {self.from_gb:g} GB"] if self.from_gb else []
        return " ".join(each for each in parts if each)


def problem(figure: Figure) -> str:
    """Why a figure is refused; empty if it is none."""
    return _texts(figure) or _numbers(figure) or _of_kind(figure)


def _texts(figure: Figure) -> str:
    if figure.kind not in KINDS:
        return f'"{figure.kind}" is no kind of figure: {", ".join(KINDS)}'
    if not figure.source.strip():
        return f"{figure.said()} has no source: a figure that nobody says is no price"
    for name in ("vendor", "region"):
        if not getattr(figure, name).strip():
            return f"the {name} is not said"
    for text in (figure.vendor, figure.region, figure.sku, figure.source, figure.gpu, figure.tier, figure.option):
        if text.startswith(_RUN) or not text.isprintable() or len(text) > 500:
            return f"{text!r:.60} is too long, holds a line break, or begins with a sign that a spreadsheet runs"
    try:
        if not FIRST_YEAR <= day_in(figure.date).year <= LAST_YEAR:
            return f"{figure.date} is no day of prices: the years are {FIRST_YEAR} to {LAST_YEAR}"
    except ValueError:
        return f'"{figure.date}" is no day: write 2026-11-28'
    if figure.kind in NO_MONEY:
        return f"{figure.kind} has no currency" if figure.currency else ""
    if len(figure.currency) != 3 or not figure.currency.isascii() or not figure.currency.isupper():
        return f'"{figure.currency}" is no currency: write three capital letters, such as USD'
    return ""


def _numbers(figure: Figure) -> str:
    for name in ("amount", "upfront", "cpus", "memory_gb", "gpus", "from_gb", "life_years", "watts"):
        value = getattr(figure, name)
        if value is not None and not 0 <= float(value) <= _MOST:  # what is not a number is in no range
            return f"the {name} must be from 0 to {_MOST:,.0f}, found {value}"
    return ""


def _of_kind(figure: Figure) -> str:
    """What a kind of figure needs beside its amount."""
    kind = figure.kind
    if kind in MACHINES and not figure.amount + figure.upfront:
        return f"{figure.said()} costs nothing: an allowance is no price, since it ends"
    if kind in (*MACHINES, "database", "hardware") and not figure.sku:
        return f"which machine the {kind} price is of is not said: sku"
    if (kind == "reserved") != (figure.term_years in (1, 3)) or figure.term_years not in (0, 1, 3):
        return f"term_years is {figure.term_years}: 1 or 3 where it is reserved, and not given elsewhere"
    if figure.option not in OPTIONS or (figure.option and kind != "reserved"):
        return f'"{figure.option}" is no option of {kind}: {", ".join(OPTIONS[1:])}, where it is reserved'
    if figure.upfront and kind != "reserved":
        return "upfront is of what is reserved"
    if (kind in ("storage", "retrieval")) != (figure.tier in TIERS) or (figure.tier and figure.tier not in TIERS):
        return f'the tier "{figure.tier}" must be {", ".join(TIERS)} of storage and retrieval, and of nothing else'
    if figure.from_gb and kind != "egress":
        return "from_gb is of egress"
    if kind == "hardware" and not (figure.life_years and figure.watts is not None):
        return "hardware needs life_years, above 0, and watts"
    if kind == "pue" and figure.amount < 1:
        return f"a PUE is 1 at the least, found {figure.amount}"
    return ""
