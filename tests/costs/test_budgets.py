"""Budgets against the ledger: by project, person, endpoint and run; warned, asked, stopped; the next run's cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.costs import Part
from treadle.costs.budgets import Asked, Purse, Standing, newest_run, standings
from treadle.costs.estimates import errors, estimate
from treadle.errors import GateError, MoneyError
from treadle.evidence import Chain, Price
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.kinds.noted import Noted
from treadle.money import money, rates_of
from treadle.spec.budget import Budget
from treadle.store import Blob

RATES = rates_of("EUR", "2026-11-01", {"USD": "1.25"})
NOW = datetime(2026, 11, 10, tzinfo=UTC)
SHOP = Part("back", "shop", "till")
ASKED = Asked("ada", (SHOP,), "run1", "2026-11")


def pay(
    chain: Chain, amount: str, subject: str = "shop", *, at: datetime = NOW, currency: str = "EUR", **who: str
) -> None:
    chosen = replace(chain, clock=lambda: at, **who)
    chosen.append(Noted(text="x"), subject, price=Price(money(amount, currency), "book"))


def of(chain: Chain, *budgets: Budget) -> list[tuple[str, Decimal]]:
    return [(each.of, each.spent) for each in standings(chain, RATES, budgets, ASKED)]


def test_each_budget_counts_what_is_its_own_this_month(chain: Chain):
    pay(chain, "1")
    pay(chain, "10", actor="lin")
    pay(chain, "100", "endpoint/till")
    pay(chain, "1000", "model/shop:3", run="run2")
    pay(chain, "10000", "source/orders")
    pay(chain, "5", at=datetime(2026, 10, 31, tzinfo=UTC), run="run3")
    chain.append(CostBooked(category="data", text="x", day="2026-11-30"), "cost/shop", price=Price(money("2.5", "USD")))
    assert of(chain, Budget(of="project", amount=1)) == [("project", Decimal(11113))]
    assert of(chain, Budget(of="person", amount=1)) == [("person ada", Decimal(11103))]
    assert of(chain, Budget(of="person", amount=1, name="lin")) == [], "not asked by lin"
    assert of(chain, Budget(of="endpoint", amount=1)) == [("endpoint till", Decimal(1111))]
    assert of(chain, Budget(of="endpoint", amount=1, name="other")) == []
    assert of(chain, Budget(of="run", amount=1)) == [("run", Decimal(10113))]
    (dollars,) = standings(chain, RATES, [Budget(of="run", amount=20, currency="USD")], ASKED)
    assert (dollars.spent, dollars.left, dollars.currency) == (Decimal("12641.25"), 0, "USD")
    assert dollars.amount == 20, "a budget in dollars is no sum of euros"


def test_an_endpoint_whose_name_has_a_line_below_counts_none_of_another(chain: Chain):
    """`_` stands for any letter in SQL's LIKE."""
    pay(chain, "1", "model/my_shop:3")
    pay(chain, "10", "model/my-shop:3")
    pay(chain, "100", "model/my_shop2:3")
    pay(chain, "1000", "model/my_shop:4", at=datetime(2026, 10, 31, tzinfo=UTC))
    asked = Asked("ada", (Part("back", "my_shop", "till"),), "run1", "2026-11")
    (found,) = standings(chain, RATES, [Budget(of="endpoint", amount=1)], asked)
    assert (found.of, found.spent, found.left) == ("endpoint till", 1, 0)


def test_a_day_that_an_earlier_version_kept_as_typed_is_in_the_budget(chain: Chain):
    chain.append(CostBooked(category="data", text="x", day="20261110"), "cost/shop", price=Price(money(400, "EUR")))
    assert of(chain, Budget(of="project", amount=50, then="stop")) == [("project", Decimal(400))]
    assert of(chain, Budget(of="person", amount=50)) == [("person ada", Decimal(400))]


def credit(chain: Chain, amount: str, *, vendor: str = "", day: str = "2026-11-05", category: str = "data") -> None:
    said = CostBooked(category=category, text="x", day=day, vendor=vendor)  # type: ignore[arg-type]
    chain.append(said, "cost/shop", price=Price(money(amount, "EUR")))


def test_a_credit_lowers_no_more_than_what_was_booked_for_the_same(chain: Chain):
    pay(chain, "60")
    credit(chain, "-1000")
    every = [Budget(of=of, amount=50, then="stop") for of in ("project", "person", "run")]  # type: ignore[arg-type]
    assert [spent for _, spent in of(chain, *every[:2])] == [60, 60]
    credit(chain, "30", vendor="ACME")
    credit(chain, "-20", vendor="acme ")
    assert [spent for _, spent in of(chain, *every)] == [70, 70, 70]
    credit(chain, "-500", vendor="ACME")
    credit(chain, "-5", vendor="ACME", category="labels")
    credit(chain, "400", vendor="ACME", day="2026-10-05")
    assert [spent for _, spent in of(chain, *every[:2])] == [60, 60]
    other = replace(chain, actor="lin")
    credit(other, "25", vendor="Other")
    credit(chain, "-25", vendor="Other")
    assert of(chain, every[0], every[1]) == [("project", Decimal(60)), ("person ada", Decimal(60))]


