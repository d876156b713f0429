"""Columns of any name: each its own attribute, in code that compiles, with equal features; else refused in the plan."""

from __future__ import annotations

import keyword
from datetime import timedelta
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from worlds import START

from treadle.errors import SpecError
from treadle.features import FeaturePlan, Memory, build, compile_online, make_plan, prove
from treadle.features.plan import attribute, renames
from treadle.features.reader import EventReader
from treadle.models.request import InputField, Inputs
from treadle.serving.inputs import RecordReader
from treadle.spec import Brief, Features, Lookup, People, Predict, ProjectSpec, Source, View, Window

# fmt: off
_ODD = [
    "_x", "c__5f_x", "c_x", "c_", "", " ", "class", "None", "match", "a-b", "a b", "a.b", "é", "e\u0301", "日本", "x'y",
    "r", "at", "t", "state", "lo", "hi", "n0", "add", "finite", "sql_abs", "self", "select", "from", "K", "k", "\u212a",
    "ﬁ", "fi", "{x}", "%s", "$1", "a;b", "#", "]", "[0]", "\x7f", "\u2028", "__class__x", "true", "null", "code",
    "value", "row", "datetime", "😀",
]
# fmt: on
_REFUSED = ['say "x"', "a\\b", "a\nb", "a\x00b", "\t", "*", "^.*$", "__at__", "__known__", "__id__", "\ud800"]
_TEXT = st.text(
    st.one_of(st.sampled_from('_c5fx "\\\n*^$'), st.characters(exclude_categories=("Cs",))), min_size=0, max_size=8
)
_ANY = st.one_of(st.sampled_from([*_ODD, *_REFUSED, *keyword.kwlist]), _TEXT)
_FINE = st.one_of(
    st.sampled_from([*_ODD, *keyword.kwlist]),
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='"\\^*'), min_size=1, max_size=6),
)
_NAMES = st.lists(_FINE.filter(lambda name: name.strip() and "\x7f" not in name), min_size=8, max_size=8, unique=True)


@settings(max_examples=500)
@given(_ANY, _ANY)
@example("_x", "c__5f_x")
@example("c", "c_")
def test_two_names_never_have_one_attribute(one: str, other: str) -> None:
    assert attribute(one).isidentifier() and not keyword.iskeyword(attribute(one))
    assert attribute(one).isascii() and not attribute(one).startswith("_")
    assert (attribute(one) == attribute(other)) == (one == other)
    assert renames([one]).get(attribute(one), attribute(one)) == one


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def project(names: list[str]) -> ProjectSpec:
    key, x, at, value, number, seen, ident, other = names
    return ProjectSpec(
        project="names",
        brief=Brief(people=People(owner="ada")),
        sources={"asked": Source(read="a.parquet", key=ident), "told": Source(read="t.parquet", key=ident)},
        views={
            "seen": View(
                source="told", known=quoted(seen), key=key, columns={value: quoted(value), number: quoted(number)}
            )
        },
        predict=Predict(name="y", each="asked", at=quoted(at), label=f"{quoted(ident)} > 0"),
        features=Features(
            request=(x, other),
            row={"double": f"{quoted(x)} * 2 + length({quoted(other)})"},
            lookup={"last": Lookup(source="seen", on=key, take=(value, number))},
            window={"w": Window(source="seen", on=key, last=("1h",), take={"sum": f"sum({quoted(value)})"})},
        ),
    )


def tables(names: list[str]) -> dict[str, pl.DataFrame]:
    key, x, at, value, number, seen, ident, other = names
    times = [START + timedelta(minutes=i) for i in range(6)]
    return {
        "asked": pl.DataFrame(
            {ident: range(6), key: [*"aabbcc"], x: [1.0, None, 3.0, -1.0, 0.5, 2.0], at: times, other: [*"uvwxyz"]}
        ),
        "told": pl.DataFrame(
            {ident: range(6), key: [*"abaaab"], value: [0.1 * i for i in range(6)], number: range(6), seen: times}
        ),
    }


def plan_of(names: list[str]) -> FeaturePlan:
    return make_plan(project(names), _types(names))


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(_NAMES)
@example(["_x", "c__5f_x", "c_x", "class", "a b", "日本", "ü", "'"])
def test_batch_and_online_are_equal_whatever_columns_are_called(names: list[str]) -> None:
    assume(not any(len(name) > 4 and name.startswith("__") and name.endswith("__") for name in names))
    assume(not {"double", f"last_{names[3]}", f"last_{names[4]}", "w_sum_1h"} & set(names))
    plan = plan_of(names)
    given_ = tables(names)
    proof = prove(plan, given_)
    assert proof.ok, proof.examples
    batch = build(plan, given_)
    # as a server is asked: the record and the events come as JSON
    state, reader = Memory(), EventReader(plan, "seen")
    fields = tuple(InputField(column.name, column.type) for column in plan.inputs)
    records, online = RecordReader(Inputs(fields)), compile_online(plan)
    events = list(given_["told"].select(pl.selectors.by_name(*reader.types)).iter_rows(named=True))
    assert reader.put(reader.read(msgspec.json.encode(events)), state) == 6
    last = given_["asked"].row(5, named=True)
    body: dict[str, Any] = {name: last[name] for name in plan.input_types}
    assert online.features(records.read(msgspec.json.encode(body)), state)[0] == batch.select(
        f.name for f in plan.features
    ).row(5)


@pytest.mark.parametrize("name", _REFUSED)
@pytest.mark.parametrize("place", range(8))
def test_a_name_that_no_record_can_carry_is_refused_in_the_plan(name: str, place: int) -> None:
    names = ["k", "x", "when", "v", "n", "seen", "id", "other"]
    names[place] = name
    with pytest.raises(SpecError, match=r"rename it|holds the character|is no valid feature"):
        make_plan(project(names), _types(names))


def _types(names: list[str]) -> dict[str, dict[str, Any]]:
    key, x, at, value, number, seen, ident, other = names
    return {
        "asked": {ident: "int", key: "str", x: "float", at: "timestamp", other: "str"},
        "told": {ident: "int", key: "str", value: "float", number: "int", seen: "timestamp"},
    }


def test_the_records_own_id_is_no_column() -> None:
    names = ["k", "prediction_id", "when", "v", "n", "seen", "id", "other"]
    with pytest.raises(SpecError, match="prediction_id of its own"):
        make_plan(project(names), _types(names))


def test_texts_of_row_features_do_not_double_without_end() -> None:
    names = ["k", "x", "when", "v", "n", "seen", "id", "other"]
    row = {f"v{i}": f"v{i - 1} || v{i - 1}" if i else "other || other" for i in range(40)}
    features = Features(request=("x",), row=row)
    made = msgspec.structs.replace(project(names), features=features)
    with pytest.raises(SpecError, match="makes a text too long"):
        make_plan(made, _types(names))
