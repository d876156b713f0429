"""Rules that ask for more than a row: foreign keys, sums that balance, and a batch beside the last good snapshot."""

# the tables of cases read best a case a line
# ruff: noqa: E501

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from treadle.contracts import Beside, Last, check, compared_with_last, others_of, row_rules
from treadle.errors import SpecError
from treadle.profiling import Asked, compare, profile

NOW = datetime(2026, 1, 10, tzinfo=UTC)
ALL = "customProperties: [{property: maxBadShare, value: 1}]\n"
KEY = "- {name: who, logicalType: integer, relationships: [{to: people.id}]}"
CUSTOM = "{type: custom, engine: treadle, name: r, implementation: "


def held(contract, frame, others=None, **beside):
    return check(frame, contract, now=NOW, beside=Beside("orders", others or {}, **beside))


def bad(report):
    return report.quarantine["row"].unique().sort().to_list()


def people(ids, name="id"):
    return {"people": pl.DataFrame({name: ids})}


def test_a_value_must_stand_in_the_other_source(contract):
    made = contract(KEY, more=ALL)
    assert others_of(made) == {"people": ("id",)}
    report = held(made, pl.DataFrame({"who": [1, 2, None, 3, 2]}), people([2, 2, 9, None]))
    assert bad(report) == [0, 3] and report.good["who"].to_list() == [2, None, 2]
    assert report.quarantine["reason"].unique().to_list() == ["who must stand in id of people"]
    assert report.quarantine["value"].to_list() == ["1", "3"]


@pytest.mark.parametrize(
    ("kind", "here", "there", "rows"),
    [
        ("integer", [1, 2**62 + 1], [2**62 + 1], [0]),
        ("integer", [1, 2], [1.0, 7.5], [1]),
        ("number", [1.0, 2.5], [1], [1]),
        ("string", ["é", "e\u0301", "日本"], ["é", "日本"], [1]),
        ("string", ["a", "b"], [], [0, 1]),
        ("string", [], ["a"], []),
        ("string", ["a"], [None], [0]),
        ("date", [date(2024, 1, 1), date(2024, 1, 2)], [date(2024, 1, 1)], [1]),
        ("timestamp", [datetime(2024, 1, 1, 12, tzinfo=UTC)], [datetime(2024, 1, 1, 12)], []),
        ("boolean", [True, False], [True], [1]),
    ],
)
def test_keys_of_every_type(contract, kind, here, there, rows):
    made = contract(f"- {{name: who, logicalType: {kind}, relationships: [{{to: people.id}}]}}", more=ALL)
    frame = pl.DataFrame({"who": here}) if here else pl.DataFrame({"who": []}, schema={"who": pl.String})
    assert bad(held(made, frame, people(there))) == rows


def test_times_of_other_zones_are_the_same_moment(contract):
    made = contract("- {name: who, logicalType: timestamp, relationships: [{to: people.id}]}", more=ALL)
    here = pl.Series("who", [datetime(2024, 6, 1, 12, tzinfo=UTC)]).dt.convert_time_zone("Europe/Vienna")
    assert bad(held(made, here.to_frame(), people([datetime(2024, 6, 1, 12, tzinfo=UTC)]))) == []
    assert bad(held(made, here.to_frame(), people([datetime(2024, 6, 1, 14, tzinfo=UTC)]))) == [0]


@pytest.mark.parametrize(
    ("there", "said"),
    [({"idd": [1]}, 'no column "id"'), ({"id": ["1"]}, "none can be in the other"), ({"id": [[1]]}, "none can")],
)
def test_a_key_to_what_is_not_there_is_one_clear_error(contract, there, said):
    with pytest.raises(SpecError, match=said) as caught:
        held(contract(KEY), pl.DataFrame({"who": [1]}), {"people": pl.DataFrame(there)})
    assert "t.yaml:" in caught.value.where


def test_a_missing_key_is_refused_where_that_is_said(contract):
    made = contract(
        "- {name: who, logicalType: integer, relationships: [{to: people.id, customProperties: [{property: nulls, value: refuse}]}]}",
        more=ALL,
    )
    assert bad(held(made, pl.DataFrame({"who": [1, None]}), people([1, None]))) == [1]


