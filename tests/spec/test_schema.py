"""The published JSON Schema takes what `load` takes, and refuses what it can say of what `load` refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from treadle.spec import json_schema, load_untrusted, read_yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/treadle.yaml"))
SCHEMA = Draft202012Validator(json_schema())


def example() -> dict[str, Any]:
    return read_yaml(ROOT / "examples" / "flights" / "treadle.yaml", "the project file", begin="").tree


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.parent.name)
def test_the_schema_accepts_the_examples(file: Path) -> None:
    tree = read_yaml(file, "the project file", begin="").tree
    assert [error.message for error in SCHEMA.iter_errors(tree)] == []
    assert load_untrusted(file)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("project", "../x"),
        ("project", "<svg onload=x>"),
        ("project", "nul"),
        ("project", None),
        ("projct", "x"),
        ("sources", {}),
        ("sources.a/b", {"read": "x.csv"}),
        ("sources.flights.read", ""),
        ("sources.flights.format", "xls"),
        ("views.a b", {"from": "flights", "known": "a", "key": "b", "columns": {}}),
        ("serve.endpoint", "a/b"),
        ("serve.port", 99999),
        ("serve.port", "http"),
        ("predict.name", "a\nb"),
        ("predict.metric", "averge_precision"),
        ("predict.kind", "clustering"),
        ("predict.split.test", 0.9),
        ("predict.split.folds", 1),
        ("brief.must_have.averge_precision", 0.4),
        ("brief.good_enough.roc_auc", "high"),
        ("brief.mistakes.missed", -1),
        ("brief.mistakes.currency", "usd"),
        ("brief.limits.train_minutes", 0),
        ("brief.people.owner", "a b"),
        ("brief.people.reviewers", ["<svg>"]),
        ("train.trials", 0),
        ("train.families", ["forest"]),
        ("train.families", []),
        ("train.search", "grid"),
        ("features.row.a\x1bb", "1"),
        ("watch.alert", ["mail"]),
    ],
)
def test_the_schema_refuses_what_load_refuses(path: str, value: Any) -> None:
    tree = example()
    node: Any = tree
    *parts, last = path.split(".")
    for part in parts:
        node = node.setdefault(part, {})
    node[last] = value
    assert list(SCHEMA.iter_errors(tree))
