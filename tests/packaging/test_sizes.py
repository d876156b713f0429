"""Files and functions that a reader can hold in the head; no leftovers."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import treadle

ROOT = Path(treadle.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
ROOMS = sorted(p.parent.name for p in ROOT.glob("*/__init__.py"))
LINES, FUNCTION_LINES, METHODS, PARAMETERS = 400, 60, 30, 9


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def too_long(module: Path) -> list[str]:
    text = module.read_text(encoding="utf-8")
    found = [f"{named(module)}: {len(text.splitlines())} lines"] if len(text.splitlines()) > LINES else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            found += [f"{named(module)}: {node.name} has {lines} lines"] if lines > FUNCTION_LINES else []
        if isinstance(node, ast.ClassDef):
            public = [n for n in node.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
            found += [f"{named(module)}: {node.name} has {len(public)} methods"] if len(public) > METHODS else []
    return found


def test_modules_functions_and_classes_stay_small() -> None:
    assert not [line for module in MODULES for line in too_long(module)]


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> int:
    """How many a caller may give; what a method belongs to is given by the dot."""
    found = function.args
    given = (*found.posonlyargs, *found.args, *found.kwonlyargs, found.vararg, found.kwarg)
    names = [each.arg for each in given if each is not None]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def test_no_function_takes_more_than_can_be_read_at_once() -> None:
    """What is given together wants a type of its own."""
    wrong = [
        f"{named(module)}:{node.lineno}: {getattr(node, 'name', 'lambda')} takes {count}"
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        and (count := parameters(node)) > PARAMETERS
    ]
    assert not wrong, "\n".join(wrong)


def test_a_module_says_what_it_is() -> None:
    assert not [named(m) for m in MODULES if not ast.get_docstring(ast.parse(m.read_text(encoding="utf-8")))]


def test_nothing_is_left_unfinished() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
    assert not [named(m) for m in MODULES if marks.search(m.read_text(encoding="utf-8"))]


def test_no_module_is_named_for_anything_and_everything() -> None:
    assert not {m.stem for m in MODULES} & {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_and_what_it_does_not_do(room: str) -> None:
    text = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text(encoding="utf-8"))) or ""
    sentences = [each for each in re.split(r"(?<=[.])\s+(?=[A-Z`])", text) if each.endswith(".")]
    assert len(sentences) >= 2, "say what the room is, then what it does not do"
    assert re.search(r"\b(not|no|none|neither|nor|never|nothing|only|alone)\b", sentences[1]), sentences[1]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_names_what_is_public(room: str) -> None:
    """`__all__` holds names that exist, and nothing private."""
    import importlib

    found = importlib.import_module(f"treadle.{room}")
    assert found.__doc__
    names = getattr(found, "__all__", [])
    assert all(not n.startswith("_") and hasattr(found, n) for n in names)