def test_a_key_of_several_columns(contract):
    columns = "- {name: a, logicalType: string}\n- {name: b, logicalType: integer}"
    made = contract(
        columns, CUSTOM.join(["- ", "{metric: foreignKey, columns: [a, b], source: 'my-stock', to: [x, y]}}"]), more=ALL
    )
    other = {"my-stock": pl.DataFrame({"x": ["k", "l"], "y": [1, 2]})}
    frame = pl.DataFrame({"a": ["k", "k", None, "l"], "b": [1, 2, 1, 2]})
    assert bad(held(made, frame, other)) == [1]
    assert held(made, frame, other).quarantine["value"].to_list() == ["a=k, b=2"]
    native = contract(columns, "", more=ALL)
    assert not native.rules[0].foreign
    (rule,) = (r for r in made.rules if r.foreign)
    assert rule.id == "r" and rule.columns == ("a", "b") and not row_rules(made, {"a", "b"})


def test_a_key_into_its_own_source_falls_with_the_row_that_it_points_to(contract):
    made = contract(
        "- {name: n, logicalType: integer, required: true}\n- {name: boss, logicalType: integer, relationships: [{to: orders.n}]}",
        more=ALL,
    )
    # 4 points to nobody; 3 to 4; 2 to 3; 1 to itself; 5 to 1; None is missing, and 6 would point to no row
    frame = pl.DataFrame({"n": [1, 2, 3, 4, 5, None, 6], "boss": [1, 3, 4, 9, 1, 1, None]})
    report = held(made, frame)
    assert bad(report) == [1, 2, 3, 5] and report.good["n"].to_list() == [1, 5, 6]
    assert bad(held(made, frame, kept=pl.DataFrame({"n": [9], "boss": [None]}))) == [5]


TWO_OWN = """\
- {name: n, logicalType: integer}
- {name: boss, logicalType: integer, relationships: [{to: orders.n}]}
- {name: mentor, logicalType: integer, relationships: [{to: orders.n}]}"""


def test_a_row_that_one_key_sets_aside_is_nobody_to_point_to_by_another(contract):
    frame = pl.DataFrame({"n": [1, 2, 3], "boss": [None, 1, None], "mentor": [99, None, 2]})
    assert bad(held(contract(TWO_OWN, more=ALL), frame)) == [0, 1, 2]


@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(0, 5), st.none() | st.integers(0, 6), st.none() | st.sampled_from([0, 1.5, 2, 3])
        ),
        max_size=10,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_kept_keeps_all_of_its_own_keys(contract, rows):
    made = contract(TWO_OWN.replace("mentor, logicalType: integer", "mentor, logicalType: number"), more=ALL)
    frame = pl.DataFrame(rows, schema={"n": pl.Int64, "boss": pl.Int64, "mentor": pl.Float64}, orient="row")
    kept = list(rows)
    while True:  # the largest set of rows that keeps both rules, by their definition
        known = {n for n, *_ in kept} - {None}
        fewer = [row for row in kept if {*row[1:]} - {None} <= known]
        if len(fewer) == len(kept):
            break
        kept = fewer
    assert held(made, frame).good.rows() == kept


def test_a_chain_by_two_keys_in_turn_falls_at_once(contract):
    rows = 20_000  # a round a row was hours
    before = [None, *range(rows - 1)]
    frame = pl.DataFrame(
        {
            "n": range(rows),
            "boss": [each if row % 2 else None for row, each in enumerate(before)],
            "mentor": [99_999, *(None if row % 2 else each for row, each in enumerate(before) if row)],
        }
    )
    assert held(contract(TWO_OWN, more=ALL), frame).good.height == 0


def test_a_row_without_its_own_key_pulls_down_no_row_that_points_nowhere(contract):
    made = contract(
        "- {name: n, logicalType: integer}\n- {name: boss, logicalType: integer, relationships: [{to: orders.n}]}",
        more=ALL,
    )
    assert bad(held(made, pl.DataFrame({"n": [None, 1], "boss": [9, None]}))) == [0]


