"""The figures of a profile, held to plain counts of the same rows; and tables that are no ordinary ones."""

from __future__ import annotations

import math
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buffers import held
from treadle.profiling import Asked, Label, compare, profile, profile_page
from treadle.profiling import measuring as measuring_module
from treadle.profiling.distinct import hyperloglog
from treadle.profiling.drawing import draw
from treadle.profiling.found import ColumnProfile, Profile
from treadle.profiling.spread import LEVELS


def measured(frame: pl.DataFrame, **asked: object) -> Profile:
    return profile(frame.lazy(), Asked("t", **asked))  # type: ignore[arg-type]


def column(frame: pl.DataFrame, name: str = "x", **asked: object) -> ColumnProfile:
    return next(each for each in measured(frame, **asked).columns if each.name == name)


@pytest.mark.parametrize("missing", [0, 3, 12_000])
@pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt64])
def test_large_whole_numbers_are_told_apart_wherever_the_first_of_them_is(missing: int, dtype: pl.DataType) -> None:
    values = [10**18 + n % 5 for n in range(100)]
    found = column(pl.DataFrame({"x": pl.Series([None] * missing + values, dtype=dtype)})).numbers
    assert found is not None and found.sd == pytest.approx(np.std([n % 5 for n in range(100)], ddof=1), rel=1e-12)


def test_the_commonest_values_come_by_how_often_they_stand_and_then_by_size() -> None:
    top = column(pl.DataFrame({"x": [float(n) for n in range(39, -1, -1)] * 2 + [7.0]})).top
    assert [each.value for each in top] == ["7", *(str(n) for n in range(20) if n != 7)]
    assert [each.rows for each in top] == [3] + [2] * 19
    (zero,) = column(pl.DataFrame({"x": [-0.0, -0.0, 1.0]})).top
    assert (zero.value, zero.rows) == ("0", 2)


def test_what_is_looked_at_is_said_of_a_large_table(monkeypatch: pytest.MonkeyPatch) -> None:
    said, frame = list[str](), pl.DataFrame({f"c{n}": [1, 2] for n in range(21)})
    measured(frame, say=said.append)
    assert said == []
    monkeypatch.setattr(measuring_module, "_LONG", 41)
    measured(frame, say=said.append)
    assert said == [f"t: column {n} of 21" for n in (1, 11, 21)]


def test_a_column_that_cannot_be_measured_is_the_last_that_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, told = list[str](), threading.Event()

    def measure(frame: pl.LazyFrame, name: str, *rest: object) -> ColumnProfile:
        begun.append(name)
        if name == "c0":
            raise pl.exceptions.ComputeError(name)
        told.wait(30)  # until the first was heard of
        raise AssertionError

    class Pool(ThreadPoolExecutor):
        def shutdown(self, *asked: bool, **named: bool) -> None:
            super().shutdown(wait=False, cancel_futures=named.get("cancel_futures", False))
            told.set()
            super().shutdown()

    monkeypatch.setattr(measuring_module, "_column", measure)
    monkeypatch.setattr(measuring_module, "ThreadPoolExecutor", Pool)
    with pytest.raises(pl.exceptions.ComputeError, match="c0"):
        measured(pl.DataFrame({f"c{n}": [1, 2] for n in range(50)}))
    assert len(begun) <= 3, "two at once, after the one that failed"


def test_rows_that_are_drawn_let_the_texts_of_all_others_go() -> None:
    texts = [None if n % 3 == 0 else f"a text that is long, of the row {n}" for n in range(50_000)]
    frame = pl.DataFrame({"n": range(50_000), "text": texts})
    drawn = draw(frame.lazy(), 50_000, 500).collect(engine="streaming")
    assert 400 < drawn.height < 600 and drawn["text"].to_list() == [texts[n] for n in drawn["n"]]
    assert held(drawn) < 3 * drawn.estimated_size()


