"""Drift over simple histograms, by hand; and over a model's own reference."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import log
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from told import frame_of

from treadle.models import Bundle
from treadle.models.reference import Numbers, Texts, numbers, score_numbers
from treadle.monitoring.drift import drift, line, surely_moved

QUARTERS = Numbers((0.0, 1.0, 2.0, 3.0, 4.0), (25, 25, 25, 25), 0)
CITIES = Texts({"Oslo": 60, "東京": 30}, 10, 0)


def spread(*counts: int) -> list[float]:
    """So many values in the middle of each bin of QUARTERS."""
    return [i + 0.5 for i, n in enumerate(counts) for _ in range(n)]


def test_equal_shares_do_not_drift() -> None:
    found = line("x", QUARTERS, spread(50, 50, 50, 50))
    assert (found.psi, found.js, found.verdict, found.rows) == (0.0, 0.0, "steady", 200)
    assert found.reference == found.now == [0.25, 0.25, 0.25, 0.25, 0.0]


def test_psi_and_js_are_those_by_hand() -> None:
    found = line("x", QUARTERS, spread(40, 30, 20, 10))
    psi = sum((q - 0.25) * log(q / 0.25) for q in (0.4, 0.3, 0.2, 0.1))
    assert found.psi == pytest.approx(psi, abs=1e-5) == pytest.approx(0.22823, abs=1e-4)
    # the bin of what is missing is empty on both sides: its share counts as 1e-4
    js = jensenshannon([0.25] * 4 + [1e-4], [0.4, 0.3, 0.2, 0.1, 1e-4], base=2)
    assert found.js == pytest.approx(js, abs=1e-5)
    assert found.noise == pytest.approx(3 * (1 / 100 + 1 / 100))  # in which nothing can be makes none
    assert found.verdict == "shifted"


def test_a_bin_that_was_empty_costs_much_but_not_without_end() -> None:
    found = line("x", QUARTERS, spread(0, 0, 0, 100))
    psi = 3 * (1e-4 - 0.25) * log(1e-4 / 0.25) + 0.75 * log(1 / 0.25)
    assert found.psi == pytest.approx(psi, abs=1e-4) and found.verdict == "moved"
    assert 0.7 < found.js <= 1.0


def test_what_lies_outside_counts_in_the_outer_bins_and_an_edge_in_the_lower() -> None:
    found = line("x", QUARTERS, [-100.0, 0.0, 1.0, 1.5, 3.5, 4.0, 1e300, 10])
    assert found.now == [3 / 8, 1 / 8, 0.0, 4 / 8, 0.0]


def test_none_nan_and_infinity_are_missing() -> None:
    known = Numbers(QUARTERS.edges, (20, 20, 20, 20), 20)
    found = line("x", known, [*spread(10, 10, 10, 10), None, float("nan"), float("inf"), float("-inf")] + [None] * 36)
    assert (found.missing_reference, found.missing_now) == (0.2, 0.5)
    psi = (0.5 - 0.2) * log(0.5 / 0.2) + 4 * (0.125 - 0.2) * log(0.125 / 0.2)
    assert found.psi == pytest.approx(psi, abs=1e-5) and found.labels[-1] == "missing"


def test_texts_are_counted_by_level_and_new_ones_among_the_others() -> None:
    found = line("city", CITIES, ["Oslo"] * 30 + ["東京"] * 30 + ["new"] * 20 + [None] * 20)
    assert found.labels == ["Oslo", "東京", "others", "missing"]
    assert found.now == [0.3, 0.3, 0.2, 0.2]
    psi = sum((q - p) * log(q / p) for p, q in ((0.6, 0.3), (0.1, 0.2), (1e-4, 0.2)))
    assert found.psi == pytest.approx(psi, abs=1e-5)


def test_truth_values_are_numbers() -> None:
    known = numbers(np.array([0.0] * 70 + [1.0] * 30))
    assert line("vip", known, [False] * 70 + [True] * 30).psi == 0.0
    found = line("vip", known, [False] * 30 + [True] * 70)
    assert found.psi == pytest.approx(2 * 0.4 * log(7 / 3), abs=1e-5)


def test_a_constant_that_begins_to_vary_is_seen() -> None:
    known = numbers(np.full(100, 5.0))
    assert line("x", known, [5.0] * 100).psi == 0.0
    for other in (4.0, 4.9, 5.0 - 1e-9, 6.0):
        found = line("x", known, [5.0] * 50 + [other] * 50)
        assert found.verdict == "moved" and max(found.now) == 0.5
    two = numbers(np.array([0.0] * 2 + [1.0] * 98))
    assert line("x", two, [0.0] * 2 + [1.0] * 98).psi == 0.0


def test_a_number_that_most_rows_have_and_fewer_have_now_is_seen() -> None:
    """Of 400 rows spread below and 9,600 on their greatest value all quantiles are that value."""
    rest = np.linspace(0, 9.9, 400)
    for common, others in (
        (10.0, rest),
        (rest[0] - 1, rest),
        (5.0, np.delete(rest, 200)),
        (rest[1], np.delete(rest, 1)),
    ):
        then = np.concatenate([np.full(9600, common), others])
        known = numbers(then)
        assert sum(known.counts) == len(then) and 9600 in known.counts
        assert line("x", known, list(then)).psi == 0.0
        for other in (rest[0], 5.1, 9.9):
            assert line("x", known, [float(other)] * 500).verdict == "moved", (common, other)


def test_a_number_gets_a_bin_to_itself_from_a_bins_share_of_rows_on() -> None:
    """A twentieth of a thousand rows is fifty."""
    for often, alone in ((40, False), (51, True)):
        then = np.concatenate([np.zeros(often), np.linspace(1, 2, 1000 - often)])
        assert (numbers(then).counts[0] == often) is alone
    third = numbers(np.concatenate([np.zeros(300), np.linspace(1, 2, 700)]))
    assert third.counts[0] == 300 and line("x", third, [0.0] * 300 + [1.0] * 700).verdict == "moved"


def test_scores_of_which_most_are_the_greatest_do_not_collapse_into_one_bin() -> None:
    scores = np.concatenate([np.full(950, 0.9), np.linspace(0.1, 0.8, 50)])
    known = score_numbers(scores)
    assert max(known.counts) == 950 and line("s", known, list(scores)).verdict == "steady"
    assert line("s", known, [0.5] * 200).verdict == "moved"
    assert line("s", known, list(np.float32(scores))).verdict == "steady", "less digits are no drift"


def test_bundles_of_before_with_one_bin_of_many_numbers_raise_no_alarm() -> None:
    once = Numbers((0.0, 10.0), (10_000,), 0)
    assert line("x", once, [10.0] * 90 + [0.0, 3.0] * 5).psi == 0.0
    assert line("x", once, [11.0] * 90).verdict == line("x", once, [-0.1] * 90).verdict == "moved"


def test_few_rows_and_a_part_of_a_week_have_not_surely_moved() -> None:
    """Of so few rows many bins are empty by chance; of one day all have one weekday."""
    random, week = np.random.default_rng(3), timedelta(days=7)
    reference, types = {"x": numbers(random.normal(size=2000))}, {"day": "date", "when": "timestamp"}
    wrong = sure = 0
    for rows in (60, 210) * 100:
        lines = [line("x", reference["x"], list(random.normal(size=rows)))]
        wrong, sure = wrong + (lines[0].verdict == "moved"), sure + len(surely_moved(lines, {}, week))
    assert wrong > 20 and sure <= 1
    moved = [line("x", reference["x"], [3.0] * rows) for rows in (209, 210)]
    assert [each.rows for each in surely_moved(moved, {}, timedelta())] == [210]
    week_days, hours = numbers(np.arange(700) % 7.0), numbers(np.arange(0, 86_400, 60.0))
    lines = [line("day", week_days, ["2024-03-01"] * 500), line("when", hours, ["2024-03-01T12:00:00Z"] * 500)]
    spans = (timedelta(hours=20), timedelta(days=1), timedelta(days=6, hours=12))
    assert [len(surely_moved(lines, types, span)) for span in spans] == [0, 1, 2]


def test_what_was_always_missing_and_comes_is_seen() -> None:
    known = numbers(np.full(100, np.nan))
    assert line("x", known, [None] * 50).psi == 0.0
    assert line("x", known, [1.0] * 50).verdict == "moved"


def test_times_are_counted_by_the_second_of_the_day_and_dates_by_the_weekday() -> None:
    """As they stand in the ledger: as JSON."""
    moments = [datetime(2024, 1, 1 + i % 7, i % 24, 30, tzinfo=UTC) for i in range(168)]
    clock = numbers(np.array([m.hour * 3600.0 + m.minute * 60 for m in moments]))
    weekday = numbers(np.array([float(m.weekday()) for m in moments]))
    told: Any = msgspec.json.decode(msgspec.json.encode(moments))
    assert line("when", clock, told).psi == 0.0
    told = msgspec.json.decode(msgspec.json.encode([m.date() for m in moments]))
    assert line("day", weekday, told).psi == 0.0
    assert line("day", weekday, [date(2024, 1, 6).isoformat()] * 168).verdict == "moved"


def test_nothing_asked_is_no_drift() -> None:
    for known in (QUARTERS, CITIES):
        found = line("x", known, [])
        assert (found.psi, found.rows, found.verdict) == (0.0, 0, "steady")


def asked(seed: int, rows: int) -> dict[str, list[Any]]:
    """Feature values as the ledger holds them."""
    frame = frame_of(seed, rows)
    return {name: msgspec.json.decode(msgspec.json.encode(frame[name].to_list())) for name in frame.columns}


def test_few_rows_without_drift_stay_within_their_noise(bundle: Bundle) -> None:
    random, found = np.random.default_rng(1), []
    for seed in range(20):
        values = asked(seed, 168)  # a whole week, so that weekdays and hours are even
        found += drift(bundle.reference, values, random.choice(_scores(bundle), 168))
    steady = [x for x in found if x.feature != "(the model's scores)"]
    assert sum(x.verdict == "steady" for x in steady) >= 0.95 * len(steady)
    # PSI of so few rows is far above zero; the noise says how far
    amount = [x for x in steady if x.feature == "amount"]
    assert np.mean([x.psi for x in amount]) == pytest.approx(np.mean([x.noise for x in amount]), rel=0.25)


def _scores(bundle: Bundle) -> np.ndarray[Any, Any]:
    """Predictions spread as the reference's are."""
    known = bundle.reference.scores
    middle = [(low + high) / 2 for low, high in zip(known.edges, known.edges[1:], strict=False)]
    return np.repeat(middle, known.counts)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("amount", lambda v: None if v is None else v + 2.0),
        ("amount", lambda v: v if v is None or v < 0.5 else None),
        ("city", lambda v: "Oslo" if v == "東京" else "東京"),
        ("city", lambda v: "Bergen"),
        ("vip", lambda v: not v),
        ("when", lambda v: "2024-01-01T03:00:00Z"),
        ("day", lambda v: "2024-01-06"),
    ],
    ids=["amount + 2", "amount cut", "city swapped", "city new", "vip turned", "when at night", "day Saturday"],
)
def test_a_shifted_feature_ranks_first(bundle: Bundle, name: str, change: Any) -> None:
    values = asked(11, 504)
    values[name] = [change(value) for value in values[name]]
    found = drift(bundle.reference, values, _scores(bundle))
    assert found[0].feature == name and found[0].verdict in ("shifted", "moved")
    assert {x.feature for x in found} == {*values, "(the model's scores)"}
    assert all(x.verdict == "steady" for x in found[1:])


