"""Which columns a query filtered by while it read files, by DuckDB's profile of it: what statistics can rule out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from treadle.exploring.found import Filtered

_TEXT = re.compile(r"'(?:[^']|'')*'")
_COMPARED = re.compile(r'("(?:[^"]|"")+"|[^\W\d]\w*)\s*(=|>=|<=|>|<|IN\b)')
_MOST_NODES = 10_000


class View(Struct, frozen=True):
    """A snapshot as the statement names it, and its files."""

    schema: str
    name: str
    files: tuple[str, ...]
    hidden: str = ""
    """A column of the files that is none of the table."""


def filters_of(operators: object, views: Sequence[View]) -> list[Filtered]:
    """Each column of a snapshot that was compared with a value as its files were read; once, by one value before a
    range."""
    found: dict[tuple[str, str], bool] = {}
    for scan in _scans(operators):
        info = scan.get("extra_info")
        said = info.get("Filters") if isinstance(info, dict) else None
        files = str(info.get("Filename(s)", "")) if isinstance(info, dict) else ""
        names = info.get("Projections") if isinstance(info, dict) else None
        view = next((each for each in views if each.files and files.startswith(_folder(each.files[0]))), None)
        if view is None or said is None:
            continue
        text = _TEXT.sub("''", " ".join(map(str, said)) if isinstance(said, list) else str(said))
        for written, sign in _COMPARED.findall(text):
            column = written[1:-1].replace('""', '"') if written.startswith('"') else written
            if not isinstance(names, list) or column in names or names == []:
                key = (view.name, column)
                found[key] = found.get(key, False) or sign in ("=", "IN")
    return [Filtered(source, column, equal) for (source, column), equal in found.items()]


def _folder(file: str) -> str:
    return file.rpartition("/")[0] + "/"


def _scans(operators: object) -> Iterator[dict[str, object]]:
    waiting, seen = [operators], 0
    while waiting and seen < _MOST_NODES:
        node, seen = waiting.pop(), seen + 1
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            if node.get("type") == "TABLE_SCAN":
                yield node
            waiting.append(node.get("children"))
