from __future__ import annotations

from pathlib import Path

import pytest

from treadle.errors import SpecError
from treadle.spec import ProjectSpec, as_data, json_schema, load

GOOD = """\
project: shop
brief:
  people: {owner: ada}
sources:
  orders: {read: orders.csv, key: id}
predict: {name: y, each: orders, label: "paid = 0"}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "treadle.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(SpecError) as caught:
        load(write(folder, text))
    return str(caught.value)


def test_a_project_is_loaded_from_its_folder_or_its_file(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    assert load(tmp_path).spec == load(file).spec
    assert load(tmp_path).endpoint == "shop"
    assert load(tmp_path).spec.sources["orders"].keys == ("id",)


def test_unknown_keys_are_all_reported_with_position_and_nearest_name(tmp_path: Path) -> None:
    message = refusal(tmp_path, GOOD.replace("read:", "red:").replace("people:", "peopel:"))
    lines = [line.strip() for line in message.splitlines()]
    assert lines[0].endswith(": 2 things are wrong") and len(lines) == 4
    assert '- treadle.yaml:3:3: unknown key "brief.peopel" (did you mean "people"?)' in lines
    assert '- treadle.yaml:5:12: unknown key "sources.orders.red" (did you mean "read"?)' in lines


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("key: id", "key: 5", "treadle.yaml:5:30", "sources.orders.key"),
        ("read: orders.csv, ", "", "treadle.yaml:5:3", "missing required field `read`"),
        ("each: orders", "each: order", "treadle.yaml:6:20", 'did you mean "orders"?'),
        ("project: shop", "project: [", "treadle.yaml:3:9", "not valid YAML"),
        ("project: shop", "project: shop\nproject: two", "treadle.yaml:2:1", "duplicate key"),
        ('label: "paid = 0"', "label: y, split: {by: tme}", "treadle.yaml:6:52", "found 'tme'"),
        ('label: "paid = 0"', "label: y, split: {by: time}", "treadle.yaml:6:52", "needs `predict.at`"),
        ('label: "paid = 0"', "label: y, split: {test: 1.5}", "treadle.yaml:6:52", "more than 0 and less than 0.9"),
        ('label: "paid = 0"', "label: y, split: {gap: soon}", "treadle.yaml:6:52", "not a length of time"),
        ("project: shop", "project: shop\nwatch: {window: soon}", "treadle.yaml:2:9", "not a length of time"),
    ],
)
def test_a_wrong_value_is_named_with_its_line_and_column(
    tmp_path: Path, old: str, new: str, place: str, said: str
) -> None:
    message = refusal(tmp_path, GOOD.replace(old, new))
    assert place in message
    assert said in message


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert "must be a mapping" in refusal(tmp_path, text)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="treadle init"):
        load(tmp_path)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "treadle.yaml").write_bytes(b"project: caf\xe9\n")
    with pytest.raises(SpecError, match="not UTF-8"):
        load(tmp_path)


def test_the_same_project_can_be_built_in_python(tmp_path: Path) -> None:
    import msgspec

    spec = load(write(tmp_path, GOOD)).spec
    assert msgspec.convert(as_data(spec), ProjectSpec) == spec


def test_the_schema_knows_every_top_level_key() -> None:
    schema = json_schema()
    assert set(schema["$defs"]["ProjectSpec"]["properties"]) >= {"project", "brief", "sources", "predict", "features"}
