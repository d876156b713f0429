"""Contract files: what is read, and what is refused with its place."""

# the tables of cases read best a case a line
# ruff: noqa: E501

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from treadle.contracts import load
from treadle.errors import SpecError

HEAD = "apiVersion: v3.0.2\nkind: DataContract\nid: t\nversion: 2.0.0\n"
X = HEAD + "schema:\n  - name: t\n    properties:\n      - name: x\n"


def refused(tmp_path, text: str) -> SpecError:
    file = tmp_path / "c.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load(file)
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a: [1\nb: 2", "2:2", "not valid YAML"),
        ("a: 1\na: 2\n", "2:1", "not valid YAML"),
        ("- a\n", "1:1", "mapping"),
        ("kind: Dataset\n", "1:1", "not a data contract"),
        ("kind: DataContract\napiVersion: v2.3.0\n", "2:1", "version 3"),
        (HEAD + "schema: []\n", "5:1", "one table"),
        (HEAD + "schema: 3\n", "5:1", "must be a list"),
        (HEAD + "schema:\n  - name: t\n    properties: []\n", "7:5", "at least one property"),
        (HEAD + "schema:\n  - name: t\n    properties:\n      - logicalType: date\n", "8:9", "needs a name"),
        (X + "      - name: x\n", "9:9", "stands twice"),
        (X + "        logicalType: text\n", "9:9", "cannot be checked"),
        (X + "        logicalTyp: string\n", "9:9", 'unknown key "logicalTyp"'),
        (X + "        requred: true\n", "9:9", "unknown key"),
        (X + "        required: maybe\n", "9:9", "true or false"),
        (X + "        logicalType: integer\n        logicalTypeOptions:\n          minimun: 3\n", "11:11", "minimun"),
        (X + "        logicalType: integer\n        logicalTypeOptions: {multipleOf: 3}\n", "10:30", "multipleOf"),
        (X + "        logicalType: integer\n        logicalTypeOptions: {minimum: abc}\n", "10:30", "no value for x"),
        (X + "        logicalType: string\n        logicalTypeOptions: {pattern: '(?=a)'}\n", "10:30", "no pattern"),
        (X + "        logicalType: integer\n        logicalTypeOptions: {minLength: 1}\n", "10:30", "no string"),
        (X + "        logicalType: string\n        logicalTypeOptions: {minLength: -1}\n", "10:30", "whole number"),
        (X + "        logicalType: date\n        logicalTypeOptions: {minimum: yesterday}\n", "10:30", "is no date"),
        (X + "        logicalTypeOptions: {minimum: 1}\n", "9:9", "no logicalType"),
        (X + "        quality:\n          - metric: nulValues\n", "10:13", "nulValues"),
        (X + "        quality:\n          - name: q\n", "10:13", "needs a `metric`"),
        (X + "        quality:\n          - {type: text, description: must be nice}\n", "10:14", "plain words"),
        (X + "        quality:\n          - {type: soda, implementation: x}\n", "10:14", "soda"),
        (X + "        quality:\n          - {type: custom, engine: greatExpectations}\n", "10:28", "greatExpectations"),
        (X + "        quality:\n          - {type: custom, engine: treadle}\n", "10:13", "needs an expression"),
        (X + "        quality:\n          - {type: sql, query: SELECT 1}\n", "10:25", "queries cannot"),
        (X + "        quality:\n          - {type: sql, query: y > 1}\n", "10:25", 'no column "y"'),
        (X + "        quality:\n          - {metric: validValues, validValues: [1]}\n", "10:49", "no logicalType"),
        (X + "        quality:\n          - {metric: validValues}\n", "10:14", "needs validValues"),
        (X + "        quality:\n          - {metric: invalidValues, arguments: {valid: [1]}}\n", "10:49", '"valid"'),
        (X + "        quality:\n          - {metric: duplicateValues, severity: warning}\n", "10:39", "is no warning"),
        (X + "        quality:\n          - {metric: nullValues, mustNotBe: 0}\n", "10:34", "mustNotBe"),
        (X + "        quality:\n          - {metric: nullValues, mustBe: few}\n", "10:34", "must be a number"),
        (X + "        quality:\n          - {metric: nullValues, mustBeBetween: [2, 1]}\n", "10:34", "smaller first"),
        (X + "        quality:\n          - {metric: nullValues, mustBeBetween: 2}\n", "10:34", "two numbers"),
        (X + "        quality:\n          - {metric: nullValues, mustBe: 1, mustBeLessThan: 2}\n", "10:45", "one bound"),
        (X + "        quality:\n          - {metric: nullValues, mustBe: 1, unit: kg}\n", "10:45", '"kg"'),
        (X + "        quality:\n          - {metric: rowCount}\n", "10:14", "number of rows"),
        (X + "    quality:\n      - {metric: nullValues}\n", "10:10", "about a column"),
        (X + "    quality:\n      - {metric: duplicateValues}\n", "10:10", "duplicates of what"),
        (X + "    quality:\n      - {metric: duplicateValues, arguments: {properties: [z]}}\n", "10:35", '"z"'),
        (X + "slaProperties:\n  - {property: latency, value: 3, unit: d}\n", "10:5", "one column"),
        (X + "slaProperties:\n  - {property: latency, value: 3, unit: y, element: t.x}\n", "10:35", '"y"'),
        (X + "slaProperties:\n  - {property: latency, value: 3, unit: d, element: t.x}\n", "10:44", "x is none"),
        (X + "customProperties:\n  - {property: maxBadShare, value: 5}\n", "10:29", "between 0 and 1"),
        (X + "customProperties: {maxBadShare: 0.1}\n", "9:1", "must be a list"),
    ],
)  # fmt: skip
def test_refused_with_place(tmp_path, text, place, says):
    error = refused(tmp_path, text)
    assert error.where.startswith(f"c.yaml:{place}"), str(error)
    assert says in str(error)


