"""Ways to run a job that was measured: on demand, on spot machines, on hardware of one's own; and the right size."""

from __future__ import annotations

import math
from decimal import Decimal

from treadle.costs import PriceBook
from treadle.figures import counted
from treadle.plans.found import Assumed, Job, Part
from treadle.plans.machines import (
    DAYS_A_MONTH,
    HOURS_A_MONTH,
    Need,
    Prices,
    carbon,
    cheapest,
    fits,
    no_carbon,
    of_machine,
)
from treadle.plans.spot import hope, simulate
from treadle.plans.weighing import Paid, Way, advise, way
from treadle.pricing import Figure

_MOST_RATE = 64.0


def need_of(cpus: float, peak_mb: float, margin: float, gpus: float = 0.0) -> Need:
    """The right size: the CPUs that were busy at once, the peak of memory with the margin above it, and as many GPUs as
    were held in the mean, rounded up.

    peak_mb: in MiB, as it is metered.
    """
    memory = round(peak_mb * 2**20 / 1e9 * (1 + margin), 3)
    return Need(max(1.0, round(cpus, 2)), memory, math.ceil(round(gpus, 6)))


def plan_job(job: Job, prices: Prices, book: PriceBook, assumed: Assumed) -> Part:
    need = need_of(job.cpus, job.peak_mb, assumed.margin, job.gpus)
    ways, unknown = [_metered(job, book)], list[str]()
    if job.gpus and book.gpu_hour is None:
        ways = []
        unknown.append("what it comes to by the price book: GPUs were held, and the book has no gpu_hour")
    machine = cheapest(prices, "on_demand", need)
    if machine is None:
        unknown.append(f"no price known of a machine on demand with {need.said()}")
    else:
        ways.append(_on_demand(job, machine, prices))
    spot = _spot(job, prices, need, assumed, unknown)
    ways += [spot] if spot is not None else []
    own = _own(job, prices, need, unknown)
    ways += [own] if own is not None else []
    ways.sort(key=lambda each: each.monthly)
    advice, turns = advise(ways, prices.rates.currency)
    hours = sum(job.hours)
    if job.whole:
        mean = f"{job.run_s:,.0f} s in the mean of {counted(job.whole, 'run')} of the whole loop"
    else:
        mean = f"{job.run_s:,.0f} s each in the mean"
        unknown.append(
            "what a run of the whole loop needs: each one failed, was cut, or took its search from the record"
        )
    return Part(
        "training and upkeep",
        f"{counted(job.runs, 'run')} in {hours:.2f} hours, {mean}; {job.cpus:.2f} CPUs busy, "
        f"{f'{job.gpus:.2f} GPUs held, ' if job.gpus else ''}{job.peak_mb:,.0f} MiB at the peak: it fits {need.said()} "
        f"({assumed.margin:.0%} above the peak)",
        [each.option for each in ways],
        unknown,
        advice,
        turns,
        no_carbon(prices, machine),
    )


def _metered(job: Job, book: PriceBook) -> Way:
    """As the ledger prices it: what is used, and no machine that waits."""
    memory = job.peak_mb / 1024
    held = book.gpu_hour or 0.0
    hour = job.cpus * book.prices["cpu_hour"] + memory * book.prices["memory_gb_hour"] + job.gpus * held
    gpus = f" + {job.gpus:.2f} GPUs x {held:g}" if job.gpus else ""
    return way(
        "by the price book",
        f"{book.name} {book.date}",
        Paid(tuple(each * hour for each in job.hours)),
        how=f"hours x ({job.cpus:.2f} CPUs x {book.prices['cpu_hour']:g} + {memory:.2f} GiB x "
        f"{book.prices['memory_gb_hour']:g}{gpus})",
        sources=[book.source or f"{book.name} {book.date}"],
    )


def _on_demand(job: Job, machine: Figure, prices: Prices) -> Way:
    hour = prices.hourly(machine)
    return way(
        "on demand",
        machine.said(),
        Paid(tuple(each * float(hour) for each in job.hours)),
        how=f"hours x {hour:f}",
        sources=[machine.source],
        kg=carbon(prices, machine, _hours_a_month(job)),
    )


