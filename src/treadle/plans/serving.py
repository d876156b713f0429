"""Ways to serve a load that was measured: always on, scaled by the hour, reserved, asleep, serverless."""

from __future__ import annotations

import math
from decimal import Decimal

from msgspec import Struct

from treadle.figures import counted
from treadle.plans.found import Assumed, Load, Part
from treadle.plans.jobs import need_of
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
from treadle.plans.weighing import Paid, Way, advise, way
from treadle.pricing import Figure


class Servers(Struct, frozen=True):
    """A machine, and how many of it each hour of the window needs, by day."""

    machine: Figure
    hourly: Decimal
    needed: tuple[tuple[int, ...], ...]

    @property
    def most(self) -> int:
        return max(each for day in self.needed for each in day)

    def share(self, number: int) -> float:
        """Of the hours, those that need at least so many."""
        hours = [each for day in self.needed for each in day]
        return sum(each >= number for each in hours) / len(hours)


def replicas(requests_minute: int, busy_s: float, cpus: float, busy: float) -> int:
    """Servers that keep up: requests a second x CPU-seconds each / (CPUs x the share that may be busy); 1 at the least.

    >>> replicas(12_000, 0.012, 2, 0.6)      # 200 a second x 0.012 s = 2.4 CPUs; 2 servers of 1.2
    2
    """
    return max(1, math.ceil(requests_minute / 60 * busy_s / (cpus * busy) - 1e-9))


def plan_serving(load: Load, prices: Prices, assumed: Assumed) -> Part:
    need = need_of(1.0, load.peak_mb, assumed.margin)
    ways, unknown = list[Way](), list[str]()
    turns = ""
    machine = _machine(load, prices, need, assumed)
    if machine is None:
        unknown.append(f"no price known of a machine on demand with {need.said()}")
    else:
        servers = _servers(machine, load, prices, assumed)
        ways += [_always(servers, prices), _scaled(servers, prices), _asleep(servers, load, prices, assumed)]
        ways += _reserved(servers, prices, assumed, unknown)
        turns = _sizes(load, prices, need, assumed)
    serverless = _serverless(load, prices, need, assumed, unknown, None if machine is None else prices.hourly(machine))
    ways += [serverless] if serverless is not None else []
    ways.sort(key=lambda each: each.monthly)
    advice, would_turn = advise(ways, prices.rates.currency)
    return Part(
        "serving",
        f"{counted(sum(load.requests), 'request')} in {counted(len(load.requests), 'day')}{_played(load)}, "
        f"{load.peak_s:.3g} a second in the busiest minute, {load.busy_s * 1000:.3g} ms of a CPU each "
        f"({load.model}{_tested(load)}); it fits {need.memory_gb:g} GB",
        [each.option for each in ways],
        unknown,
        "; ".join(each for each in (advice, turns) if each),
        would_turn,
        no_carbon(prices, machine),
    )


def _played(load: Load) -> str:
    return f" ({load.of_history})" if load.of_history else ""


def _tested(load: Load) -> str:
    return f", by the load test of entry {load.tested}" if load.tested else ""


def _machine(load: Load, prices: Prices, need: Need, assumed: Assumed) -> Figure | None:
    """By which all hours together are cheapest: many small ones, or a larger one."""
    several = [each for each in prices.of("on_demand") if fits(each, need)]
    return min(several, key=lambda each: (_month(_servers(each, load, prices, assumed)), each.said()), default=None)


def _servers(machine: Figure, load: Load, prices: Prices, assumed: Assumed) -> Servers:
    cpus = machine.cpus or 1.0
    needed = tuple(tuple(replicas(most, load.busy_s, cpus, assumed.busy) for most in day) for day in load.minutes)
    return Servers(machine, prices.hourly(machine), needed)


def _month(servers: Servers) -> Decimal:
    days = len(servers.needed)
    hours = sum(each for day in servers.needed for each in day)
    return Decimal(hours) / days * DAYS_A_MONTH * servers.hourly


