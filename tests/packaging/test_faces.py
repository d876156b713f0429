"""A room is used by its face: the names in its `__init__`'s `__all__`, and the modules that it names in `OPEN`."""

from __future__ import annotations

import ast
import functools
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_layers import ROOT, modules, room_of

ROOMS = sorted(init.parent.name for init in ROOT.glob("*/__init__.py"))


def open_modules(room: str) -> tuple[str, ...]:
    """What a room declares open, as `kinds` or `kinds.noted`; one that is a folder stands for all in it."""
    return tuple(getattr(importlib.import_module(f"treadle.{room}"), "OPEN", ()))


def offered(parts: list[str]) -> list[str]:
    """The names that a room's `__init__` offers; none where the parts name no room."""
    room = parts[1] if len(parts) == 2 else ""
    return list(importlib.import_module(f"treadle.{room}").__all__) if room in ROOMS else []


def is_module(parts: list[str]) -> bool:
    place = ROOT.joinpath(*parts)
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


@functools.cache
def used(module: Path) -> tuple[tuple[int, str, str, str], ...]:
    """See `imports`; each file is read once for all rooms."""
    return tuple(imports(module))


def imports(module: Path) -> Iterator[tuple[int, str, str, str]]:
    """(line, room, module in it or "", name or "") of each import from another room, wherever in the file it stands."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = [(node.module.split("."), alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            whole = [(alias.name.split("."), "") for alias in node.names]
        else:
            continue
        for parts, name in whole:
            if parts[0] != "treadle":
                continue
            if name and is_module([*parts[1:], name]) and name not in offered(parts):
                parts, name = [*parts, name], ""
            if len(parts) > 1 and parts[1] != room_of(module):
                yield node.lineno, parts[1], ".".join(parts[2:]), name


def is_open(room: str, inner: str) -> bool:
    return any(inner == each or inner.startswith(f"{each}.") for each in open_modules(room))


def trespass(room: str, inner: str, name: str) -> str:
    """What is wrong with an import from a room; "" where nothing is."""
    if name.startswith("_") and name != "__version__":
        return f"{name} is private"
    if room not in ROOMS:
        return ""
    names = offered(["treadle", room])
    if not inner:
        return "" if not name or name in names else f"treadle.{room} does not offer {name}"
    if is_open(room, inner):
        return ""
    return f"treadle.{room} offers it: import it from there" if name in names else "that module is not open"


def test_a_room_is_used_by_its_face() -> None:
    wrong = [
        f"{module.relative_to(ROOT)}:{line}: treadle.{room}{inner and f'.{inner}'} {name}: {why}"
        for module in modules()
        for line, room, inner, name in used(module)
        if (why := trespass(room, inner, name))
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_private_is_reached_by_a_modules_name() -> None:
    """As `registry._prove`, where `registry` was imported from another room."""
    wrong = []
    for module in modules():
        others = {inner.rpartition(".")[2] or room for _, room, inner, name in used(module) if not name}
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in others:
                private = node.attr.startswith("_") and not node.attr.startswith("__")
                wrong += [f"{module.relative_to(ROOT)}:{node.lineno}: {node.value.id}.{node.attr}"] if private else []
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_open_is_there_and_is_used_from_outside(room: str) -> None:
    """So that the list stays as short as it can be."""
    named = open_modules(room)
    assert list(named) == sorted(set(named)) and all(is_module([room, *each.split(".")]) for each in named)
    asked = {inner for module in modules() for _, other, inner, _ in used(module) if other == room}
    unused = [each for each in named if not any(inner == each or inner.startswith(f"{each}.") for inner in asked)]
    assert not unused


@pytest.mark.parametrize(
    ("room", "inner", "name", "why"),
    [
        ("store", "", "Blobs", ""),
        ("store", "", "_nothing", "private"),
        ("store", "", "nothing", "does not offer nothing"),
        ("store", "protocols", "Blobs", "import it from there"),
        ("store", "protocols", "", "not open"),
        ("evidence", "kinds.noted", "Noted", ""),
        ("evidence", "kinds.noted", "_inner", "private"),
        ("evidence", "kindship", "Noted", "not open"),
        ("money", "", "_rates", "private"),
        ("money", "", "money", ""),
    ],
)
def test_a_trespass_is_told(room: str, inner: str, name: str, why: str) -> None:
    assert why in trespass(room, inner, name) and bool(why) == bool(trespass(room, inner, name))
