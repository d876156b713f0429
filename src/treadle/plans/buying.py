"""Build or buy: what was compared on the same sealed rows, with what each costs a month and where data go.

A month of a way is its running, the hours of people that are booked, what its mistakes cost at the measured number of
decisions, and of what is paid once (to leave it, too) the part of a month. The least of these is advised; where the
sealed rows do not tell the two least apart, that is said, and what would turn it. What is not known is in no sum, and
listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import structs

from treadle.errors import SpecError
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.figures import counted
from treadle.money import Money, to_billionth
from treadle.plans.booked import booked_a_month
from treadle.plans.buying_found import BuildOrBuy, Candidate
from treadle.plans.comparing import answered_by
from treadle.plans.found import Assumed, Job, Load, Option, Workload
from treadle.plans.machines import DAYS_A_MONTH, Prices
from treadle.plans.measuring import measure
from treadle.plans.planning import parts_of
from treadle.pricing import PriceList, known

if TYPE_CHECKING:
    from treadle.evidence import Entry, Reader
    from treadle.evidence.kinds.model_packed import ModelPacked
    from treadle.evidence.kinds.rivals_compared import RivalsCompared
    from treadle.spec import Service
    from treadle.training.rivals import Compared, Scored
    from treadle.workspace import Workspace

MOST_MONTHS = 600
_HERE = "they stay where the project runs"


@dataclass(frozen=True)
class Bought:
    """What is held against our own, and for how long: `a_month` decisions, where none were measured."""

    packing: Entry[ModelPacked]
    entry: Entry[RivalsCompared]
    compared: Compared
    services: Sequence[Service]
    day: str
    days: int
    months: int
    a_month: float | None


def check(months: int, a_month: float | None) -> None:
    """Raises SpecError: what cannot be."""
    if not 1 <= months <= MOST_MONTHS:
        raise SpecError(f"{months} months cannot be", where="--months", mend=f"give 1 to {MOST_MONTHS}")
    if a_month is not None and not 0 < a_month <= 1e15:
        raise SpecError(f"{a_month:g} decisions a month cannot be", where="--a-month", mend="give a number above 0")


def weigh(workspace: Workspace, asked: Bought, *, cached: bool) -> BuildOrBuy:
    workload = measure(workspace, asked.days, Assumed())
    with workspace.chain.reading() as reader:
        prices = known(reader, workspace.blobs, asked.day)
        people = booked_a_month(reader, workspace, "people", asked.days)
        fits = _fits(reader, workload)
    load = answered_by(workload.load, asked.packing)
    measured = None if load is None or not sum(load.requests) else sum(load.requests) / len(load.requests)
    decisions = asked.a_month if measured is None else measured * float(DAYS_A_MONTH)
    if asked.a_month is not None:
        decisions = asked.a_month
    sums = _Sums(workspace, workload, load, prices, decisions, people, fits, asked)
    found = [sums.candidate(each) for each in asked.compared.scored]
    advice, turns = _advised(found, asked.compared, decisions, sums)
    return BuildOrBuy(
        project=workspace.project.address,
        model=asked.entry.payload.model,
        metric=asked.compared.metric,
        rows=asked.compared.rows,
        opened=asked.entry.payload.opened,
        currency=workspace.book.currency,
        at=asked.day,
        decisions=decisions,
        measured=measured is not None and asked.a_month is None,
        months=asked.months,
        candidates=found,
        advice=advice,
        turns=turns,
        unknown=list(dict.fromkeys(sums.unknown)),
        assumed=sums.assumed(),
        entry=asked.entry.seq,
        cached=cached,
        next=f"treadle why {asked.entry.seq} {workspace.project.typed}",
        of_history="" if load is None or asked.a_month is not None else load.of_history,
    )


def _fits(reader: Reader, workload: Workload) -> tuple[float, int]:
    """The hours of searches and fits in the days that were measured, and how many models were fitted."""
    ends = (date.fromisoformat(workload.last) + timedelta(days=1)).isoformat()
    several = [e for kind in (ModelsSearched, ModelFitted) for e in reader.find(kind, status="done")]
    mine = [e for e in several if workload.first <= e.time < ends and e.usage is not None]
    hours = sum(e.usage.seconds for e in mine if e.usage is not None) / 3600
    return hours, sum(e.kind == ModelFitted.KIND for e in mine)


@dataclass
class _Sums:
    """What each way costs, by what was measured; what is not known is noted."""

    workspace: Workspace
    workload: Workload
    load: Load | None
    prices: PriceList
    decisions: float | None
    people: Decimal | None
    fits: tuple[float, int]
    asked: Bought

    def __post_init__(self) -> None:
        self.unknown: list[str] = []
        if self.decisions is None:
            self.unknown.append("how many decisions a month there are: nobody asked the endpoint; give --a-month")
        if not self.asked.compared.currency:
            self.unknown.append("what a mistake costs: brief.mistakes does not say so")
        if self.people is None:
            self.unknown.append("what hours of people cost: none are booked (treadle costs book --category people)")

    def candidate(self, scored: Scored) -> Candidate:
        own = self.asked.compared.scored[0].name
        pair = None if scored.name == own else self.asked.compared.pair(own, scored.name)
        service = next((each for each in self.asked.services if each.service == scored.name), None)
        running, how, sources, p99 = self._own(scored) if service is None else self._bought(service)
        mistakes = self._mistakes(scored)
        leaving = None if service is None else self._leaving(service)
        once = sum((each for each in (leaving, self._setup(service)) if each is not None), Decimal(0))
        people = None if scored.sort == "service" else self.people
        parts = [each for each in (running, people, mistakes[0]) if each is not None]
        whole = None if running is None else to_billionth(sum(parts, Decimal(0)) + once / self.asked.months)
        if once:
            how.append(f"paid once, and for leaving: {once:.2f} over {counted(self.asked.months, 'month')}")
        return Candidate(
            name=scored.name, sort=scored.sort, said=scored.said,
            score=scored.score.value, low=scored.score.low, high=scored.score.high,
            gain=None if pair is None else pair.gain.value,
            gain_low=None if pair is None else pair.gain.low,
            gain_high=None if pair is None else pair.gain.high,
            p99_ms=p99, running=running, people=people, mistakes=mistakes[0], best=mistakes[1], worst=mistakes[2],
            leaving=leaving if service is not None else Decimal(0), total=whole,
            data=self._data(service), how=how, sources=sources,
        )  # fmt: skip

    def _own(self, scored: Scored) -> tuple[Decimal | None, list[str], list[str], float | None]:
        """Served as the own model is, at its own time an answer; fitted as often as models were, where it is fitted."""
        load = self.load
        if load is not None and scored.p99_ms is not None and scored.sort != "own":
            load = structs.replace(load, busy_s=scored.p99_ms / 1000)
        alone = structs.replace(self.workload, job=self._job(scored), kept=(), load=load)
        parts = parts_of(alone, self._priced, self.workspace, Assumed())
        self.unknown += [text for part in parts for text in part.unknown]
        chosen: list[tuple[str, Option]] = [(part.name, part.options[0]) for part in parts if part.options]
        how = [f"{name}: {each.name}, {each.how} = {each.monthly:.4f}" for name, each in chosen]
        sources = list(dict.fromkeys(source for _, each in chosen for source in each.sources))
        if load is None:
            self.unknown.append("what serving costs: nobody asked the endpoint in these days")
        running = sum((each.monthly for _, each in chosen), Decimal(0))
        return running, how, sources, scored.p99_ms

    @property
    def _priced(self) -> Prices:
        return Prices(self.prices, self.workspace.book.rates)

    def _job(self, scored: Scored) -> Job | None:
        """The hours of runs: of a library its own fits in place of searches and fits; of a rule none at all."""
        job, (hours, times) = self.workload.job, self.fits
        if job is None or scored.sort in ("rule", "nothing"):
            return None
        if scored.sort == "own" or scored.seconds is None or not sum(job.hours):
            return job
        fitted = times * scored.seconds / 3600
        share = max(0.0, sum(job.hours) - hours + fitted) / sum(job.hours)
        return structs.replace(job, hours=tuple(each * share for each in job.hours), run_s=job.run_s * share)

    def _bought(self, service: Service) -> tuple[Decimal | None, list[str], list[str], float | None]:
        price = service.price
        each, fixed = (self.in_book(part, price.currency) for part in (price.per_thousand, price.a_month))
        latency = None if service.latency is None else service.latency.p99_ms
        cited = [part.cited for part in (price, service.latency, service.data, service.leaving) if part is not None]
        if service.latency is None:
            self.unknown.append(f"how long an answer of {service.service} takes")
        if each is None or fixed is None or self.decisions is None:
            return None, [], cited, latency
        running = to_billionth(each * Decimal(str(self.decisions)) / 1000 + fixed)
        return running, [f"{self.decisions:,.0f} x {each:f} / 1,000 + {fixed:f} = {running:.4f}"], cited, latency

    def in_book(self, amount: float, currency: str) -> Decimal | None:
        book = self.workspace.book
        found = book.rates.convert(Money(Decimal(str(amount)), currency), book.currency)
        if found is None:
            self.unknown.append(f"what {currency} is in {book.currency}: the price book has no rate")
        return None if found is None else found.amount

    def _setup(self, service: Service | None) -> Decimal | None:
        return None if service is None else self.in_book(service.price.setup, service.price.currency)

    def _leaving(self, service: Service) -> Decimal | None:
        if service.leaving is None:
            self.unknown.append(f"what it costs to leave {service.service}")
            return None
        return self.in_book(service.leaving.cost, service.leaving.currency)

    def _data(self, service: Service | None) -> str:
        if service is None:
            return _HERE
        if service.data is None:
            self.unknown.append(f"where data go that {service.service} is asked with")
            return "not known"
        return service.data.where

    def _mistakes(self, scored: Scored) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
        cost = scored.cost
        if cost is None or self.decisions is None:
            return None, None, None
        value, low, high = (
            None if each is None else self.in_book(each * (self.decisions or 0), self.asked.compared.currency)
            for each in (cost.value, cost.low, cost.high)
        )
        return value, low, high

    def saved(self, one: Candidate, other: Candidate) -> tuple[Decimal, Decimal | None, Decimal | None]:
        """What the first costs less a month in all than the second, with the interval that the sealed rows give."""
        assert one.total is not None and other.total is not None
        whole, pair = other.total - one.total, self.asked.compared.pair(one.name, other.name).saves
        if pair is None or self.decisions is None or one.mistakes is None or other.mistakes is None:
            return whole, whole, whole
        if pair.low is None or pair.high is None:
            return whole, None, None
        ends = [self.in_book((end - pair.value) * self.decisions, self.asked.compared.currency)
                for end in (pair.low, pair.high)]  # fmt: skip
        low, high = (None if each is None else whole + each for each in ends)
        return whole, low, high

    def assumed(self) -> list[str]:
        said = [
            "storage of the data is the same for all, and in no sum",
            "a library's model and a rule are served as our own is, at the time that an answer took here",
        ]
        if self.people is not None:
            said.append("a service takes none of the hours that are booked; all else takes all of them")
        return said


def _advised(
    found: Sequence[Candidate], compared: Compared, decisions: float | None, sums: _Sums
) -> tuple[str, list[str]]:
    """Which one, by how much, and what would turn it."""
    priced = sorted((each for each in found if each.total is not None), key=lambda each: (each.total, each.name))
    if len(priced) < 2 or decisions is None or any(each.mistakes is None for each in found):
        return _by_score(found, compared, priced), []
    best, second = priced[0], priced[1]
    whole, low, high = sums.saved(best, second)
    currency = sums.workspace.book.currency
    span = "" if low is None or high is None or low == high else f" ({low:.2f} to {high:.2f})"
    said = f"{best.name}: {best.total:.2f} {currency} a month in all, {whole:.2f}{span} less than {second.name}"
    if low is None:
        said += "; whether it is so on other rows is not known: too few days or groups"
    elif low <= 0:
        said += f"; the sealed rows do not tell the two apart, so {_plainer(best, second)} may decide"
    return said, _turns(priced, decisions, sums)


def _plainer(best: Candidate, second: Candidate) -> str:
    """What else there is to decide by."""
    sorts = {best.sort, second.sort}
    return "where data go, and what leaving costs," if "service" in sorts else "what is simpler to keep"


def _by_score(found: Sequence[Candidate], compared: Compared, priced: Sequence[Candidate]) -> str:
    """Without the money of mistakes: the cheapest of those that are not measurably worse than the best score."""
    from treadle.scoring import sign

    best = max(found, key=lambda each: each.score * sign(compared.metric))
    alike = {best.name}
    for each in found:
        if each.name != best.name:
            gain = compared.pair(best.name, each.name).gain
            alike |= {each.name} if gain.low is None or gain.low <= 0 else set()
    cheap = [each for each in priced if each.name in alike]
    dearer = best.total is None or bool(cheap and cheap[0].total is not None and cheap[0].total < best.total)
    chosen = cheap[0] if cheap and dearer else best
    also = f", and none of {len(alike)} that are not measurably worse costs less" if len(alike) > 1 and cheap else ""
    why = f"the best {compared.metric} is that of {best.name}"
    return f"{chosen.name}: {why}{also}; what it saves in money is not known"


def _turns(priced: Sequence[Candidate], decisions: float, sums: _Sums) -> list[str]:
    """From which number of decisions on another is the cheapest; at which price of a service the two least cost the
    same. The cheapest first."""
    best, second = priced[0], priced[1]
    said = turning([(each.name, *_lines(each, decisions, sums)) for each in priced], decisions)
    for one, other in ((best, second), (second, best)):
        service = next((s for s in sums.asked.services if s.service == one.name), None)
        if service is not None and one.total is not None and other.total is not None:
            gap = float(other.total - one.total) / decisions * 1000
            here = float(sums.in_book(service.price.per_thousand, service.price.currency) or 0)
            if here + gap >= 0:
                where = "above" if one is best else "below"
                said.append(f"a price of {one.name} {where} {here + gap:.4f} {sums.workspace.book.currency} for 1,000")
            else:
                said.append(f"no price of {one.name}: it is dearer even for nothing")
    return said


def turning(lines: Sequence[tuple[str, float, float]], decisions: float) -> list[str]:
    """The nearest number of decisions on either side from which on another is the cheapest, whichever it is: a name,
    what it costs a month whatever the use, and a decision; the cheapest now is the first.

    Each line is above the first one now, so the first of them to cross it is then below all others too.

    >>> turning([("ours", 10.0, 1.0), ("rule", 0.0, 3.0), ("acme", 100.0, 0.5), ("dear", 40.0, 0.9)], 20)
    ['5 decisions a month or fewer: then rule', '180 decisions a month or more: then acme']
    """
    (_, fixed, each), *others = lines
    fewer, more = list[tuple[float, float, str]](), list[tuple[float, float, str]]()
    for name, other_fixed, other_each in others:
        if other_each != each:
            at = (other_fixed - fixed) / (each - other_each)
            if other_each < each:
                more.append((max(at, decisions), other_each, name))
            elif at >= 0.5:  # of none there is nothing to decide
                fewer.append((-min(at, decisions), -other_each, name))
    nearest = [(way, min(found)) for way, found in (("fewer", fewer), ("more", more)) if found]
    return [f"{abs(at):,.0f} decisions a month or {way}: then {name}" for way, (at, _, name) in nearest]


def _lines(each: Candidate, decisions: float, sums: _Sums) -> tuple[float, float]:
    """What it costs a month whatever the use, and a decision. Servers are taken to be enough for either."""
    assert each.total is not None
    by_use = 0.0 if each.mistakes is None else float(each.mistakes)
    service = next((s for s in sums.asked.services if s.service == each.name), None)
    if service is not None:
        by_use += float(sums.in_book(service.price.per_thousand, service.price.currency) or 0) * decisions / 1000
    return float(each.total) - by_use, by_use / decisions
