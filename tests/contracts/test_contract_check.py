"""Each kind of rule against rows that keep it and rows that do not."""

# the tables of cases read best a case a line
# ruff: noqa: E501

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from treadle.contracts import Report, check, load, raise_if_broken, row_rules, stale
from treadle.errors import ContractBroken, DataError
from treadle.expr import parse, row_function

NOW = datetime(2026, 1, 10, tzinfo=UTC)
ALL = "customProperties: [{property: maxBadShare, value: 1}]\n"
EXAMPLES = Path(__file__).parents[2] / "examples"


def bad(report: Report) -> list[tuple[int, str]]:
    return [(row, rule) for row, rule in report.quarantine.select("row", "rule").iter_rows()]


def nothing_lost(report: Report) -> None:
    assert report.good.height + report.quarantine["row"].n_unique() == report.rows
    assert report.bad_rows == report.quarantine["row"].n_unique()


@pytest.mark.parametrize(
    ("property_", "values", "rule", "rows"),
    [
        ("{name: x, logicalType: integer, required: true}", [1, None, 3], "x_required", [1]),
        ("{name: x, required: true}", [1.0, math.nan, None], "x_required", [1, 2]),
        ("{name: x, required: true}", [[1], None], "x_required", [1]),
        ("{name: x, unique: true}", ["a", "b", "a", None, None, "a"], "x_unique", [2, 5]),
        ("{name: x, primaryKey: true}", [1, 1, 2], "x_unique", [1]),
        ("{name: x, logicalType: number, logicalTypeOptions: {minimum: 0, maximum: 1}}", [-0.1, 0, 1, 1.1, None], "x_range", [0, 3]),
        ("{name: x, logicalType: integer, logicalTypeOptions: {exclusiveMinimum: 0}}", [-1, 0, 1], "x_range", [0, 1]),
        ("{name: x, logicalType: integer, logicalTypeOptions: {exclusiveMaximum: 5}}", [4, 5, 6], "x_range", [1, 2]),
        ("{name: x, logicalType: date, logicalTypeOptions: {minimum: 2020-01-01}}", [date(2019, 1, 1), date(2020, 1, 1)], "x_range", [0]),
        ("{name: x, logicalType: timestamp, logicalTypeOptions: {maximum: '2020-01-01 12:00:00'}}",
         [datetime(2020, 1, 1, 12), datetime(2020, 1, 1, 12, 0, 1)], "x_range", [1]),
        ("{name: x, logicalType: string, logicalTypeOptions: {minLength: 2, maxLength: 3}}", ["a", "äß", "日本語", "abcd", None], "x_length", [0, 3]),
        ("{name: x, logicalType: string, logicalTypeOptions: {pattern: '^[A-Z]{2}$'}}", ["AB", "ab", "ABC", "", None], "x_regex", [1, 2, 3]),
        ("{name: x, logicalType: string, quality: [{rule: validValues, validValues: [é, '']}]}", ["é", "", "e", None], "x_set", [2]),
        ("{name: x, logicalType: string, quality: [{metric: invalidValues, arguments: {validValues: [1, true]}, mustBe: 0}]}",
         ["1", "true", "2"], "x_set", [2]),
        ("{name: x, logicalType: boolean, quality: [{metric: invalidValues, arguments: {validValues: [true]}}]}", [True, False], "x_set", [1]),
        ("{name: x, logicalType: string, quality: [{metric: invalidValues, arguments: {pattern: '^a'}}]}", ["a", "b"], "x_regex", [1]),
        ("{name: x, quality: [{metric: duplicateValues, mustBe: 0}]}", [1, 1], "x_unique", [1]),
        ("{name: x, logicalType: integer, quality: [{type: custom, engine: treadle, name: even, implementation: x % 2 = 0}]}", [2, 3, None], "even", [1]),
        ("{name: x, logicalType: integer, quality: [{type: sql, name: even, query: x % 2 = 0}]}", [2, 3], "even", [1]),
        ("{name: x, logicalType: integer}", ["1", " 2", "x", "1.5", None], "x_type", [2, 3]),
        ("{name: x, logicalType: integer}", [1.0, 1.5, math.nan, math.inf, 1e300], "x_type", [1, 3, 4]),
        ("{name: x, logicalType: number}", [1.0, math.inf, -math.inf, math.nan], "x_type", [1, 2]),
        ("{name: x, logicalType: number}", ["1e3", "inf", "x", ".5"], "x_type", [1, 2]),
        ("{name: x, logicalType: boolean}", [0, 1, 2], "x_type", [2]),
        ("{name: x, logicalType: boolean}", ["true", "No", "perhaps"], "x_type", [2]),
        ("{name: x, logicalType: date}", ["2020-02-29", "2021-02-29", "today"], "x_type", [1, 2]),
        ("{name: x, logicalType: date}", [datetime(2020, 1, 1), datetime(2020, 1, 1, 1)], "x_type", [1]),
        ("{name: x, logicalType: timestamp}", ["2020-01-01", "2020-01-01 10:00:00", "10:00"], "x_type", [2]),
    ],
)  # fmt: skip
def test_row_rules(contract, property_, values, rule, rows):
    made = contract(f"- {property_}", more=ALL)
    report = check(pl.DataFrame({"x": values}, strict=False), made, now=NOW)
    assert [row for row, name in bad(report) if name == rule] == rows
    assert {name for _, name in bad(report)} == {rule}
    assert report.broken == []
    nothing_lost(report)
    result = next(r for r in report.results if r.rule.id == rule)
    assert (result.failing, result.ok, result.batch_level) == (len(rows), False, False)
    assert result.share == len(rows) / len(values)