def test_a_budget_of_what_was_chosen_takes_no_credit_for_nothing_either(chain: Chain):
    pay(chain, "60")
    credit(chain, "-1000", category="infrastructure", day="2026-11-08")
    credit(chain, "-7", category="data")
    budget = Budget(of="project", amount=50, then="ask")
    (found,) = standings(chain, RATES, [budget], ASKED, chosen="2026-11-06")
    assert found.spent == 60


def test_a_clock_that_is_set_back_opens_no_second_purse(chain: Chain):
    pay(chain, "60", "endpoint/till")
    pay(chain, "5", "model/shop:2", at=datetime(2026, 10, 10, tzinfo=UTC), run="run0")
    with chain.reading() as reader:
        assert reader.seen()[:7] == "2026-11", "the newest entry is of the clock that was set back"
    budgets = [Budget(of=of, amount=50) for of in ("project", "person", "endpoint")]  # type: ignore[arg-type]
    back = Asked("ada", (SHOP,), "run9", "2026-10", "2026-11")
    found = standings(chain, RATES, budgets, back)
    assert [(each.spent, each.period) for each in found] == [(65, "2026-10 to 2026-11")] * 3
    later = Asked("ada", (SHOP,), "run9", "2026-12", "2026-11")
    assert [(each.spent, each.period) for each in standings(chain, RATES, budgets, later)] == [(0, "2026-12")] * 3


def test_what_has_no_rate_is_told_beside_and_a_budget_without_one_is_refused(chain: Chain):
    pay(chain, "7", currency="JPY")
    (found,) = standings(chain, RATES, [Budget(of="project", amount=1)], ASKED)
    assert found.spent == 0 and found.besides == [money(7, "JPY")]
    with pytest.raises(MoneyError, match="no rate between them"):
        of(chain, Budget(of="project", amount=1, currency="JPY"))


def test_days_in_another_currency_are_summed_before_they_are_converted(chain: Chain):
    """20 days of 0.000000001 EUR, at 3 EUR for 1 USD: 0.000000007, and nothing where each day is rounded by itself;
    and what has no rate is one line."""
    for each in range(1, 21):
        day = datetime(2026, 11, each, tzinfo=UTC)
        pay(chain, "0.000000001", at=day)
        pay(chain, "7", at=day, currency="JPY")
    rates = rates_of("USD", "2026-11-01", {"EUR": 3})
    (found,) = standings(chain, rates, [Budget(of="project", amount=1)], ASKED)
    assert found.spent == Decimal("0.000000007") and found.besides == [money(140, "JPY")]


def standing(then: str, spent: str = "1", amount: str = "1", name: str = "project") -> Standing:
    return Standing(name, "2026-11", Decimal(amount), Decimal(spent), "EUR", then)  # type: ignore[arg-type]


def test_each_of_two_budgets_of_one_thing_warns_once():
    told, spent = list[str](), ["120"]
    both = Purse(lambda: [standing("warn", spent[0], most) for most in ("100", "140")], RATES, say=told.append)
    both.check()
    assert len(told) == 1 and "of 100 EUR" in told[0]
    spent[0] = "150"
    both.check()
    both.check()
    assert len(told) == 2 and "of 140 EUR" in told[1]


def test_a_purse_warns_once_asks_and_stops():
    told = list[str]()
    Purse().check()
    assert Purse().left("EUR") is None
    warned = Purse(lambda: [standing("warn")], RATES, say=told.append)
    warned.check()
    warned.check()
    assert len(told) == 1 and "1.0000 of 1 EUR" in told[0] and warned.left("EUR") is None
    for then, allowed in (("ask", False), ("stop", False), ("stop", True)):
        with pytest.raises(GateError, match="a budget is spent") as bad:
            Purse(lambda then=then: [standing(then)], RATES, allowed=allowed).check()
        assert ("--over-budget" in bad.value.mend) == (then == "ask")
    Purse(lambda: [standing("ask")], RATES, allowed=True).check()
    Purse(lambda: [standing("stop", "0.999999999")], RATES).check()


def test_what_is_left_is_the_least_of_what_stops():
    several = [standing("stop", "1", "4"), standing("ask", "1", "3"), standing("warn", "1", "1")]
    assert Purse(lambda: several, RATES).left("EUR") == money(2, "EUR")
    left = Purse(lambda: several, RATES, allowed=True).left("USD")
    assert left is not None and left.amount == Decimal("3.75")
    assert Purse(lambda: several, RATES).left("JPY") is None


