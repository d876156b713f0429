"""Where bytes are kept cheapest, with what it costs to read them back; and what is sent out of a region."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from treadle.figures import counted
from treadle.plans.found import Kept, Part
from treadle.plans.machines import Prices, stepped
from treadle.plans.weighing import Paid, Way, advise, way
from treadle.pricing import Figure
from treadle.pricing.figure import TIERS

GB = 10**9


class Tier(Struct, frozen=True):
    """A class of storage: what a GB costs a month, and to read it back; None: no price of that is known."""

    figure: Figure
    month: Decimal
    retrieval: Decimal | None

    def of(self, kept: Kept) -> Decimal | None:
        """What it costs a month to keep it there; None where what it is read for has no price."""
        size = Decimal(kept.bytes) / GB
        if self.retrieval is None:
            return None if kept.reads else size * self.month
        return size * (self.month + Decimal(str(kept.reads)) * self.retrieval)


def tiers_of(prices: Prices) -> dict[str, list[Tier]]:
    """By vendor and region, those of one place. What is hot is read for nothing, unless a price says otherwise."""
    found: dict[str, list[Tier]] = {}
    back = {(each.vendor, each.region, each.tier): prices.per_unit(each) for each in prices.of("retrieval")}
    for figure in prices.of("storage"):
        free = Decimal(0) if figure.tier == "hot" else None
        retrieval = back.get((figure.vendor, figure.region, figure.tier), free)
        month = prices.per_unit(figure)
        if month is not None:
            found.setdefault(f"{figure.vendor} {figure.region}", []).append(Tier(figure, month, retrieval))
    return found


def place(kept: Kept, tiers: Sequence[Tier]) -> Tier | None:
    """The cheapest class for it; what is pinned stays hot."""
    allowed = [each for each in tiers if each.figure.tier == "hot"] if kept.pinned else list(tiers)
    priced = [(cost, TIERS.index(each.figure.tier), each) for each in allowed if (cost := each.of(kept)) is not None]
    return min(priced, key=lambda each: each[:2])[2] if priced else None


def plan_storage(several: Sequence[Kept], prices: Prices) -> Part:
    """All hot, and each where it is cheapest, at each vendor of whom prices are known."""
    ways, unknown = list[Way](), list[str]()
    for where, tiers in tiers_of(prices).items():
        hot = next((each for each in tiers if each.figure.tier == "hot"), None)
        if hot is None:
            unknown.append(f"no price known of hot storage at {where}")
            continue
        whole = [hot.of(each) or Decimal(0) for each in several]
        ways.append(_way("all hot", where, sum(whole, Decimal(0)), f"all at {hot.month:f} a GB", [hot]))
        placed = [(each, place(each, tiers)) for each in several]
        used = [tier for _, tier in placed if tier is not None]
        moved = [(each, tier) for each, tier in placed if tier is not None and tier.figure.tier != "hot"]
        cost = sum((tier.of(each) or Decimal(0) for each, tier in placed if tier is not None), Decimal(0))
        if moved:
            ways.append(_way("by last use", where, cost, _moves(moved, several), used))
        without = [each.figure.tier for each in tiers if each.retrieval is None]
        unknown += (
            [f"no price known of reading back {', '.join(without)} at {where}: only for what nobody reads"]
            if (without)
            else []
        )
    if not ways:
        unknown.append("no price known of storage")
    ways.sort(key=lambda each: each.monthly)
    advice, turns = advise(ways, prices.rates.currency)
    size, pinned = sum(each.bytes for each in several), sum(each.bytes for each in several if each.pinned)
    measured = (
        f"{counted(len(several), 'thing')} in {size / GB:.4f} GB, of which {pinned / GB:.4f} GB are needed and stay hot"
    )
    return Part("storage", measured, [each.option for each in ways], unknown, advice, turns)


def _moves(moved: Sequence[tuple[Kept, Tier]], several: Sequence[Kept]) -> str:
    by: dict[str, tuple[int, int]] = {}
    for kept, tier in moved:
        count, size = by.get(tier.figure.tier, (0, 0))
        by[tier.figure.tier] = count + 1, size + kept.bytes
    said = ", ".join(f"{count:,} ({size / GB:.4f} GB) to {tier}" for tier, (count, size) in sorted(by.items()))
    return (
        f"of {len(several):,} things {said}, with what it costs to read them back as often as they were read; the "
        "shortest time that a class is charged for is not counted"
    )


def _way(name: str, where: str, cost: Decimal, how: str, tiers: Sequence[Tier]) -> Way:
    return way(f"{name} at {where}", where, Paid((), cost), how=how, sources=[each.figure.source for each in tiers])


def plan_egress(gb_a_month: float, prices: Prices) -> Part:
    """Sent out to the internet, by each vendor's steps of volume."""
    places: dict[str, list[Figure]] = {}
    for each in prices.of("egress"):
        places.setdefault(f"{each.vendor} {each.region}", []).append(each)
    begins = {where: min(each.from_gb for each in steps) for where, steps in places.items()}
    unknown = [
        f"no price known of the first {begin:g} GB from {where}, so it is in no sum"
        for where, begin in sorted(begins.items())
        if begin > 0
    ]
    places = {where: steps for where, steps in places.items() if begins[where] == 0}
    volume = Decimal(str(gb_a_month))
    ways = [
        way(
            f"from {where}",
            where,
            Paid((), stepped(steps, prices, volume)),
            how=f"{gb_a_month:g} GB by steps: "
            + ", ".join(f"from {each.from_gb:g} at {prices.per_unit(each):f}" for each in steps),
            sources=[each.source for each in steps],
        )
        for where, steps in sorted(places.items())
    ]
    ways.sort(key=lambda each: each.monthly)
    advice, turns = advise(ways, prices.rates.currency)
    if not ways and not unknown:
        unknown = ["no price known of what is sent out"]
    measured = f"{gb_a_month:g} GB a month, as was given"
    return Part("egress", measured, [each.option for each in ways], unknown, advice, turns)
