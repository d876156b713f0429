"""A plan: the workload measured, each part of it priced in every way for which a price is known, one way advised."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from treadle.errors import SpecError
from treadle.money import to_billionth
from treadle.plans.found import Assumed, Load, Part, Plan, Workload
from treadle.plans.jobs import plan_job
from treadle.plans.machines import DAYS_A_MONTH, Prices
from treadle.plans.measuring import measure
from treadle.plans.serving import plan_serving
from treadle.plans.storing import plan_egress, plan_storage
from treadle.pricing import known

if TYPE_CHECKING:
    from treadle.workspace import Workspace

_THOUSAND = 1000


def check(assumed: Assumed) -> Assumed:
    """Raises SpecError: something that cannot be."""
    bounds = {
        "interruptions": (0.0, 3600.0), "checkpoint_s": (0.001, 1e6), "restart_s": (0.0, 1e6), "cold_s": (0.0, 3600.0),
        "idle_s": (1.0, 1e6), "busy": (0.01, 1.0), "margin": (0.0, 10.0), "egress_gb": (0.0, 1e9),
        "falls_to": (0.0, 1.0),
    }  # fmt: skip
    for name, (low, high) in bounds.items():
        value = getattr(assumed, name)
        if value is not None and not low <= value <= high:
            flag = "--" + name.replace("_", "-")
            raise SpecError(f"{value} cannot be", where=flag, mend=f"give a number from {low:g} to {high:g}")
    return assumed


def plan(
    workspace: Workspace, assumed: Assumed, *, days: int, day: str, vendor: str | None = None, region: str | None = None
) -> Plan:
    """Measure, and price by the figures that hold on `day`; of one vendor, or region, where that is asked for.

    Raises:
        SpecError: nothing was measured, or what is assumed cannot be; no price is known of that vendor or region.
    """
    workload = measure(workspace, days, check(assumed))
    with workspace.chain.reading() as reader:
        prices = Prices(known(reader, workspace.blobs, day), workspace.book.rates, vendor, region)
    refuse_unknown(prices)
    parts = parts_of(workload, prices, workspace, assumed)
    if not parts:
        raise SpecError(
            f"nothing of {workspace.project.address} was measured that has a price: no run, no request, no table",
            where="costs plan",
            mend=f"run it first: {workspace.project.command_that_reads()}",
        )
    monthly = sum((part.options[0].monthly for part in parts if part.options), Decimal(0))
    return Plan(
        project=workspace.project.address,
        currency=workspace.book.currency,
        at=day,
        first=workload.first,
        last=workload.last,
        days=workload.days,
        parts=parts,
        assumed=_said(assumed, workload),
        monthly=monthly,
        per_thousand=per_thousand(monthly, workload.load),
        entry=workload.entries,
        next="" if prices.known.figures else f"treadle prices import {workspace.project.typed} FILE",
    )


def refuse_unknown(prices: Prices) -> None:
    for name in ("vendor", "region"):
        wanted = getattr(prices, name)
        have = sorted({getattr(each, name) for each in prices.known.figures})
        if wanted is not None and wanted not in have:
            raise SpecError(
                f"no price is known of the {name} {wanted}",
                where=f"--{name}",
                mend=f"known are {', '.join(have)}" if have else "import some: treadle prices import",
            )


def parts_of(workload: Workload, prices: Prices, workspace: Workspace, assumed: Assumed) -> list[Part]:
    parts = [plan_job(workload.job, prices, workspace.book, assumed)] if workload.job is not None else []
    parts += [plan_serving(workload.load, prices, assumed)] if workload.load is not None else []
    parts += [plan_storage(workload.kept, prices)] if workload.kept else []
    parts += [plan_egress(assumed.egress_gb, prices)] if assumed.egress_gb else []
    return parts


def per_thousand(monthly: Decimal, load: Load | None) -> Decimal | None:
    """The month's sum by the month's predictions."""
    if load is None or not sum(load.requests):
        return None
    a_month = Decimal(sum(load.requests)) / len(load.requests) * DAYS_A_MONTH
    return to_billionth(monthly / a_month * _THOUSAND)


def _said(assumed: Assumed, workload: Workload) -> list[str]:
    """What a plan rests on that was not measured."""
    said = ["the machines of others are as fast as this one, core by core"]
    if workload.job is not None:
        said.append(f"memory of {assumed.margin:.0%} above the peak is enough")
        if assumed.interruptions is not None:
            said.append(
                f"a spot machine is taken away {assumed.interruptions:g} times an hour, a checkpoint takes "
                f"{assumed.checkpoint_s:g} s, to be running again {assumed.restart_s:g} s"
            )
    if workload.load is not None:
        if not workload.load.tested:
            said.append(
                "an answer takes the 99th percentile of encoding and scoring, as was measured when it was packed: "
                "treadle costs confirm measures a server"
            )
        said.append(
            f"a server answers {assumed.cold_s:g} s after it is woken, and may use {assumed.busy:.0%} of its CPUs"
        )
        if not workload.load.tested:
            said.append("a server holds no more memory than the process that packed and proved the version")
    return said
