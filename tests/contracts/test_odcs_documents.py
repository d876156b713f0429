"""Contracts as documents of the Open Data Contract Standard: valid by its own schema, none of our rules lost, foreign
parts kept and said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft201909Validator
from msgspec.structs import replace

from treadle.contracts import Contract, export, imported, load
from treadle.errors import SpecError

HERE = Path(__file__).parent
EXAMPLES = sorted((HERE.parents[1] / "examples").glob("*/contracts/*.yaml"))
SCHEMA = Draft201909Validator(json.loads((HERE / "data/odcs-json-schema-v3.1.0.json").read_text(encoding="utf-8")))

EVERYTHING = """\
apiVersion: v3.0.2
kind: DataContract
name: orders é
our_own: {note: [1, 2]}
slaDefaultElement: orders.told
slaProperties:
- {property: latency, value: 3, unit: d, element: orders.told}
customProperties:
- {property: maxBadShare, value: 0.2}
- {property: freshnessLevel, value: warn}
schema:
- name: orders
  owner: us
  relationships:
  - {from: [a, b], to: [people.a, people.b]}
  - {from: [a, b], to: ["my-stock.a", "my-stock.größe"], customProperties: [{property: nulls, value: refuse}, {property: level, value: stop}]}
  quality:
  - {metric: rowCount, mustBeBetween: [1, 1]}
  - {metric: duplicateCount, arguments: {properties: [a, b]}, name: pair}
  - {type: sql, query: a <> b, name: unlike, severity: warning, mustBeLessThan: 5, unit: percent}
  - {type: custom, engine: treadle, implementation: a <> 'x', mustBeGreaterOrEqualTo: 0, mustBeLessOrEqualTo: 2}
  - {type: custom, engine: treadle, implementation: {expression: a <> 'y', mustBeLessThan: 3}, severity: critical}
  - {type: custom, engine: treadle, implementation: {metric: sumsBalance, left: n, right: 'x * 2', by: [a], within: 0.01}}
  - {type: custom, engine: treadle, implementation: {metric: rowCountChange}, mustBeLessThan: 50, unit: percent}
  properties:
  - {name: a, logicalType: string, required: true, logicalTypeOptions: {minLength: 1, maxLength: 9, pattern: '^[a-zé]'}}
  - {name: b, logicalType: string, hint: free, quality: [{rule: validValues, validValues: [x, é, '1']}]}
  - {name: größe, logicalType: number, relationships: [{to: "my-stock.größe"}]}
  - {name: n, logicalType: integer, primaryKey: true, logicalTypeOptions: {minimum: 0, exclusiveMaximum: 9}}
  - name: x
    logicalType: number
    required: true
    customProperties: [{property: level, value: {required: stop}}]
    quality:
    - {metric: nullCheck}
    - {metric: nullValues, mustBeLessThan: 5, unit: percent, severity: info}
    - {metric: missingValues, arguments: {missingValues: [-1, null]}, mustBe: 0}
    - {type: custom, engine: treadle, implementation: {metric: meanChange}, mustBeBetween: [-5, 10], unit: percent}
    relationships: [{to: people.x}]
  - {name: day, logicalType: date, logicalTypeOptions: {minimum: 2020-01-01, format: yyyy-MM-dd}}
  - {name: told, logicalType: timestamp, logicalTypeOptions: {maximum: 2030-01-01 00:00:00, timezone: true}}
  - {name: flag, logicalType: boolean, quality: [{metric: invalidValues, arguments: {validValues: [true]}, mustBe: 0}]}
  - {name: other}
"""  # noqa: E501


def asked(contract: Contract) -> list[str]:
    """The rules without their places and numbers."""
    return sorted(str(replace(rule, where="", id=rule.id.rstrip("_0123456789"))) for rule in contract.rules)


def faults(text: str) -> list[str]:
    return [f"{list(each.path)}: {each.message}" for each in SCHEMA.iter_errors(yaml.safe_load(text))]


def written(folder: Path, text: str, name: str = "t.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_contracts_of_the_examples_are_documents_of_the_standard(tmp_path: Path, path: Path) -> None:
    text = export(path)
    assert faults(text) == []
    assert asked(load(written(tmp_path, text))) == asked(load(path))


def test_no_rule_is_lost_on_the_way_out_and_back(tmp_path: Path) -> None:
    first = written(tmp_path, EVERYTHING)
    text = export(first)
    assert faults(text) == []
    again = load(written(tmp_path, text, "again.yaml"))
    known = load(first)
    assert asked(again) == asked(known) and again.columns == known.columns
    assert (again.name, again.max_bad_share) == ("orders é", 0.2)
    assert {"our_own", "owner", "hint"} <= set(text.replace(":", " ").split())  # what is ours alone is kept too
    twice = export(tmp_path / "again.yaml")
    assert twice == text
    whole = imported(tmp_path / "again.yaml")
    assert asked(whole.contract) == asked(known) and not [note for note in whole.notes if "not acted" not in note]


NAMED = """\
kind: DataContract
apiVersion: v3.1.0
customProperties: [{property: treadleNotRun, value: plain words}, {property: treadleNotRun, value: {in: home}}]
schema:
- name: orders
  quality: [{type: sql, query: a <> 'x', name: unlike}]
  properties:
  - {name: a, logicalType: string, relationships: [{to: people.a, name: who, customProperties: [{property: own}]}]}
  - {name: b, logicalType: string, relationships: [{to: my-stock.b, name: what, customProperties: [{property: x}]}]}
