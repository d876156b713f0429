"""Two features of one name are alike only where all that they are made of is the same."""

from __future__ import annotations

import msgspec
import pytest

from treadle.features import FeaturePlan, alike, make_plan
from treadle.spec import Brief, Features, Lookup, People, Predict, ProjectSpec, Source, View, Window

TYPES = {
    "orders": {"id": "int", "shop": "str", "amount": "float", "made": "timestamp", "late": "timestamp", "y": "bool"},
    "shops": {"shop": "str", "size": "float", "seen": "timestamp"},
}


def plan(**changed: object) -> FeaturePlan:
    told = {
        "at": "made",
        "row": {"tenth": "amount / 10", "more": "tenth + 1"},
        "no_older_than": None,
        "where": "amount > 0",
        "take": {"n": "count(*)", "sum": "sum(paid)"},
        "paid": "amount",
        **changed,
    }
    spec = ProjectSpec(
        project="p",
        brief=Brief(people=People(owner="a")),
        sources={
            "orders": Source(read="o.csv", key="id", happened="made"),
            "shops": Source(read="s.csv", key="shop", happened="seen"),
        },
        views={
            "sold": View(source="orders", known="late", key="shop", where=told["where"], columns={"paid": told["paid"]})
        },
        predict=Predict(name="y", each="orders", at=told["at"], label="y"),
        features=Features(
            request=("amount", "shop"),
            row=told["row"],
            lookup={"place": Lookup(source="shops", on="shop", take=("size",), no_older_than=told["no_older_than"])},
            window={"shop": Window(source="sold", on="shop", last=("1h", "2d"), take=told["take"])},
        ),
    )
    return make_plan(spec, TYPES)


WINDOWS = {"shop_n_1h", "shop_n_2d", "shop_sum_1h", "shop_sum_2d"}


def test_a_plan_is_like_itself() -> None:
    every = {feature.name for feature in plan().features}
    assert alike(plan(), plan()) == every >= {"amount", "tenth", "more", "place_size", *WINDOWS}


@pytest.mark.parametrize(
    ("changed", "unlike"),
    [
        ({"row": {"tenth": "amount / 20", "more": "tenth + 1"}}, {"tenth", "more"}),
        ({"row": {"tenth": "amount / 10"}}, {"more"}),
        ({"no_older_than": "3h"}, {"place_size"}),
        ({"where": "amount > 1"}, WINDOWS),
        ({"paid": "amount * 2"}, WINDOWS),
        ({"take": {"n": "count(*)", "sum": "max(paid)"}}, {"shop_sum_1h", "shop_sum_2d"}),
        ({"at": "late"}, {"place_size", *WINDOWS}),
    ],
)
def test_what_is_made_in_another_way_is_another_feature(changed: dict[str, object], unlike: set[str]) -> None:
    one, other = plan(), plan(**changed)
    assert {feature.name for feature in one.features} - alike(one, other) == unlike
    assert alike(one, other) == alike(other, one)


def test_a_feature_is_read_by_its_name_also_where_that_is_no_word() -> None:
    large = '"my tenth-part" > 12'
    one = plan(row={"my tenth-part": "amount / 10", "large": large})
    other = plan(row={"my tenth-part": "amount / 20", "large": large})
    assert {"my tenth-part", "large"} == {feature.name for feature in one.features} - alike(one, other)


def test_another_type_is_another_feature() -> None:
    one = plan()
    text = msgspec.structs.replace(one.features[0], type="str")
    other = msgspec.structs.replace(one, features=(text, *one.features[1:]))
    assert one.features[0].name not in alike(one, other)
