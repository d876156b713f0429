"""The cost ledger: a view of the chain, by run, by step and by day."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from treadle.evidence import Chain, Entry


class CostLine(Struct, frozen=True):
    """What one run, kind of step or day used. `amount` is in the ledger's currency."""

    name: str
    steps: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    written_mb: float
    amount: float


class Costs(Struct, frozen=True):
    """The ledger. `books` names the dated price books that priced the steps; failed steps cost money too."""

    currency: str
    amount: float
    seconds: float
    cpu_seconds: float
    peak_mb: float
    by_run: list[CostLine]
    by_step: list[CostLine]
    by_day: list[CostLine]
    books: list[str]
    unpriced: int


def costs(chain: Chain, *, run: str | None = None) -> Costs:
    """All metered entries (of one run, if given), summed three ways."""
    metered = [entry for entry in chain.entries(run=run) if entry.usage is not None]
    priced = [entry.cost for entry in metered if entry.cost]
    currencies = sorted({str(cost["currency"]) for cost in priced})
    return Costs(
        currency="/".join(currencies) or "USD",
        amount=round(sum(float(cost["amount"]) for cost in priced), 6),
        seconds=round(sum(e.usage.seconds for e in metered if e.usage), 3),
        cpu_seconds=round(sum(e.usage.cpu_seconds for e in metered if e.usage), 3),
        peak_mb=max((e.usage.peak_mb for e in metered if e.usage), default=0.0),
        by_run=_sum(metered, lambda e: e.run or "(no run)"),
        by_step=_sum(metered, lambda e: e.kind),
        by_day=_sum(metered, lambda e: e.time[:10]),
        books=sorted({str(cost["book"]) for cost in priced}),
        unpriced=len(metered) - len(priced),
    )


def _sum(entries: Iterable[Entry], name: Callable[[Entry], str]) -> list[CostLine]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(name(entry), []).append(entry)
    lines = []
    for group, members in groups.items():
        used = [e.usage for e in members if e.usage]
        lines.append(
            CostLine(
                name=group,
                steps=len(members),
                seconds=round(sum(u.seconds for u in used), 3),
                cpu_seconds=round(sum(u.cpu_seconds for u in used), 3),
                peak_mb=max(u.peak_mb for u in used),
                written_mb=round(sum(u.written_bytes for u in used) / 2**20, 2),
                amount=round(sum(float(e.cost["amount"]) for e in members if e.cost), 6),
            )
        )
    return lines
