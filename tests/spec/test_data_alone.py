"""A project of data alone: no brief, nothing predicted. What only a prediction has is refused in one place."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from treadle.errors import SpecError
from treadle.spec import Brief, People, Project, ProjectSpec, Source, as_data, json_schema, load

FILE = """\
project: shop
people: {owner: ada, reviewers: [grace]}
sources:
  orders: {read: orders.csv, key: order}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "treadle.yaml").write_text(text, encoding="utf-8")
    return folder


def test_it_loads_with_its_people_and_has_no_target(tmp_path: Path) -> None:
    project = load(written(tmp_path, FILE))
    assert project.spec.brief.people.everybody == ("ada", "grace")
    assert not project.spec.predicts
    assert project.each() == [] and project.asked_of == frozenset() and project.addresses == {"shop"}


def test_whoever_asks_for_the_target_is_told_what_to_write(tmp_path: Path) -> None:
    project = load(written(tmp_path, FILE))
    for ask in (
        lambda: project.of(None),
        lambda: project.of("late"),
        lambda: project.address,
        lambda: project.endpoint,
    ):
        with pytest.raises(SpecError) as caught:
            ask()
        assert caught.value.what == "shop predicts nothing: it is a project of data alone"
        assert caught.value.where == "treadle.yaml:1:1: predict"
        assert f"treadle data ingest {tmp_path}" in caught.value.mend
        assert "predict: {name: NAME, each: SOURCE, label:" in caught.value.mend
    for name in ("name", "each", "label", "kind", "split"):
        with pytest.raises(SpecError, match="predicts nothing"):
            getattr(project.spec.predict, name)


def test_the_lines_that_the_error_names_make_it_a_project_that_predicts(tmp_path: Path) -> None:
    line = 'predict: {name: back, each: orders, label: "amount > 1"}\n'
    project = load(written(tmp_path, FILE + line))
    assert project.spec.predicts and project.of(None).address == "shop"
    assert project.spec.brief == Brief(people=People(owner="ada", reviewers=("grace",)))


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        ("people: {ownr: ada}", 'unknown key "people.ownr" (did you mean "owner"?)', "treadle.yaml:2:10: people.ownr"),
        ("people: {owner: [ada]}", "`owner` must be a text (found a list)", "treadle.yaml:2:10: people.owner"),
        ("people: ada", "`people` must be a mapping of keys (found 'ada')", "treadle.yaml:2:1: people"),
        ("people: {owner: ada, signs: [lead]}", "nobody holds the role lead, so nobody could sign",
         "treadle.yaml:2:22: people.signs"),
        ("people: {owner: ada}\nbrief: {people: {owner: ada}}", "a brief names the people itself",
         "treadle.yaml:2:1: people"),
        ("views: {}", "nobody is named who answers for the project", "treadle.yaml:1:1"),
        ("people: {owner: ada}\npredic: {each: orders}", 'unknown key "predic" (did you mean "predict"?)',
         "treadle.yaml:3:1: predic"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_the_paths_of_the_file(tmp_path: Path, text: str, said: str, where: str) -> None:
    file = f"project: shop\n{text}\nsources:\n  orders: {{read: orders.csv}}\n"
    with pytest.raises(SpecError) as caught:
        load(written(tmp_path, file))
    assert (caught.value.head, caught.value.where) == (said, where)


def test_people_alone_may_stand_beside_several_targets(tmp_path: Path) -> None:
    several = """predict:
  late: {each: orders, label: "a > 1"}
  high: {each: orders, label: "b > 1"}
"""
    project = load(written(tmp_path, FILE + several))
    assert [one.address for one in project.each()] == ["shop.late", "shop.high"]
    assert project.of("high").place("brief.people.owner") == "treadle.yaml:2:10: people.owner"


def test_one_that_is_built_in_python_is_held_to_the_same_rules(tmp_path: Path) -> None:
    spec = ProjectSpec(
        project="shop", brief=Brief(people=People(owner="ada")), sources={"orders": Source(read="o.csv")}
    )
    assert not Project(tmp_path, tmp_path / "treadle.yaml", spec, "").spec.predicts
    assert "predict" not in as_data(spec), "what is not said is not written"
    assert msgspec.convert(as_data(spec), ProjectSpec) == spec


def test_the_schema_takes_a_brief_or_people_and_no_prediction() -> None:
    whole = json_schema()["$defs"]["ProjectSpec"]
    assert sorted(whole["required"]) == ["project", "sources"]
    assert whole["oneOf"] == [{"required": ["brief"]}, {"required": ["people"]}]
    assert "default" not in str(whole["properties"]["predict"])
