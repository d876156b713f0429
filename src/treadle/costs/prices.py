"""A price book: what a CPU-hour, a GiB-hour of memory, a GPU-hour and a GiB-month of storage cost, on a date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from treadle.days import day_in
from treadle.errors import SpecError, closest, nearest
from treadle.evidence import Price, Usage
from treadle.money import Money, Rates, money, rates_of

BOOKS = Path(__file__).parent / "books"
_NEEDED = ("cpu_hour", "memory_gb_hour", "storage_gb_month")
_GPU = "gpu_hour"
_KNOWN = (*_NEEDED, "written_gb", _GPU)


class PriceBook:
    """Prices of one date, in one currency; `digest` names its exact content."""

    def __init__(self, name: str, date: str, rates: Rates, prices: dict[str, float], source: str, digest: str) -> None:
        self.name, self.date, self.rates = name, date, rates
        self.prices, self.source, self.digest = prices, source, digest

    @property
    def currency(self) -> str:
        return self.rates.currency

    @property
    def gpu_hour(self) -> float | None:
        """None: it has no price of a GPU that is held for one hour."""
        return self.prices.get(_GPU)

    def holds(self, currency: str) -> bool:
        """Whether what is priced here can be said in that currency."""
        return self.rates.convert(money(0, self.currency), currency) is not None

    def price(self, usage: Usage, at: datetime) -> Price:
        """The price of a step: CPU-seconds used, peak memory held for its wall time, GPUs for as long as they were
        held, and a month of what it keeps. GPUs are in it where the book has a `gpu_hour`; else the price says so.

        CPU is charged by the seconds used, so that a step that waits is cheap; a machine that stands idle
        is the business of the deployment, not of a step. Storage is charged one month ahead, when a thing is made.
        """
        amount = (
            usage.cpu_seconds / 3600 * self.prices["cpu_hour"]
            + usage.peak_mb / 1024 * usage.seconds / 3600 * self.prices["memory_gb_hour"]
            + usage.gpu_seconds / 3600 * (self.gpu_hour or 0.0)
            + usage.written_bytes / 2**30 * self.prices.get("written_gb", 0.0)
            + usage.kept_bytes / 2**30 * self.prices["storage_gb_month"]
        )
        lacks = (_GPU,) if usage.gpu_seconds and self.gpu_hour is None else ()
        return Price(money(amount, self.currency), f"{self.name} {self.date}", lacks)

    def ahead_of(self, day: str) -> str:
        """In words, that its prices are of a day after this one; "" where they are not."""
        if self.date <= day:
            return ""
        return f"the price book {self.name} is of {self.date}, after {day}: its prices were not known to hold by then"

    def month_of(self, size: int) -> Money:
        """What `size` bytes cost that are kept for a month."""
        return money(size / 2**30 * self.prices["storage_gb_month"], self.currency)


def load_book(path: Path | None = None) -> PriceBook:
    """A book from a file; None: the newest of those that ship with Treadle."""
    from treadle.evidence import digest
    from treadle.spec import read_yaml

    file = path or sorted(BOOKS.glob("*.yaml"))[-1]
    if not file.is_file():
        raise SpecError(f"there is no price file {file.name}", where="prices", mend=f"put it at {file}")
    read = read_yaml(file, "a price book", begin="prices:")
    content, data = read.text.encode(), read.tree
    found = data.get("prices")
    prices = found if isinstance(found, dict) else {}
    for name in dict.fromkeys((*_NEEDED, *map(str, prices))):
        value = prices.get(name)
        if name not in _KNOWN and closest(name, _KNOWN):
            raise SpecError(f"no price is called {name}", where=file.name, mend=nearest(name, _KNOWN))
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e9:
            raise SpecError(
                f"there is no price {name}"
                if value is None
                else f"the price {name} must be a number that is not negative, found {value!r}",
                where=file.name,
                mend=_mend_of(name, prices),
            )
    date, currency = _date(data.get("date"), file.name), str(data.get("currency", "USD"))
    return PriceBook(
        name=str(data.get("book", file.stem)),
        date=date,
        rates=rates_of(currency, date, data.get("rates") or {}),
        prices={k: float(v) for k, v in prices.items()},
        source=str(data.get("source", "")),
        digest=digest(content),
    )


def _date(given: object, file: str) -> str:
    """A book without a date has "".

    Raises:
        SpecError: it is no day.
    """
    if given is None:
        return ""
    try:
        return day_in(str(given)).isoformat()
    except ValueError as bad:
        mend = "write when these prices began to hold, such as 2026-11-28"
        raise SpecError(f'the date "{str(given)[:40]}" is no day', where=file, mend=mend) from bad


def _mend_of(missing: str, given: Mapping[str, object]) -> str:
    close = closest(missing, [name for name in given if name not in _KNOWN])
    begin = f'write {missing} for "{close}", and ' if close else ""
    return f"{begin}give all of: {', '.join(_NEEDED)}; and {_GPU}, where GPUs are used"
