"""Prices and the ledger: what is used and what is booked are both counted, each currency by itself or by its rate."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.costs import CostLine, Costs, Part, costs, load_book, runs
from treadle.errors import MoneyError, SpecError
from treadle.evidence import Chain, Payload, Price, StepInput, Usage
from treadle.evidence.kinds.noted import Noted
from treadle.money import Money, money, rates_of
from treadle.store.catalog import open_catalog

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Did(Payload, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "test.did"


class Do(StepInput[Did], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = Did

    fail: bool = False


def test_the_price_of_an_hour_of_one_cpu_one_gib_and_a_month_of_one_gib_kept() -> None:
    book = load_book()
    price = book.price(Usage(seconds=3600, cpu_seconds=3600, peak_mb=1024, kept_bytes=2**30), NOW)
    parts = (book.prices[name] for name in ("cpu_hour", "memory_gb_hour", "storage_gb_month"))
    assert price.money == money(sum(Decimal(str(p)) for p in parts), "USD")
    assert book.date in price.book


def test_the_ledger_sums_by_run_step_and_day_and_failed_steps_cost_too(chain: Chain) -> None:
    book = load_book()
    priced = replace(chain, price=book.price)
    for _ in range(2):
        with priced.step(Do(), "s", cache=False) as step:
            sum(range(100_000))
            step.made(Did())
    with pytest.raises(ValueError, match="x"), priced.step(Do(fail=True), "s", cache=False):
        raise ValueError("x")
    found = costs(chain, book.rates)
    assert {line.name: line.steps for line in found.by_step} == {"test.did": 3}
    assert [line.name for line in found.by_run] == ["run1"] == runs(chain)
    for lines in (found.by_step, found.by_run, found.by_day):
        assert sum(line.amount for line in lines) == found.amount > 0
    assert found.unpriced == 0 and found.unconverted == []
    assert costs(chain, book.rates, run="run1") == found
    assert costs(chain, book.rates, run="other").amount == 0


def test_a_cost_without_a_machine_counts(chain: Chain) -> None:
    chain.append(Noted(text="labels bought"), "labels", price=Price(money("123.45", "USD")))
    found = costs(chain, rates_of("USD", "2026-11-01", {}))
    assert found.amount == Decimal("123.45") and found.by_step[0].name == "note" and found.books == []


def test_another_currency_is_converted_by_its_dated_rate_or_stands_by_itself(chain: Chain) -> None:
    for amount, currency in ((10, "USD"), (300, "JPY"), (5, "CHF")):
        chain.append(Noted(text="x"), "s", price=Price(money(amount, currency)))
    found = costs(chain, rates_of("USD", "2026-11-01", {"JPY": 150}))
    assert (found.amount, found.currency, found.rate_date) == (12.0, "USD", "2026-11-01")
    assert found.unconverted == [money(5, "CHF")]
    assert found.by_step[0].steps == 3 and found.by_step[0].amount == 12.0


def test_the_views_equal_a_sum_over_the_entries_to_the_last_billionth(chain: Chain) -> None:
    drawn = random.Random(3)
    expected: dict[tuple[str, str], Decimal] = {}
    for _ in range(300):
        run, amount = f"r{drawn.randrange(7)}", Decimal(drawn.randrange(10**10)) / 10**9
        replace(chain, run=run).append(Noted(text="x"), "s", price=Price(money(amount, "EUR"), "book"))
        expected[("run", run)] = expected.get(("run", run), Decimal(0)) + amount
    found = costs(chain, rates_of("EUR", "", {}))
    assert {line.name: line.amount for line in found.by_run} == {name: amount for (_, name), amount in expected.items()}
    assert found.books == ["book"]


NEEDED = "prices: {cpu_hour: 1, memory_gb_hour: 1, storage_gb_month: 1}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"date: banane\n{NEEDED}", 'the date "banane" is no day'),
        (f"date: 01.11.2026\n{NEEDED}", "is no day"),
        (f"date: 2026-11-31\n{NEEDED}", "is no day"),
        (f"date: 20261101\n{NEEDED}", "is no day"),
        (f"currency: EUR\nrates: {{EUR: 2}}\n{NEEDED}", "one EUR is 2 EUR by the rates"),
        (NEEDED.replace("cpu_hour", "cpu_hours"), 'there is no price cpu_hour\n  write cpu_hour for "cpu_hours"'),
        (NEEDED.replace("}", ", gpu_hours: 1}"), 'no price is called gpu_hours\n  did you mean "gpu_hour"?'),
    ],
)
def test_a_book_says_its_day_its_rates_and_its_prices_or_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    with pytest.raises((SpecError, MoneyError)) as bad:
        load_book(file)
    assert said in str(bad.value) and "None" not in str(bad.value)


def test_prices_of_a_day_to_come_are_told(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(f"book: cellar\ndate: 2026-11-02\ncurrency: EUR\nrates: {{EUR: 1}}\n{NEEDED}")
    book = load_book(file)
    assert (book.ahead_of("2026-11-02"), book.ahead_of("2027-01-01")) == ("", "")
    assert book.ahead_of("2026-11-01").startswith("the price book cellar is of 2026-11-02, after 2026-11-01")
    file.write_text(NEEDED)
    assert load_book(file).ahead_of("2026-11-01") == ""


@pytest.mark.parametrize("text", ["prices: {cpu_hour: -1}", "prices: {cpu_hour: yes}", "[]", "a: ["])
def test_a_wrong_price_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    with pytest.raises(SpecError, match=r"prices\.yaml"):
        load_book(file)
    with pytest.raises(SpecError, match="no price file"):
        load_book(tmp_path / "none.yaml")


def test_a_book_may_state_dated_rates(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    prices = "prices: {cpu_hour: 1, memory_gb_hour: 1, storage_gb_month: 1}\n"
    file.write_text(f"currency: JPY\ndate: 2026-11-02\nrates: {{USD: 0.0066}}\n{prices}")
    book = load_book(file)
    assert book.currency == "JPY" and book.rates.date == "2026-11-02"
    assert book.rates.convert(money(1000, "JPY"), "USD") == replace_date(money("6.6", "USD"), "2026-11-02")
    file.write_text(f"currency: JPY\nrates: {{USD: -1}}\n{prices}")
    with pytest.raises(MoneyError, match="above 0"):
        load_book(file)


def replace_date(amount: object, date: str) -> object:
    return msgspec.structs.replace(amount, rate_date=date)


@pytest.mark.parametrize("sign", [1, -1])
def test_amounts_of_any_size_are_summed_to_the_billionth(chain: Chain, sign: int) -> None:
    """Sums beyond 64 bits of billionths became floats, and larger bookings could not be made at all."""
    amounts = [sign * Decimal("9223372037.000000001"), sign * Decimal("4000000000000.999999999"), sign * Decimal("0.5")]
    for amount in amounts * 3:
        chain.append(Noted(text="x"), "s", price=Price(money(amount, "VND")))
    found = costs(chain, rates_of("VND", "", {}))
    assert found.amount == 3 * sum(amounts) == found.by_step[0].amount


def test_the_newest_runs_are_told_with_all_that_they_cost(chain: Chain) -> None:
    """What was booked long ago in another currency is of its name too; of 101 names the oldest one is left out."""

    def paid(run: str, amount: str, currency: str) -> None:
        replace(chain, run=run).append(Noted(text="x"), "s", price=Price(money(amount, currency)))

    paid("", "120.50", "EUR")
    for number in range(100):
        paid(f"r{number}", "1", "USD")
    paid("", "17", "USD")
    found = costs(chain, rates_of("USD", "", {"EUR": "0.5"}))
    assert [line.name for line in found.by_run] == [*(f"r{n}" for n in range(1, 100)), "(no run)"]
    assert found.by_run[-1].amount == 258 and found.more_runs == 1
    assert runs(chain, 2) == ["(no run)", "r99"]


LATE, SOON = Part("late", "shop.late", "till"), Part("late_2", "shop.late_2", "shop.late_2")


def test_what_one_target_cost_is_told_apart_and_the_lines_of_all_make_the_whole(chain: Chain) -> None:
    """By the address, the versions and the endpoint of each; a name that only begins like it is another's."""
    booked = {"shop.late": 1, "endpoint/till": 2, "model/shop.late:3": 4, "shop.late_2": 8, "endpoint/shop.late_2": 16,
              "model/shop.late_2:1": 32, "source/orders": 64, "shop": 128, "endpoint/shop.late": 256,
              "model/shopXlate:3": 512}  # fmt: skip
    for n, (subject, amount) in enumerate(booked.items()):
        replace(chain, run=f"r{n % 2}").append(Noted(text="x"), subject, price=Price(money(amount, "USD"), "book"))
        chain.append(Noted(text="costs nothing"), subject)
    rates = rates_of("USD", "", {})
    whole = costs(chain, rates, parts=[LATE, SOON])
    lines = {line.name: (line.amount, line.steps) for line in whole.by_target}
    assert lines == {"late": (7, 3), "late_2": (56, 3), "(of no one target)": (960, 4)}
    assert sum(line.amount for line in whole.by_target) == whole.amount == 1023
    assert whole == replace_lines(costs(chain, rates), whole.by_target)
    for part, amount in ((LATE, 7), (SOON, 56)):
        alone = costs(chain, rates, only=part)
        assert alone.amount == sum(line.amount for line in alone.by_run) == amount and alone.by_target == []
        assert [line.steps for line in alone.by_step] == [3] and alone.books == ["book"]
    assert costs(chain, rates, only=LATE, run="r1").amount == 2
    of_run = costs(chain, rates, run="r0", parts=[LATE, SOON])
    assert {line.name: line.amount for line in of_run.by_target} == {"late": 5, "late_2": 16, "(of no one target)": 320}


