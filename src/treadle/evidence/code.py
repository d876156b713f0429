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
import platform
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

import msgspec
from msgspec import Struct

PACKAGE = Path(__file__).resolve().parent.parent
_NAME = PACKAGE.name
_INSTRUMENTS = ("evidence", "store")
_DYNAMIC = ("import_module", "iter_modules", "__import__", "entry_points")
_KNOWN = {"sklearn": "scikit-learn", "ruamel": "ruamel.yaml"}


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
    tree = ast.parse(place.read_bytes())
    found = list(_running(tree, _attributes(tree)))
    if any(isinstance(node, ast.Name | ast.alias) and _called(node) in _DYNAMIC for node in ast.walk(tree)):
        found += _all_of(name.rpartition(".")[0])  # what is found by looking is looked for in its own room
    return tuple(dict.fromkeys(found))


def _called(node: ast.Name | ast.alias) -> str:
    return node.id if isinstance(node, ast.Name) else node.name


def _attributes(tree: ast.AST) -> dict[str, set[str]]:
    """Which attributes are taken of each name: `features.build` of `features`."""
    out: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            out.setdefault(node.value.id, set()).add(node.attr)
    return out


def _running(tree: ast.AST, taken: Mapping[str, set[str]]) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for other in node.orelse:
                yield from _running(other, taken)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == _NAME:
                    yield from _all_of(alias.name)
                else:
                    yield alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if module.partition(".")[0] != _NAME:
                yield module.partition(".")[0]
                continue
            for alias in node.names:
                yield from _named(module, alias.name, taken.get(alias.asname or alias.name, set()))
        else:
            yield from _running(node, taken)


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


def _distribution(module: str) -> str:
    import sys

    if module in sys.stdlib_module_names or not module:
        return ""
    if module in _KNOWN:
        return _KNOWN[module]
    try:
        version(module)
    except PackageNotFoundError:
        return next(iter(packages_distributions().get(module, ())), "")
    return module.lower().replace("_", "-")