@settings(max_examples=60)
@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True, width=32)), max_size=60))
def test_numbers_are_those_that_numpy_tells(values: list[float | None]) -> None:
    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    found = column(frame)
    finite = np.array([v for v in values if v is not None and math.isfinite(v)])
    assert found.missing == values.count(None)
    assert found.distinct == len(set(finite.tolist()))
    if not len(finite):
        assert found.numbers is None
        return
    numbers = found.numbers
    assert numbers is not None
    assert (numbers.low, numbers.high) == (finite.min(), finite.max())
    assert numbers.mean == pytest.approx(finite.mean(), rel=1e-6, abs=1e-6)
    assert numbers.quantiles == pytest.approx(np.quantile(finite, LEVELS).tolist(), rel=1e-6, abs=1e-30)
    assert numbers.nan == sum(v is not None and math.isnan(v) for v in values)
    assert numbers.infinite == sum(v is not None and math.isinf(v) for v in values)
    assert numbers.zeros == int((finite == 0).sum()) and numbers.negative == int((finite < 0).sum())
    assert found.bins is not None and found.parts is not None
    assert sum(found.bins.counts) == sum(found.parts.counts) == len(finite)
    assert found.bins.edges == sorted(found.bins.edges)


@settings(max_examples=60)
@given(st.lists(st.one_of(st.none(), st.text(max_size=4)), max_size=60))
def test_texts_are_counted_one_by_one(values: list[str | None]) -> None:
    found = column(pl.DataFrame({"x": pl.Series(values, dtype=pl.String)}))
    known = [value for value in values if value is not None]
    counts = Counter(known)
    assert found.distinct == len(counts) and found.distinct_how == "exact"
    assert sorted((each.rows for each in found.top), reverse=True) == sorted(
        (n for n in counts.values() if n > 1), reverse=True
    )[:20]  # fmt: skip
    if known:
        assert found.texts is not None
        assert (found.texts.shortest, found.texts.longest) == (min(map(len, known)), max(map(len, known)))
        assert found.texts.empty == known.count("")


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_rows_that_come_twice_and_keys_are_those_of_a_set(rows: list[tuple[int, int]]) -> None:
    found = measured(pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.Int64}, orient="row"))
    assert found.duplicates == len(rows) - len(set(rows))
    if len(rows) > 1:
        single = [n for i, n in enumerate("ab") if len({row[i] for row in rows}) == len(rows)]
        varied = all(len({row[i] for row in rows}) > 1 for i in (0, 1))
        both = [["a", "b"]] if len(set(rows)) == len(rows) and varied else []
        assert sorted(map(sorted, found.keys)) == ([[n] for n in single] if single else both)


def test_times_tell_span_zone_steps_and_gaps() -> None:
    hours = [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in (0, 1, 2, 3, 20, 21)]
    times = column(pl.DataFrame({"x": hours})).times
    assert times is not None
    assert (times.zone, times.step, times.gap) == ("UTC", 3600.0, 17 * 3600.0)
    assert times.gap_after.startswith("2024-01-01 03:00") and times.midnight == pytest.approx(1 / 6)
    days = column(pl.DataFrame({"x": [date(2024, 1, 1), date(2024, 1, 2)]})).times
    assert days is not None and (days.zone, days.midnight, days.step) == ("", 1.0, 86_400.0)


def test_durations_and_times_of_day_are_in_seconds() -> None:
    frame = pl.DataFrame({"x": [timedelta(seconds=90), timedelta(milliseconds=500)], "clock": [time(1), time(0, 1)]})
    for name, ends in (("x", (0.5, 90.0)), ("clock", (60.0, 3600.0))):
        numbers = column(frame, name).numbers
        assert numbers is not None and (numbers.low, numbers.high) == ends


def test_how_far_numbers_lie_apart_and_how_long_texts_are() -> None:
    found = measured(pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, math.inf], "t": ["a", "bb ", "c" * 9, None, " "]}))
    numbers, texts = found.columns[0].numbers, found.columns[1].texts
    assert numbers is not None and numbers.sd == pytest.approx(np.std([1, 2, 3, 4], ddof=1))
    assert texts is not None and (texts.mean, texts.blanks) == (3.5, 2)