def test_a_soft_key_tells_of_the_rows_alone_that_point_to_none_that_is_kept(contract):
    soft = "relationships: [{to: orders.n, customProperties: [{property: level, value: warn}]}]"
    made = contract(TWO_OWN.replace("relationships: [{to: orders.n}]", soft, 1), more=ALL)
    frame = pl.DataFrame({"n": [1, 2, 3], "boss": [9, 1, 2], "mentor": [None, None, None]})
    report = held(made, frame)
    assert report.good.height == 3 and "does not in 1 of 3 rows" in report.warnings[0]
    falls = frame.with_columns(mentor=pl.Series([None, 99, None]))
    report = held(made, falls)  # the second goes by its mentor, whom the third has for its boss
    assert bad(report) == [1] and "does not in 2 of 3 rows" in report.warnings[0]


def test_whole_numbers_that_no_float_tells_apart_are_not_one(contract):
    made, far = contract(KEY, more=ALL), 2**53
    assert bad(held(made, pl.DataFrame({"who": [far, far + 1]}), people([float(far), 0.5]))) == [1]
    number = contract(KEY.replace("integer", "number"), more=ALL)
    assert bad(held(number, pl.DataFrame({"who": [float(far), 0.5, 1e300, None]}), people([far + 1, 0]))) == [0, 1, 2]


@pytest.mark.parametrize(
    ("kind", "values", "kept", "rows"),
    [
        ("string", ["A7", "7", None], [7], [1]),
        ("number", [7.0, 7.5, None], [7], [0]),
        ("integer", [7, 8], ["7", "x"], [0]),
        ("boolean", [True, False], [datetime(2024, 1, 1)], []),
    ],
)
def test_unique_values_are_held_beside_kept_ones_of_the_type_that_was(contract, kind, values, kept, rows):
    made = contract(f"- {{name: id, logicalType: {kind}, unique: true}}", more=ALL)
    report = held(made, pl.DataFrame({"id": values}), kept=pl.DataFrame({"id": kept}), once=True)
    assert bad(report) == rows


def test_a_row_that_points_nowhere_is_nobody_to_point_to(contract):
    made = contract(
        "- {name: n, logicalType: integer}\n"
        "- {name: boss, logicalType: integer, relationships: [{to: orders.n}]}\n"
        "- {name: who, logicalType: integer, relationships: [{to: people.id}]}",
        more=ALL,
    )
    frame = pl.DataFrame({"n": [1, 2, 3], "boss": [None, 1, 2], "who": [99, 7, 7]})
    assert bad(held(made, frame, people([7]))) == [0, 1, 2]


@pytest.mark.parametrize(
    ("own", "frame"),
    [
        ("relationships: [{to: people.id, customProperties: [{property: level, value: warn}]}]", [99, 7]),
        ("quality: [{type: sql, query: who < 9, name: few, severity: warning}]", [99, 7]),
    ],
    ids=["key", "row"],
)
def test_a_row_beyond_a_soft_rule_is_one_to_point_to(contract, own, frame):
    made = contract(
        "- {name: n, logicalType: integer}\n"
        "- {name: boss, logicalType: integer, relationships: [{to: orders.n}]}\n"
        f"- {{name: who, logicalType: integer, {own}}}",
        more=ALL,
    )
    report = held(made, pl.DataFrame({"n": [1, 2], "boss": [None, 1], "who": frame}), people([7]))
    assert bad(report) == [] and len(report.warnings) == 1


@given(st.lists(st.tuples(st.integers(0, 6), st.one_of(st.none(), st.integers(0, 8))), max_size=12))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_kept_keeps_its_own_keys_and_no_row_more_could_be(contract, rows):
    made = contract(
        "- {name: n, logicalType: integer}\n- {name: boss, logicalType: integer, relationships: [{to: orders.n}]}",
        more=ALL,
    )
    frame = pl.DataFrame(rows, schema={"n": pl.Int64, "boss": pl.Int64}, orient="row")
    kept = list(rows)
    while True:  # the largest set of rows that keeps the rule, by its definition
        known = {n for n, _ in kept}
        fewer = [row for row in kept if row[1] is None or row[1] in known]
        if len(fewer) == len(kept):
            break
        kept = fewer
    assert held(made, frame).good.rows() == kept