def test_no_file_and_no_utf8(tmp_path):
    with pytest.raises(SpecError, match=r"there is no contract c\.yaml"):
        load(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(SpecError, match="not UTF-8"):
        load(tmp_path / "c.yaml")


def test_descriptive_keys_are_free(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text(
        X + "        description: of x\n        classification: public\n        tags: [a]\n"
        "        quality:\n          - {metric: nullValues, severity: error, businessImpact: none}\n"
        "team: {name: us}\nservers: []\nsupport: []\n"
    )
    made = load(file)
    assert [rule.kind for rule in made.rules] == ["null_share"]
    assert (made.name, made.version) == ("t", "2.0.0")
    assert made.digest == hashlib.sha256(file.read_bytes()).hexdigest()


def test_rules_say_what_they_want(contract):
    made = contract(
        """
- {name: distance, logicalType: integer, required: true, logicalTypeOptions: {minimum: 1, maximum: 6_000}}
- {name: say "so", logicalType: string, logicalTypeOptions: {pattern: "it's"}}
"""
    )
    assert [rule.text for rule in made.rules] == [
        "distance must be an integer",
        "distance must not be missing",
        "distance must be between 1 and 6000",
        'say "so" must be a string',
        'say "so" must match it\'s',
    ]
    limits = made.rules[2]
    assert (limits.low, limits.high, limits.columns) == (1.0, 6000.0, ("distance",))
    assert limits.where == "t.yaml:9:81"
    assert limits.expression == '"distance" >= 1 and "distance" <= 6000'
    assert made.types == {"distance": "int", 'say "so"': "str"}


def test_names_of_rules_differ(contract):
    made = contract(
        "- {name: x, logicalType: integer, quality: [{name: q, metric: nullValues}, {name: q, metric: nullValues}]}"
    )
    assert [rule.id for rule in made.rules] == ["x_type", "q", "q_2"]


def test_import_brings_no_heavy_package():
    code = "import sys, treadle.contracts; print([m for m in ('polars', 'ruamel.yaml', 'sqlglot') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_a_contract_that_is_not_there_is_looked_for_in_the_folders_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "o.yaml").write_text("kind: DataContract\n", encoding="utf-8")
    (tmp_path / "treadle.yaml").write_text("project: shop\n", encoding="utf-8")
    for written in ("oo.yaml", "contracts/oo.yaml", "contract/o.yaml"):
        with pytest.raises(SpecError, match=f"there is no contract {written}") as refused:
            load(tmp_path / written, written)
        assert refused.value.mend.startswith('did you mean "contracts/o.yaml"? Else write one as docs/contracts.md')


def test_places_in_a_contract_name_it_as_the_project_does(tmp_path: Path) -> None:
    file = tmp_path / "contracts" / "o.yaml"
    file.parent.mkdir()
    file.write_text("kind: DataContrat\n", encoding="utf-8")
    with pytest.raises(SpecError) as refused:
        load(file, "contracts/o.yaml")
    assert refused.value.where.startswith("contracts/o.yaml:1:")