def test_what_all_use_together_is_shared_out_by_a_rule_to_the_last_billionth(chain: Chain) -> None:
    """Own: 1 and 3. Together: 0.000000005. Evenly: 3 and 2 billionths; by cost 1.25 and 3.75: 1 and 4."""
    for subject, amount in (("shop.late", "1"), ("shop.late_2", "3"), ("source/orders", "0.000000005")):
        chain.append(Noted(text="x"), subject, price=Price(money(amount, "USD")))
    rates = rates_of("USD", "", {})
    for rule, nanos in (("evenly", (3, 2)), ("by-cost", (1, 4))):
        found = costs(chain, rates, parts=[LATE, SOON], shared=rule)
        assert [int(line.shared * 10**9) for line in found.by_target] == list(nanos)
        assert sum(line.amount for line in found.by_target) == found.amount
        for part, line in zip((LATE, SOON), found.by_target, strict=True):
            alone = costs(chain, rates, only=part, parts=[LATE, SOON], shared=rule)
            assert alone.by_target == [line], "as among all"
            assert alone.amount == line.amount - line.shared and alone == replace_lines(
                costs(chain, rates, only=part, parts=[LATE, SOON]), [line]
            )


DRAWN = st.lists(
    st.tuples(
        st.sampled_from(["shop.late", "shop.late_2", "source/orders", "shop"]), st.sampled_from(["USD", "EUR", "VND"]),
        st.integers(-(10**10), 10**12), st.integers(1, 28),
    ),
    max_size=30,
)  # fmt: skip