def test_without_the_other_source_the_rule_is_said_not_to_be_asked(contract):
    report = check(pl.DataFrame({"who": [1]}), contract(KEY), now=NOW)
    assert report.ok and report.unasked == ["who_foreign_key was not asked: the rows of people are not at hand"]


def sums(contract, frame, implementation, others=None, columns=None, **named):
    columns = columns or "\n".join(f"- {{name: {name}, logicalType: number}}" for name in frame.columns)
    made = contract(columns, f"- {CUSTOM}{{metric: sumsBalance, {implementation}}}}}", more=ALL)
    return held(made, frame, others, **named)


@pytest.mark.parametrize(
    ("left", "right", "asked", "holds"),
    [
        ([0.1] * 10, [1.0] + [0.0] * 9, "left: a, right: b", True),
        ([0.1] * 10, [1.0] + [1e-9] * 9, "left: a, right: b", False),
        ([1.0, 2.0], [3.01, 0.0], "left: a, right: b, within: 0.01", True),
        ([1.0, 2.0], [3.02, 0.0], "left: a, right: b, within: 0.01", False),
        ([1.0, 2.0], [0.0, 0.0], "left: a, right: 3", True),
        ([1.0, 2.0], [0.0, 0.0], "left: a, right: 3.5", False),
        ([1.0, 2.0], [2.0, 4.0], "left: 'a * 2', right: b", True),
        ([math.nan, 1.0], [None, 1.0], "left: a, right: b", True),
        ([1e15, 0.1], [1e15, 0.1], "left: a, right: b", True),
        ([1e15, 0.2], [1e15, 0.1], "left: a, right: b", False),
        ([16777216.03, 0.0], [10000000.01, 6777216.02], "left: a, right: b", True),
        ([16777216.03, 0.0], [10000000.01, 6777216.03], "left: a, right: b", False),
        ([1e-7, 2.5e17], [2.5e17, 1e-7], "left: a, right: b", True),
    ],
)
def test_sums_are_added_exactly(contract, left, right, asked, holds):
    frame = pl.DataFrame({"a": left, "b": right}, schema={"a": pl.Float64, "b": pl.Float64})
    assert sums(contract, frame, asked).ok is holds


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ([None], [None], "there is no number to add up"),
        ([], [], "there is no number to add up"),
        ([1e30], [1e30], "too large to be added exactly"),
        ([6e28] * 3, [6e28] * 3, "too large to be added exactly"),
        ([math.inf], [1.0], "0 is not 1: they are 1 apart"),
        ([2.5, 1.0], [1.0, 1.0], "3.5 is not 2: they are 1.5 apart"),
    ],
)
def test_sums_that_do_not_balance_say_why(contract, left, right, said):
    frame = pl.DataFrame({"a": left, "b": right}, schema={"a": pl.Float64, "b": pl.Float64})
    report = sums(contract, frame, "left: a, right: b")
    assert any(said in reason for reason in report.broken)


def test_sums_of_groups_that_are_too_large_are_said_too(contract):
    frame = pl.DataFrame({"k": ["x"] * 3, "a": [8.5e28] * 3, "b": [8.5e28] * 3})
    columns = "- {name: k, logicalType: string}\n- {name: a, logicalType: number}\n- {name: b, logicalType: number}"
    assert (
        "too large to be added exactly" in sums(contract, frame, "left: a, right: b, by: k", columns=columns).broken[0]
    )


def test_whole_numbers_and_decimals_are_added_as_they_are(contract):
    whole = pl.DataFrame({"a": [2**62, 2**62, 2**62], "b": [2**62, 2**62, 2**62 - 1]})
    columns = "- {name: a, logicalType: integer}\n- {name: b, logicalType: integer}"
    assert "they are 1 apart" in sums(contract, whole, "left: a, right: b", columns=columns).broken[0]
    tiny = pl.DataFrame(
        {"a": [Decimal("0.000000000001")] * 2, "b": [Decimal("0.000000000002"), Decimal(0)]},
        schema={"a": pl.Decimal(38, 12), "b": pl.Decimal(38, 12)},
    )
    assert sums(contract, tiny, "left: a, right: b").ok
    assert not sums(contract, tiny.with_columns(b=tiny["a"]).head(1).vstack(tiny.tail(1)), "left: a, right: b").ok


