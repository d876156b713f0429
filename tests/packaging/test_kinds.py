"""Nobody outside `scoring/tasks` asks for a kind of prediction by its name: what depends on it is asked of the task."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_layers import ROOT

from treadle.spec.choices import KINDS

MEANT = {"classification", "multiclass", "regression", "counts", "quantiles"}
ALLOWED = ("scoring/tasks/", "spec/choices.py", "testing/")
"""The tasks themselves, the lists that a file is checked by, and suites, which make labels of each kind."""


def asked(text: str) -> Iterator[int]:
    """Lines that compare something with the name of a kind, look one up by name, or match on one."""
    for node in ast.walk(ast.parse(text)):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) != "Literal":
            parts = [node.slice]
        elif isinstance(node, ast.MatchValue):
            parts = [node.value]
        for part in parts:
            inside = part.elts if isinstance(part, ast.Tuple | ast.Set | ast.List) else [part]
            if any(isinstance(one, ast.Constant) and one.value in MEANT for one in inside):
                yield node.lineno if isinstance(node, ast.expr) else parts[0].lineno


def test_the_kinds_are_those_that_are_looked_for() -> None:
    assert set(KINDS) == MEANT


@pytest.mark.parametrize(
    "text",
    [
        'if kind == "classification": pass',
        'x = 1 if spec.predict.kind != "regression" else 2',
        'y = kind in ("multiclass", "counts")',
        'z = TABLE["counts"]',
        'match kind:\n    case "regression": pass',
    ],
)
def test_a_question_for_a_kind_is_found(text: str) -> None:
    assert list(asked(text))


def test_nobody_asks_for_a_kind_by_its_name() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in sorted(Path(ROOT).rglob("*.py"))
        if not str(file.relative_to(ROOT)).startswith(ALLOWED)
        for line in asked(file.read_text(encoding="utf-8"))
    ]
    assert not found
