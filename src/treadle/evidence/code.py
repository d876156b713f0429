"""Which code a step can reach: computed from imports, never listed.

From the module of the function that does a step's work, every import that runs is followed, those inside functions
too; an import of a name from a room leads to the module where that name is written. Imports for types alone are not
followed, since they do not run. So an edit anywhere in what a step can reach gives it a new key, and an edit elsewhere
does not. What is passed in (tables, blobs, the chain) is reached by protocol and held to hashes instead: the rooms
`evidence` and `store` write the record and compute no result.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

PACKAGE = Path(__file__).resolve().parent.parent
_NAME = PACKAGE.name
_INSTRUMENTS = ("evidence", "store")
_DYNAMIC = ("import_module", "iter_modules", "__import__", "entry_points")
_PARTS = ("body", "orelse", "finalbody", "handlers", "cases")
"""The statements within a statement."""
_KNOWN = {"sklearn": "scikit-learn", "ruamel": "ruamel.yaml", "re2": "google-re2"}


class Code(Struct, frozen=True):
    """The modules that a step can reach, by the SHA-256 of their text; its libraries by version; its Python."""

    modules: dict[str, str]
    libraries: dict[str, str]
    python: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.encoded()).hexdigest()

    def encoded(self) -> bytes:
        return msgspec.json.encode(self, order="deterministic")

    def changes(self, earlier: Code) -> list[str]:
        """What differs from `earlier`, by name."""
        out = [*_differing(self.modules, earlier.modules), *_differing(self.libraries, earlier.libraries)]
        return out + ([f"Python {self.python}"] if self.python != earlier.python else [])


def _differing(now: Mapping[str, str], before: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*now, *before} if now.get(name) != before.get(name))


@functools.cache
def reached(root: str) -> Code:
    """What the module `root` (such as "treadle.stages.reading") can reach. One of another package stands for itself."""
    waiting, modules, libraries = [root], {}, {"numpy"}
    while waiting:
        name = waiting.pop()
        if name in modules:
            continue
        place = _place(name)
        if place is None:
            libraries.add(name.partition(".")[0])
            continue
        modules[name] = hashlib.sha256(place.read_bytes()).hexdigest()
        for found in _imports(name, place):
            top, _, rest = found.partition(".")
            if top != _NAME:
                libraries.add(top)
            elif rest.partition(".")[0] not in _INSTRUMENTS:
                waiting.append(found)
    return Code(
        dict(sorted(modules.items())),
        _versions(frozenset(libraries)),
        f"{platform.python_implementation()} {platform.python_version()}",
    )


def _place(name: str) -> Path | None:
    """The file of a module, of ours or of the project's that registered it; None for a library."""
    top, _, rest = name.partition(".")
    if top != _NAME:
        return None
    place = PACKAGE.joinpath(*rest.split(".")) if rest else PACKAGE
    if place.with_suffix(".py").is_file() and rest:
        return place.with_suffix(".py")
    return place / "__init__.py" if (place / "__init__.py").is_file() else None


@functools.cache
def _imports(name: str, place: Path) -> tuple[str, ...]:
    """The modules that running `name` can import, ours resolved to where the imported names are written."""
    # the list of names in a room's __init__ leads nowhere by itself: each importer follows the names it asks for
    if place.name == "__init__.py":
        return ()
    text = place.read_bytes()
    found = _Look(ast.parse(text))
    homes = [home for module, imported, called in found.names for home in _named(module, imported, called, found)]
    homes += [home for module in found.modules for home in _all_of(module)]
    if found.dynamic or (any(word.encode() in text for word in _DYNAMIC) and found.calls_dynamic):
        homes += _all_of(name.rpartition(".")[0])  # what is found by looking is looked for in its own room
    return tuple(dict.fromkeys([*homes, *found.libraries]))


