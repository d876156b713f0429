"""Which machine fits, and what it costs an hour, in one currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from treadle.figures import counted
from treadle.money import Rates
from treadle.pricing import Figure, PriceList

DAYS_A_MONTH = Decimal("30.4375")
"""A twelfth of a year of 365.25 days. There is no other length of a month: hours and years are told by it."""
HOURS_A_MONTH = 24 * DAYS_A_MONTH
HOURS_A_YEAR = 12 * HOURS_A_MONTH
_FACTORS = {
    "cpu_power": "watts of a CPU",
    "memory_power": "watts of a GB",
    "pue": "what the building draws beside",
    "carbon": "grams of CO2e a kWh",
}


class Need(Struct, frozen=True):
    """CPUs that are busy at once, memory in 10^9 bytes with its margin, GPUs that are held at once."""

    cpus: float
    memory_gb: float
    gpus: int = 0

    def said(self) -> str:
        gpus = f", {counted(self.gpus, 'GPU')}" if self.gpus else ""
        return f"{counted(self.cpus, 'CPU')}{gpus} and {self.memory_gb:g} GB"


class Prices(Struct, frozen=True):
    """The figures of a day, in the currency of a project; of one vendor or region, where that was asked for."""

    known: PriceList
    rates: Rates
    vendor: str | None = None
    region: str | None = None

    def of(self, *kinds: str) -> list[Figure]:
        """Those that can be said in the currency."""
        found = self.known.of(*kinds, vendor=self.vendor, region=self.region)
        return [each for each in found if self.per_unit(each) is not None]

    def per_unit(self, figure: Figure) -> Decimal | None:
        return self._said(figure.amount, figure.currency)

    def hourly(self, figure: Figure) -> Decimal:
        """What an hour comes to, with what is paid at once spread over the term; of hardware, without power."""
        amount, upfront = (self._said(each, figure.currency) or Decimal(0) for each in (figure.amount, figure.upfront))
        if figure.kind == "hardware":
            return amount / (Decimal(str(figure.life_years)) * HOURS_A_YEAR)
        return amount + (upfront / (figure.term_years * HOURS_A_YEAR) if figure.term_years else 0)

    def _said(self, amount: Decimal, currency: str) -> Decimal | None:
        """Not rounded: a price is a factor, and what comes of it is money."""
        if currency == self.rates.currency:
            return amount
        found = self.rates.unrounded(amount, currency, self.rates.currency) if currency else None
        return None if found is None else +found  # in the digits of all sums to come: 28


def fits(figure: Figure, need: Need) -> bool:
    """Whether it is known to have the CPUs and the memory, and the GPUs. One with GPUs is for what needs them alone."""
    if figure.cpus is None or figure.memory_gb is None or bool(figure.gpus) != bool(need.gpus):
        return False
    if figure.gpus < need.gpus:
        return False
    return figure.cpus >= need.cpus and figure.memory_gb >= need.memory_gb


def cheapest(prices: Prices, kind: str, need: Need) -> Figure | None:
    """Of the machines that fit, the cheapest an hour; None where no price is known of one."""
    several = [each for each in prices.of(kind) if fits(each, need)]
    return min(several, key=lambda each: (prices.hourly(each), each.said()), default=None)


def of_machine(figures: Iterable[Figure], like: Figure) -> list[Figure]:
    """The other prices of the same machine in the same place."""
    same = (like.vendor, like.region, like.sku)
    return [each for each in figures if (each.vendor, each.region, each.sku) == same]


def stepped(figures: Sequence[Figure], prices: Prices, volume: Decimal) -> Decimal:
    """What a volume costs by steps: each step counts from its `from_gb` up to the next one's.

    >>> from treadle.money import rates_of
    >>> free = Figure(
    ...     kind="egress", vendor="v", region="r", amount=Decimal(0), currency="USD", date="2026-05-06", source="s"
    ... )
    >>> paid = Figure(
    ...     kind="egress", vendor="v", region="r", amount=Decimal("0.09"), currency="USD", date="2026-05-06",
    ...     source="s", from_gb=100.0,
    ... )
    >>> stepped([free, paid], Prices(PriceList("2026-05-06"), rates_of("USD", "", {})), Decimal(150))    # 50 are paid
    Decimal('4.500')
    """
    steps = sorted(figures, key=lambda each: each.from_gb)
    total = Decimal(0)
    for place, step in enumerate(steps):
        begin = Decimal(str(step.from_gb))
        end = Decimal(str(steps[place + 1].from_gb)) if place + 1 < len(steps) else volume
        total += max(min(volume, end) - begin, Decimal(0)) * (prices.per_unit(step) or 0)
    return total


def carbon(prices: Prices, figure: Figure, hours: Decimal) -> float | None:
    """kg of CO2e of a machine for so long; None where a factor of it is not known, or it has GPUs, whose watts are not.

    (CPUs x W/CPU + GB x W/GB) / 1000 x hours x PUE x gCO2e/kWh / 1000, as CodeCarbon's and Cloud Carbon Footprint's.
    """
    factors = _factors(prices, figure)
    if None in factors.values() or figure.cpus is None or figure.memory_gb is None or figure.gpus:
        return None
    cpu, memory, pue, grid = (float(each) for each in factors.values() if each is not None)
    watts = figure.cpus * cpu + figure.memory_gb * memory
    return watts / 1000 * float(hours) * pue * grid / 1000


def no_carbon(prices: Prices, figure: Figure | None) -> str:
    """Which factors are missing, where its carbon cannot be told; "" where all are known, or there is no machine."""
    if figure is None:
        return ""
    if figure.gpus:
        return f"no carbon of {figure.said()}: what its GPUs draw is not known"
    missing = [f"{kind} ({says})" for kind, says in _FACTORS.items() if _factors(prices, figure)[kind] is None]
    if not missing:
        return ""
    where = f"{figure.vendor} in {figure.region}"
    return f"no carbon of {figure.said()}: no figure is known of {', '.join(missing)} of {where}"


def _factors(prices: Prices, figure: Figure) -> dict[str, Decimal | None]:
    """Of each kind the vendor's own for the region, else its "global" one."""
    found = dict[str, Decimal | None]()
    for kind in _FACTORS:
        several = [e for e in prices.known.of(kind, vendor=figure.vendor) if e.region in (figure.region, "global")]
        nearest = min(several, key=lambda each: each.region != figure.region, default=None)
        found[kind] = None if nearest is None else nearest.amount
    return found
