"""A load test held against what plans took an answer to need; kept, so that later plans rest on what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.load_tested import LoadTested, Verdict
from treadle.money import money
from treadle.plans.confirming_found import Confirmed, Loaded, Slice
from treadle.plans.found import Assumed, Load

if TYPE_CHECKING:
    from treadle.evidence.kinds.model_packed import ModelPacked
    from treadle.plans.machines import Prices
    from treadle.workspace import Workspace


def newest_test(reader: Reader, model: str) -> Entry[LoadTested] | None:
    """The newest load test of a version."""
    found: list[Entry[LoadTested]] = reader.find(LoadTested, status="done", newest_first=True)
    return next((each for each in found if each.payload.model == model), None)


def cpu_each(slices: Sequence[Slice]) -> tuple[float, float | None, float | None]:
    """CPU-seconds an answer, with a 95 % interval by drawing the seconds of the test anew; None of too few.

    >>> cpu_each([Slice(100, 1.0, 0.5)] * 10)
    (0.005, 0.005, 0.005)
    """
    import numpy as np

    from treadle.scoring.bootstrap import REPLICATES, draws, interval

    answers = np.array([each.answers for each in slices], dtype=float)
    cpu = np.array([each.cpu_seconds for each in slices])
    whole = float(cpu.sum() / answers.sum())
    if len(slices) < LEAST_SLICES:
        return whole, None, None
    drawn = draws(np.zeros(len(slices)), None)
    several = []
    for number in range(REPLICATES):
        weight = drawn(number)
        several.append(float(weight @ cpu / max(weight @ answers, 1e-9)))
    found = interval(whole, several, drawn.block, within=(0.0, float("inf")))
    return found.value, found.low, found.high


LEAST_SLICES = 6
_FAR = 0.5


def verdict_of(low: float | None, high: float | None, planned: float) -> Verdict:
    """Confirmed where an answer surely takes no more than was planned, refuted where it surely takes more; where it
    surely takes under half, it needs less, and the plan was not right either."""
    if low is None or high is None:
        return "not told apart"
    if high < planned * _FAR:
        return "needs less"
    return "confirmed" if high <= planned else "refuted" if low > planned else "not told apart"


def confirm(
    workspace: Workspace,
    packing: Entry[ModelPacked],
    found: Loaded,
    load: Load | None,
    *,
    connections: int,
    busy: float,
    cpus: float,
    prices: Prices | None = None,
) -> Confirmed:
    """Keep what was measured beside what was planned, in money too where prices are known."""
    from treadle.plans.serving import replicas

    each, low, high = (None if part is None else part * 1000 for part in cpu_each(found.slices))
    assert each is not None
    planned, usage = packing.payload.p99_ms, packing.usage
    planned_mb = 0.0 if usage is None else usage.peak_mb
    way, monthly, before = _paid(load, prices, (each / 1000, found.peak_mb), (planned / 1000, planned_mb), busy)
    currency = workspace.book.currency
    tested = LoadTested(
        model=packing.payload.model,
        seconds=round(found.seconds, 3),
        connections=connections,
        answers=found.answers,
        refused=found.refused,
        a_second=round(found.answers / max(found.seconds, 1e-9), 1),
        p50_ms=round(found.quantile(0.5) * 1000, 4),
        p99_ms=round(found.quantile(0.99) * 1000, 4),
        cpu_ms=round(each, 5),
        low=None if low is None else round(low, 5),
        high=None if high is None else round(high, 5),
        peak_mb=round(found.peak_mb, 1),
        planned_ms=planned,
        planned_mb=round(planned_mb, 1),
        verdict=verdict_of(low, high, planned),
        way=way,
        monthly=None if monthly is None else money(monthly, currency),
        planned_monthly=None if before is None else money(before, currency),
    )
    entry = workspace.chain.append(tested, f"endpoint/{workspace.endpoint}")
    most = None if load is None else max((minute for day in load.minutes for minute in day), default=None)
    servers = [None if most is None else replicas(most, ms / 1000, cpus, busy) for ms in (each, planned)]
    return Confirmed(
        model=tested.model, seconds=tested.seconds, connections=connections, answers=tested.answers,
        refused=tested.refused, a_second=tested.a_second, p50_ms=tested.p50_ms, p99_ms=tested.p99_ms,
        cpu_ms=tested.cpu_ms, low=tested.low, high=tested.high, planned_ms=planned, busy=busy,
        rate=busy * 1000 / each, planned_rate=busy * 1000 / planned, peak_mb=tested.peak_mb,
        planned_mb=tested.planned_mb, server_cpus=cpus, servers=servers[0], planned_servers=servers[1],
        verdict=tested.verdict, said=entry.said(), entry=entry.seq,
        next=f"treadle costs plan {workspace.project.typed}", currency=currency, way=way, monthly=monthly,
        planned_monthly=before,
    )  # fmt: skip


def _paid(
    load: Load | None,
    prices: Prices | None,
    measured: tuple[float, float],
    planned: tuple[float, float],
    busy: float,
) -> tuple[str, Decimal | None, Decimal | None]:
    """The way that was planned as the cheapest, and a month of it by what was measured and by what was planned: seconds
    of a CPU, and MiB. Where these need other machines, it is that way on the machines that they need."""
    from treadle.plans.serving import plan_serving

    if load is None or prices is None:
        return "", None, None
    now, then = (
        plan_serving(replace(load, busy_s=seconds, peak_mb=mb), prices, Assumed(busy=busy)).options
        for seconds, mb in (measured, planned)
    )
    if not then:
        return "", None, None
    same = next((each for each in now if each.name == then[0].name), None)
    return then[0].name, None if same is None else same.monthly, then[0].monthly