class _Look:
    """What a module imports when it runs, and, where that is asked, which attributes it takes of which names.

    Imports are statements, so for these no expression is looked into: there are ten times as many.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.names: list[tuple[str, str, str]] = []
        self.modules: list[str] = []
        self.libraries: list[str] = []
        self.dynamic = False
        self._tree = tree
        waiting: list[ast.AST] = [tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Import):
                self._import(node)
            elif isinstance(node, ast.ImportFrom):
                self._import_from(node)
            else:
                waiting += [each for part in _PARTS for each in getattr(node, part, ()) if _runs(node, part)]

    @property
    def calls_dynamic(self) -> bool:
        return any(isinstance(node, ast.Name) and node.id in _DYNAMIC for node in self._expressions())

    def attributes(self, of: str) -> list[str]:
        """Those that are taken of what is called so."""
        found = {
            node.attr
            for node in self._expressions()
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == of
        }
        return sorted(found)

    def _expressions(self) -> Iterator[ast.AST]:
        """All that runs."""
        waiting: list[ast.AST] = [self._tree]
        while waiting:
            node = waiting.pop()
            yield node
            for part, value in ast.iter_fields(node):
                if isinstance(value, ast.AST):
                    waiting.append(value)
                elif isinstance(value, list) and _runs(node, part):
                    waiting += [each for each in value if isinstance(each, ast.AST)]

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.partition(".")[0] == _NAME:
                self.modules.append(alias.name)
            else:
                self.libraries.append(alias.name.partition(".")[0])

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        for alias in node.names:
            self.dynamic = self.dynamic or alias.name in _DYNAMIC
            if module.partition(".")[0] == _NAME:
                self.names.append((module, alias.name, alias.asname or alias.name))
        if module.partition(".")[0] != _NAME:
            self.libraries.append(module.partition(".")[0])


def _runs(node: ast.AST, part: str) -> bool:
    """Whether a part of a statement runs: not what is there for types alone."""
    return not (isinstance(node, ast.If) and part == "body" and "TYPE_CHECKING" in ast.dump(node.test))


def _named(module: str, name: str, called: str, by: _Look) -> list[str]:
    """Where `from module import name` leads, with the attributes that are taken of it if it is a room."""
    found = _homes(module, name)
    if len(found) == 1 and (_place(found[0]) or Path()).name == "__init__.py" and found[0] == f"{module}.{name}":
        inside = [home for each in by.attributes(called) for home in _homes(found[0], each)]
        return [found[0], *(inside or _all_of(found[0]))]
    return found


@functools.cache
def _homes(module: str, name: str) -> list[str]:
    """A module of that name; the module that a room's __init__ takes it from; the module itself; or, where none can be
    told, the whole room."""
    if _place(f"{module}.{name}") is not None:
        return [f"{module}.{name}"]
    place = _place(module)
    if place is None or place.name != "__init__.py":
        return [module]
    tree = ast.parse(place.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_NAME):
            for alias in node.names:
                if (alias.asname or alias.name) == name and node.module is not None:
                    return [module, *_homes(node.module, alias.name)]
    defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    defined |= {t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    return [module] if name in defined else _all_of(module)


def _all_of(module: str) -> list[str]:
    """A module, or every module of a room."""
    place = _place(module)
    if place is None or place.name != "__init__.py":
        return [module]
    inside = sorted(place.parent.rglob("*.py"))
    names = [".".join((_NAME, *file.relative_to(PACKAGE).with_suffix("").parts)) for file in inside]
    return [each.removesuffix(".__init__") for each in names]


@functools.cache
def _versions(imported: frozenset[str]) -> dict[str, str]:
    """Name and version of each library that is imported, and of those that it needs itself."""
    from importlib.metadata import PackageNotFoundError, requires, version  # slow to load, and few words run a step

    found: dict[str, str] = {}
    waiting = [_distribution(name) for name in sorted(imported)]
    while waiting:
        name = waiting.pop()
        if not name or name in found:
            continue
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # an optional part that is not installed, or a module of Python itself
        needed = [each for each in requires(name) or () if "extra ==" not in each]
        waiting += [re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0].lower().replace("_", "-") for each in needed]
    return dict(sorted(found.items()))


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    from importlib.metadata import packages_distributions

    return packages_distributions()


def _distribution(module: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    if module in sys.stdlib_module_names or not module:
        return ""
    if module in _KNOWN:
        return _KNOWN[module]
    try:
        version(module)
    except PackageNotFoundError:
        if importlib.util.find_spec(module) is None:
            return ""  # an optional part that is not installed
        return next(iter(_distributions().get(module, ())), "")
    return module.lower().replace("_", "-")