def test_sums_balance_in_each_group(contract):
    columns = "- {name: k, logicalType: string}\n- {name: a, logicalType: number}\n- {name: b, logicalType: number}"
    frame = pl.DataFrame({"k": ["é", "é", "x", None], "a": [1.0, 2.0, 5.0, 7.0], "b": [3.0, 0.0, 6.0, 7.0]})
    report = sums(contract, frame, "left: a, right: b, by: k", columns=columns)
    assert report.broken == ["the sum of a must be that of b, for each k: 1 of 3 groups differ; most, x: 5 is not 6"]
    other = {"totals": pl.DataFrame({"k": ["é", "x", "z"], "total": [3, 5, 1]})}
    report = sums(contract, frame.head(3), "left: a, right: total, source: totals, by: [k]", other, columns)
    assert "z: 0 is not 1" in report.broken[0] and "1 of 3 groups" in report.broken[0]


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12)),
        min_size=1,
        max_size=9,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sums_of_cents_are_as_decimal_arithmetic_has_them(contract, rows):
    columns = "- {name: k, logicalType: string}\n- {name: a, logicalType: number}\n- {name: b, logicalType: number}"
    frame = pl.DataFrame(
        [(k, a / 100, b / 100) for k, a, b in rows],
        schema={"k": pl.String, "a": pl.Float64, "b": pl.Float64},
        orient="row",
    )
    apart = {k: sum((Decimal(a) - Decimal(b)) / 100 for g, a, b in rows if g == k) for k, _, _ in rows}
    assert sums(contract, frame, "left: a, right: b, by: k", columns=columns).ok is not any(apart.values())
    assert sums(contract, frame, "left: a, right: b", columns=columns).ok is (sum(apart.values()) == 0)


def test_nothing_adds_up_to_no_number_not_even_to_zero(contract):
    frame = pl.DataFrame({"a": [None, None]}, schema={"a": pl.Float64})
    assert "there is no number to add up" in sums(contract, frame, "left: a, right: 0").broken[0]
    assert sums(contract, pl.DataFrame({"a": [0.0, None]}), "left: a, right: 0").ok


def test_groups_without_any_number_do_not_balance(contract):
    columns = "- {name: k, logicalType: string}\n- {name: a, logicalType: number}\n- {name: b, logicalType: number}"
    none = pl.DataFrame({"k": ["x", "y"], "a": [None, None], "b": [None, None]})
    frame = none.cast({"a": pl.Float64, "b": pl.Float64})
    for right in ("b", "0"):
        (reason,) = sums(contract, frame, f"left: a, right: {right}, by: k", columns=columns).broken
        assert reason.endswith("there is no number to add up")
    one = frame.with_columns(a=pl.Series([0.0, None]))
    assert sums(contract, one, "left: a, right: b, by: k", columns=columns).ok


def test_groups_may_be_apart_by_as_much_as_is_said_and_no_more(contract):
    columns = "- {name: k, logicalType: string}\n- {name: a, logicalType: number}\n- {name: b, logicalType: number}"
    frame = pl.DataFrame({"k": ["x", "y"], "a": [1.0, 2.0], "b": [1.01, 2.011]})
    (reason,) = sums(contract, frame, "left: a, right: b, by: k, within: 0.01", columns=columns).broken
    assert reason.endswith("1 of 2 groups differ; most, y: 2 is not 2.011")


def test_sums_of_a_source_that_is_not_at_hand_are_said_not_to_be_asked(contract):
    report = sums(contract, pl.DataFrame({"a": [1.0]}), "left: a, right: total, source: totals")
    assert report.ok and report.unasked == ["r was not asked: the rows of totals are not at hand"]


def last(frame):
    return Last("orders@3", frame.height, frame)


def moved(contract, before, now, metric, bound, kind="number", **more):
    made = contract(f"- {{name: x, logicalType: {kind}, quality: [{CUSTOM}{{metric: {metric}, {bound}}}}}]}}", more=ALL)
    assert compared_with_last(made) == ("x",)
    return held(made, pl.DataFrame({"x": now}), last=last(pl.DataFrame({"x": before})), **more)


