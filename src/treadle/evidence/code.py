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
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

import msgspec
from msgspec import Struct

PACKAGE = Path(__file__).resolve().parent.parent
_NAME = PACKAGE.name
_INSTRUMENTS = ("evidence", "store")
_DYNAMIC = ("import_module", "iter_modules", "__import__", "entry_points")
_WITHOUT_IMPORTS = (ast.Constant, ast.arg, ast.alias, ast.Load, ast.Store, ast.Pass)
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
    found = _Look(ast.parse(place.read_bytes()))
    homes = [
        home
        for module, imported, called in found.names
        for home in _named(module, imported, found.attributes.get(called, set()))
    ]
    homes += [home for module in found.modules for home in _all_of(module)]
    if found.dynamic:
        homes += _all_of(name.rpartition(".")[0])  # what is found by looking is looked for in its own room
    return tuple(dict.fromkeys([*homes, *found.libraries]))


class _Look:
    """One walk over a module: what it imports when it runs, and which attributes it takes of which names."""

    def __init__(self, tree: ast.AST) -> None:
        self.names: list[tuple[str, str, str]] = []
        self.modules: list[str] = []
        self.libraries: list[str] = []
        self.attributes: dict[str, set[str]] = {}
        self.dynamic = False
        waiting = [tree]
        while waiting:
            node = waiting.pop()
            kind = type(node)
            if kind is ast.If and "TYPE_CHECKING" in ast.dump(node.test):  # type: ignore[attr-defined]
                waiting += node.orelse  # type: ignore[attr-defined]
                continue
            if kind in _WITHOUT_IMPORTS:
                continue
            if kind is ast.Import:
                self._import(node)  # type: ignore[arg-type]
            elif kind is ast.ImportFrom:
                self._import_from(node)  # type: ignore[arg-type]
            elif kind is ast.Attribute and type(node.value) is ast.Name:  # type: ignore[attr-defined]
                self.attributes.setdefault(node.value.id, set()).add(node.attr)  # type: ignore[attr-defined]
            elif kind is ast.Name and node.id in _DYNAMIC:  # type: ignore[attr-defined]
                self.dynamic = True
            for field in node._fields:
                value = getattr(node, field, None)
                if type(value) is list:
                    waiting += [each for each in value if isinstance(each, ast.AST)]
                elif isinstance(value, ast.AST):
                    waiting.append(value)

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


def _named(module: str, name: str, attributes: set[str]) -> list[str]:
    """Where `from module import name` leads, with the attributes that are taken of it if it is a room."""
    found = _homes(module, name)
    if len(found) == 1 and (_place(found[0]) or Path()).name == "__init__.py" and found[0] == f"{module}.{name}":
        inside = [home for each in sorted(attributes) for home in _homes(found[0], each)]
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
    return packages_distributions()


def _distribution(module: str) -> str:
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
