"""What lies idle, with its price a day and what stops it; and the month on a page that leads back to the record."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from kept_shop import keep, opened, orders, write_shop
from test_measured_workload import ask, call, packed, write

from treadle.costs.budgets import Standing
from treadle.errors import SpecError
from treadle.evidence import Price, Usage
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.money import money
from treadle.plans.idle import idle
from treadle.plans.month_page import month_page
from treadle.plans.monthly import month_of, write_month
from treadle.spec import load
from treadle.workspace import Workspace, open_workspace

TODAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
USED = Usage(seconds=60.0, cpu_seconds=60.0, peak_mb=100.0)


def at(workspace: Workspace, when: datetime = TODAY) -> Workspace:
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: when))


def test_a_run_is_idle_when_nothing_rests_on_it(workspace: Workspace):
    old = TODAY - timedelta(days=60)
    write(workspace, old, "unused", USED, packed(workspace, 1, 1.0, 0.5))
    write(workspace, old, "failed", USED)
    write(workspace, TODAY, "young", USED)
    write(workspace, old, "used", USED, packed(workspace, 2, 1.0, 0.6))
    entry = workspace.chain.find(run="used")[0]
    later = replace(workspace.chain, run="", clock=lambda: TODAY)
    later.append(
        ReleaseMade(model="shop:2", bundle=entry.payload.bundle, packing=entry.ref, approval=entry.ref), "endpoint/shop"
    )
    found = idle(at(workspace), 30)
    assert {each.name for each in found.things if each.what == "run"} == {"unused", "failed"}
    assert found.spent == Decimal("0.02"), "each run cost a cent"
    assert idle(at(workspace), 90).things == []


def test_snapshots_that_nobody_reads_and_nothing_needs(workspace: Workspace):
    old = TODAY - timedelta(days=60)
    keep(workspace, "orders", orders(20_000), old)
    keep(workspace, "orders", orders(6), old)
    keep(workspace, "cities", orders(7), old)
    found = idle(at(workspace), 30)
    (thing,) = found.things
    assert (thing.what, thing.name) == ("snapshot", "shop/source/orders@0"), "the newest of a table stays"
    size = workspace.chain.find(subject="source/orders")[0].payload.table.bytes
    month = Decimal(str(workspace.book.prices["storage_gb_month"])) * size / 2**30
    assert float(thing.a_day) == pytest.approx(float(month) / 30.4375, abs=2e-9)
    assert "data retain" in thing.stop and "--days 30 --apply" in thing.stop


def test_a_released_version_that_nobody_asks(workspace: Workspace):
    old = TODAY - timedelta(days=60)
    write(workspace, old, "r", USED, packed(workspace, 1, 1.0, 0.5))
    entry = workspace.chain.find(run="r")[0]
    made = ReleaseMade(model="shop:1", bundle=entry.payload.bundle, packing=entry.ref, approval=entry.ref)
    replace(workspace.chain, run="", clock=lambda: old).append(made, "endpoint/shop")
    now = at(workspace)
    current = type("Current", (), {"model": "shop:1", "time": old.isoformat()})()
    held = type(now.releases)
    original = held.current
    try:
        held.current = lambda self: current  # a release that is proved needs a review and its bundle
        assert [each.name for each in idle(now, 30).things if each.what == "model"] == ["shop:1"]
        ask(workspace, TODAY - timedelta(days=2))
        assert [each for each in idle(now, 30).things if each.what == "model"] == []
    finally:
        held.current = original


def booked(workspace: Workspace, day: datetime, amount: str, text: str = "labels", currency: str = "USD") -> None:
    chain = replace(workspace.chain, clock=lambda: day, run="")
    cost = CostBooked(category="labels", text=text, day=f"{day:%Y-%m-%d}")
    chain.append(cost, "cost/shop", price=Price(money(amount, currency)))


def test_the_months_tables_sum_to_the_month_and_lead_back(workspace: Workspace):
    for day in range(1, 20):
        write(workspace, TODAY.replace(day=day), f"r{day}", USED)
        booked(workspace, TODAY.replace(day=day), "0.50" if day != 18 else "20")
    booked(workspace, TODAY.replace(month=10, day=30), "3")
    booked(workspace, TODAY.replace(day=5), "7", currency="JPY")
    now = at(workspace)
    found = month_of(now, None, 30)
    assert found.month == "2026-11" and found.spent == Decimal("0.19") + 18 * Decimal("0.50") + 20
    assert found.before == 3
    assert found.spent == sum(each.amount for each in found.by_person) == sum(each.amount for each in found.by_subject)
    assert [each.name for each in found.by_subject] == ["labels", "shop"]
    assert len(found.runs) == 10 and "(no run)" not in {each.name for each in found.runs}
    assert found.besides == [money(7, "JPY")]
    assert [each.day for each in found.trend.unlike] == ["2026-11-18"]
    html = month_page("shop", found, [])
    for text in ("What shop cost in 2026-11", "29.19", "3.00 in the month before", "2026-11-18 came to 20.01",
                 "Besides, 7 JPY", "treadle why money/shop", "The whole month"):  # fmt: skip
        assert text in html, text
    entry = write_month(now, found, html)
    assert workspace.blobs.get(entry.payload.page.digest) == html.encode()
    runs = {each.run for each in workspace.chain.find(run="r3")} | {"r3"}
    assert runs == {"r3"} and len(entry.uses) >= 10, "the dearest runs are what it rests on"
    assert month_of(now, "2026-10", 30).spent == 3
    for wrong in ("2026", "2026-13", "november", "2026-12"):
        with pytest.raises(SpecError):
            month_of(now, wrong, 30)


def test_the_page_says_on_what_money_went_and_draws_a_credit_inside_its_chart(workspace: Workspace):
    """600 of hours, 120 of data from two spellings of one vendor, a credit of 443 from another, a bill of tomorrow; a
    budget of it all."""
    write(workspace, TODAY, "r", USED)
    for category, vendor, amount, day in (
        ("people", "", "600", 3), ("data", "WeatherBank", "100", 4), ("data", "weatherbank ", "20", 5),
        ("infrastructure", "acme", "-443", 12), ("infrastructure", "bolt", "9", 21),
    ):  # fmt: skip
        person = "lin" if category == "people" else ""
        cost = CostBooked(category=category, text="x", day=f"2026-11-{day:02}", vendor=vendor, person=person)
        workspace.chain.append(cost, "cost/shop", price=Price(money(amount, "USD")))
    ask(workspace, TODAY)
    found = month_of(at(workspace), None, 30)
    assert {each.name: each.amount for each in found.by_subject} == {
        "people, lin": 600, "data, WeatherBank": 120, "shop": Decimal("0.01"), "infrastructure, acme": -443,
    }  # fmt: skip
    assert found.spent == sum(each.amount for each in found.by_subject) == Decimal("277.01")
    budget = Standing("project", "2026-11", Decimal(2000), Decimal("729.01"), "USD", "warn")
    html = month_page("shop", found, [budget])
    assert "counts 452.00 USD more than was spent" in html and "project, 2026-11, USD" in html
    assert "all that was spent, data, hours and bills with it, by the 1 prediction of the month" in html
    assert "277,010.00" in html and "6010" not in html.split("<svg")[0]
    bars = [float(each) for each in re.findall(r'class="f. bar"[^>]*? y="([-0-9.]+)"', html)]
    heights = [float(each) for each in re.findall(r'class="f. bar"[^>]*? height="([0-9.]+)"', html)]
    assert bars and all(y >= 0 and y + height <= 300 - 46 + 0.1 for y, height in zip(bars, heights, strict=True))
    assert 'class="rule"' in html, "a line of nothing"


def test_what_is_booked_is_of_whom_it_is_for_and_not_of_who_booked_it(workspace: Workspace):
    write(workspace, TODAY, "r", USED)
    for person, category, amount, currency in (
        ("lin", "people", "600", "EUR"), ("grace", "people", "50", "USD"), ("grace", "data", "7", "USD"),
    ):  # fmt: skip
        cost = CostBooked(category=category, text="x", day="2026-11-02", person=person)
        workspace.chain.append(cost, "cost/shop", price=Price(money(amount, currency)))
    found = month_of(at(workspace), "2026-11", 30)
    people = {each.name: (each.entries, each.amount) for each in found.by_person}
    assert people["grace"] == (2, 57) and people["ada"][1] == Decimal("0.01")
    assert found.spent == sum(each.amount for each in found.by_person) == sum(each.amount for each in found.by_subject)
    assert ("lin" in people) == (found.besides == [])


def test_of_nothing_nothing_is_idle_and_a_month_is_empty(shop: Path):
    """A record that is not begun is read through one connection alone."""
    reading = open_workspace(load(shop), actor="ada", begins=False)
    assert idle(reading, 30).things == []
    found = month_of(reading, None, 30)
    assert found.spent == 0 and found.until == 0 and "Nothing: all that is kept" in month_page("shop", found, [])


def test_a_name_is_text_on_the_page(workspace: Workspace):
    write(replace(workspace, chain=workspace.chain.acting("<b>")), TODAY, "<i>run</i>", USED)
    html = month_page("shop", month_of(at(workspace), None, 30), [])
    assert "<i>run" not in html and "&lt;i&gt;run" in html


def test_the_commands_tell_stop_and_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    shop = write_shop(tmp_path / "shop")
    text = (shop / "treadle.yaml").read_text()
    (shop / "treadle.yaml").write_text(f"{text}budgets:\n  - {{of: project, amount: 10, then: warn}}\n")
    workspace, now = opened(shop), datetime.now(UTC)
    old = now - timedelta(days=60)
    keep(workspace, "orders", orders(1000), old)
    keep(workspace, "orders", orders(6), old)
    write(workspace, now, "r1", USED)
    booked(workspace, now, "12.5")
    workspace.chain.engine.dispose()
    assert "shop/source/orders@0" in call(monkeypatch, capsys, "costs", "idle", str(shop))
    budget = json.loads(call(monkeypatch, capsys, "costs", "budget", str(shop), "--json"))
    assert budget["budgets"][0]["spent"] == 12.51 and budget["budgets"][0]["is_spent"] is True
    assert "spent: warn" in call(monkeypatch, capsys, "costs", "budget", str(shop))
    assert "a week of days" in call(monkeypatch, capsys, "costs", "forecast", str(shop))
    page = tmp_path / "month.html"
    assert "entry" in call(monkeypatch, capsys, "costs", "report", str(shop), "--out", str(page))
    assert "12.51" in page.read_text() and "spent: warn" in page.read_text()
    why = call(monkeypatch, capsys, "why", "money/shop", str(shop))
    assert "money.reported" in why and "test.did" in why
    done = json.loads(call(monkeypatch, capsys, "costs", "idle", str(shop), "--apply", "--json"))
    assert done["removed"] == 1 and done["things"] == [], "what was idle is gone, and the record says so"