@pytest.mark.parametrize(
    ("metric", "bound", "before", "now", "holds"),
    [
        ("meanChange", "mustBeLessThan: 20, unit: percent", [10.0, 20.0], [17.9, 17.9], True),
        ("meanChange", "mustBeLessThan: 20, unit: percent", [10.0, 20.0], [18.0, 18.0], False),
        ("meanChange", "mustBeLessThan: 20, unit: percent", [10.0, 20.0], [11.0, 11.0], False),
        ("meanChange", "mustBeLessThan: 20, unit: percent", [10.0], [8.0], False),
        ("meanChange", "mustBeBetween: [-50, 20], unit: percent", [10.0, 20.0], [11.0, 11.0], True),
        ("meanChange", "mustBeLessOrEqualTo: 1", [10.0], [11.0], True),
        ("meanChange", "mustBeLessOrEqualTo: 1", [10.0], [11.5], False),
        ("meanChange", "mustBeLessOrEqualTo: 1", [10.0], [None], False),
        ("missingChange", "mustBeLessOrEqualTo: 10, unit: percent", [1.0] * 10, [1.0] * 9 + [None], True),
        ("missingChange", "mustBeLessOrEqualTo: 9, unit: percent", [1.0] * 10, [1.0] * 9 + [None], False),
        ("missingChange", "mustBeLessOrEqualTo: 0.11", [1.0] * 10, [1.0] * 9 + [None], True),
        ("missingChange", "mustBeLessOrEqualTo: 0.09", [1.0] * 10, [1.0] * 9 + [None], False),
        ("meanChange", "mustBeGreaterOrEqualTo: -10, unit: percent", [-10.0], [-5.0], True),
        ("meanChange", "mustBeGreaterOrEqualTo: -10, unit: percent", [-10.0], [-12.0], False),
        ("distinctChange", "mustBeLessOrEqualTo: 1", [1.0, 2.0, 2.0], [1.0, 2.0, 3.0], True),
        ("distinctChange", "mustBeLessOrEqualTo: 1", [1.0, 2.0, 2.0], [1.0, 2.0, 3.0, 4.0], False),
        ("psi", "mustBeLessThan: 0.25", [float(n % 50) for n in range(500)], [float(n % 50) for n in range(500)], True),
        (
            "psi",
            "mustBeLessThan: 0.25",
            [float(n % 50) for n in range(500)],
            [float(n % 50) + 40 for n in range(500)],
            False,
        ),
        (
            "jensenShannon",
            "mustBeLessThan: 0.2",
            [float(n % 50) for n in range(500)],
            [float(n % 50) + 40 for n in range(500)],
            False,
        ),
    ],
)
def test_a_column_beside_the_last_good_snapshot(contract, metric, bound, before, now, holds):
    report = moved(contract, before, now, metric, bound)
    assert report.ok is holds and (holds or "orders@3" in report.broken[0] or "no values" in report.broken[0])


def test_a_distance_is_the_very_one_that_two_snapshots_are_compared_by(contract):
    before, now = ({"x": [float((n * n) % m) for n in range(700)]} for m in (97, 61))
    was = profile(pl.LazyFrame(before), Asked("a"))
    (line,) = compare(was, profile(pl.LazyFrame(now), Asked("b", like=was)))
    assert line.psi is not None and line.noise is not None
    (reason,) = moved(contract, before["x"], now["x"], "psi", "mustBeLessThan: 0").broken
    assert f"it is {line.psi - line.noise:.4g} against orders@3" in reason


def test_levels_of_texts_are_compared_in_any_script(contract):
    before, now = ["ä"] * 60 + ["日本"] * 40, ["ä"] * 10 + ["日本"] * 90
    assert not moved(contract, before, now, "psi", "mustBeLessThan: 0.2", "string").ok
    assert moved(contract, before, before, "psi", "mustBeLessThan: 0.2", "string").ok