def _always(servers: Servers, prices: Prices) -> Way:
    count = servers.most
    return way(
        "always on",
        f"{count} x {servers.machine.said()}",
        Paid((), count * HOURS_A_MONTH * servers.hourly),
        how=f"{count} (for the busiest minute) x {HOURS_A_MONTH.normalize():f} hours x {servers.hourly:f}",
        sources=[servers.machine.source],
        kg=carbon(prices, servers.machine, count * HOURS_A_MONTH),
    )


def _scaled(servers: Servers, prices: Prices) -> Way:
    daily = tuple(float(sum(day) * servers.hourly) for day in servers.needed)
    hours = sum(map(sum, servers.needed)) / len(servers.needed)
    return way(
        "scaled by the hour",
        f"1 to {servers.most} x {servers.machine.said()}",
        Paid(daily),
        how=f"servers that each hour's busiest minute needs, 1 at the least: {hours:.2f} server-hours a day x "
        f"{servers.hourly:f}",
        sources=[servers.machine.source],
        kg=carbon(prices, servers.machine, Decimal(str(hours)) * DAYS_A_MONTH),
    )


def _asleep(servers: Servers, load: Load, prices: Prices, assumed: Assumed) -> Way:
    """One that sleeps, and as many more as an hour needs beside it; a wake is paid as long as it takes."""
    beyond = [sum(each - 1 for each in day) for day in servers.needed]
    hours = [
        (awake + wakes * assumed.cold_s) / 3600 + more
        for awake, wakes, more in zip(load.awake, load.wakes, beyond, strict=True)
    ]
    days = len(hours)
    cold = sum(load.wakes) / max(1, sum(load.requests))
    return way(
        "scaled to zero",
        f"0 to {servers.most} x {servers.machine.said()}",
        Paid(tuple(each * float(servers.hourly) for each in hours)),
        how=f"awake until {assumed.idle_s / 60:g} min after a request: {sum(hours) / days:.2f} hours a day x "
        f"{servers.hourly:f}; {sum(load.wakes) / days:.1f} cold starts a day of {assumed.cold_s:g} s: "
        f"{cold:.3%} of the requests wait so long",
        sources=[servers.machine.source],
        turns=f"requests that may not wait {assumed.cold_s:g} s",
        kg=carbon(prices, servers.machine, Decimal(str(sum(hours) / days)) * DAYS_A_MONTH),
    )


def _reserved(servers: Servers, prices: Prices, assumed: Assumed, unknown: list[str]) -> list[Way]:
    """For each offer: as many as are used for a larger share of the hours than its price is of the price on demand."""
    offers = of_machine(prices.of("reserved"), servers.machine)
    if not offers:
        unknown.append(f"no price known of {servers.machine.said()} reserved for 1 or 3 years")
    return [found for each in offers if (found := _offer(servers, each, prices, assumed)) is not None]


def how_many(servers: Servers, hour: Decimal) -> int:
    """The n-th is reserved while the share of the hours that need it is above the share of the price (break-even)."""
    share = float(hour / servers.hourly)
    return next((n for n in range(servers.most, 0, -1) if servers.share(n) > share), 0)


def _offer(servers: Servers, offer: Figure, prices: Prices, assumed: Assumed) -> Way | None:
    hour = prices.hourly(offer)
    count = how_many(servers, hour)
    if not count:
        return None
    over = [sum(max(0, each - count) for each in day) for day in servers.needed]
    fixed = count * hour * HOURS_A_MONTH
    left = Decimal(str(assumed.falls_to))
    regret = fixed - count * servers.hourly * HOURS_A_MONTH * left
    said = f"more than {servers.hourly * count * HOURS_A_MONTH * left:.4f}" if regret > 0 else "still less than"
    return way(
        f"reserved {offer.term_years} y {offer.option}".strip(),
        f"{count} of {servers.most} x {servers.machine.said()}",
        Paid(tuple(each * float(servers.hourly) for each in over), fixed),
        how=f"{count} x {HOURS_A_MONTH.normalize():f} hours x {hour:.6f} (with {offer.upfront:f} at once spread over "
        f"{offer.term_years} y), and "
        f"what is beyond on demand; break-even at {float(hour / servers.hourly):.1%} of the hours. If use falls to "
        f"{assumed.falls_to:.0%}: {abs(regret):.4f} a month {said} on demand",
        sources=[offer.source, servers.machine.source],
        turns=f"use of it in fewer than {float(hour / servers.hourly):.1%} of the hours",
        kg=carbon(
            prices, servers.machine, count * HOURS_A_MONTH + Decimal(sum(over)) / Decimal(len(over)) * DAYS_A_MONTH
        ),
    )


