"""A YAML contract file with the place of each of its parts."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from treadle.errors import SpecError, closest, nearest
from treadle.spec import Block, Items, read_yaml

_MOST_NEAR = 200


@dataclass(frozen=True)
class Document:
    """The file's tree. `error` makes a SpecError at a node, or at one key of it."""

    name: str
    tree: Any
    digest: str

    def at(self, node: Any, key: Any = None) -> str:
        """file:line:column of a node, or of a key in it."""
        line, column = node.place if isinstance(node, Block | Items) else (1, 1)
        if (isinstance(node, Block) and key in node) or (isinstance(node, Items) and isinstance(key, int)):
            line, column = node.places[key]
        return f"{self.name}:{line}:{column}"

    def error(self, node: Any, key: Any, what: str, mend: str = "") -> SpecError:
        return SpecError(what, where=self.at(node, key), mend=mend)

    def mapping(self, node: Any, parent: Any, key: Any) -> Mapping[str, Any]:
        """The node, which must be a mapping; an empty one stands for nothing."""
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            raise self.error(parent, key, f"`{key}` must be keys and values, found {_shown(node)}")
        return node

    def items(self, parent: Any, key: str) -> list[Mapping[str, Any]]:
        """The list of mappings under a key; empty if the key is not there."""
        found = parent.get(key)
        if found is None:
            return []
        if not isinstance(found, list):
            raise self.error(parent, key, f"`{key}` must be a list, found {_shown(found)}", "begin each part with a -")
        for place, item in enumerate(found):
            if not isinstance(item, Mapping):
                raise self.error(found, place, f"`{key}` must hold keys and values, found {_shown(item)}")
        return found

    def number(self, node: Any, key: str) -> float:
        """A number under a key."""
        value = node[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise self.error(node, key, f"`{key}` must be a number, found {_shown(value)}")
        return float(value)

    def whole(self, node: Any, key: str) -> int:
        """A whole number from 0 under a key."""
        value = self.number(node, key)
        if value < 0 or not value.is_integer():
            raise self.error(node, key, f"`{key}` must be a whole number from 0, found {_shown(node[key])}")
        return int(value)

    def flag(self, node: Any, key: str) -> bool:
        """True or false under a key; false if it is not there."""
        value = node.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.error(node, key, f"`{key}` must be true or false, found {_shown(value)}")
        return bool(value)

    def no_misspelling(self, node: Any, known: Iterable[str]) -> None:
        """Descriptive keys are free, but one that looks like a misspelt rule would be a rule that nobody runs."""
        names = list(known)
        for key in node:
            if str(key) not in names and difflib.get_close_matches(str(key), names, n=1, cutoff=0.88):
                raise self.error(node, key, f'unknown key "{key}"', nearest(str(key), names))


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value) if not isinstance(value, Mapping | list) else "a block"


def open_document(path: Path, name: str = "") -> Document:
    """Read the YAML. name: how its places call it, where not by its own name.

    Raises:
        SpecError: no regular file, too large, not UTF-8, not YAML that is read here, or no mapping at the top.
    """
    if not path.exists():
        raise SpecError(
            f"there is no contract {name or path.name}",
            where=str(path),
            mend=f"{_near(path, name or path.name)}write one as docs/contracts.md says; or leave contract: out",
        )
    read = read_yaml(path, "a contract", begin="kind: DataContract")
    return Document(name or path.name, read.tree, read.digest)


def _near(path: Path, name: str) -> str:
    """Which contract may be meant, called from where `name` is: of those in the nearest folder that is there, and in
    the folders in it."""
    folder = next(each for each in path.absolute().parents if each.is_dir())
    begin = path.absolute().parents[len(Path(name).parts) - 1] if not Path(name).is_absolute() else Path("/")
    found = [each for pattern in ("*.yaml", "*/*.yaml") for each in islice(folder.glob(pattern), _MOST_NEAR)]
    known = {each.name: os.path.relpath(each, begin) for each in found if _begins_as_contract(each)}
    close = closest(path.name, known)
    there = f'did you mean "{known[close]}"?' if close else nearest(name, known.values())
    return f"{there} Else " if close else f"{there}; else " if there else ""


def _begins_as_contract(file: Path) -> bool:
    if not file.is_file():
        return False
    with suppress(OSError), file.open("rb") as opened:
        return b"kind: DataContract" in opened.read(4096)
    return False
