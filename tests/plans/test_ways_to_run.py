"""Each way to run a job, serve a load and keep bytes: a case worked by hand for each sum."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from priced import figure, machine, prices

from treadle.costs import load_book
from treadle.money import rates_of
from treadle.plans.found import Assumed, Job, Kept, Load, Part
from treadle.plans.jobs import need_of, plan_job
from treadle.plans.loads import shape
from treadle.plans.machines import DAYS_A_MONTH, Need, Prices, carbon, cheapest, no_carbon, stepped
from treadle.plans.serving import Servers, how_many, plan_serving, replicas
from treadle.plans.storing import plan_egress, plan_storage
from treadle.plans.weighing import Paid, advise, apart, way
from treadle.pricing.pricelist import at

MONTH = float(DAYS_A_MONTH)
JOB = Job(hours=(2.0, 4.0, 3.0, 3.0, 2.0, 4.0), runs=6, run_s=5400.0, cpus=1.5, peak_mb=4000.0, whole=6)
QUIET = Load(
    requests=(24, 24), minutes=((1,) * 24, (1,) * 24), awake=(21_600.0, 21_600.0), wakes=(24, 24), busy_s=0.01,
    peak_mb=1000.0, model="shop:1",
)  # fmt: skip


def monthly(part: Part) -> dict[str, float]:
    return {each.name: float(each.monthly) for each in part.options}


def test_the_right_size_is_the_measured_peak_with_its_margin():
    """4,000 MiB = 4.194304 GB; a quarter above it is 5.243."""
    assert need_of(1.5, 4000.0, 0.25) == Need(1.5, 5.243)
    assert need_of(0.3, 100.0, 0.0).cpus == 1.0


def test_the_cheapest_machine_that_fits_of_those_whose_size_is_known():
    known = prices(
        machine("on_demand", "0.05", "small", 1, 4), machine("on_demand", "0.10"),
        machine("on_demand", "0.20", "big", 8, 64),
        machine("on_demand", "0.01", "unsized", None, None), machine("on_demand", "0.02", "gpu", gpus=1),
    )  # fmt: skip
    found = cheapest(known, "on_demand", Need(1.5, 5.0))
    assert found is not None and found.sku == "m2"
    assert cheapest(known, "spot", Need(1.5, 5.0)) is None


def test_what_held_gpus_needs_a_machine_with_as_many_and_nothing_else_gets_one():
    known = prices(
        machine("on_demand", "0.02", "plain", 8, 64), machine("on_demand", "3.00", "one", 8, 64, gpus=1),
        machine("on_demand", "9.00", "four", 8, 64, gpus=4),
    )  # fmt: skip
    found = {gpus: cheapest(known, "on_demand", need_of(1.5, 4000.0, 0.25, gpus)) for gpus in (0.0, 0.1, 1.0, 1.5, 5.0)}
    assert {gpus: each.sku if each else None for gpus, each in found.items()} == {
        0.0: "plain", 0.1: "one", 1.0: "one", 1.5: "four", 5.0: None,
    }  # fmt: skip
    one = found[1.0]
    assert one is not None and carbon(known, one, Decimal(1)) is None
    assert no_carbon(known, one).endswith("what its GPUs draw is not known")


def test_a_job_that_held_gpus_is_priced_with_them_or_not_by_the_book_at_all():
    """3 hours a day x 30.4375 x half a GPU x 2 an hour = 91.3125 more."""
    book, known, job = load_book(), prices(), replace(JOB, gpus=0.5)
    without = plan_job(job, known, book, Assumed())
    assert "by the price book" not in monthly(without)
    assert "no gpu_hour" in without.unknown[0] and "1 GPU and" in without.unknown[1]
    assert "0.50 GPUs held" in without.measured
    book.prices["gpu_hour"] = 2.0
    priced = plan_job(job, known, book, Assumed())
    plain = monthly(plan_job(JOB, known, book, Assumed()))["by the price book"]
    assert monthly(priced)["by the price book"] == pytest.approx(plain + 91.3125, abs=1e-3)
    assert "+ 0.50 GPUs x 2)" in priced.options[0].how


def test_other_currencies_are_converted_and_those_without_a_rate_have_no_price():
    known = prices(machine("on_demand", "0.10", currency="USD"), machine("on_demand", "0.01", "yen", currency="JPY"))
    found = cheapest(known, "on_demand", Need(1, 1))
    assert found is not None and found.sku == "m2" and known.hourly(found) == Decimal("0.08")


def test_a_job_on_demand_spot_and_on_hardware_of_ones_own_by_hand():
    """3 hours a day x 30.4375 x 0.20 = 18.2625. Hardware: 1752 / (4 x 12) = 36.50 a month, and
    0.1 kW x 0.30 x 91.3125 hours = 2.739."""
    known = prices(
        machine("on_demand", "0.20"), machine("spot", "0.05"),
        machine("hardware", "1752", "box", life_years=4, watts=100), figure("power", "0.30"),
    )  # fmt: skip
    part = plan_job(JOB, known, load_book(), Assumed(interruptions=0.0))
    found = monthly(part)
    assert found["on demand"] == pytest.approx(18.2625)
    assert found["spot"] == pytest.approx(18.2625 / 4), "that is never interrupted"
    assert found["own hardware"] == pytest.approx(36.5 + 2.739375)
    assert part.options[0].name == "by the price book" or part.options[0].name == "spot"
    assert [each.monthly for each in part.options] == sorted(each.monthly for each in part.options)
    interrupted = plan_job(JOB, known, load_book(), Assumed(interruptions=0.5))
    assert monthly(interrupted)["spot"] > found["spot"]
    (spot,) = (each for each in interrupted.options if each.name == "spot")
    assert "checkpoint every" in spot.how and "it pays up to" in spot.turns and spot.low < spot.monthly < spot.high


def test_hardware_of_ones_own_is_chosen_with_the_power_that_it_draws():
    """A month: 900 / 36 = 25.00, and 0.9 kW x 0.40 x 91.3125 h = 32.87; against 905 / 36 = 25.14, and 0.73."""
    known = prices(
        machine("hardware", "900", "tower", life_years=3, watts=900), figure("power", "0.40"),
        machine("hardware", "905", "mini", life_years=3, watts=20),
    )  # fmt: skip
    (own,) = (each for each in plan_job(JOB, known, load_book(), Assumed()).options if each.name == "own hardware")
    assert own.what == "acme eu mini" and float(own.monthly) == pytest.approx(905 / 36 + 0.02 * 0.40 * 91.3125)


def test_what_has_no_price_is_said_and_never_guessed():
    part = plan_job(JOB, prices(), load_book(), Assumed())
    assert [each.name for each in part.options] == ["by the price book"]
    assert len(part.unknown) == 2 and all("no price known" in each for each in part.unknown)
    without_rate = plan_job(JOB, prices(machine("spot", "0.05")), load_book(), Assumed())
    assert any("--interruptions" in each for each in without_rate.unknown)
    serving = plan_serving(QUIET, prices(), Assumed())
    assert serving.options == [] and serving.advice.startswith("no price is known")
    assert "no price known of storage" in plan_storage([Kept("a", 1, 0.0)], prices()).unknown
    assert plan_egress(5.0, prices()).options == []


def test_a_quiet_load_always_on_scaled_asleep_and_serverless_by_hand():
    """One server: 730.5 x 0.10 = 73.05. Asleep: 24 wakes of 900 s and 5 s = 6.0333 h a day x 0.10 x 30.4375 = 18.364.
    Serverless: (24 x (0.000001 + 1.311 x 0.01 x 0.00002) + 24 x 1.311 x 5 x 0.00002) x 30.4375."""
    known = prices(machine("on_demand", "0.10"), figure("request", "0.000001"), figure("gb_second", "0.00002"))
    part = plan_serving(QUIET, known, Assumed())
    found = monthly(part)
    assert found["always on"] == pytest.approx(73.05)
    assert found["scaled by the hour"] == pytest.approx(24 * 0.10 * MONTH)
    assert found["scaled to zero"] == pytest.approx((24 * 905 / 3600) * 0.10 * MONTH)
    each = 0.000001 + 1.311 * 0.01 * 0.00002
    assert found["serverless"] == pytest.approx((24 * each + 24 * 1.311 * 5 * 0.00002) * MONTH, rel=1e-6)
    (serverless,) = (option for option in part.options if option.name == "serverless")
    rate = 0.10 / 3600 / each
    assert f"more than {rate:.4g} requests a second" in serverless.turns
    assert any("reserved" in said for said in part.unknown)


def test_the_serverless_vendor_is_the_cheapest_by_the_whole_sum():
    """48 requests of 1.311 GB x 0.01 s and 48 wakes of 5 s hold 315.3 GB-seconds: 3.15 at 0.01, 0.0053 at 0.00001667,
    beside which a request at 0.0000001 or 0.0000002 is nothing."""
    known = prices(
        figure("request", "0.0000001", vendor="cheap"), figure("gb_second", "0.01", vendor="cheap"),
        figure("request", "0.0000002"), figure("gb_second", "0.00001667"),
    )  # fmt: skip
    (found,) = plan_serving(QUIET, known, Assumed()).options
    assert (found.name, found.what) == ("serverless", "acme eu")
    assert float(found.monthly) == pytest.approx(24 * (0.0000002 + 1.311 * 5.01 * 0.00001667) * MONTH, rel=1e-6)


def test_servers_follow_the_busiest_minute_of_each_hour():
    """200 a second x 0.012 s = 2.4 CPUs; of 2 CPUs 60 % are used: 2 servers."""
    assert replicas(12_000, 0.012, 2, 0.6) == 2
    assert replicas(0, 0.012, 2, 0.6) == 1
    busy = replace(QUIET, minutes=((12_000,) * 12 + (0,) * 12,) * 2, busy_s=0.012)
    found = monthly(plan_serving(busy, prices(machine("on_demand", "0.10")), Assumed()))
    assert found["always on"] == pytest.approx(2 * 73.05)
    assert found["scaled by the hour"] == pytest.approx((12 * 2 + 12) * 0.10 * MONTH)
    part = plan_serving(
        busy, prices(machine("on_demand", "0.10"), machine("on_demand", "0.19", "m4", 4, 16)), Assumed()
    )
    assert "larger machines are cheaper: 1 x acme eu m4 at 138.7950" in part.advice


def test_how_much_to_reserve_its_break_even_and_what_is_regretted():
    """An hour reserved is 0.06 against 0.10: what is used more than 60 % of the hours. The second server is used half
    of them, so one is reserved: 730.5 x 0.06 = 43.83, and half a day x 0.10 beyond."""
    term = {"term_years": 1, "option": "partial upfront", "upfront": Decimal("262.98")}
    known = prices(machine("on_demand", "0.10"), machine("reserved", "0.03", **term))
    busy = replace(QUIET, minutes=((12_000,) * 12 + (0,) * 12,) * 2, busy_s=0.012)
    part = plan_serving(busy, known, Assumed())
    found = monthly(part)
    assert found["reserved 1 y partial upfront"] == pytest.approx(43.83 + 12 * 0.10 * MONTH)
    (reserved,) = (each for each in part.options if each.name.startswith("reserved"))
    assert "1 of 2 x" in reserved.what and "break-even at 60.0% of the hours" in reserved.how
    assert "If use falls to 50%: 7.3050 a month more than 36.5250 on demand" in reserved.how
    servers = Servers(machine("on_demand", "0.10"), Decimal("0.10"), ((2,) * 12 + (1,) * 12,))
    assert [how_many(servers, Decimal(hour)) for hour in ("0.04", "0.06", "0.10")] == [2, 1, 0]


def test_bytes_are_placed_by_what_it_costs_to_read_them_back_and_what_is_needed_stays_hot():
    """Hot 0.020 a GB; cool 0.010 and 0.015 to read: cool pays below 2 readings in 3 months. 10 GB each."""
    known = prices(
        figure("storage", "0.020", tier="hot", sku="h"), figure("storage", "0.010", tier="cool", sku="c"),
        figure("retrieval", "0.015", tier="cool"), figure("storage", "0.001", tier="archive", sku="a"),
    )  # fmt: skip
    gb = 10 * 10**9
    kept = [Kept("read", gb, 1.0), Kept("seldom", gb, 0.5), Kept("never", gb, 0.0), Kept("live", gb, 0.0, "is served")]
    part = plan_storage(kept, known)
    found = monthly(part)
    assert found["all hot at acme eu"] == pytest.approx(0.8)
    # read: hot 0.2; seldom: cool 0.1 + 0.075; never: archive 0.01; live: hot 0.2
    assert found["by last use at acme eu"] == pytest.approx(0.2 + 0.175 + 0.01 + 0.2)
    assert any("reading back archive" in each for each in part.unknown)


def test_what_is_sent_out_is_paid_by_steps():
    """150 GB: 100 for nothing, 50 x 0.09 = 4.50."""
    known = prices(
        figure("egress", "0"), figure("egress", "0.09", from_gb=100.0), figure("egress", "0.05", from_gb=200.0)
    )
    assert stepped(known.of("egress"), known, Decimal(150)) == Decimal("4.5")
    assert stepped(known.of("egress"), known, Decimal(300)) == Decimal("9") + Decimal("5")
    assert stepped(known.of("egress"), known, Decimal(50)) == 0
    assert monthly(plan_egress(150.0, known)) == {"from acme eu": 4.5}


def test_a_price_list_without_its_first_step_is_in_no_sum() -> None:
    """Nobody said that the first 100 GB cost nothing."""
    part = plan_egress(150.0, prices(figure("egress", "0.09", from_gb=100.0)))
    assert part.options == [] and part.unknown == [
        "no price known of the first 100 GB from acme eu, so it is in no sum"
    ]


def test_carbon_by_hand_or_none_where_a_factor_is_not_known():
    """(2 x 8 + 8 x 0.25) W = 18 W x 100 h x 1.1 x 400 g = 0.792 kg."""
    factors = [figure(kind, amount, currency="") for kind, amount in
               (("cpu_power", "8"), ("memory_power", "0.25"), ("pue", "1.1"), ("carbon", "400"))]  # fmt: skip
    of = machine("on_demand", "0.10")
    assert carbon(prices(*factors), of, Decimal(100)) == pytest.approx(0.792)
    assert carbon(prices(*factors[1:]), of, Decimal(100)) is None and no_carbon(prices(*factors), of) == ""
    said = no_carbon(prices(*factors[1:3]), of)
    assert "cpu_power (watts of a CPU), carbon (grams of CO2e a kWh) of acme in eu" in said
    everywhere = [replace(each, region="global", amount=each.amount * 9) for each in factors]
    far = machine("on_demand", "0.10", region="us-west")  # sorts after "global", as eu sorts before it
    there = [replace(each, region="us-west") for each in factors]
    for known in ((*everywhere, *there), (*there, *everywhere)):
        assert carbon(prices(*known), far, Decimal(100)) == pytest.approx(0.792), "the region's own wins"
    mixed = prices(*everywhere[:3], there[3])
    assert carbon(mixed, far, Decimal(100)) == pytest.approx(0.792 * 81), "watts and building of anywhere: 9 x 9"
    part = plan_job(JOB, prices(of, *factors[1:]), load_book(), Assumed())
    assert part.no_carbon.startswith("no carbon of acme eu m2")


def test_the_load_of_a_day_by_hand():
    day = date(2026, 11, 1)
    start = 1793491200.0
    moments = [start, start + 30, start + 2000, start + 86_400 + 5]
    requests, minutes, awake, wakes = shape(moments, day, 2, 900.0)
    assert requests == (3, 1) and minutes[0][:2] == (2, 0) and minutes[1][0] == 1
    assert awake == (30 + 900 + 900, 900) and wakes == (2, 1)
    assert shape([], day, 1, 900.0) == ((0,), ((0,) * 24,), (0.0,), (0,))


@given(st.lists(st.floats(0, 3 * 86_400 - 1), max_size=60), st.floats(1, 7200))
def test_nothing_is_lost_of_a_load(seconds: list[float], idle: float):
    requests, minutes, awake, wakes = shape(seconds, date(1970, 1, 1), 3, idle)
    assert sum(requests) == len(seconds)
    assert sum(awake) <= len(seconds) * idle + 1e-6 and sum(wakes) <= len(seconds)
    assert (sum(wakes) > 0) == bool(seconds)
    assert all(max(day) <= count for day, count in zip(minutes, requests, strict=True))


@given(st.integers(0, 10**6), st.floats(1e-4, 1), st.floats(0.5, 128), st.floats(0.05, 1))
def test_replicas_keep_up_and_one_fewer_would_not(requests: int, busy_s: float, cpus: float, busy: float):
    count = replicas(requests, busy_s, cpus, busy)
    asked = requests / 60 * busy_s
    assert count * cpus * busy >= asked * (1 - 1e-6)
    assert count == 1 or (count - 1) * cpus * busy < asked * (1 + 1e-6)


@given(st.lists(st.floats(0, 100), min_size=6, max_size=40), st.integers(0, 1000))
@settings(max_examples=8)
def test_the_interval_is_around_the_mean_and_what_is_fixed_has_none(daily: list[float], fixed: int):
    found = way("a", "b", Paid(tuple(daily), Decimal(fixed)), how="", sources=[]).option
    assert found.low is not None and found.high is not None
    assert fixed <= found.low <= found.monthly <= found.high
    assert float(found.monthly) == pytest.approx(fixed + sum(daily) / len(daily) * MONTH, abs=1e-6)
    still = way("a", "b", Paid((), Decimal(fixed)), how="", sources=[]).option
    assert still.low == still.high == still.monthly == fixed


DAYS = st.lists(st.tuples(*[st.floats(0, 100).map(lambda each: round(each, 4))] * 3), min_size=6, max_size=40)


@given(DAYS)
@settings(max_examples=8)
def test_a_difference_turned_round_is_the_same_and_what_both_pay_is_not_in_it(days: list[tuple[float, float, float]]):
    one, other, both = (tuple(each[place] for each in days) for place in range(3))
    found, turned = apart(Paid(one), Paid(other)), apart(Paid(other), Paid(one))
    assert turned.more == -found.more
    dearer = [Paid(tuple(a + b for a, b in zip(each, both, strict=True)), Decimal(7)) for each in (one, other)]
    again = apart(*dearer)
    for name in ("low", "high", "more"):
        assert float(getattr(again, name)) == pytest.approx(float(getattr(found, name)), abs=1e-5)


def test_two_ways_are_told_apart_by_their_days_and_not_by_their_intervals():
    """Days from 1 to 30 a day, so that either interval is wide; and the second is dearer by a tenth on each of them."""
    daily = (1.0, 30.0, 2.0, 20.0, 1.0, 10.0, 25.0, 3.0)
    cheap = way("spot", "", Paid(daily), how="", sources=[])
    dear = way("on demand", "", Paid(tuple(each * 1.1 for each in daily)), how="", sources=[])
    assert cheap.option.high is not None and dear.option.low is not None
    assert cheap.option.high > dear.option.low, "the intervals overlap widely"
    assert apart(cheap.paid, dear.paid).is_told
    said, _ = advise([cheap, dear], "EUR")
    assert "do not tell" not in said and "35.0031 (" in said
    by_chance = way("other", "", Paid(tuple(reversed(daily)), Decimal("0.1")), how="", sources=[])
    assert "each priced both ways, do not tell the two apart" in advise([cheap, by_chance], "EUR")[0]
    few = way("few", "", Paid((1.0, 2.0, 4.0)), how="", sources=[])
    many = way("many", "", Paid((2.0, 2.5, 4.5)), how="", sources=[])
    assert "on other days is not known: 6 days are needed, 3 there" in advise([few, many], "EUR")[0]


def test_the_advice_says_by_how_much_and_what_would_turn_it():
    cheap = way("spot", "", Paid((1.0,) * 3), how="", sources=[], turns="it pays up to 2 an hour")
    dear = way("on demand", "", Paid((1.5,) * 3), how="", sources=[])
    said, turns = advise([cheap, dear], "EUR")
    assert "spot: 30.4375 EUR a month, 15.2188 EUR less than on demand" in said.replace("15.2187", "15.2188")
    assert turns == "it pays up to 2 an hour; a price of spot 50.0% higher"
    assert advise([], "EUR")[0].startswith("no price is known") and "nothing else" in advise([cheap], "EUR")[0]


def test_a_price_in_a_small_currency_is_converted_whole():
    """500,000,000 dong at 26,000 a dollar; by what one dong comes to, to a billionth, it was 19,231.00."""
    dong = figure("power", "500000000", currency="VND")
    known = Prices(at([dong], "2026-12-31"), rates_of("USD", "2026-11-01", {"VND": "26000"}))
    assert known.per_unit(dong) == Decimal(500_000_000) / 26_000
    assert known.per_unit(figure("power", "1", currency="XTS")) is None