def test_good_rows_keep_order_and_have_declared_types(contract):
    made = contract("- {name: a, logicalType: integer}\n- {name: b, logicalType: timestamp}", more=ALL)
    frame = pl.DataFrame({"b": ["2020-01-02", "x", "2020-01-01"], "extra": [1, 2, 3], "a": ["3", "2", "1"]})
    report = check(frame.lazy(), made, now=NOW)
    assert report.good.schema == {"b": pl.Datetime("us", "UTC"), "extra": pl.Int64(), "a": pl.Int64()}
    assert report.good["a"].to_list() == [3, 1]
    assert report.quarantine.rows() == [(1, "", "b_type", "b", "x", "b must be a timestamp")]


def test_int_of_64_bits_and_more(contract):
    made = contract("- {name: a, logicalType: integer}", more=ALL)
    report = check(pl.DataFrame({"a": pl.Series([1, 2**63, None], dtype=pl.UInt64)}), made, now=NOW)
    assert bad(report) == [(1, "a_type")]
    assert report.good["a"].to_list() == [1, None]


def test_a_value_of_another_type_is_not_also_missing(contract):
    made = contract("- {name: a, logicalType: integer, required: true, logicalTypeOptions: {minimum: 0}}", more=ALL)
    report = check(pl.DataFrame({"a": ["x", None, "-1", "5"]}), made, now=NOW, keys=("a",))
    assert bad(report) == [(0, "a_type"), (1, "a_required"), (2, "a_range")]
    assert report.quarantine["value"].to_list() == ["x", None, "-1"]
    assert report.quarantine["key"].to_list() == ["x", "", "-1"]


def test_rule_over_two_columns(contract):
    made = contract(
        "- {name: a, logicalType: integer}\n- {name: b b, logicalType: integer}",
        quality="- {name: order, type: custom, engine: treadle, implementation: 'a < \"b b\"'}",
        more=ALL,
    )
    report = check(pl.DataFrame({"a": [1, 2, None], "b b": [2, 1, 1]}), made, now=NOW)
    line = report.quarantine.row(0, named=True)
    assert (line["row"], line["column"], line["value"]) == (1, "a, b b", "a=2, b b=1")
    assert report.quarantine.height == 1


def test_key_of_two_columns(contract):
    made = contract("- {name: a, primaryKey: true}\n- {name: b, primaryKey: true}", more=ALL)
    report = check(pl.DataFrame({"a": [1, 1, 1], "b": [1, 2, 1]}), made, now=NOW, keys=("a", "b"))
    assert bad(report) == [(2, "key")]
    assert report.quarantine["key"].item() == "1,1"


def test_duplicates_of_a_table_by_properties(contract):
    made = contract(
        "- {name: a}\n- {name: b}",
        quality="- {metric: duplicateValues, arguments: {properties: [a, b]}, mustBeLessThan: 1}",
    )
    report = check(pl.DataFrame({"a": [1, 1], "b": [2, 2]}), made, now=NOW)
    assert any("less than 1 failing rows" in text for text in report.broken)