@pytest.mark.parametrize(
    ("bound", "rows", "holds"),
    [
        ("mustBeLessOrEqualTo: 20, unit: percent", 12, True),
        ("mustBeLessOrEqualTo: 20, unit: percent", 13, False),
        ("mustBeLessOrEqualTo: 20, unit: percent", 7, False),
        ("mustBeGreaterOrEqualTo: -50, unit: percent", 99, True),
        ("mustBeBetween: [-1, 1]", 9, True),
        ("mustBe: 0", 9, False),
    ],
)
def test_rows_beside_those_of_the_last_good_snapshot(contract, bound, rows, holds):
    made = contract("- {name: x}", f"- {CUSTOM}{{metric: rowCountChange, {bound}}}}}")
    frame = pl.DataFrame({"x": range(10)})
    assert held(made, pl.DataFrame({"x": range(rows)}), last=last(frame)).ok is holds
    first = held(made, frame)
    assert first.ok and first.unasked == ["r was not asked: no snapshot is good yet, so there is none to compare with"]
    empty = held(made, frame, last=last(frame.head(0)))
    assert bool(empty.unasked) is ("percent" in bound)


def test_a_level_says_what_a_rule_comes_to(contract):
    shape = "- {{name: x, logicalType: integer, quality: [{{type: sql, query: x > 0, name: r, severity: {}}}]}}"
    frame = pl.DataFrame({"x": [1, 2, -3]})
    warn, aside, stop = (
        check(frame, contract(shape.format(word), more=ALL), now=NOW) for word in ("warning", "error", "stop")
    )
    assert (warn.ok, warn.bad_rows, len(warn.warnings)) == (True, 0, 1)
    assert (aside.ok, aside.bad_rows, aside.warnings) == (True, 1, [])
    assert (stop.ok, stop.bad_rows) == (False, 1) and "of which it may not fail one" in stop.broken[0]
    assert check(frame.head(2), contract(shape.format("critical"), more=ALL), now=NOW).ok


def test_a_rule_about_the_batch_can_be_a_warning(contract):
    made = contract("- {name: x}", "- {metric: rowCount, mustBeGreaterThan: 5, severity: warning}")
    report = check(pl.DataFrame({"x": [1]}), made, now=NOW)
    assert report.ok and report.warnings == [
        "row_count: the table must have more than 5 rows, found 1: is the batch whole?, and the batch is kept"
    ]


def test_levels_of_the_rules_of_a_property(contract):
    made = contract(
        "- {name: x, logicalType: integer, required: true, logicalTypeOptions: {minimum: 0}, "
        "customProperties: [{property: level, value: {required: stop, range: warn}}]}",
        more=ALL,
    )
    assert {rule.kind: rule.level for rule in made.rules} == {"type": "set_aside", "required": "stop", "range": "warn"}
    assert check(pl.DataFrame({"x": [-1]}), made, now=NOW).ok
    assert not check(pl.DataFrame({"x": [None]}, schema={"x": pl.Int64}), made, now=NOW).ok
    one = contract("- {name: x, required: true, unique: true, customProperties: [{property: level, value: stop}]}")
    assert {rule.level for rule in one.rules} == {"stop"}


