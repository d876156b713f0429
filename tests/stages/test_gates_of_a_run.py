"""What a run measured is what its request for a release says, and what its bundle carries: also of cached steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from stage_shop import edit, opened

from treadle.errors import GateError, ModelError, SpecError
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.loop import RunResult
from treadle.models import Bundle
from treadle.people import accept, approve

Runs = Callable[..., RunResult]
LIMITS = "limits: {train_minutes: 5, train_cost: 1.0, bundle_mb: 5, p99_ms: 500}"


def asked_gates(shop: Path) -> dict[str, Gate]:
    request = opened(shop).chain.last(ReviewRequested)
    return {gate.name: gate for gate in request.payload.gates}


def test_each_limit_is_held_to_what_was_measured(shop: Path, runs: Runs) -> None:
    edit(shop, "  people:", f"  {LIMITS}\n  people:")
    edit(shop, "currency: EUR", "currency: USD")
    edit(shop, "  people:", "  must_have: {average_precision: 0.2, recall: 1.0}\n  people:")
    result = runs()
    chain, gates = opened(shop).chain, asked_gates(shop)
    paid = [e.price.money.amount for e in chain.find() if e.price is not None and e.kind != "model.packed"]
    packed = chain.last(ModelPacked)
    paid.append(packed.price.money.amount)
    assert gates["train_cost"].spent.amount == sum(paid) > 0 and gates["train_cost"].holds
    learning = {"training.search", "training.fit"}
    used = sum(e.usage.seconds for e in chain.find() if e.usage is not None and e.kind in learning)
    assert gates["train_minutes"].found == pytest.approx(used / 60, abs=0.006 / 60) and gates["train_minutes"].found > 0
    assert gates["bundle_mb"].found == packed.payload.mb > 0 and gates["p99_ms"].found == packed.payload.p99_ms > 0
    found = result.evaluation
    assert gates["average_precision"].found == found.value.value and gates["average_precision"].holds
    assert gates["recall"].found == found.scores["recall"].value and not gates["recall"].holds
    assert [g.name for g in result.gates] == list(gates) and not result.released


def test_a_limit_in_a_currency_without_a_rate_comes_to_no_gate(shop: Path, runs: Runs) -> None:
    edit(shop, "  people:", f"  {LIMITS}\n  people:")
    with pytest.raises(SpecError, match="train_cost is 1 EUR, and work is priced in USD, with no rate between them"):
        runs()
    assert not opened(shop).chain.find(ReviewRequested)


@pytest.mark.parametrize("approval", ["policy", "reviewer"])
def test_a_gain_inside_the_noise_is_released_by_nobody(shop: Path, runs: Runs, approval: str) -> None:
    edit(shop, "request: [amount, kind]", "request: [kind]")  # which says nothing of the label
    edit(shop, "approve: reviewer", f"approve: {approval}")
    result = runs(actor="ada")
    low = result.evaluation.gain_over_baseline.low
    gate = asked_gates(shop)["gain over the trivial baseline"]
    assert low is not None and low <= 0 and not gate.holds and not gate.acceptable and not result.released
    grace = opened(shop, actor="grace")
    with pytest.raises(GateError, match="inside the noise"):
        approve(grace.chain, grace.project.spec, result.model, result.bundle, by="grace")


def test_a_gain_that_is_real_holds(shop: Path, runs: Runs) -> None:
    result = runs()
    assert result.evaluation.gain_over_baseline.low > 0
    assert asked_gates(shop)["gain over the trivial baseline"].holds


def bundle_of(shop: Path) -> tuple[ModelPacked, Bundle, dict[str, Any]]:
    workspace = opened(shop)
    packed = workspace.chain.last(ModelPacked).payload
    bundle = Bundle.read(workspace.blobs.get(packed.bundle.digest), workspace.trusted_keys, where=packed.model)
    return packed, bundle, msgspec.to_builtins(bundle.cost)


def test_the_bundle_says_what_it_came_from_and_what_all_its_steps_cost(shop: Path, runs: Runs) -> None:
    """Also where those steps were run by an earlier run."""
    first = runs()
    edit(shop, "before an order comes back", "after an order came back")
    second = runs()
    assert {line.kind for line in second.steps if not line.cached} >= {"model.packed"} and second.model == "shop:2"
    packed, bundle, cost = bundle_of(shop)
    chain = opened(shop).chain
    entries = {e.kind: e for e in chain.find()}
    assert {"source/orders", "features.build", "training.search", "training.fit", "training.evaluate"} <= set(
        cost["steps"]
    )
    manifest = bundle.manifest
    assert (manifest.model, manifest.project, manifest.family) == ("shop:2", "shop", packed.family)
    assert manifest.refs["run"] == entries["training.evaluate"].run != entries["model.packed"].run
    assert manifest.refs["data"] == entries["features.build"].payload.table.fingerprint
    assert manifest.refs["model"] == entries["training.fit"].payload.model.digest and manifest.refs["state"] == ""
    assert manifest.request.decision == "Call a customer after an order came back."
    judged = entries["training.evaluate"].payload
    assert (packed.metric, packed.value, packed.low, packed.high) == (
        judged.metric,
        judged.value,
        judged.low,
        judged.high,
    )
    assert first.spent.amounts and second.cost.seconds >= second.spent.seconds > 0


def test_the_example_is_the_newest_row_whose_label_is_known(shop: Path, runs: Runs) -> None:
    lines = (shop / "orders.csv").read_text(encoding="utf-8").splitlines()
    lines[-1] = "399,77.5,a,," + lines[-1].rpartition(",")[2]  # the newest order, and nobody knows yet
    (shop / "orders.csv").write_text("\n".join(lines), encoding="utf-8")
    number, amount, kind, *_ = lines[-2].split(",")
    result = runs()
    assert result.example == {"order": int(number), "amount": float(amount), "kind": kind} or result.example == {
        "amount": float(amount),
        "kind": kind,
    }


def test_the_example_is_the_newest_in_time_where_there_is_a_time(shop: Path, runs: Runs) -> None:
    head, *lines = (shop / "orders.csv").read_text(encoding="utf-8").splitlines()
    (shop / "orders.csv").write_text("\n".join([head, lines[-1], *lines[:-1]]), encoding="utf-8")
    edit(shop, "  each: orders\n", "  each: orders\n  at: told\n")
    assert runs().example["amount"] == float(lines[-1].split(",")[1])


def test_decisions_that_save_nothing_need_an_argument(shop: Path, runs: Runs) -> None:
    """Acting upon nobody is cheapest: the model ranks well, and its decisions are those of `never act`."""
    edit(shop, "missed: 3, false_alarm: 1", "missed: 1, false_alarm: 500")
    edit(shop, "approve: reviewer", "approve: policy")
    result = runs(actor="ada")
    found = result.evaluation
    assert found.gain_is_real and found.money.saved.value <= 0 and not result.released
    assert found.money.cheapest.name == "never act" and "No test row is acted upon" in " ".join(found.notes)
    gate = asked_gates(shop)["no_saving"]
    assert not gate.holds and gate.acceptable and "not surely less than to never act" in gate.text
    packed = opened(shop).chain.last(ModelPacked).payload
    shown = Bundle.read(opened(shop).blobs.get(packed.bundle.digest), None, where="it")
    assert "No release without an answer for it" in shown.card and "| never act |" in shown.card
    accept(
        opened(shop, actor="grace").chain,
        opened(shop).project.spec,
        packed.model,
        packed.bundle.digest,
        gate="no_saving",
        reason="it ranks, and decides nothing",
    )
    assert runs(actor="ada").released


def test_golden_records_hold_what_was_decided(shop: Path, runs: Runs) -> None:
    runs(actor="ada")
    packed = opened(shop).chain.last(ModelPacked).payload
    bundle = Bundle.read(opened(shop).blobs.get(packed.bundle.digest), None, where="it")
    assert {golden.decided for golden in bundle.golden} == {True, False}
    bundle.verify_golden()
    moved = dataclasses.replace(bundle, manifest=msgspec.structs.replace(bundle.manifest, threshold=2.0))
    with pytest.raises(ModelError, match="False is decided, training decided True"):
        moved.verify_golden()