@given(DRAWN, st.sampled_from(["not", "evenly", "by-cost"]))
@settings(max_examples=12)
def test_every_way_to_group_comes_to_the_same_total(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, int, int]], rule: str
) -> None:
    """In several currencies, each by its rate and rounded to a billionth."""
    folder = tmp_path_factory.mktemp("grouped")
    chain = Chain(engine=open_catalog(f"sqlite:///{folder}/c.db"), actor="ada", run="r", head_file=folder / "c.head")
    for n, (subject, currency, nanos, day) in enumerate(rows):
        one = replace(chain, run=f"r{n % 3}", clock=lambda day=day: datetime(2026, 11, day, tzinfo=UTC))
        one.append(Noted(text="x"), subject, price=Price(Money(Decimal(nanos) / 10**9, currency)))
    rates = rates_of("CHF", "2026-11-01", {"USD": "1.13", "EUR": "1.07"})  # none of VND
    found = costs(chain, rates, parts=[LATE, SOON], shared=rule)
    for lines in (found.by_step, found.by_day, found.by_run, found.by_target):
        assert sum((line.amount for line in lines), Decimal(0)) == found.amount
    dong = sum((Decimal(nanos) / 10**9 for _, currency, nanos, _ in rows if currency == "VND"), Decimal(0))
    assert found.unconverted == ([Money(dong, "VND")] if any(row[1] == "VND" for row in rows) else [])
    chain.engine.dispose()


def test_where_all_that_was_spent_is_of_the_targets_no_other_line_stands(chain: Chain) -> None:
    chain.append(Noted(text="x"), "shop.late", price=Price(money(3, "USD")))
    found = costs(chain, rates_of("USD", "", {}), parts=[LATE, SOON])
    assert [(line.name, line.amount, line.steps) for line in found.by_target] == [("late", 3, 1), ("late_2", 0, 0)]


def replace_lines(found: Costs, lines: list[CostLine]) -> Costs:
    return msgspec.structs.replace(found, by_target=lines)
