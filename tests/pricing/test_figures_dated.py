"""Figures: what is refused, which of them hold on a day, what differs between two."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from treadle.api.prices import PricesListRequest, _near, _said
from treadle.pricing import Figure
from treadle.pricing.figure import KINDS, NO_MONEY, UNITS, problem
from treadle.pricing.pricelist import at, changes

HOUR = Figure(
    kind="on_demand", vendor="acme", region="eu", sku="m", amount=Decimal("0.1"), currency="EUR", date="2026-05-01",
    source="acme's page of 2026-05-01", cpus=2, memory_gb=8,
)  # fmt: skip
EGRESS = Figure(
    kind="egress", vendor="acme", region="eu", amount=Decimal("0.09"), currency="EUR", date="2026-05-01", source="page"
)


def test_every_kind_has_one_unit():
    assert set(KINDS) == set(UNITS) and set(KINDS) > NO_MONEY


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": " "}, "no source"),
        ({"source": "=cmd()"}, "spreadsheet"),
        ({"source": "a\nb"}, "line break"),
        ({"vendor": ""}, "vendor is not said"),
        ({"region": " "}, "region is not said"),
        ({"kind": "lease"}, "no kind of figure"),
        ({"date": "28.11.2026"}, "is no day"),
        ({"date": "20261001"}, "is no day"),
        ({"date": "1066-10-14"}, "is no day of prices"),
        ({"currency": "euro"}, "is no currency"),
        ({"currency": ""}, "is no currency"),
        ({"amount": Decimal("-1")}, "amount must be from 0"),
        ({"amount": Decimal("NaN")}, "amount must be from 0"),
        ({"amount": Decimal("Infinity")}, "amount must be from 0"),
        ({"amount": Decimal(0)}, "an allowance is no price"),
        ({"cpus": float("nan")}, "cpus must be from 0"),
        ({"sku": ""}, "which machine"),
        ({"term_years": 1}, "term_years is 1"),
        ({"option": "no upfront"}, "no option of on_demand"),
        ({"upfront": Decimal(1)}, "upfront is of what is reserved"),
        ({"tier": "hot"}, "tier"),
        ({"from_gb": 5.0}, "from_gb is of egress"),
        ({"kind": "reserved"}, "term_years is 0"),
        ({"kind": "reserved", "term_years": 2}, "term_years is 2"),
        ({"kind": "storage", "tier": "warm"}, "tier"),
        ({"kind": "storage"}, "tier"),
        ({"kind": "hardware"}, "life_years"),
        ({"kind": "carbon"}, "has no currency"),
        ({"kind": "pue", "currency": "", "amount": Decimal("0.9")}, "PUE is 1"),
    ],
)
def test_what_is_no_figure_is_refused(change: dict[str, object], said: str):
    assert problem(HOUR) == ""
    assert said in problem(replace(HOUR, **change))


def test_of_each_the_newest_by_the_day_holds_and_the_last_said_of_a_date():
    later = replace(HOUR, amount=Decimal("0.2"), date="2026-06-01")
    corrected = replace(HOUR, amount=Decimal("0.15"))
    assert at([HOUR, later], "2026-04-30").figures == ()
    assert at([later, HOUR], "2026-05-31").figures == (HOUR,)
    assert at([later, HOUR, corrected], "2026-05-31").figures == (corrected,)
    assert at([later, HOUR], "2026-06-01").figures == (later,)
    assert at([HOUR, replace(HOUR, region="us")], "2026-06-01").of("on_demand", region="us") == [
        replace(HOUR, region="us")
    ]


def test_steps_of_one_rate_are_dated_together():
    """A step that a later table no longer has is not left beside its new ones."""
    old = [EGRESS, replace(EGRESS, from_gb=100.0)]
    new = [replace(EGRESS, date="2026-06-01"), replace(EGRESS, date="2026-06-01", from_gb=500.0)]
    assert [each.from_gb for each in at([*old, *new], "2026-07-01").figures] == [0.0, 500.0]
    found = changes(at([*old, *new], "2026-05-02"), at([*old, *new], "2026-07-01"))
    assert [(c.before and c.before.from_gb, c.after and c.after.from_gb) for c in found] == [(100.0, None), (None, 500)]


def test_a_change_says_by_how_much_and_a_figure_that_only_got_a_new_date_is_none():
    dearer, same = replace(HOUR, amount=Decimal("0.125"), date="2026-06-01"), replace(HOUR, date="2026-06-01")
    (change,) = changes(at([HOUR], "2026-05-01"), at([HOUR, dearer], "2026-06-01"))
    assert change.share == pytest.approx(0.25)
    assert changes(at([HOUR], "2026-05-01"), at([same], "2026-06-01")) == []


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9), st.integers(1, 5)), max_size=20), st.integers(1, 9)
)
def test_what_holds_on_a_day_does_not_hang_on_what_comes_later(said: list[tuple[str, int, int]], day: int):
    figures = [replace(HOUR, sku=sku, date=f"2026-05-0{on}", amount=Decimal(paid)) for sku, on, paid in said]
    until = f"2026-05-0{day}"
    assert at(figures, until).figures == at([each for each in figures if each.date <= until], "2026-12-31").figures
    assert len({each.sku for each in at(figures, until).figures}) == len(at(figures, until).figures)


def test_a_price_that_was_said_in_a_wrong_currency_is_corrected_as_any_other():
    right = replace(HOUR, currency="USD")
    assert at([HOUR, right], "2026-05-31").figures == (right,)
    (change,) = changes(at([HOUR], "2026-05-31"), at([right], "2026-05-31"))
    assert change.share is None and "0.1 EUR (" in _said(change.before, True) and "0.1 (" in _said(change.after, False)


def test_a_vendor_is_found_whatever_its_capitals_and_one_that_is_misspelt_is_guessed():
    known = at([replace(HOUR, vendor="Hetzner")], "2026-06-01")
    assert len(known.of("on_demand", vendor="hetzner", region="EU")) == 1 and not known.of("on_demand", vendor="hetz")
    assert (
        _near(PricesListRequest(vendor="hetzer"), known) == 'no price is of the vendor hetzer: did you mean "Hetzner"?'
    )
    assert (
        _near(PricesListRequest(vendor="HETZNER", region="us"), known) == "no price is of the region us: known here: eu"
    )
    assert _near(PricesListRequest(vendor="HETZNER", kind="spot"), known) == ""