"""


def test_a_rule_keeps_its_name_and_what_is_odd_beside_it_is_no_fault(tmp_path: Path) -> None:
    first = written(tmp_path, NAMED)
    known = load(first)
    assert {"unlike", "who", "what"} <= {rule.id for rule in known.rules}
    text = export(first)
    assert asked(load(written(tmp_path, text, "again.yaml"))) == asked(known)
    assert export(tmp_path / "again.yaml") == text
    assert "query" not in text and text.count("a <> 'x'") == 1 and "plain words" in text


def test_the_schema_would_notice(tmp_path: Path) -> None:
    assert faults(EVERYTHING)
    assert faults(export(written(tmp_path, EVERYTHING)).replace("metric: rowCount", "metric: rows"))


FOREIGN = """\
apiVersion: v3.1.0
kind: DataContract
id: 53581432
name: seller
version: 1.1.0
status: active
domain: sales
team: {name: us, members: [{username: ada}]}
servers: [{server: x, type: local, path: x, format: csv}]
slaProperties:
- {property: latency, value: 4, unit: d, element: tx.at}
- {property: latency, value: 4, unit: y, element: tx.at}
- {property: generalAvailability, value: "2022-05-12"}
schema:
- name: tx
  physicalType: table
  quality:
  - {type: text, description: The rows are good.}
  - {type: sql, query: "SELECT count(*) FROM {object}", mustBeGreaterThan: 3}
  - {type: library, metric: rowCount, mustBeGreaterThan: 3}
  properties:
  - name: id
    logicalType: string
    logicalTypeOptions: {format: uuid, minLength: 36}
    required: true
    quality:
    - {type: custom, engine: soda, implementation: "checks: none"}
    - {metric: nullValues, mustNotBe: 5}
    - {metric: nullValues, mustBe: 0}
  - {name: at, logicalType: timestamp}
  - {name: tags, logicalType: array, items: {logicalType: string}}
  - {name: colour, logicalType: string, farbe: rot, relationships: [{to: schema/colours/properties/name}, {to: colours.name}]}
- name: other
  properties: [{name: x}]
"""  # noqa: E501


def test_of_a_foreign_document_what_cannot_be_run_is_kept_and_said(tmp_path: Path) -> None:
    path = written(tmp_path, FOREIGN, "seller.yaml")
    with pytest.raises(SpecError, match="has 2 tables"):
        imported(path)
    with pytest.raises(SpecError, match='no table "txx"'):
        imported(path, "txx")
    found = imported(path, "tx")
    kinds = sorted(rule.kind for rule in found.contract.rules)
    assert kinds == [
        "foreign_key", "freshness", "length", "null_share", "required", "row_count", "type", "type", "type",
    ]  # fmt: skip
    said = "\n".join(found.notes)
    for part in (
        "the tables other are not in it", "tags: the logicalType array is not checked", 'engine "soda"', "mustNotBe",
        "in plain words", "queries cannot be run", '"y" is no unit', 'option "format"', 'no "farbe"',
        "points to columns of one source", "kept as they are, and not acted on: domain, team, servers",
    ):  # fmt: skip
        assert part in said, part
    again = load(written(tmp_path, found.text, "made.yaml"))
    assert asked(again) == asked(found.contract)
    # written out once more, each part stands where it stood
    out = yaml.safe_load(export(tmp_path / "made.yaml"))
    assert faults(export(tmp_path / "made.yaml")) == []
    theirs = yaml.safe_load(FOREIGN)
    table, other = out["schema"][0], theirs["schema"][0]

    def rules(node: dict[str, object]) -> list[str]:
        found = node.get("quality")
        assert isinstance(found, list)
        return sorted(str(sorted({"type": "library", **rule}.items())) for rule in found)

    assert rules(table) == rules(other)
    assert rules(table["properties"][0]) == rules(other["properties"][0])
    assert table["properties"][0]["logicalTypeOptions"] == {"minLength": 36, "format": "uuid"}
    assert table["properties"][2]["logicalType"] == "array"
    assert len(out["slaProperties"]) == 3 and out["team"] == theirs["team"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: DataContract\napiVersion: v2.2.2\nschema: []\n", "no data contract of version 3"),
        ("kind: Other\napiVersion: v3.1.0\n", "no data contract of version 3"),
        ("kind: DataContract\napiVersion: v3.1.0\nschema: []\n", "has 0 tables"),
        ("kind: DataContract\napiVersion: v3.1.0\nschema: x\n", "must be a list"),
        ("kind: DataContract\napiVersion: v3.1.0\nschema: [{name: t}]\n", "at least one property"),
        ("kind: DataContract\napiVersion: v3.1.0\nschema: [{name: t, properties: [{nam: x}]}]\n", "needs a name"),
        ("kind: DataContract\napiVersion: v3.1.0\nschema: [{properties: [{name: x}, {name: x}]}]\n", "stands twice"),
        ("a: [", ""),
        ("- 1\n", "must be a mapping"),
    ],
)
def test_what_is_no_document_is_one_clear_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        imported(written(tmp_path, text))
    assert said in str(caught.value)