def test_medians_and_missing_values_are_of_their_own_side() -> None:
    before, now = pl.DataFrame({"x": [1.0, 2.0, 9.0]}), pl.DataFrame({"x": [3.0, 4.0, 50.0, None]})
    (line,) = compare(measured(before), measured(now))
    assert (line.median_before, line.median_now, line.missing_before, line.missing_now) == (2.0, 4.0, 0.0, 0.25)


def test_large_whole_numbers_are_told_apart() -> None:
    """As floats the two would be one."""
    assert column(pl.DataFrame({"x": [2**53, 2**53 + 1]})).distinct == 2
    numbers = column(pl.DataFrame({"x": [2**60 + 1, 2**60 + 3, 7]})).numbers
    assert numbers is not None and (numbers.low, numbers.high) == (7, 2**60 + 3)


U = UTC
ODD = {
    "no column": pl.DataFrame(),
    "no row": pl.DataFrame(schema={"a": pl.Int64, "b": pl.String, "c": pl.Datetime("us", "UTC"), "d": pl.Boolean}),
    "one row": pl.DataFrame({"a": [1], "b": ["x"], "c": [datetime(2024, 1, 1)], "d": [True], "e": [1.5]}),
    "all missing": pl.DataFrame({"a": [None] * 3, "b": pl.Series([None] * 3, dtype=pl.Float64),
                                 "c": pl.Series([None] * 3, dtype=pl.String)}),
    "nested": pl.DataFrame({"l": [[1], None], "s": [{"a": 1}, None], "bin": [b"a", None], "x": [1, 2]}),
    "names": pl.DataFrame({"名" * 200: ["ü", "<script>x</script>"], "[red]x[/]": ["\x1b[31m", ""], "": [1, 2],
                           "row": [1, 1]}),
    "types": pl.DataFrame({"dec": [Decimal("1.50"), None], "time": [time(1), None], "dur": [timedelta(1), timedelta(2)],
                           "u": pl.Series([2**64 - 1, 0], dtype=pl.UInt64), "i": pl.Series([1, 2], dtype=pl.Int128),
                           "cat": pl.Series(["a", "b"], dtype=pl.Categorical),
                           "enum": pl.Series(["a", "a"], dtype=pl.Enum(["a"])),
                           "ns": pl.Series([datetime(2024, 1, 1), None], dtype=pl.Datetime("ns"))}),
    "far": pl.DataFrame({"t": [datetime(1, 1, 1), datetime(9999, 12, 31)], "x": [1e308, -1e308], "y": [5e-324, 0.0]}),
    "wide": pl.DataFrame({f"c{n}": [n, n % 3, 5] for n in range(250)}),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_tables_have_a_profile_a_page_and_json(name: str) -> None:
    frame = ODD[name]
    found = measured(frame)
    assert (found.rows, len(found.columns)) == (frame.height, frame.width)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Profile) == found
    page = profile_page(found)
    assert "<script" not in page and "nan" not in page.lower().replace("nano", "")
    assert all(line.verdict in ("", "steady") for line in compare(found, measured(frame, like=found)))


def test_of_a_large_table_a_part_is_drawn_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring_module, "MOST_EXACT", 1000)
    frame = pl.DataFrame({"x": range(20_000), "t": [f"v{n % 7}" for n in range(20_000)]})
    found = measured(frame)
    x = found.columns[0]
    assert found.rows == 20_000 and found.drawn == 1000 and x.numbers is not None
    assert x.numbers.quantiles[3] == pytest.approx(10_000, rel=0.05), "evenly spread"
    assert (x.numbers.low, x.numbers.high, x.numbers.mean) == (0, 19_999, 9999.5), "of all rows"
    assert x.distinct_how == "about" and x.distinct == pytest.approx(20_000, rel=0.03) and "drawn" in x.notes[0]


