"""Names become folders, tables and addresses: nothing else can be in them, by any way in."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from treadle.errors import SpecError
from treadle.features import make_plan
from treadle.spec import (
    Brief,
    Features,
    People,
    Predict,
    Project,
    ProjectSpec,
    Serve,
    Source,
    View,
    check_spec,
    load,
)
from treadle.spec.names import IDENTIFIER, identifier_from, is_identifier

TEXT = """\
project: {project}
brief: {{people: {{owner: {owner}, reviewers: [{reviewer}], roles: {{{role}: [grace]}}}}}}
sources: {{{source}: {{read: orders.csv, key: id}}}}
views: {{{view}: {{from: orders, known: at, key: id, columns: {{a: b}}}}}}
predict: {{name: {name}, each: orders, label: paid}}
features: {{row: {{{feature}: a}}}}
serve: {{endpoint: {endpoint}}}
"""
GOOD = {
    "project": "shop", "owner": "ada", "reviewer": "grace", "role": "data_scientist", "source": "orders",
    "view": "seen", "name": "y", "feature": "größe in m²", "endpoint": "shop-2",
}  # fmt: skip
BAD = ["../x", "..", "/etc/passwd", "a/b", "a\\b", "<svg onload=alert(1)>", "-a", "a b", "ä", "x" * 65, "NUL", "com1",
       "aux", "", ".", "a.b", "a\nb", "a\n", "%2e%2e", "C:", "~", "a:b"]  # fmt: skip
PLACES = {
    "project": "1:", "owner": "2:", "reviewer": "2:", "role": "2:", "source": "3:", "view": "4:", "name": "5:",
    "feature": "6:", "endpoint": "7:",
}  # fmt: skip
BAD_PERSON = ["../x", "<svg>", "a b", "x" * 65, "", "a:b"]
BAD_FEATURE = ["a\nb", "a\x1bb", "x" * 129, " ", ""]
CASES = [(part, bad) for part in ("project", "role", "source", "view", "name", "endpoint") for bad in BAD]
CASES += [(part, bad) for part in ("owner", "reviewer") for bad in BAD_PERSON]
CASES += [("feature", bad) for bad in BAD_FEATURE]


def test_the_file_without_a_bad_name_is_read(tmp_path: Path) -> None:
    (tmp_path / "treadle.yaml").write_text(TEXT.format(**GOOD), encoding="utf-8")
    assert load(tmp_path).endpoint == "shop-2"


@pytest.mark.parametrize(("part", "bad"), CASES)
def test_a_bad_name_is_refused_at_load_with_its_place(tmp_path: Path, part: str, bad: str) -> None:
    text = TEXT.format(**{**GOOD, part: json.dumps(bad)})
    (tmp_path / "treadle.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load(tmp_path)
    assert f"treadle.yaml:{PLACES[part]}" in str(caught.value)


def spec(**changes: object) -> ProjectSpec:
    made = ProjectSpec(
        project="shop",
        brief=Brief(people=People(owner="ada")),
        sources={"orders": Source(read="orders.csv", key="id")},
        predict=Predict(name="y", each="orders", label="a > 1"),
        features=Features(request=("a",)),
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"project": "../x"}, "project"),
        ({"serve": Serve(endpoint="../x")}, "serve.endpoint"),
        ({"sources": {"orders": Source(read="o.csv"), "../x": Source(read="o.csv")}}, "sources.../x"),
        ({"views": {"a/b": View(source="orders", known="at", key="id", columns={})}}, "views.a/b"),
        ({"brief": Brief(people=People(owner="<b>"))}, "brief.people.owner"),
        ({"predict": Predict(name="..", each="orders", label="a > 1")}, "predict.name"),
        ({"serve": Serve(port=99999)}, "serve.port"),
        ({"predict": Predict(name="y", each="order", label="a > 1")}, "predict.each"),
    ],
)
def test_a_project_built_in_python_is_held_to_the_same_rules(
    tmp_path: Path, changes: dict[str, object], path: str
) -> None:
    bad = spec(**changes)
    with pytest.raises(SpecError, match=re.escape(path)):
        check_spec(bad)
    with pytest.raises(SpecError, match=re.escape(path)):
        make_plan(bad, {"orders": {"id": "int", "a": "int"}})
    with pytest.raises(SpecError, match=re.escape(path)):
        Project(root=tmp_path, file=tmp_path / "treadle.yaml", spec=bad, text="")
    check_spec(spec())
    good = Project(root=tmp_path, file=tmp_path / "treadle.yaml", spec=spec(), text="", positions={"project": (1, 1)})
    with pytest.raises(SpecError, match=re.escape(path)):
        dataclasses.replace(good, spec=bad)


def test_all_bad_names_are_told_at_once(tmp_path: Path) -> None:
    text = TEXT.format(**{**GOOD, "project": '"../x"', "endpoint": "a/b", "owner": '"<svg>"'})
    (tmp_path / "treadle.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load(tmp_path)
    assert all(f'"{bad}" is no valid' in caught.value.what for bad in ("../x", "a/b", "<svg>"))
    assert all(f"treadle.yaml:{line}:" in caught.value.what for line in (1, 2, 7))


def test_names_that_differ_in_case_alone_are_refused() -> None:
    with pytest.raises(SpecError, match="in case alone"):
        check_spec(spec(sources={"orders": Source(read="o.csv"), "Orders": Source(read="o.csv")}))


@given(st.text(max_size=80))
def test_a_name_is_made_from_any_text(text: str) -> None:
    made = identifier_from(text)
    assert is_identifier(made) and re.fullmatch(IDENTIFIER, made)
    assert identifier_from(made) == made