def search(chain: Chain, run: str, *amounts: str) -> None:
    chosen = replace(chain, run=run)
    found = ModelsSearched(
        found=Blob("c" * 64, "found"), metric="ap", family="linear", value=0.6, stopped="", trials=()
    )
    chosen.append(found, "shop", price=Price(money(amounts[0], "EUR"), "book"))
    for amount in amounts[1:]:
        pay(chosen, amount)


def test_the_next_run_costs_what_the_last_ones_did_and_says_how_far_off_that_was(chain: Chain):
    assert estimate(chain, RATES) is None
    pay(chain, "99", run="reading")
    search(chain, "a", "3", "1")
    first = estimate(chain, RATES)
    assert first is not None and (first.amount, first.runs, first.error) == (4, 1, None)
    search(chain, "b", "5")
    search(chain, "c", "4")
    found = estimate(chain, RATES)
    assert found is not None and (found.amount, found.low, found.high, found.runs) == (4, 4, 5, 3)
    assert found.error == pytest.approx((0.2 + 0.125) / 2) and found.tried == 2


@given(st.lists(st.decimals("0.001", "1000", places=3), min_size=2, max_size=30))
def test_an_estimate_that_is_always_right_is_never_off(costs: list[Decimal]):
    assert len(errors(costs)) == len(costs) - 1 and all(each >= 0 for each in errors(costs))
    assert set(errors([costs[0]] * len(costs))) == {0.0}


def test_a_budget_of_machines_counts_no_hours_and_no_data(chain: Chain):
    """What was chosen by a price of machines is held against machines: work that was metered, and their bills."""
    pay(chain, "1")
    for category, amount, day in (
        ("people", "600", "2026-11-09"), ("data", "50", "2026-11-09"), ("infrastructure", "20", "2026-11-09"),
        ("data", "7", "2026-10-09"),
    ):  # fmt: skip
        cost = CostBooked(category=category, text="x", day=day)  # type: ignore[arg-type]
        chain.append(cost, "cost/shop", price=Price(money(amount, "USD" if category == "data" else "EUR")))
    chain.append(CostBooked(category="people", text="x", day="2026-11-09"), "cost/shop", price=Price(money(9, "JPY")))
    budget = Budget(of="project", amount=30)
    (all_of_it,) = standings(chain, RATES, [budget], ASKED)
    (machines,) = standings(chain, RATES, [budget], ASKED, chosen="2026-11-08")
    assert (all_of_it.spent, machines.spent) == (661, 21) and not machines.is_spent
    (later,) = standings(chain, RATES, [budget], ASKED, chosen="2026-11-09")
    assert later.spent == 1, "the bill is of the way that things went before"
    assert all_of_it.besides == [money(9, "JPY")] and machines.besides == []


def test_what_is_spent_is_told_apart_from_nothing_and_from_the_budget():
    assert standing("stop", "0.0000012", "0.000001000").said().endswith("0.0000012 of 0.000001 EUR")
    assert standing("stop", "0.99999999", "1").said().endswith("0.99999999 of 1 EUR")
    assert standing("stop", "652.8", "0.638").said().endswith("652.8000 of 0.638 EUR")


def test_what_is_booked_for_a_person_is_in_their_budget_and_not_in_that_of_who_booked_it(chain: Chain):
    pay(chain, "1")
    for person, amount in (("lin", "120"), ("", "10"), ("ada", "100")):
        cost = CostBooked(category="people", text="x", day="2026-11-05", person=person)
        chain.append(cost, "cost/shop", price=Price(money(amount, "EUR")))
    budgets = [Budget(of="person", amount=50)]
    assert of(chain, *budgets) == [("person ada", Decimal(111))]
    (lin,) = standings(chain, RATES, budgets, replace_asked(person="lin"))
    assert (lin.spent, lin.is_spent) == (120, True)
    back = CostBooked(category="people", text="x", day="2026-11-06", person="lin")
    chain.append(back, "cost/shop", price=Price(money("-500", "EUR")))
    assert of(chain, *budgets) == [("person ada", Decimal(111))], "what comes back is not of who booked it either"
    assert standings(chain, RATES, budgets, replace_asked(person="lin"))[0].spent == 0


def replace_asked(**changed: str) -> Asked:
    from msgspec.structs import replace as changed_to

    return changed_to(ASKED, **changed)


def test_a_budget_of_a_run_is_shown_for_the_newest(chain: Chain):
    assert newest_run(chain) == ""
    (none,) = standings(chain, RATES, [Budget(of="run", amount=5)], replace_asked(run=""))
    assert (none.period, none.spent) == ("no run yet", 0)
    for run in ("run1", "run2"):
        pay(chain, "3", run=run)
    pay(chain, "3", run="")
    assert newest_run(chain) == "run2"