def test_too_many_texts_are_counted_by_hyperloglog_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring_module, "MOST_LEVELS", 100)
    found = column(pl.DataFrame({"x": [f"v{n}" for n in range(5000)] + ["common"] * 5000}))
    assert found.distinct_how == "about" and found.distinct == pytest.approx(5001, rel=0.03)
    assert found.top[0].value == "common" and "HyperLogLog" in found.notes[0]


def test_so_are_texts_of_many_bytes_and_what_nearly_names_each_row_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring_module, "MOST_TEXT", 10_000)
    names = [f"v{n:05d}" for n in range(3000)]
    assert column(pl.DataFrame({"x": names[:1000]})).distinct_how == "exact"
    for values, key in ((names, True), ([*names[:-1], names[0]], False)):
        found = column(pl.DataFrame({"x": values}))
        assert (found.distinct_how, found.key) == ("about", key)


def test_a_value_that_holds_more_than_its_share_has_a_part_of_its_own() -> None:
    values = [n / 10 for n in range(35)] + [5.0] * 50 + [6 + n / 10 for n in range(15)]
    found = column(pl.DataFrame({"x": values})).parts
    assert found is not None and 50 in found.counts


def test_a_label_is_told_by_its_cause_and_not_by_noise_nor_by_itself() -> None:
    drawn = np.random.default_rng(3)
    cause = drawn.normal(size=4000)
    frame = pl.DataFrame({"cause": cause, "noise": drawn.normal(size=4000), "y": (cause > 0.5).astype(int)})
    found = measured(frame, label=Label("y > 0", pl.col("y") > 0, frozenset(("y",))))
    related = {each.name: each.relation for each in found.columns}
    assert related["y"] is None, "it is the label itself"
    assert related["cause"] is not None and related["cause"].share > 0.8
    assert related["noise"] is not None and related["noise"].share <= 2 * related["noise"].chance
    assert any("cause alone tells" in question for question in found.questions) == (related["cause"].share >= 0.9)


def test_equal_columns_and_strong_pairs_are_told() -> None:
    drawn = np.random.default_rng(4)
    a = drawn.normal(size=3000)
    frame = pl.DataFrame(
        {"a": a, "twice": a, "near": a + drawn.normal(size=3000) * 0.01, "else": drawn.normal(size=3000)}
    )
    found = {(pair.first, pair.second): pair for pair in measured(frame).pairs}
    assert found["a", "twice"].equal and not found["a", "near"].equal and found["a", "near"].share > 0.5
    assert not any("else" in names for names in found)


def test_what_is_equal_in_the_drawn_rows_alone_is_not_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    from treadle.profiling import relations

    monkeypatch.setattr(relations, "MOST_ROWS", 10)
    values = list(range(1000))
    frame = pl.DataFrame({"a": values, "b": [*values[:-1], -1]})
    assert not any(pair.equal for pair in measured(frame).pairs)


def test_a_table_compared_with_itself_is_steady_and_one_that_moved_is_not() -> None:
    drawn = np.random.default_rng(5)
    before = pl.DataFrame({"x": drawn.normal(size=5000), "t": ["a", "b"] * 2500, "id": range(5000)})
    now = pl.DataFrame({"x": drawn.normal(1.5, size=5000), "t": ["a"] * 4500 + ["c"] * 500, "id": range(5000, 10_000)})
    first = measured(before)
    assert {line.verdict for line in compare(first, measured(before, like=first)) if line.column != "id"} == {"steady"}
    lines = {line.column: line for line in compare(first, measured(now, like=first))}
    assert lines["x"].verdict == lines["t"].verdict == "moved" and (lines["x"].psi or 0) > 1
    assert lines["id"].psi is None, "a key is new in every row that is"
    assert lines["x"].mean_now == pytest.approx(1.5, abs=0.1)


def test_unlike_bins_are_not_laid_side_by_side() -> None:
    frames = [pl.DataFrame({"x": np.random.default_rng(seed).normal(size=500).round(1)}) for seed in (1, 2)]
    assert [line.psi for line in compare(measured(frames[0]), measured(frames[1]))] == [None]


