"""Imports go down one list of rooms, use what a neighbour's `__init__` names, and stay light."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

import treadle

ROOT = Path(treadle.__file__).parent
# from the top of the house to its foundation: a room imports only what stands after it
ROOMS = (
    "__main__", "cli", "web", "api", "onetable", "loop", "replay", "mirror", "hosting",
    "queueing", "scheduling", "notices", "drafting", "tiering", "plans", "upkeep", "filing", "rhythm", "knowledge",
    "history",
    "exploring", "stages", "workspace", "keeping", "backends", "targets", "monitoring",
    "serving", "streaming", "estimators", "testing", "packing", "models", "training", "labelling", "scoring",
    "contracts", "matching", "likeness", "profiling", "pages",
    "features", "pricing", "costs", "sources", "mapping", "people", "talk",
    "privacy", "access", "expr", "evidence", "store", "spec", "repository", "alone", "address", "principal", "money",
    "days", "signs", "figures", "errors", "__init__",
)  # fmt: skip
ENGINES_MAY_USE = {
    "features",
    "serving",
    "store",
    "address",
    "errors",
}  # an engine knows the protocol that it fulfils, and no other room
DRIVERS = ("psycopg", "redis", "obstore")
HEAVY = ("polars", "numpy", "sqlalchemy", "sklearn", "lightgbm", "onnxruntime", "onnx", "optuna", "deltalake")


def modules() -> Iterator[Path]:
    yield from sorted(ROOT.rglob("*.py"))


def room_of(module: Path) -> str:
    part = module.relative_to(ROOT).parts[0]
    return part.removesuffix(".py")


def imported(module: Path) -> Iterator[tuple[int, str, bool]]:
    """(line, dotted name, whether it stands at the head of the file) of each import of our own."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    head = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "treadle":
            names = [f"treadle.{a.name}" for a in node.names] if node.module == "treadle" else [node.module]
            yield from ((node.lineno, name, id(node) in head) for name in names)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, a.name, id(node) in head) for a in node.names if a.name.startswith("treadle."))


def test_every_room_has_its_place_in_the_list() -> None:
    assert {room_of(module) for module in modules()} <= set(ROOMS)


def test_imports_go_down_the_list_only() -> None:
    wrong = []
    for module in modules():
        room = room_of(module)
        if room == "__init__":
            continue  # what `treadle` itself offers is loaded when first used, and named there for types alone
        for line, name, _ in imported(module):
            target = name.split(".")[1]
            if target == "__version__":
                continue
            if ROOMS.index(target) < ROOMS.index(room):
                wrong.append(f"{module.relative_to(ROOT)}:{line} imports {name}, which stands above {room}")
    assert not wrong, "\n".join(wrong)


def test_the_package_itself_names_what_it_offers_for_types_alone() -> None:
    module = ROOT / "__init__.py"
    assert not needs(module, {".".join(("treadle", *m.relative_to(ROOT).with_suffix("").parts)) for m in modules()})
    assert {name for _, name, _ in imported(module)} == {"treadle.estimators"}


def test_only_the_workspace_opens_engines() -> None:
    """A room knows the protocol; which engine fulfils it is decided in one place."""
    users = {
        room_of(module)
        for module in modules()
        for _, name, _ in imported(module)
        if name.startswith("treadle.backends") and room_of(module) != "backends"
    }
    assert users <= {"workspace", "stages", "api"}, users


def test_an_engine_knows_only_its_protocol() -> None:
    used = {
        name.split(".")[1]
        for module in modules()
        if room_of(module) == "backends"
        for _, name, _ in imported(module)
        if name.split(".")[1] != "backends"
    }
    assert used <= ENGINES_MAY_USE, used


@pytest.mark.parametrize("name", ["treadle", "treadle.api", "treadle.cli", "treadle.spec", "treadle.errors"])
def test_importing_loads_nothing_heavy(name: str) -> None:
    """`treadle --help` answers at once because of this."""
    code = f"import sys, {name}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def needs(module: Path, known: Collection[str]) -> set[str]:
    """Modules of ours that a module needs when it runs, at its head or later; what types alone need does not count."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    typing = {id(each) for node in ast.walk(tree) if is_for_types(node) for each in ast.walk(node)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in typing:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in known else node.module for name in whole}
    return found & set(known)


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def test_no_import_leads_back_to_where_it_came_from() -> None:
    """Nor one inside a function: that only hides that two modules are one."""
    names = {".".join((ROOT.name, *module.relative_to(ROOT).with_suffix("").parts)): module for module in modules()}
    names = {name.removesuffix(".__init__"): module for name, module in names.items()}
    graph = {name: sorted(needs(module, names) - {name}) for name, module in names.items()}
    done: set[str] = set()

    def circle(name: str, way: tuple[str, ...]) -> tuple[str, ...]:
        if name in way:
            return (*way[way.index(name) :], name)
        if name in done:
            return ()
        done.add(name)
        return next((found for other in graph[name] if (found := circle(other, (*way, name)))), ())

    assert [found for name in graph if (found := circle(name, ()))] == []


def test_every_engine_of_ours_is_an_entry_point_and_comes_by_an_extra() -> None:
    """A folder of `backends` is one engine; whoever installs its extra can name it in a URL."""
    pyproject = tomllib.loads((ROOT.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points, extras = pyproject["entry-points"]["treadle.engines"], pyproject["optional-dependencies"]
    folders = {folder.parent.name for folder in (ROOT / "backends").glob("*/__init__.py")}
    assert points == {name: f"treadle.backends.{name}:ENGINE" for name in folders}
    for name in folders:
        engine = importlib.import_module(f"treadle.backends.{name}").ENGINE
        assert engine.name == name and bool(engine.package) == bool(engine.extra) == (name != "embedded")
        assert not engine.extra or any(each.startswith(engine.package) for each in extras[name])


def test_an_engine_that_nobody_uses_costs_nothing() -> None:
    """Its driver is imported when an address is opened, and not when the engines are looked for."""
    code = f"import sys, treadle.backends as b; b.installed(); print([m for m in {DRIVERS!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
