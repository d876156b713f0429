"""A project with parts of it changed, as two sides of a question would have it."""

from __future__ import annotations

import pytest

from treadle.errors import SpecError
from treadle.spec import Brief, Features, Lookup, People, Predict, ProjectSpec, Source, Train
from treadle.spec.changes import MOST_CHANGES, Change, changed, read_change

SPEC = ProjectSpec(
    project="shop",
    brief=Brief(people=People(owner="ada")),
    sources={"orders": Source(read="orders.csv", key="order"), "places": Source(read="places.csv", key="place")},
    predict=Predict(name="back", each="orders", label="back"),
    features=Features(
        request=("amount", "kind"),
        row={"half": "amount / 2"},
        lookup={"place": Lookup(source="places", on="place", take=("size",))},
    ),
    train=Train(families=("linear",)),
)


def made(*texts: str) -> ProjectSpec:
    return changed(SPEC, [read_change(text, "--change") for text in texts], "--change")


def test_parts_are_left_out_put_in_and_set() -> None:
    found = made(
        "features.lookup.place=null",
        "features.request.kind=",
        "features.row.twice = amount * 2",
        "train.families=[linear, lightgbm]",
        "train.rungs=true",
    )
    assert found.features.lookup == {}
    assert found.features.request == ("amount",)
    assert found.features.row == {"half": "amount / 2", "twice": "amount * 2"}
    assert found.train == Train(families=("linear", "lightgbm"), rungs=True)
    assert (found.predict, found.brief, found.sources) == (SPEC.predict, SPEC.brief, SPEC.sources)


def test_no_change_is_the_same_project_and_the_first_is_left_alone() -> None:
    before = SPEC.features
    assert made() == SPEC
    made("features.request.kind=null")
    assert SPEC.features is before and before.request == ("amount", "kind")


def test_what_is_written_with_an_equals_sign_in_it_stays_whole() -> None:
    assert read_change("features.row.is_a=kind = 'a'", "x") == Change("features.row.is_a", "kind = 'a'")
    assert made("features.row.is_a=kind = 'a'").features.row["is_a"] == "kind = 'a'"


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ("", "is no change", "PART=VALUE"),
        ("features=null", "is no change", "PART=VALUE"),
        ("features..row=null", "is no change", "PART=VALUE"),
        ("=null", "is no change", "PART=VALUE"),
        ("train.seed=8", "train.seed is the same", "families"),
        ("train.trials=500", "train.trials is the same", "families"),
        ("predict.label=x", "predict.label is no part", "from which rows"),
        ("brief.limits.train_minutes=9", "is no part", "is the same"),
        ("sources.orders.read=/etc/passwd", "is no part", "is the same"),
        ("features.row.hoor=null", "there is no features.row.hoor", "half"),
        ("features.request.kimd=null", "there is no features.request.kimd", 'did you mean "kind"'),
        ("features.request.kind=amount", "can only be left out", "null"),
        ("features.request.kind.deep=null", "can only be left out", "null"),
        ("features.row.half=7", "features.row.half", ""),
        ("features.row.half=[", "", ""),
        ("features.row.half=!!python/object:os.system x", "", ""),
        ("features.nonsense=1", "nonsense", ""),
        ("train.families=[]", "train.families", ""),
        ("train.families=[nonsense]", "nonsense", ""),
        ("train.search=grid", "grid", ""),
    ],
)
def test_what_is_no_change_is_refused(text: str, what: str, mend: str) -> None:
    with pytest.raises(SpecError) as bad:
        made(text)
    assert what in str(bad.value) and mend in str(bad.value)


def test_many_changes_are_another_project() -> None:
    with pytest.raises(SpecError, match="are no comparison"):
        changed(SPEC, [Change("train.rungs", "true")] * (MOST_CHANGES + 1), "--change")
