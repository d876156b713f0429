"""A YAML contract file with the place of each of its parts."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treadle.errors import SpecError, nearest


@dataclass(frozen=True)
class Document:
    """The file's tree. `error` makes a SpecError at a node, or at one key of it."""

    name: str
    tree: Any
    digest: str

    def at(self, node: Any, key: Any = None) -> str:
        """file:line:column of a node, or of a key in it."""
        marks = getattr(node, "lc", None)
        line = column = 0
        if marks is not None:
            line, column = marks.line or 0, marks.col or 0
            if key is not None and isinstance(node, Mapping) and key in node:
                line, column = marks.key(key)
            elif isinstance(key, int) and isinstance(node, list):
                line, column = marks.item(key)
        return f"{self.name}:{line + 1}:{column + 1}"

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


def open_document(path: Path) -> Document:
    """Read the YAML.

    Raises:
        SpecError: no file, not UTF-8, not YAML, or no mapping at the top.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        content = path.read_bytes()
    except OSError as bad:
        raise SpecError(
            f"there is no contract {path.name}", where=str(path), mend="write one with: treadle init"
        ) from bad
    try:
        tree = YAML(typ="rt").load(content.decode("utf-8"))
    except UnicodeDecodeError as bad:
        raise SpecError(f"the file is not UTF-8 (byte {bad.start})", where=path.name, mend="save it as UTF-8") from bad
    except MarkedYAMLError as bad:
        mark = bad.problem_mark or bad.context_mark
        where = f"{path.name}:{mark.line + 1}:{mark.column + 1}" if mark else path.name
        problem = (bad.problem or "").splitlines()[0] if bad.problem else "not readable"
        raise SpecError(f"not valid YAML: {problem}", where=where, mend="check indentation, quotes and colons") from bad
    except (YAMLError, ValueError) as bad:
        raise SpecError(f"not valid YAML: {bad}", where=path.name, mend="check for control characters") from bad
    if not isinstance(tree, Mapping):
        raise SpecError(
            "a contract must be a mapping of keys", where=f"{path.name}:1:1", mend="begin with: kind: DataContract"
        )
    return Document(path.name, tree, hashlib.sha256(content).hexdigest())