def _serverless(
    load: Load, prices: Prices, need: Need, assumed: Assumed, unknown: list[str], server_hour: Decimal | None
) -> Way | None:
    """Of one vendor and region, the cheapest for this load: what its requests cost, and the memory that each holds
    while it is answered, and while it wakes."""
    pairs = [
        (request, second)
        for request in prices.of("request")
        for second in prices.of("gb_second")
        if (request.vendor, request.region) == (second.vendor, second.region)
    ]
    if not pairs:
        unknown.append("no price known of a request and of a GB-second (serverless)")
        return None

    def paid(request: Figure, second: Figure) -> tuple[Decimal, Decimal]:
        """For a request, and for a cold start."""
        held = _held(prices, second, need, load.busy_s)
        return (prices.per_unit(request) or Decimal(0)) + held, _held(prices, second, need, assumed.cold_s)

    def in_all(pair: tuple[Figure, Figure]) -> Decimal:
        each, cold = paid(*pair)
        return sum(load.requests) * each + sum(load.wakes) * cold

    request, second = min(pairs, key=lambda pair: (in_all(pair), pair[0].said(), pair[1].said()))
    each, cold = paid(request, second)
    daily = tuple(float(count * each + wakes * cold) for count, wakes in zip(load.requests, load.wakes, strict=True))
    even = "" if server_hour is None else _even(each, server_hour)
    return way(
        "serverless",
        f"{request.vendor} {request.region}",
        Paid(daily),
        how=f"requests x ({prices.per_unit(request):f} + {need.memory_gb:g} GB x {load.busy_s:g} s x "
        f"{prices.per_unit(second):f}) and {counted(sum(load.wakes), 'cold start')} of {assumed.cold_s:g} s",
        sources=[request.source, second.source],
        turns=even,
    )


def _held(prices: Prices, second: Figure, need: Need, seconds: float) -> Decimal:
    return Decimal(str(need.memory_gb)) * Decimal(str(seconds)) * (prices.per_unit(second) or 0)


def _even(each: Decimal, hour: Decimal) -> str:
    """The rate at which a server that is always on is cheaper: its price a second, by what a request costs."""
    if not each:
        return ""
    rate = float(hour / 3600 / each)
    return f"more than {rate:.4g} requests a second in the mean, where one server on demand is cheaper"


def _sizes(load: Load, prices: Prices, need: Need, assumed: Assumed) -> str:
    """Vertical against horizontal: for the busiest minute one large enough, or the cheapest several."""
    peak = max(most for day in load.minutes for most in day)
    found = dict[bool, tuple[Decimal, str]]()
    for machine in prices.of("on_demand"):
        if fits(machine, need):
            count = replicas(peak, load.busy_s, machine.cpus or 1.0, assumed.busy)
            single = count == 1
            count = max(count, 1 if single else 2)
            month = count * prices.hourly(machine) * HOURS_A_MONTH
            said = f"{count} x {machine.said()} at {month:.4f} a month"
            found[single] = min(found.get(single, (month, said)), (month, said))
    smallest = cheapest(prices, "on_demand", need)
    if True in found and smallest is not None and False not in found:
        pair = 2 * prices.hourly(smallest) * HOURS_A_MONTH
        return f"one machine is enough for the busiest minute: {found[True][1]}; two, to survive one, {pair:.4f}"
    if len(found) < 2:
        return f"for the busiest minute: {next(iter(found.values()))[1]}" if found else ""
    better = "larger" if found[True][0] <= found[False][0] else "more"
    return f"for the busiest minute {better} machines are cheaper: {found[True][1]}, against {found[False][1]}"