def test_missing_column_breaks_and_the_rest_is_still_checked(contract):
    made = contract("- {name: distance, required: true}\n- {name: b, required: true}")
    report = check(pl.DataFrame({"distanse": [1], "b": [None]}), made, now=NOW)
    assert 'the column "distance" is missing (did you mean "distanse"?)' in report.broken[0]
    assert bad(report) == [(0, "b_required")]
    assert not next(r for r in report.results if r.rule.column == "distance").ok
    with pytest.raises(ContractBroken) as caught:
        raise_if_broken(report, made, "sources.t")
    assert caught.value.where == "sources.t"
    assert "distanse" in caught.value.what and "1 of 1 rows are bad" in caught.value.what


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("integer", ["a", "b", None]),
        ("integer", [[1], [2]]),
        ("date", [1, 2]),
        ("boolean", [0.5, 1.0]),
        ("string", [1.5, 2.5]),
        ("timestamp", [True, False]),
    ],
)
def test_a_column_of_another_type_breaks(contract, kind, values):
    made = contract(f"- {{name: x, logicalType: {kind}, required: true}}", more=ALL)
    report = check(pl.DataFrame({"x": values}, strict=False), made, now=NOW, keys=("x",))
    assert any(text.startswith(f"x must be a{'n' * (kind == 'integer')} {kind}") for text in report.broken)
    nothing_lost(report)


def test_column_of_nothing_but_null(contract):
    made = contract("- {name: x, logicalType: integer, unique: true}")
    report = check(pl.DataFrame({"x": [None, None]}), made, now=NOW)
    assert report.ok and report.good.schema == {"x": pl.Int64()}


@pytest.mark.parametrize(
    ("rule", "nulls", "holds"),
    [
        ("{metric: nullValues, mustBe: 0}", 0, True),
        ("{metric: nullValues}", 1, False),
        ("{metric: nullValues, mustBeLessThan: 3}", 2, True),
        ("{metric: nullValues, mustBeLessThan: 3}", 3, False),
        ("{rule: nullCheck, mustBeLessOrEqualTo: 25, unit: percent}", 2, True),
        ("{metric: nullValues, mustBeLessOrEqualTo: 25, unit: percent}", 3, False),
        ("{metric: nullValues, mustBeBetween: [1, 2]}", 0, False),
        ("{metric: nullValues, mustBeGreaterThan: 1}", 2, True),
        ("{metric: missingValues, arguments: {missingValues: [n/a, null]}, mustBeLessThan: 2}", 0, True),
        ("{metric: missingValues, arguments: {missingValues: [n/a, null]}, mustBeLessThan: 2}", 1, False),
    ],
)
def test_null_share(contract, rule, nulls, holds):
    made = contract(f"- {{name: x, logicalType: string, quality: [{rule}]}}")
    report = check(pl.DataFrame({"x": [None] * nulls + ["n/a"] + ["v"] * (7 - nulls)}), made, now=NOW)
    assert report.ok is holds
    assert report.good.height == 8
    result = report.results[-1]
    assert (result.ok, result.batch_level) == (holds, True)
    assert result.failing == nulls + ("missingValues" in rule)


@pytest.mark.parametrize(
    ("bound", "holds"),
    [
        ("mustBe: 3", True),
        ("mustBe: 4", False),
        ("mustBeGreaterThan: 3", False),
        ("mustBeGreaterOrEqualTo: 3", True),
        ("mustBeLessThan: 3", False),
        ("mustBeLessOrEqualTo: 3", True),
        ("mustBeBetween: [1, 2]", False),
        ("mustBeGreaterOrEqualTo: 2, mustBeLessOrEqualTo: 3", True),
    ],
)
def test_row_count(contract, bound, holds):
    made = contract("- {name: x}", quality=f"- {{metric: rowCount, {bound}}}")
    report = check(pl.DataFrame({"x": [1, 2, 3]}), made, now=NOW)
    assert report.ok is holds
    if not holds:
        assert "found 3" in report.broken[0]


@pytest.mark.parametrize(("unit", "value", "holds"), [("h", 30, True), ("days", 1, False), ("d", 2, True), ("min", 1, False)])  # fmt: skip
@pytest.mark.parametrize("kind", ["timestamp", "date"])
def test_freshness(contract, unit, value, holds, kind):
    sla = f"slaProperties: [{{property: latency, value: {value}, unit: {unit}, element: t.at}}, {{property: retention, value: 3}}]\n"  # fmt: skip
    made = contract(f"- {{name: at, logicalType: {kind}}}", more=sla)
    newest = NOW - timedelta(days=1, seconds=1) if kind == "timestamp" else date(2026, 1, 8)
    report = check(pl.DataFrame({"at": [newest, newest - timedelta(days=9), None]}), made, now=NOW)
    assert report.ok is (holds if kind == "timestamp" else unit == "d" and value == 2)
    assert not check(pl.DataFrame({"at": []}, schema={"at": pl.Date}), made, now=NOW).ok


