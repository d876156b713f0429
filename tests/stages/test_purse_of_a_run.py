"""A run within its budget: stopped between two steps, gone on with, and nothing done twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage_shop import edit, opened

from treadle.api import Context
from treadle.api.purse import BudgetRequest, costs_budget
from treadle.api.work import RunRequest, run
from treadle.errors import AccessError, GateError, SpecError
from treadle.principal import person

ADA = Context(person("ada"))


@pytest.fixture(autouse=True)
def ever_fresh(shop: Path) -> None:
    """Its rows are old by the clock of a command."""
    edit(shop, "value: 3, unit: d", "value: 30000, unit: d", "orders.yaml")


def go(shop: Path, who: str = "ada", **options: object):
    told = list[str]()
    return run(RunRequest(project=str(shop), **options), Context(person(who), say=told.append)), told


def statuses(shop: Path) -> list[tuple[str, str]]:
    workspace = opened(shop)
    try:
        return [(entry.kind, entry.status) for entry in workspace.chain.find()]
    finally:
        workspace.chain.engine.dispose()


def test_a_run_ends_at_its_sum_and_the_next_goes_on(shop: Path) -> None:
    with pytest.raises(GateError, match="a budget is spent: run") as stopped:
        go(shop, spend=1e-9)
    assert "what was finished is kept" in stopped.value.mend
    failed = [kind for kind, status in statuses(shop) if status == "failed"]
    assert len(failed) == 1, "the record says at which step it ended"
    found, told = go(shop, spend=100)
    assert any(step.cached for step in found.steps), "what was finished is not done again"
    assert any("no run that searched is known" in text for text in told)
    again, told = go(shop)
    assert all(step.cached for step in again.steps if step.kind == "training.search"), "a purse is no reason to search"
    estimate = costs_budget(BudgetRequest(project=str(shop)), ADA)
    assert estimate.next_run is not None and estimate.next_run.amount > 0 and "expected" in estimate.said


def test_a_budget_of_the_file_asks_and_one_who_may_approve_goes_on(shop: Path) -> None:
    edit(shop, "brief:\n", "budgets:\n  - {of: project, amount: 1.0e-9, then: ask}\nbrief:\n")
    with pytest.raises(GateError, match="a budget is spent: project") as asked:
        go(shop)
    assert "--over-budget" in asked.value.mend
    before = costs_budget(BudgetRequest(project=str(shop)), ADA).budgets
    assert before[0].is_spent and before[0].then == "ask" and before[0].left == 0
    with pytest.raises(GateError, match="a budget is spent"):
        go(shop)
    with pytest.raises(AccessError):
        go(shop, "mallory", over_budget=True)
    found, told = go(shop, over_budget=True)
    assert found.model and sum("a budget is spent" in text for text in told) == 1, "it is said once"


def test_a_budget_that_only_warns_and_sums_that_are_none(shop: Path) -> None:
    edit(shop, "brief:\n", "budgets:\n  - {of: run, amount: 1.0e-9}\nbrief:\n")
    found, told = go(shop)
    assert found.model and sum("a budget is spent: run" in text for text in told) == 1
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(SpecError, match="no money to spend"):
            go(shop, spend=wrong)
    edit(shop, "amount: 1.0e-9", "amount: -1")
    with pytest.raises(SpecError, match="budgets"):
        go(shop)
