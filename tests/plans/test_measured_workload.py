"""A plan of what was measured: the record's use by day, the ledger's requests, the tables that are kept."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from kept_shop import keep, opened, orders, write_shop

from treadle.cli import main
from treadle.errors import SpecError
from treadle.evidence import Price, Usage
from treadle.evidence.entry import Body, raw
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.kinds.noted import Noted
from treadle.money import money
from treadle.plans import measure, plan
from treadle.plans.found import Assumed
from treadle.pricing import import_figures
from treadle.store import Blob
from treadle.workspace import Workspace

TODAY = datetime(2026, 11, 10, 12, tzinfo=UTC)
HEADER = "kind,vendor,region,sku,amount,unit,currency,date,source,cpus,memory_gb,tier\n"
LINES = (
    "on_demand,acme,eu,m2,0.10,hour,USD,2026-11-01,acme,2,8,\n"
    "storage,acme,eu,hot,0.02,GB-month,USD,2026-11-01,acme,,,hot\n"
)


def whole(workspace: Workspace, at: datetime, *runs: str) -> None:
    """What a run of the whole loop leaves beside: a search, and a version; of a target that nothing else is of."""
    for run in runs:
        chain = replace(workspace.chain, clock=lambda: at, run=run)
        found = Blob("c" * 64, "found")
        chain.append(
            ModelsSearched(found=found, metric="roc_auc", family="linear", value=0.6, stopped="", trials=()), "other"
        )
        chain.append(msgspec.structs.replace(packed(workspace, 1, 1.0, 0.6), model=f"other:{run}"), "other")


def write(workspace: Workspace, at: datetime, run: str, usage: Usage, payload: ModelPacked | None = None) -> None:
    """An entry as a step of that run leaves it."""
    price = Price(money("0.01", "USD"), "book 2026-11-01")
    with replace(workspace.chain, clock=lambda: at).alone() as alone:
        body = Body(
            seq=0, id="", kind="model.packed" if payload else "test.did", version=2, subject="shop", run=run, time="",
            actor="ada", status="done", usage=usage, price=price,
        )  # fmt: skip
        alone.write(body if payload is None else replaced(body, payload))


def replaced(body: Body, payload: ModelPacked) -> Body:
    return msgspec.structs.replace(body, payload=raw(payload), made=(payload.bundle,))


def packed(workspace: Workspace, number: int, p99_ms: float, value: float) -> ModelPacked:
    bundle = Blob(workspace.blobs.put(f"bundle {number}".encode()), "bundle")
    return ModelPacked(
        model=f"shop:{number}", bundle=bundle, family="linear", metric="roc_auc", value=value, low=value - 0.01,
        high=value + 0.01, mb=1.0, p99_ms=p99_ms,
    )  # fmt: skip


def ask(workspace: Workspace, *moments: datetime) -> None:
    writer = workspace.journal.writer("predictions")
    for number, at in enumerate(moments):
        writer.add(
            {"prediction_id": f"p{number}", "answered": at.timestamp(), "model": "shop:1", "prediction": 1.0,
             "record": {}, "features": {}}
        )  # fmt: skip
    writer.close()


@pytest.fixture
def measured(workspace: Workspace) -> Workspace:
    """Two runs on two days, a version, 48 requests on the second day, a table that was read twice."""
    for day, run in ((8, "r1"), (9, "r2")):
        write(workspace, TODAY.replace(day=day), run, Usage(seconds=3600.0, cpu_seconds=5400.0, peak_mb=2000.0))
    usage = Usage(seconds=0.0, cpu_seconds=0.0, peak_mb=500.0)
    write(workspace, TODAY.replace(day=9), "r2", usage, packed(workspace, 1, 10.0, 0.80))
    keep(workspace, "orders", orders(), TODAY.replace(day=8))
    ask(workspace, *(TODAY.replace(day=9, hour=0) + timedelta(minutes=30 * n) for n in range(48)))
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: TODAY))


def test_what_was_measured(measured: Workspace):
    found = measure(measured, 30, Assumed())
    assert (found.first, found.last, found.days) == ("2026-11-08", "2026-11-10", 3), "no day before the record counts"
    job, load = found.job, found.load
    assert job is not None and load is not None
    assert job.hours == (1.0, 1.0, 0.0) and job.runs == 2 and job.run_s == 3600.0
    assert (job.cpus, job.peak_mb) == (1.5, 2000.0)
    assert load.requests == (48, 0) and load.wakes == (48, 0) and load.busy_s == 0.01 and load.peak_mb == 500.0
    assert [each.name for each in found.kept] == ["shop/source/orders@0"]
    assert found.kept[0].bytes > 0
    assert measure(measured, 1, Assumed()).job is None and measure(measured, 1, Assumed()).load is None


def test_of_what_was_never_measured_there_is_no_plan(workspace: Workspace):
    workspace.chain.append(Noted(text="begun"), "shop")
    with pytest.raises(SpecError, match="nothing of shop was measured"):
        plan(workspace, Assumed(), days=30, day="2026-11-10")


def test_the_mean_is_of_runs_of_the_whole_loop(measured: Workspace):
    """Of one that took an hour and one of two hours only the second one trained; the third one failed at its end."""
    for run, seconds in (("r3", 7200.0), ("r4", 99.0)):
        write(measured, TODAY, run, Usage(seconds=seconds, cpu_seconds=1.0, peak_mb=10.0))
    assert measure(measured, 30, Assumed()).job.whole == 0
    whole(measured, TODAY, "r3", "r4")
    failed = Body(
        seq=0, id="", kind="model.packed", version=2, subject="shop", run="r4", time="", actor="ada", status="failed",
        error="cut",
    )  # fmt: skip
    with measured.chain.alone() as alone:
        alone.write(failed)
    job = measure(measured, 30, Assumed()).job
    assert (job.runs, job.whole) == (4, 1) and job.run_s == pytest.approx(7200, abs=1)


def test_the_plan_sums_its_parts_and_prices_a_thousand_predictions(measured: Workspace, tmp_path: Path):
    file = tmp_path / "prices.csv"
    file.write_text(HEADER + LINES)
    import_figures(measured.chain, measured.blobs, "shop", str(file))
    found = plan(measured, Assumed(), days=30, day="2026-11-10")
    assert [part.name for part in found.parts] == ["training and upkeep", "serving", "storage"]
    assert found.monthly == sum(part.options[0].monthly for part in found.parts)
    # 2 hours in 3 days x 30.4375 x 0.10
    (on_demand,) = (each for each in found.parts[0].options if each.name == "on demand")
    assert float(on_demand.monthly) == pytest.approx(2 / 3 * 30.4375 * 0.10, abs=1e-8)
    # 48 requests in 2 days
    assert float(found.per_thousand or 0) == pytest.approx(float(found.monthly) / (24 * 30.4375) * 1000, abs=1e-7)
    earlier = plan(measured, Assumed(), days=30, day="2026-10-01")
    assert earlier.next.startswith("treadle prices import"), "no price held on that day"
    with pytest.raises(SpecError, match="no price is known of the vendor other"):
        plan(measured, Assumed(), days=30, day="2026-11-10", vendor="other")
    with pytest.raises(SpecError, match="cannot be"):
        plan(measured, Assumed(busy=0.0), days=30, day="2026-11-10")
    with pytest.raises(SpecError, match="no number of days"):
        plan(measured, Assumed(), days=0, day="2026-11-10")


def test_of_nothing_there_is_no_plan(workspace: Workspace):
    with pytest.raises(SpecError, match="nothing was measured yet"):
        measure(workspace, 30, Assumed())


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["treadle", *words])
    try:
        main()
    except SystemExit as done:
        assert not done.code, capsys.readouterr()
    return capsys.readouterr().out


def test_the_commands_say_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    shop = write_shop(tmp_path / "shop")
    workspace, now = opened(shop), datetime.now(UTC)
    write(workspace, now, "r1", Usage(seconds=3600.0, cpu_seconds=5400.0, peak_mb=2000.0))
    for number, value in ((1, 0.70), (2, 0.80)):
        usage = Usage(seconds=1.0, cpu_seconds=1.0, peak_mb=500.0 * number)
        write(workspace, now, "r1", usage, packed(workspace, number, 10.0, value))
    ask(workspace, now)
    workspace.chain.engine.dispose()
    file = tmp_path / "prices.csv"
    file.write_text(HEADER + LINES)
    assert "2 prices of acme" in call(monkeypatch, capsys, "prices", "import", str(shop), str(file))
    listed = call(monkeypatch, capsys, "prices", "list", str(shop), "--kind", "storage")
    assert "0.02" in listed and "USD/GB-month" in listed and "(1) acme" in listed
    assert "2 differ" in call(monkeypatch, capsys, "prices", "diff", "2026-01-01", "2026-11-20", str(shop))
    said = call(monkeypatch, capsys, "costs", "plan", str(shop))
    assert "acme eu m2" in said and "what would turn it" in said and "assumed, not measured" in said
    found = json.loads(call(monkeypatch, capsys, "costs", "plan", str(shop), "--json"))
    assert found["parts"][1]["name"] == "serving" and found["per_thousand"] > 0
    diff = call(monkeypatch, capsys, "costs", "diff", "1", "2", str(shop))
    assert "its roc_auc is +0.1000" in diff and "overlap" not in diff
    same = json.loads(call(monkeypatch, capsys, "costs", "diff", str(shop), "2", str(shop), "--json"))
    assert same["before"]["monthly"] == same["after"]["monthly"] and "costs the same" in same["said"]