def test_a_profile_reads_a_parquet_file_lazily_and_alike(tmp_path: object) -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, None], "t": ["a", "b", "a"]})
    frame.write_parquet(f"{tmp_path}/t.parquet")
    assert profile(pl.scan_parquet(f"{tmp_path}/t.parquet"), Asked("t")) == measured(frame)


@pytest.mark.parametrize("rows", [1, 30, 1000, 20_000, 60_000, 300_000])
def test_hyperloglog_is_within_three_standard_errors(rows: int) -> None:
    for values in (pl.Series(range(rows)), pl.Series([f"v{n}" for n in range(rows)])):
        column = pl.DataFrame({"x": [*values.to_list(), None, values[0]]}).lazy()
        assert hyperloglog(column) == pytest.approx(rows, rel=0.025)


def test_hyperloglog_of_nothing_is_nothing() -> None:
    assert hyperloglog(pl.DataFrame({"x": pl.Series([None, None], dtype=pl.Int64)}).lazy()) == 0


@pytest.mark.parametrize("texts", [True, False])
def test_what_is_missing_is_a_bin_of_its_own_and_psi_is_that_by_hand(texts: bool) -> None:
    values: list[object] = ["a", "b"] if texts else [1.0, 2.0]
    before = measured(pl.DataFrame({"x": values * 200}))
    now = pl.DataFrame({"x": [*values * 50, *[None] * 100]})
    (line,) = compare(before, measured(now, like=before))
    psi = 2 * (0.25 - 0.5) * math.log(0.25 / 0.5) + (0.5 - 1e-4) * math.log(0.5 / 1e-4)
    assert line.psi == pytest.approx(psi, rel=1e-3) and line.verdict == "moved"
    assert (line.missing_before, line.missing_now) == (0.0, 0.5)


def test_of_drawn_rows_what_is_missing_counts_by_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring_module, "MOST_EXACT", 2000)
    frame = pl.DataFrame({"x": [None if n % 4 == 0 else n % 7 * 1.0 for n in range(20_000)]})
    before = measured(frame.head(1900))
    (line,) = compare(before, measured(frame, like=before))
    assert line.verdict == "steady" and (line.psi or 0) < 0.02


START, LATER = datetime(2024, 1, 1), datetime(2024, 1, 2)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ([0] * 500, [1] * 500),
        ([0.0] * 500, [-1e-300] * 500),
        ([START] * 500, [LATER] * 500),
        ([LATER.date()] * 500, [START.date()] * 500),
        ([0] * 450 + [1] * 50, [-5] * 450 + [1] * 50),  # of 0 and 1 the bins are of one value each, too
        ([0] * 50 + [1] * 450, [0] * 50 + [7] * 450),
    ],
)
def test_what_was_one_value_and_is_another_has_moved(before: list[object], now: list[object]) -> None:
    first = measured(pl.DataFrame({"x": before}))
    (same,) = compare(first, measured(pl.DataFrame({"x": before}), like=first))
    second = measured(pl.DataFrame({"x": now}), like=first)
    (line,) = compare(first, second)
    assert (same.verdict, line.verdict) == ("steady", "moved")
    found = second.columns[0].parts
    assert found is not None and found.below + sum(found.counts) + found.above == 500


def test_of_drawn_rows_what_is_not_finite_counts_by_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring_module, "MOST_EXACT", 2000)
    odd = {0: math.nan, 1: math.inf}
    frames = [pl.DataFrame({"x": [odd.get(n % each, n % 7 * 1.0) for n in range(20_000)]}) for each in (5, 100_000)]
    before = measured(frames[0].head(1900))
    lines = [compare(before, measured(frame, like=before))[0] for frame in frames]
    assert [line.verdict for line in lines] == ["steady", "moved"]


def test_of_drawn_times_the_ends_and_the_share_at_midnight_are_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring_module, "MOST_EXACT", 100)
    times = [START + timedelta(minutes=13 * n) for n in range(6000)]
    frame = pl.DataFrame({"x": [None, *times, None]})
    found = measured(frame)
    told = found.columns[0].times
    assert told is not None and (told.first, told.last, told.zone) == (str(times[0]), str(times[-1]), "")
    assert told.midnight == sum(each.time() == time() for each in times) / 6000 > 0
    assert (told.step, told.gap, told.gap_after) == (None, None, "")
    assert "how one time follows another is not told of so many" in profile_page(found)