@pytest.mark.parametrize(
    ("unit", "seconds"),
    [
        ("s", 1),
        ("seconds", 1),
        ("min", 60),
        ("minutes", 60),
        ("h", 3600),
        ("hrs", 3600),
        ("hours", 3600),
        ("d", 86400),
        ("days", 86400),
        ("w", 604800),
        ("weeks", 604800),
    ],
)
def test_freshness_in_every_unit_and_at_its_limit(contract, unit, seconds):
    sla = f"slaProperties: [{{property: latency, value: 2, unit: {unit}, element: t.at}}]\n"
    made = contract("- {name: at, logicalType: timestamp}", more=sla)
    for age, fresh in ((2 * seconds, True), (2 * seconds + 0.001, False)):
        frame = pl.DataFrame({"at": [NOW - timedelta(seconds=age)]})
        assert check(frame, made, now=NOW).ok is fresh, age


@pytest.mark.parametrize(("level", "soft"), [("warn", True), ("stop", False)])
def test_freshness_that_is_soft_refuses_nothing_later_either(contract, level, soft):
    sla = "slaProperties: [{property: latency, value: 2, unit: d, element: t.at}]\n"
    made = contract(
        "- {name: at, logicalType: timestamp}",
        more=f"{sla}customProperties: [{{property: freshnessLevel, value: {level}}}]\n",
    )
    report = check(pl.DataFrame({"at": [NOW - timedelta(days=3)]}), made, now=NOW)
    assert report.ok is soft and bool(report.warnings) is soft
    assert (stale(made, report.newest, NOW) == []) is soft
    assert stale(made, report.newest, NOW - timedelta(days=1)) == []


def test_bad_share(contract):
    made = contract("- {name: x, logicalType: integer, logicalTypeOptions: {minimum: 0}}")
    assert made.max_bad_share == 0.05
    fine = check(pl.DataFrame({"x": [-1] + [1] * 19}), made, now=NOW)
    assert fine.ok and fine.bad_rows == 1
    broken = check(pl.DataFrame({"x": [-1, -2] + [1] * 18}), made, now=NOW)
    assert broken.broken == [
        "2 of 20 rows are bad (10.00%; at most 5.00% may be): 2 since x must be at least 0",
    ]


def test_a_row_rule_with_a_bound_of_its_own(contract):
    made = contract(
        "- {name: x, logicalType: string, quality: [{metric: invalidValues, "
        "arguments: {validValues: [a]}, mustBeLessThan: 20, unit: percent}]}",
        more=ALL,
    )
    assert check(pl.DataFrame({"x": ["b"] + ["a"] * 9}), made, now=NOW).ok
    report = check(pl.DataFrame({"x": ["b"] * 2 + ["a"] * 8}), made, now=NOW)
    assert "less than 20 % failing rows" in report.broken[0]
    assert report.good.height == 8


@pytest.mark.parametrize(("severity", "kept"), [("warning", 10), ("INFO", 10), ("error", 9), ("high", 9)])
def test_rows_beyond_a_soft_rule_are_kept_and_told_of(contract, severity, kept):
    made = contract(
        "- {name: x, logicalType: string, quality: [{name: seen, metric: invalidValues, "
        f"arguments: {{validValues: [a]}}, severity: {severity}}}]}}",
        more=ALL,
    )
    report = check(pl.DataFrame({"x": ["b"] + ["a"] * 9}), made, now=NOW)
    assert report.ok and report.good.height == kept and report.bad_rows == 10 - kept
    said = ["seen: x must be one of a, and does not in 1 of 10 rows (10.00%), which are kept"]
    assert report.warnings == (said if kept == 10 else [])
    assert report.quarantine.height == 10 - kept


def test_too_many_rows_beyond_a_soft_rule_refuse_the_batch(contract):
    made = contract(
        "- {name: x, logicalType: integer, quality: [{type: custom, engine: treadle, implementation: x > 0, "
        "severity: warning, mustBeLessOrEqualTo: 10, unit: percent}]}"
    )
    assert check(pl.DataFrame({"x": [-1] + [1] * 9}), made, now=NOW).ok
    broken = check(pl.DataFrame({"x": [-1] * 2 + [1] * 8}), made, now=NOW)
    assert broken.bad_rows == 0 and "at most 10 % failing rows" in broken.broken[0]