def test_drift_of_the_scores_alone_is_seen(bundle: Bundle) -> None:
    found = drift(bundle.reference, asked(11, 504), np.full(504, 0.99))
    assert found[0].feature == "(the model's scores)" and found[0].verdict == "moved"


def test_a_rare_value_that_becomes_common_is_seen() -> None:
    """One row in fifty has the flag: it must not share a bin with the rest."""
    known = numbers(np.array([0.0] * 980 + [1.0] * 20))
    assert known.counts == (980, 20)
    assert line("flag", known, [0.0] * 980 + [1.0] * 20).psi == 0.0
    assert line("flag", known, [0.0] * 700 + [1.0] * 300).verdict == "moved"


def test_a_distance_is_of_the_shares_and_no_small_one_is_raised() -> None:
    """By SciPy, to the last digit that is told; PSI with empty shares alone as 0.0001."""
    from scipy.spatial.distance import jensenshannon

    from treadle.profiling.distances import distance

    before, now = np.array([900_000, 99_990, 10, 0]), np.array([44_000, 613, 2, 0])
    found = distance(before, now)
    p, q = before / before.sum(), now / now.sum()
    assert found.js == round(float(jensenshannon(p, q, base=2)), 5)
    kept = p > 0
    assert found.psi == round(float(((q - p)[kept] * np.log(q[kept] / p[kept])).sum()), 5)
    assert distance(np.array([10, 0]), np.array([0, 10])).js == 1.0
    assert distance(np.array([10, 0]), np.array([0, 0])).js == 0.0
