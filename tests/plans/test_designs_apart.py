"""The money between two designs has an interval: of days drawn alike where both were measured on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from priced import machine, prices
from test_measured_workload import packed, write

from treadle.api.plans import DesignsRequest
from treadle.evidence import Usage
from treadle.evidence.entry import Body, raw
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.plans.comparing import Side, _said, compare
from treadle.plans.found import Assumed, Design, Option
from treadle.plans.weighing import Apart, Paid, apart, apart_in_all, way
from treadle.store import Blob
from treadle.workspace import Workspace

DAYS = st.lists(st.floats(0, 100), min_size=6, max_size=20)


def option(*daily: float, fixed: str = "0") -> Option:
    return way("x", "", Paid(daily, Decimal(fixed)), how="", sources=[]).option


def test_what_differs_alike_on_each_day_has_no_spread_and_other_parts_are_added():
    """Each day half a unit more: 15.21875 a month; storage 2 more, whatever the day."""
    uneven = (1.0, 9.0, 2.0, 30.0, 4.0, 1.0)
    found = apart_in_all(
        [option(*uneven), option(fixed="1")], [option(*(each + 0.5 for each in uneven)), option(fixed="3")]
    )
    assert found.more == found.low == found.high == Decimal("17.218750000") and found.is_told
    same = apart_in_all([option(*uneven)], [option(*uneven)])
    assert (same.more, same.low, same.high) == (0, 0, 0) and not same.is_told


@settings(max_examples=8)
@given(DAYS, st.randoms(use_true_random=False))
def test_of_one_part_it_is_the_paired_interval_but_for_its_draws(daily: list[float], chance):
    other = [each * chance.uniform(0.5, 1.5) for each in daily]
    found, pair = apart_in_all([option(*daily)], [option(*other)]), apart(Paid(tuple(daily)), Paid(tuple(other)))
    assert float(found.more) == pytest.approx(float(pair.more), abs=1e-6)
    if found.low is not None:
        assert float(found.low) - 1e-6 <= float(found.more) <= float(found.high) + 1e-6


def test_parts_of_unlike_days_vary_by_themselves():
    """Of two independent means the variances add up: the interval is wider than that of either alone."""
    random = np.random.default_rng(3)
    long, short = (tuple(random.uniform(0, 10, days)) for days in (30, 12))
    both = apart_in_all([option(*long)], [option(*short)])
    each = [apart_in_all([option(0.0, *(0.0,) * (len(one) - 1))], [option(*one)]) for one in (long, short)]
    widths = [float(found.high - found.low) for found in (both, *each)]
    assert widths[0] > max(widths[1:]) and widths[0] < sum(widths[1:]) * 1.1


def test_of_one_project_each_version_has_the_work_that_made_it(workspace: Workspace):
    """Two days were measured. Version 1: a run of 1 h, a quarter of which read rows. Version 2: a run of 2 h on these
    rows, so 2.25. The third run made neither. On demand at 0.01: 1 or 2.25 h / 2 days x 30.4375 x 0.01."""
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    rows = Blob(workspace.blobs.put(b"rows"), "rows")
    steps = (("r1", 900, (), (rows,)), ("r1", 2700, (), ()), ("r2", 7200, (rows,), (Blob("b" * 64, "fit"),)),
             ("r3", 36000, (), ()))  # fmt: skip
    for run, seconds, uses, made in steps:
        step(workspace, now - timedelta(days=1), run, seconds, uses, made)
    one, other = (packed(workspace, number, 10.0, 0.8) for number in (1, 2))
    write(workspace, now, "r1", Usage(), one)
    step(workspace, now, "r2", 0, (Blob("b" * 64, "fit"),), (other.bundle,), other)
    at = replace(workspace, chain=replace(workspace.chain, clock=lambda: now))
    known = prices(machine("on_demand", "0.01", cpus=2, gb=8, currency=workspace.book.currency)).known
    sides = [Side(at, number, "shop") for number in "12"]
    found = compare(*sides, known, Assumed(), 30)
    paid = [each.parts["training and upkeep"] for each in (found.before, found.after)]
    assert [float(each) for each in paid] == pytest.approx([h / 2 * 30.4375 * 0.01 for h in (1.0, 2.25)], abs=1e-8)
    assert found.more == paid[1] - paid[0] and not any("before" in each for each in found.unknown)
    assert any("each one failed" in each for each in found.unknown), "none of them searched"
    for run in ("r1", "r2"):
        search = ModelsSearched(found=rows, metric="auc", family="linear", value=0.6, stopped="", trials=())
        replace(workspace.chain, clock=lambda: now, run=run).append(search, "shop")
    assert not any("each one failed" in each for each in compare(*sides, known, Assumed(), 30).unknown)
    same = compare(sides[1], sides[1], known, Assumed(), 30)
    assert same.more == 0 and same.before.monthly == same.after.monthly
    later = compare(*sides, known, Assumed(), 1)
    assert "training and upkeep" not in later.before.parts
    assert "what 2.25 hours of runs cost that made shop:2: they were before 2026-11-20 (--days)" in later.unknown


def step(
    workspace: Workspace, at: datetime, run: str, seconds: float, uses: tuple[Blob, ...], made: tuple[Blob, ...],
    payload: ModelPacked | None = None,
) -> None:  # fmt: skip
    with replace(workspace.chain, clock=lambda: at).alone() as alone:
        body = Body(
            seq=0, id="", kind="model.packed" if payload else "test.did", version=2, subject="shop", run=run, time="",
            actor="ada", status="done", usage=Usage(seconds, seconds, 500.0), uses=uses, made=made,
        )  # fmt: skip
        alone.write(body if payload is None else structs.replace(body, payload=raw(payload)))


def test_a_single_day_gives_no_interval_and_the_sentence_says_so():
    found = apart_in_all([option(1.0)], [option(2.0)])
    assert found.low is None and found.why
    sides = [Design(name, Decimal(1), None, "auc", 0.8, 0.7, 0.9, {}) for name in "ab"]
    assert "whether it is so on other days is not known" in _said(*sides, found, "EUR")
    told = _said(*sides, Apart(Decimal(-3), Decimal(-5), Decimal(1)), "EUR")
    assert told.startswith("the second costs 3.0000 (-1.0000 to 5.0000) EUR a month less, which the days")
    assert _said(*sides, Apart(Decimal(3), Decimal(2), Decimal(5)), "EUR").startswith(
        "the second costs 3.0000 (2.0000 to 5.0000) EUR a month more; its auc"
    )


def test_two_projects_need_no_third_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("one", "two", "here"):
        (tmp_path / name).mkdir()
    for name in ("one", "two"):
        (tmp_path / name / "treadle.yaml").write_text("")
    monkeypatch.chdir(tmp_path / "here")
    assert DesignsRequest(before="../one", after="../two").project == "../one"
    assert DesignsRequest(before="../one", after="2").project == "."
    assert DesignsRequest(before="../one", after="../two", project="../two").project == "../two"
    monkeypatch.chdir(tmp_path / "two")
    assert DesignsRequest(before="../one", after="../two").project == "."
