"""What decisions saved against what was spent: by hand, and by the command of a project that is served."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import MoneyError, SpecError
from treadle.money import money, rates_of
from treadle.monitoring import Realised
from treadle.plans.worth import in_currency, matrix_of, refuse_unstated, rule_of, weigh
from treadle.spec import Mistakes

FIRST = date(2026, 11, 2)
MISTAKES = Mistakes(missed=9.0, false_alarm=2.5, currency="EUR")
NAMES, COSTS = matrix_of(MISTAKES, (), decides=True)
NEVER, ALWAYS = 0, 1


def decided(*rows: tuple[int, int, int], waiting: int = 0) -> Realised:
    """(days after the first, what came, what was decided)."""
    days = [np.datetime64(FIRST + timedelta(days=day)) for day, _, _ in rows]
    return Realised(
        np.array(days, dtype="datetime64[D]"), np.array([row[1] for row in rows]), np.array([row[2] for row in rows]),
        waiting,
    )  # fmt: skip


def on(*amounts: tuple[int, str]) -> dict[date, Decimal]:
    return {FIRST + timedelta(days=day): Decimal(amount) for day, amount in amounts}


def test_the_day_on_which_it_is_paid_back_by_hand():
    """A case that is found saves 9 against never acting; one that is missed saves nothing, an alarm for nothing costs
    2.50. Spent: 12 before the first day, 1 on the third. Nets: -12, -3 (one found), -5.50 (an alarm), 3.50 - 1 = 2.50
    (one found), 2.50 (one missed, one left alone rightly)."""
    found = decided((0, 1, 1), (1, 0, 1), (2, 1, 1), (3, 1, 0), (3, 0, 0), waiting=4)
    worth = weigh(found, COSTS, NEVER, NAMES[NEVER], on((-1, "12"), (2, "1")), "EUR", FIRST + timedelta(days=5), [])
    assert (worth.saved, worth.spent, worth.net) == (Decimal("15.5"), 13, Decimal("2.5"))
    assert [(each.day[-2:], each.net) for each in worth.days] == [
        ("01", -12), ("02", -3), ("03", Decimal("-5.5")), ("04", Decimal("2.5")), ("05", Decimal("2.5")),
    ]  # fmt: skip
    assert worth.paid_back == "2026-11-04" and (worth.decisions, worth.waiting) == (5, 4)
    assert worth.low is None and worth.why == "6 days are needed, 4 there" and not worth.as_if


@pytest.mark.parametrize(
    ("kind", "mistakes", "where", "mend"),
    [("regression", Mistakes(), "predict.kind", "no brief.mistakes"), ("counts", MISTAKES, "predict.kind", "> 800"),
     ("classification", Mistakes(), "brief.mistakes", "missed: 9"),
     ("multiclass", Mistakes(), "brief.mistakes", "unlisted")],
)  # fmt: skip
def test_what_is_to_be_written_is_told_by_what_is_predicted(kind: str, mistakes: Mistakes, where: str, mend: str):
    with pytest.raises(SpecError) as bad:
        refuse_unstated(kind, mistakes)
    assert bad.value.where == where and mend in bad.value.mend
    refuse_unstated("classification", MISTAKES)


def test_against_always_acting_a_case_that_is_left_alone_rightly_saves_the_alarm():
    worth = weigh(decided((0, 0, 0), (0, 1, 0)), COSTS, ALWAYS, NAMES[ALWAYS], {}, "EUR", FIRST, [])
    assert worth.saved == Decimal("2.5") - 9 and worth.rule == "always act"


def test_when_it_will_be_paid_back_by_hand():
    """9 saved on each of 8 days is 72 of 100; 28 are left, at 9 a day: on the 4th day from the last one."""
    found = decided(*((day, 1, 1) for day in range(8)))
    today = FIRST + timedelta(days=7)
    worth = weigh(found, COSTS, NEVER, NAMES[NEVER], on((0, "100")), "EUR", today, [])
    assert worth.paid_back == "" and worth.expected == (today + timedelta(days=4)).isoformat()
    assert worth.earliest == worth.latest == worth.expected, "each day saved as much"
    dear = weigh(found, COSTS, NEVER, NAMES[NEVER], on(*((day, "10") for day in range(8))), "EUR", today, [])
    assert (dear.expected, dear.earliest, dear.latest) == ("", "", ""), "each day costs more than it saves"


def test_what_was_paid_back_and_then_spent_again_is_not_paid_back():
    found = decided((0, 1, 1), (3, 1, 1))
    worth = weigh(found, COSTS, NEVER, NAMES[NEVER], on((0, "5"), (2, "50")), "EUR", FIRST + timedelta(days=3), [])
    assert worth.paid_back == "" and worth.days[0].net == 4


def test_history_that_was_played_is_told_as_such_and_does_not_count_beside_what_was_not():
    played = weigh(decided((-400, 1, 1)), COSTS, NEVER, NAMES[NEVER], on((0, "5")), "EUR", FIRST, [])
    assert played.as_if and played.net == 4 and played.before == 0
    both = weigh(decided((-400, 1, 1), (0, 1, 1)), COSTS, NEVER, NAMES[NEVER], on((0, "5")), "EUR", FIRST, [])
    assert not both.as_if and (both.before, both.decisions, both.saved) == (1, 1, 9)


def test_the_rule_is_the_hardest_to_beat_or_the_one_that_is_named():
    """Three that came and one that did not: never costs 27, always 2.50."""
    found = decided((0, 1, 1), (0, 1, 1), (0, 1, 0), (0, 0, 0))
    assert rule_of(COSTS, NAMES, found, None) == ALWAYS and rule_of(COSTS, NAMES, found, "never") == NEVER
    with pytest.raises(SpecError, match="nothing that could be done instead"):
        rule_of(COSTS, NAMES, found, "sometimes")


def test_of_classes_the_rules_are_to_say_one_of_them():
    names, costs = matrix_of(Mistakes(costs={"a": {"b": 2.0}}, unlisted=1.0), ("a", "b"), decides=False)
    assert names == ('always say "a"', 'always say "b"') and costs == ((0.0, 2.0), (1.0, 0.0))
    assert rule_of(costs, names, decided((0, 0, 0)), "b") == 1
    with pytest.raises(SpecError, match="nothing is decided"):
        matrix_of(MISTAKES, (), decides=False)


def test_money_is_held_against_money_of_one_currency():
    rates = rates_of("USD", "2026-11-01", {"EUR": "0.8"})
    assert in_currency([Decimal(10), Decimal(5)], rates, "EUR") == [8, 4]
    with pytest.raises(MoneyError, match="no rate between them"):
        in_currency([Decimal(10)], rates, "JPY")


def test_days_that_are_converted_sum_to_what_their_sum_comes_to():
    """A third of a billionth on each of three days was nothing on each; together they are one."""
    rates = rates_of("USD", "2026-11-01", {"EUR": "0.333333333"})
    days = in_currency([Decimal("0.000000001")] * 3, rates, "EUR")
    assert sum(days) == rates.convert(money("0.000000003", "USD"), "EUR").amount == Decimal("0.000000001")


ROWS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=60)


@given(ROWS, st.dictionaries(st.integers(-5, 30), st.integers(0, 50), max_size=8))
@settings(max_examples=25)
def test_the_days_sum_to_the_whole_and_a_rule_against_itself_saves_nothing(rows, spent):
    paid = on(*((day, str(amount)) for day, amount in spent.items()), (-5, "1"))
    worth = weigh(decided(*rows), COSTS, NEVER, NAMES[NEVER], paid, "EUR", FIRST + timedelta(days=30), [])
    assert sum(each.saved for each in worth.days) == worth.saved
    assert sum(each.spent for each in worth.days) == worth.spent
    assert worth.days[-1].net == worth.net and sum(each.decisions for each in worth.days) == len(rows)
    assert (worth.low is None) or worth.low <= worth.saved <= worth.high
    assert bool(worth.paid_back) == (worth.net >= 0)
    itself = weigh(decided(*((d, t, NEVER) for d, t, _ in rows)), COSTS, NEVER, "", paid, "EUR", FIRST, [])
    assert itself.saved == 0