def _hours_a_month(job: Job) -> Decimal:
    return Decimal(str(sum(job.hours) / len(job.hours))) * DAYS_A_MONTH


def _spot(job: Job, prices: Prices, need: Need, assumed: Assumed, unknown: list[str]) -> Way | None:
    """Its hours are longer by what interruptions cost."""
    machine = cheapest(prices, "spot", need)
    if machine is None:
        unknown.append("no price known of a spot machine that fits")
        return None
    if assumed.interruptions is None:
        unknown.append("a spot machine is not priced: how often it is taken away is not known (--interruptions)")
        return None
    done = simulate(job.run_s, assumed.checkpoint_s, assumed.restart_s, assumed.interruptions)
    stretch = done.expected_s / job.run_s
    if done.mean_s == float("inf"):
        unknown.append(f"a spot machine is no way: at {assumed.interruptions:g} interruptions an hour it hardly ends")
        return None
    hour = prices.hourly(machine)
    writes = (
        f"with a checkpoint every {done.interval_s:,.0f} s of work (Daly)"
        if done.interval_s < job.run_s
        else "without a checkpoint, since none pays before it ends,"
    )
    return way(
        "spot",
        machine.said(),
        Paid(tuple(each * float(hour) * stretch for each in job.hours)),
        how=f"hours x {stretch:.4f} x {hour:f}: a run of {job.run_s:,.0f} s takes {done.expected_s:,.0f} s "
        f"by formula, {done.mean_s:,.0f} as drawn ({done.low_s:,.0f} to {done.high_s:,.0f}), {writes} and "
        f"{done.interruptions:.3f} interruptions",
        sources=[machine.source],
        turns=_turning(job, machine, prices, assumed),
        kg=carbon(prices, machine, _hours_a_month(job) * Decimal(str(stretch))),
    )


def _turning(job: Job, spot: Figure, prices: Prices, assumed: Assumed) -> str:
    """The rate of interruptions from which on the same machine on demand is cheaper: by bisection of the formula."""
    same = of_machine(prices.of("on_demand"), spot)
    if not same:
        return ""
    allowed = float(prices.hourly(same[0]) / prices.hourly(spot))

    def stretch(rate: float) -> float:
        if not rate:
            return 1.0
        return hope(job.run_s, assumed.checkpoint_s, assumed.restart_s, 3600 / rate)[1] / job.run_s

    low, high = 0.0, _MOST_RATE
    if stretch(high) <= allowed:
        return f"it pays up to more than {_MOST_RATE:g} interruptions an hour"
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if stretch(middle) <= allowed else (low, middle)
    return f"it pays up to {low:.3g} interruptions an hour, against the same machine on demand"


def _own(job: Job, prices: Prices, need: Need, unknown: list[str]) -> Way | None:
    """Bought, written off over its life, with the power that it draws while it works: the cheapest by both together."""
    several = [each for each in prices.of("hardware") if fits(each, need)]
    power = min(prices.of("power"), key=lambda each: prices.per_unit(each) or 0, default=None)
    if not several:
        return None
    if power is None:
        said = min(several, key=lambda each: (prices.hourly(each), each.said())).said()
        unknown.append(f"{said} is not priced: no price known of a kilowatt-hour")
        return None

    def drawn(machine: Figure) -> Decimal:
        """An hour of power."""
        return Decimal(str(machine.watts or 0)) / 1000 * (prices.per_unit(power) or 0)

    def in_all(machine: Figure) -> Decimal:
        return prices.hourly(machine) * HOURS_A_MONTH + drawn(machine) * _hours_a_month(job)

    machine = min(several, key=lambda each: (in_all(each), each.said()))
    month, kwh = prices.hourly(machine) * HOURS_A_MONTH, drawn(machine)
    return way(
        "own hardware",
        machine.said(),
        Paid(tuple(each * float(kwh) for each in job.hours), month),
        how=f"{machine.amount:f} / {machine.life_years:g} years = {month:.4f} a month, and hours x {machine.watts:g} W "
        f"x {prices.per_unit(power):f} a kWh; people and space are not counted",
        sources=[machine.source, power.source],
    )
