"""Two designs held against each other: money a month, money for 1,000 predictions, score; for the same requests."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from treadle.errors import SpecError
from treadle.evidence import Entry, Payload
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.plans.found import Assumed, Design, DesignsDiffer, Job, Load, Option, Workload
from treadle.plans.machines import Prices
from treadle.plans.measuring import measure, number_at, whole_runs
from treadle.plans.planning import check, parts_of, per_thousand
from treadle.plans.weighing import Apart, apart_in_all
from treadle.pricing import PriceList

if TYPE_CHECKING:
    from treadle.workspace import Workspace


class Side(Struct, frozen=True):
    """A project, and which version of it; None: what is released, or else the newest."""

    workspace: Workspace
    version: str | None
    name: str


def compare(before: Side, after: Side, prices: PriceList, assumed: Assumed, days: int) -> DesignsDiffer:
    """Each with its own runs and tables, both for the load of the side that was asked more. Of two versions of one
    project each with the work that made it.

    Raises:
        SpecError: nothing was measured on a side; ModelError: there is no such version.
    """
    check(assumed)
    sides = (before, after)
    packed = [_packed(side) for side in sides]
    measured = [measure(side.workspace, days, assumed) for side in sides]
    currency = before.workspace.book.currency
    if after.workspace.book.currency != currency:
        raise SpecError(
            f"one is priced in {currency}, the other in {after.workspace.book.currency}",
            where="prices",
            mend="name price books of one currency",
        )
    unknown = dict[str, None]()
    if before.workspace.project.file.resolve() == after.workspace.project.file.resolve():
        made = [_made(side.workspace, entry, each) for side, entry, each in zip(sides, packed, measured, strict=True)]
        measured = [structs.replace(whole, job=job) for whole, (job, _) in zip(measured, made, strict=True)]
        unknown |= dict.fromkeys(text for _, text in made if text)
    load = max(
        (each.load for each in measured if each.load is not None), key=lambda each: sum(each.requests), default=None
    )
    designs, chosen = list[Design](), list[list[Option]]()
    for side, entry, workload in zip(sides, packed, measured, strict=True):
        workload = structs.replace(workload, load=answered_by(load, entry))
        parts = parts_of(workload, Prices(prices, side.workspace.book.rates), side.workspace, assumed)
        unknown |= dict.fromkeys(each for part in parts for each in part.unknown)
        missing = [part.name for part in parts if not part.options]
        unknown |= dict.fromkeys(f"{name} of {entry.payload.model} has no price, and is in no sum" for name in missing)
        designs.append(_design(side, entry, workload, {p.name: p.options[0].monthly for p in parts if p.options}))
        chosen.append([part.options[0] for part in parts if part.options])
    one, other = designs
    found = apart_in_all(*chosen)
    return DesignsDiffer(
        currency, prices.at, one, other, found.more, found.low, found.high, found.why,
        _said(one, other, found, currency), list(unknown),
    )  # fmt: skip


def _packed(side: Side) -> Entry[ModelPacked]:
    from treadle.models.registry import find

    workspace = side.workspace
    released = None if side.version is not None else workspace.releases.current()
    version = side.version if released is None else released.model
    return find(workspace.chain, workspace.project.address, version)


def _made(workspace: Workspace, packing: Entry[ModelPacked], workload: Workload) -> tuple[Job | None, str]:
    """The work that made a version, in the days that were measured: all of the run that packed it, and of earlier ones
    the steps that it rests on. And what of it is not in these days."""
    from treadle.history.lineage import walk

    with workspace.chain.reading() as reader:
        steps = {each.seq: each for each, _ in walk(reader, [packing])}
        mine: list[Entry[Payload]] = reader.find(run=packing.run) if packing.run else []
        loops = set(whole_runs(reader, number_at(reader.connection, workload.first)))
        steps |= {each.seq: each for each in mine}
    first = date.fromisoformat(workload.first)
    hours = {(first + timedelta(days=number)).isoformat(): 0.0 for number in range(workload.days)}
    used = [(each, each.usage) for each in steps.values() if each.usage is not None and each.usage.seconds]
    early = sum(usage.seconds for each, usage in used if each.time[:10] not in hours) / 3600
    said = f"what {early:.2f} hours of runs cost that made {packing.payload.model}: they were before {workload.first}"
    said = f"{said} (--days)" if early else ""
    used = [(each, usage) for each, usage in used if each.time[:10] in hours]
    if not used:
        return None, said
    for each, usage in used:
        hours[each.time[:10]] += usage.seconds / 3600
    seconds, runs = sum(usage.seconds for _, usage in used), {each.run for each, _ in used}
    whole = runs & loops
    mean = sum(usage.seconds for each, usage in used if each.run in (whole or runs)) / len(whole or runs)
    cpu, peak = sum(usage.cpu_seconds for _, usage in used), max(usage.peak_mb for _, usage in used)
    gpus = sum(usage.gpu_seconds for _, usage in used) / seconds
    return Job(tuple(hours.values()), len(runs), mean, cpu / seconds, peak, len(whole), gpus), said


def answered_by(load: Load | None, entry: Entry[ModelPacked]) -> Load | None:
    if load is None:
        return None
    peak = entry.usage.peak_mb if entry.usage is not None else load.peak_mb
    # by its packing, as every version has it: that one of two was tested is no reason to hold them apart
    return structs.replace(load, busy_s=entry.payload.p99_ms / 1000, peak_mb=peak, model=entry.payload.model, tested=0)


def _design(side: Side, entry: Entry[ModelPacked], workload: Workload, parts: dict[str, Decimal]) -> Design:
    said, monthly = entry.payload, sum(parts.values(), Decimal(0))
    return Design(
        name=f"{side.name} ({said.model}, {said.family})",
        monthly=monthly,
        per_thousand=per_thousand(monthly, workload.load),
        metric=said.metric,
        score=said.value,
        low=said.low,
        high=said.high,
        parts=parts,
    )


def _said(before: Design, after: Design, found: Apart, currency: str) -> str:
    """What the second one costs more or less, and gains or loses."""
    change, span = found.more, ""
    if found.low is not None and found.high is not None and found.low != found.high:
        ends = (found.low, found.high) if change > 0 else (-found.high, -found.low)
        span = f" ({ends[0]:.4f} to {ends[1]:.4f})"
    money = (
        "costs the same"
        if not change
        else f"costs {abs(change):.4f}{span} {currency} a month {'more' if change > 0 else 'less'}"
    )
    if change and found.low is None:
        money += f" (whether it is so on other days is not known: {found.why})"
    elif change and not found.is_told:
        money += ", which the days that were measured do not tell from nothing"
    if before.metric != after.metric or before.score is None or after.score is None:
        return f"the second {money}; {before.metric} and {after.metric} are not held against each other"
    gain = after.score - before.score
    apart = None not in (before.low, before.high, after.low, after.high) and (
        (after.low or 0) > (before.high or 0) or (after.high or 0) < (before.low or 0)
    )
    told = "" if apart else "; their intervals overlap, so that only the same rows can tell whether it is chance"
    return f"the second {money}; its {after.metric} is {gain:+.4f}{told}"