def test_rows_are_set_aside_whole_and_as_they_were_given(contract):
    made = contract("- {name: x, logicalType: integer, required: true}\n- {name: y, logicalType: date}", more=ALL)
    frame = pl.DataFrame({"x": ["1", "a", None], "y": ["2024-01-01", "soon", "2024-02-30"], "other": [7, 8, 9]})
    report = check(frame, made, now=NOW)
    assert report.aside is not None and report.aside["row"].to_list() == [1, 2]
    assert report.aside["given"].to_list() == [
        {"x": "a", "y": "soon", "other": 8},
        {"x": None, "y": "2024-02-30", "other": 9},
    ]
    assert [[each["rule"] for each in row] for row in report.aside["broke"].to_list()] == [
        ["x_type", "y_type"],
        ["x_required", "y_type"],
    ]
    assert check(frame.head(1), made, now=NOW).aside is None
    few = contract("- {name: x, logicalType: integer, required: true}\n- {name: y, logicalType: date}")
    refused = check(frame, few, now=NOW)  # a replay asks for the rows of a batch that would be refused, too
    assert refused.broken and refused.aside is not None and refused.aside.height == 2


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ("- {name: x, relationships: [{to: people}]}", "points to columns of one source"),
        ("- {name: x, relationships: [{to: [p.a, q.b]}]}", "points to columns of one source"),
        ("- {name: x, relationships: [{to: [p.a, p.b]}]}", "pairs columns, found 1 here and 2 there"),
        ("- {name: x, relationships: [{to: 3}]}", "must name a column"),
        ("- {name: x, relationships: [{to: p.a, type: likes}]}", 'of the type "likes"'),
        (
            "- {name: x, relationships: [{to: p.a, customProperties: [{property: nulls, value: maybe}]}]}",
            "nulls may pass, or be refused",
        ),
        (f"- {{name: x, quality: [{CUSTOM}{{metric: psy}}}}]}}", "did you mean"),
        (f"- {{name: x, quality: [{CUSTOM}{{}}}}]}}", "needs a `metric`"),
        (f"- {{name: x, quality: [{CUSTOM}{{metric: psi}}}}]}}", "needs a bound"),
        (f"- {{name: x, quality: [{CUSTOM}{{metric: psi, mustBeGreaterThan: 1}}}}]}}", "bounded from above"),
        (f"- {{name: x, quality: [{CUSTOM}{{metric: psi, mustBeLessThan: 1, unit: percent}}}}]}}", "is no share"),
        (f"- {{name: x, quality: [{CUSTOM}{{metric: psi, must: 1}}}}]}}", 'takes no "must"'),
        (
            f"- {{name: x, logicalType: string, quality: [{CUSTOM}{{metric: meanChange, mustBeLessThan: 1}}}}]}}",
            "only numbers have a mean",
        ),
        (f"- {{name: x, quality: [{CUSTOM}{{metric: meanChange, mustBeLessThan: 1}}}}]}}", "no logicalType"),
        (f"- {{name: x, quality: [{CUSTOM}{{metric: rowCountChange, mustBeLessThan: 1}}}}]}}", "about the table"),
        (
            f"- {{name: x, logicalType: string, quality: [{CUSTOM}{{metric: sumsBalance, right: 1}}}}]}}",
            "a sum is of numbers",
        ),
        (f"- {{name: x, logicalType: number, quality: [{CUSTOM}{{metric: sumsBalance}}}}]}}", "`right` must be"),
        (f"- {{name: x, logicalType: number, quality: [{CUSTOM}{{metric: sumsBalance, right: yy}}}}]}}", "yy"),
        (f"- {{name: x, logicalType: number, quality: [{CUSTOM}{{metric: sumsBalance, right: .inf}}}}]}}", "is no sum"),
        (
            f"- {{name: x, logicalType: number, quality: [{CUSTOM}{{metric: sumsBalance, right: 1, by: z}}}}]}}",
            'no property "z"',
        ),
        (
            f"- {{name: x, logicalType: number, quality: [{CUSTOM}{{metric: sumsBalance, right: 1, within: -1}}}}]}}",
            "from 0",
        ),
        (f"- {{name: x, quality: [{CUSTOM}{{metric: foreignKey, to: a}}}}]}}", "needs a `source`"),
        ("- {name: x, required: true, customProperties: [{property: level, value: loud}]}", '"loud" is no level'),
        (
            "- {name: x, required: true, customProperties: [{property: level, value: {range: warn}}]}",
            "no rule of the kind range",
        ),
        (
            "- {name: x, logicalType: integer, customProperties: [{property: level, value: warn}]}",
            "cannot be kept in its column",
        ),
        ("- {name: x, unique: true, customProperties: [{property: level, value: warn}]}", "is no warning"),
        ("- {name: x, quality: [{metric: nullValues, severity: set_aside}]}", "sets no row aside"),
        (
            "- {name: x, quality: [{metric: nullValues, mustBeGreaterOrEqualTo: 10, mustBeLessOrEqualTo: 5}]}",
            "no number keeps both bounds",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_place(contract, properties, said):
    with pytest.raises(SpecError) as caught:
        contract(properties)
    assert said in str(caught.value) and caught.value.where.startswith("t.yaml:")
