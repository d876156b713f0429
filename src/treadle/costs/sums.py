"""What the ledger answers. Light: the command line names these types before it does anything."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from treadle.money import Money

Rule = Literal["not", "evenly", "by-cost"]
"""How what is of no one target is shared out: not at all; the same to each; to each by what its own work cost."""


class Part(Struct, frozen=True):
    """What is told apart in the ledger: one target, by what its steps and versions, and its endpoint, are called."""

    name: str
    address: str
    endpoint: str

    @property
    def subjects(self) -> tuple[str, str]:
        return self.address, f"endpoint/{self.endpoint}"

    @property
    def versions(self) -> str:
        """How the subject of one of its versions begins."""
        return f"model/{self.address}:"

    def has(self, subject: str) -> bool:
        return subject in self.subjects or subject.startswith(self.versions)


class CostLine(Struct, frozen=True):
    """What one run, kind of step, day or target used.

    `amount` is in `currency`, converted where the line's own is another. `shared`: what of it is a share of what all
    targets use together.
    """

    name: str
    steps: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    written_mb: float
    amount: Decimal
    currency: str
    shared: Decimal = Decimal(0)
    gpu_seconds: float = 0.0


class TierSum(Struct, frozen=True):
    """What lies in a tier of storage, and what a month of it costs by its own price; `source`: who says so."""

    tier: str
    files: int
    bytes: int
    monthly: Decimal
    source: str


class StoredSum(Struct, frozen=True):
    """Of all snapshots that are kept by the record: the bytes of their files, each once; what they would take as whole
    files in Snappy (`plain`, by samples); of the difference, what files that several versions have save (`shared`); and
    the price of a month of it, and of what is saved."""

    snapshots: int
    bytes: int
    plain: int
    shared: int
    monthly: float
    saved: float
    tiers: list[TierSum] = []
    """Where some of it may lie in colder places: what lies in each, and `monthly` is then the sum of these."""


class Costs(Struct, frozen=True):
    """The ledger in one currency; failed steps cost money too.

    `rate_date` dates the rates by which other currencies were converted, "" where none was needed. `unconverted` are
    sums in currencies without a rate: they are in no other figure. `books` names the dated price books. `by_run` has
    the newest runs, and `more_runs` says how many older ones are only in the sums. `by_target`, where there are several
    and not one was asked about: what is of each, and what is of no one target, such as sources, which all share; of one
    with --shared its own line, with its share, which no other figure has.
    """

    currency: str
    amount: Decimal
    seconds: float
    cpu_seconds: float
    peak_mb: float
    by_run: list[CostLine]
    by_step: list[CostLine]
    by_day: list[CostLine]
    books: list[str]
    unpriced: int
    unconverted: list[Money] = []
    rate_date: str = ""
    more_runs: int = 0
    by_target: list[CostLine] = []
    gpu_seconds: float = 0.0
    """Seconds in which steps held GPUs, times the GPUs."""
    gpu_unpriced: float = 0.0
    """Of these, those that are in no amount: the price book had no `gpu_hour`."""
    stored: StoredSum | None = None
    """What is kept of tables, and what it costs a month; where all of the record was asked about."""