def test_empty_table(contract):
    made = contract(
        "- {name: x, logicalType: integer, required: true, unique: true, quality: [{metric: nullValues, unit: percent}]}"
    )
    report = check(pl.DataFrame({"x": []}, schema={"x": pl.String}), made, now=NOW)
    assert report.ok and report.rows == 0 and report.good.schema == {"x": pl.Int64()}
    assert report.quarantine.schema == {
        "row": pl.Int64(), "key": pl.String(), "rule": pl.String(), "column": pl.String(), "value": pl.String(),
        "reason": pl.String(),
    }  # fmt: skip


def test_unreadable_rows_are_a_data_error(contract, tmp_path):
    file = tmp_path / "x.parquet"
    pl.DataFrame({"x": [1]}).write_parquet(file)
    frame = pl.scan_parquet(file)
    frame.collect_schema()
    file.unlink()
    with pytest.raises(DataError) as caught:
        check(frame, contract("- {name: x}"), now=NOW, where="sources.x")
    assert caught.value.where == "sources.x"


def test_row_rules_agree_with_the_pass(contract):
    made = contract(
        """
- {name: a, logicalType: integer, required: true, unique: true, logicalTypeOptions: {minimum: 0, maximum: 9}}
- {name: b, logicalType: string, logicalTypeOptions: {maxLength: 2}, quality: [{metric: invalidValues, arguments: {validValues: [x, yy, zzz]}}]}
- {name: c, logicalType: integer}
""",
        quality="- {type: custom, engine: treadle, name: order, implementation: a < c}",
        more=ALL,
    )
    rules = row_rules(made, ["a", "b"])
    assert [rule.id for rule in rules] == ["a_required", "a_range", "b_length", "b_set"]
    assert [rule.id for rule in row_rules(made, {"a", "b", "c"})][-1] == "order"
    rows = [{"a": a, "b": b, "c": 5} for a in (None, -1, 0, 7, 10) for b in (None, "", "x", "zzz", "é")]
    report = check(pl.DataFrame(rows), made, now=NOW)
    for rule in row_rules(made, made.columns):
        failing = row_function(parse(rule.expression, made.types))
        wrong = {i for i, row in enumerate(rows) if failing(row) is False}
        assert wrong == {row for row, name in bad(report) if name == rule.id}, rule.id


@pytest.mark.parametrize(("name", "data", "key"), [("flights", "flights.parquet", "flight_id"), ("credit", "credit.csv", "account")])  # fmt: skip
def test_examples_hold_on_their_data(name, data, key):
    made = load(EXAMPLES / name / "contracts" / f"{name}.yaml")
    file = EXAMPLES / name / "data" / data
    frame = pl.scan_parquet(file) if file.suffix == ".parquet" else pl.scan_csv(file)
    report = check(frame, made, now=NOW, keys=(key,))
    assert report.ok, report.broken
    assert report.bad_rows == 0 and report.good.height == report.rows > 9000
    assert all(result.ok for result in report.results) and len(report.results) >= 15


_VALUES = st.one_of(st.none(), st.integers(-5, 5).map(str), st.sampled_from(["", "x", "é", "1.5", "nan", " 3 ", "1e2"]))


@given(
    rows=st.lists(st.tuples(_VALUES, st.none() | st.floats(width=32), _VALUES), max_size=30),
    lazy=st.booleans(),
)
@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_is_lost(contract, rows, lazy):
    made = contract(
        """
- {name: i, logicalType: integer, required: true, unique: true, logicalTypeOptions: {minimum: -3}}
- {name: f, logicalType: number, logicalTypeOptions: {maximum: 1000}}
- {name: s, logicalType: string, logicalTypeOptions: {minLength: 1}, quality: [{metric: nullValues, mustBeLessThan: 3}]}
""",
        quality="- {type: custom, engine: treadle, implementation: 'i > f or s <> ''x'''}",
    )
    schema = {"i": pl.String, "f": pl.Float64, "s": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    report = check(frame.lazy() if lazy else frame, made, now=NOW)
    nothing_lost(report)
    assert report.rows == len(rows)
    kept = [i for i in range(len(rows)) if i not in set(report.quarantine["row"].to_list())]
    assert report.good["s"].to_list() == [rows[i][2] for i in kept]
    again = check(report.good, made, now=NOW)
    # what is good once is good again, but for the rule whose reason was a row that is gone
    assert again.bad_rows == 0