@pytest.mark.parametrize(
    ("values", "dtype", "top"),
    [
        ([2**53, 2**53 + 1, 2**53 + 1], pl.Decimal(38, 0), str(2**53 + 1)),
        ([2**53, 2**53 + 1, 2**53 + 1], pl.Int128, str(2**53 + 1)),
        ([Decimal("0.10"), Decimal("0.20"), Decimal("0.20")], pl.Decimal(10, 2), "0.2"),
        ([100, 200, 200], pl.Decimal(10, 2), "200"),
        ([1, 2, 2], pl.Datetime("ns"), "1970-01-01 00:00:00"),
    ],
)
def test_values_of_which_a_float_would_make_one_are_counted_apart(
    values: list[object], dtype: pl.DataType, top: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pl.DataFrame({"x": pl.Series(values).cast(dtype)})
    found = column(frame)
    assert found.distinct == 2 and [(each.value, each.rows) for each in found.top] == [(top, 2)]
    monkeypatch.setattr(measuring_module, "MOST_EXACT", 2)
    assert column(frame).distinct == 2  # about


def test_bins_that_nothing_is_in_make_no_noise() -> None:
    """The mean of PSI without drift is of the bins that can hold something: (bins - 1) (1/n + 1/m)."""
    from treadle.profiling.distances import distance

    before, now = np.array([250, 250, 0, 0, 0]), np.array([240, 260, 0, 0, 0])
    assert distance(before, now).noise == pytest.approx(1 / 500 + 1 / 500)
    assert distance(before, np.array([240, 250, 10, 0, 0])).noise == pytest.approx(2 * (1 / 500 + 1 / 500))
    assert distance(np.zeros(5, dtype=int), np.zeros(5, dtype=int)).noise == 0.0


def test_the_commonest_numbers_are_told_with_all_of_their_digits() -> None:
    values = [1234567.5] * 3 + [1234567.6] * 4 + [1234568.25] * 2 + [7.0] * 5
    told = profile(pl.LazyFrame({"x": values}), Asked("t")).columns[0].top
    assert [(each.value, each.rows) for each in told] == [
        ("7", 5),
        ("1234567.6", 4),
        ("1234567.5", 3),
        ("1234568.25", 2),
    ]


def test_no_float_is_half_of_a_key() -> None:
    """What is weighed differs in every row or nearly so, and pairs of it would leave the true pair no place."""
    lines = [
        (5 + (order * 7 + line * 3) % 997 / 1000, order, line, order % 40) for order in range(200) for line in range(4)
    ]
    frame = pl.DataFrame(lines, schema=["weight_kg", "order_no", "line_no", "sku"], orient="row")
    assert measured(frame).keys == [["order_no", "line_no"]]


@pytest.mark.parametrize("low", [2**62, 1_700_000_000_000_000_000, -(2**62), 0])
def test_large_whole_numbers_are_measured_from_their_middle(low: int) -> None:
    """As floats they have no room for what tells them apart."""
    steps = np.arange(1000) * 7 % 1000
    numbers = column(pl.DataFrame({"x": [low + int(step) for step in steps]})).numbers
    assert numbers is not None and numbers.sd == pytest.approx(steps.std(ddof=1), rel=1e-12)
    assert numbers.mean == pytest.approx(low + 499.5, rel=1e-15)
    assert all(numbers.low <= each <= numbers.high for each in numbers.quantiles)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
@settings(max_examples=30)
def test_no_quantile_lies_beyond_the_least_and_the_largest(values: list[float]) -> None:
    numbers = column(pl.DataFrame({"x": values})).numbers
    assert numbers is not None and all(numbers.low <= each <= numbers.high for each in numbers.quantiles)
    assert numbers.quantiles == sorted(numbers.quantiles)
