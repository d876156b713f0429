"""Add lines to the `map` of a source in a project file, and change nothing else of it: no comment, no blank, no order.

The text is written whole or not at all, held to what was read, and read again before it is believed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from treadle.errors import SpecError, StoreError
from treadle.spec import Project, load_untrusted
from treadle.spec.documents import parse
from treadle.spec.writing import scalar


def insert(project: Project, source: str, entries: Mapping[str, str]) -> None:
    """Write `entries` (a column, and what stands after it) into the `map` of a source.

    Raises:
        StoreError: the file was written to meanwhile, or cannot be written.
        SpecError: it is written in a way that a line cannot be added to; nothing is changed.
    """
    content = project.file.read_bytes()
    text = content.decode("utf-8")
    if text.removeprefix("\ufeff").replace("\r\n", "\n") != project.text.replace("\r\n", "\n"):
        raise StoreError("the project file was written to meanwhile", where=project.file.name, mend="try again")
    made = inserted(text, source, entries, project.file.name)
    _replace(project.file, made.encode("utf-8"))
    try:
        load_untrusted(project.file)
    except SpecError:
        _replace(project.file, content)
        raise


def inserted(text: str, source: str, entries: Mapping[str, str], name: str) -> str:
    """The text with the entries in it.

    Raises:
        SpecError: as `insert` does.
    """
    from ruamel.yaml import YAML

    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix("\ufeff")
    node = _value(_value(YAML(typ="rt", pure=True).compose(body), "sources"), source)
    for comma in (", ", " "):  # whether one stands there already, a comment after it perhaps, shows when it is read
        with suppress(SpecError, AttributeError, IndexError, KeyError, TypeError):
            made = _written(body, node, entries, comma)
            if _as_meant(parse(body, name), parse(made, name), source, entries):
                return mark + made
    raise SpecError(
        "no line can be added to the file as it is written (an alias, perhaps)",
        where=f"{name}: sources.{source}",
        mend="write the lines yourself: treadle data map without --accept prints them",
    )


def _lines(entries: Mapping[str, str]) -> list[str]:
    return [f"{scalar(column)}: {said}" for column, said in entries.items()]


def _value(node: Any, key: str) -> Any:
    """The node of a key; None where it is not there."""
    pairs = node.value if node is not None and isinstance(node.value, list) else []
    return next((value for name, value in pairs if getattr(name, "value", None) == key), None)


def _written(text: str, node: Any, entries: Mapping[str, str], comma: str) -> str:
    """The text with the entries in the mapping that the source is, or in the `map` that it has."""
    mapped = _value(node, "map")
    if mapped is not None and mapped.flow_style:
        return _within(text, mapped, ", ".join(_lines(entries)), comma)
    if mapped is not None:
        indent = " " * mapped.value[0][0].start_mark.column
        return _after(text, _last(mapped), [f"{indent}{line}" for line in _lines(entries)])
    if node.flow_style:
        return _within(text, node, f"map: {{{', '.join(_lines(entries))}}}", comma)
    return _below(text, node, entries)


def _within(text: str, node: Any, said: str, comma: str) -> str:
    """At the end of a mapping between braces."""
    at = node.end_mark.index - 1
    return f"{text[:at].rstrip(' ')}{comma if node.value else ''}{said}{text[at:]}"


def _below(text: str, node: Any, entries: Mapping[str, str]) -> str:
    """A new `map` at the end of a source that is written a key a line."""
    indent = " " * node.value[0][0].start_mark.column
    return _after(text, _last(node), [f"{indent}map:", *(f"{indent}  {line}" for line in _lines(entries))])


def _last(node: Any) -> int:
    """Where the last value of a mapping ends."""
    while not isinstance(node.value, str) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return int(node.end_mark.index)


def _after(text: str, at: int, lines: list[str]) -> str:
    """Lines below the one in which `at` lies."""
    at = len(text[:at].rstrip()) if text[:at].endswith(("\n", " ")) else at
    end = text.find("\n", at)
    ending = "\r\n" if "\r\n" in text else "\n"
    block = ending.join(lines)
    return (
        f"{text.rstrip()}{ending}{block}{ending}" if end < 0 else f"{text[: end + 1]}{block}{ending}{text[end + 1 :]}"
    )


def _as_meant(before: Any, after: Any, source: str, entries: Mapping[str, str]) -> bool:
    """Whether the entries, and nothing else, came to the file."""
    wanted = {column: parse(f"x: {said}", "")["x"] for column, said in entries.items()}
    plain = json.loads(json.dumps(before))  # so that what an alias stands for is no longer one with it
    plain["sources"][source]["map"] = {**plain["sources"][source].get("map", {}), **wanted}
    return bool(plain == after)


def _replace(file: Path, content: bytes) -> None:
    """The whole file or nothing of it, with the rights that it has."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    real = Path(os.path.realpath(file))
    try:
        fresh.write_bytes(content)
        fresh.chmod(real.stat().st_mode & 0o777)
        fresh.replace(real)
    except OSError as bad:
        fresh.unlink(missing_ok=True)
        raise StoreError(
            f"the project file cannot be written: {bad.strerror}", where=file.name, mend="check its permissions"
        ) from bad
