"""Read a YAML file from anywhere: bounded in size, depth and number of parts, parsed and never executed.

The one loader of project files, contracts and price books. It reads the core of YAML 1.2 (texts, whole and decimal
numbers, true, false, null, mappings, lists, aliases) and refuses the rest: tags that make objects, merge keys, a
second document, a key that stands twice. Dates stay texts. Every refusal has a line and a column.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from treadle.errors import SpecError
from treadle.spec.names import control_character

MOST_BYTES = 1_000_000
MOST_DEPTH = 50
MOST_PARTS = 50_000
"""Keys, values and lists together, with what aliases stand for: some seconds of work at most."""
MOST_ALIASES = 100
_MOST_SHARED = 100_000
"""Characters of a text whose tree is kept for the next reader."""

Place = tuple[int, int]
"""Line and column, from 1."""

_CORE = "tag:yaml.org,2002:"
_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE, _FALSE = re.compile(r"true|True|TRUE"), re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9](?:_?[0-9])*|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WIDEST = 2**63
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Block(dict[str, Any]):
    """A mapping of the file, with its place and the place of each key."""

    def __init__(self, place: Place = (1, 1)) -> None:
        super().__init__()
        self.place, self.places = place, dict[str, Place]()


class Items(list[Any]):
    """A list of the file, with its place and the place of each item."""

    def __init__(self, place: Place = (1, 1)) -> None:
        super().__init__()
        self.place, self.places = place, list[Place]()


@dataclass(frozen=True)
class YamlFile:
    """A file that was read: its tree, which others may have too and nobody changes, its text, and the SHA-256 of its
    bytes."""

    name: str
    tree: Block
    text: str
    digest: str


def read_yaml(path: Path, noun: str, *, begin: str) -> YamlFile:
    """Read a file whose top is a mapping. `noun` names it in errors, `begin` says how one begins.

    Raises:
        SpecError: no regular file, too large, not UTF-8, not the YAML that is read here, or no mapping.
    """
    content = read_bytes(path, noun)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        line = content.count(b"\n", 0, bad.start) + 1
        raise SpecError(
            f"the file is not UTF-8 (byte {bad.start})", where=f"{path.name}:{line}", mend="save it as UTF-8"
        ) from bad
    tree = _parsed(text, path.name) if len(text) <= _MOST_SHARED else parse(text, path.name)
    if not isinstance(tree, Block):
        raise SpecError(f"{noun} must be a mapping of keys", where=f"{path.name}:1:1", mend=f"begin with: {begin}")
    return YamlFile(path.name, tree, text, hashlib.sha256(content).hexdigest())


def read_bytes(path: Path, noun: str, most: int = MOST_BYTES) -> bytes:
    """The content of a regular file of at most `most` bytes; a pipe or a device is refused and never waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as bad:
        reason = "there is no such file" if isinstance(bad, FileNotFoundError) else getattr(bad, "strerror", None)
        raise SpecError(
            f"{noun} {path.name!r} cannot be read: {reason or bad}",
            where=path.name,
            mend="check the path and its permissions",
        ) from bad
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise SpecError(f"{noun} {path.name!r} is {kind_of(mode)}", where=path.name, mend="name a regular file")
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise SpecError(
            f"{noun} is larger than {most:,} bytes", where=f"{path.name}:1:1", mend="keep data out of it, in tables"
        )
    return content


def kind_of(mode: int) -> str:
    """What a file is that is no regular file, in words."""
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe (FIFO)"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((text for test, text in kinds if test(mode)), "no regular file")


@functools.lru_cache(maxsize=32)
def _parsed(text: str, name: str) -> Any:
    """`parse`, once for the same text: a server reads its project and its price book for every request. What is given
    is shared, so nobody changes it."""
    return parse(text, name)


def parse(text: str, name: str) -> Any:
    """The tree of one YAML document; None for an empty one."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    bad = _FORBIDDEN.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1) + 1
        raise SpecError(
            f"not valid YAML: the character U+{ord(bad[0]):04X} is not text",
            where=f"{name}:{line}:{column}",
            mend="remove it; is this a text file?",
        )
    try:
        return _Composer(iter(YAML(typ="safe", pure=True).parse(text)), name).document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        problem = (error.problem or "").splitlines()[0] if error.problem else "not readable"
        if "'\\t'" in problem:
            problem = "a tab cannot indent or begin a value"
        mend = "check indentation, quotes and colons"
        raise SpecError(f"not valid YAML: {problem}", where=where, mend=mend) from error
    except (YAMLError, ValueError, OverflowError, AssertionError) as error:
        raise SpecError(f"not valid YAML: {error}", where=f"{name}:1:1", mend="check for odd characters") from error


class _Composer:
    """From the parser's events to a tree, refusing as it goes: nothing is held that is over a limit."""

    def __init__(self, events: Iterator[Any], name: str) -> None:
        self.events, self.name = events, name
        self.parts = self.aliases = self.depth = 0
        self.anchors: dict[str, tuple[Any, int]] = {}

    def refuse(self, event: Any, what: str, mend: str) -> NoReturn:
        mark = event.start_mark
        raise SpecError(
            f"not valid YAML here: {what}", where=f"{self.name}:{mark.line + 1}:{mark.column + 1}", mend=mend
        )

    def document(self) -> Any:
        from ruamel.yaml.events import DocumentStartEvent, StreamEndEvent

        next(self.events)  # the stream's start
        first = next(self.events)
        if isinstance(first, StreamEndEvent):
            return None
        value = self.value(next(self.events))
        next(self.events)  # the document's end
        after = next(self.events)
        if isinstance(after, DocumentStartEvent):
            self.refuse(after, "a second document begins here", "keep one document a file; remove the --- line")
        return value

    def value(self, event: Any) -> Any:
        from ruamel.yaml.events import AliasEvent, MappingStartEvent, ScalarEvent

        before = self.parts
        self.count(event, 1)
        if isinstance(event, AliasEvent):
            return self.alias(event)
        if isinstance(event, ScalarEvent):
            made = self.scalar(event)
        else:
            wanted = "map" if isinstance(event, MappingStartEvent) else "seq"
            if event.tag not in (None, "!", _CORE + wanted):
                self.refuse_tag(event)
            self.depth += 1
            if self.depth > MOST_DEPTH:
                self.refuse(event, f"more than {MOST_DEPTH} levels deep", "write it flatter")
            made = self.mapping(event) if wanted == "map" else self.items(event)
            self.depth -= 1
        if event.anchor is not None:
            self.anchors[event.anchor] = (made, self.parts - before)
        return made

    def count(self, event: Any, more: int) -> None:
        self.parts += more
        if self.parts > MOST_PARTS:
            self.refuse(event, f"more than {MOST_PARTS:,} keys and values", "keep data out of it, in tables")

    def alias(self, event: Any) -> Any:
        self.aliases += 1
        if self.aliases > MOST_ALIASES:
            self.refuse(event, f"more than {MOST_ALIASES} aliases", "write the parts out")
        if event.anchor not in self.anchors:
            self.refuse(
                event, f"the alias *{event.anchor[:80]} stands for nothing before it", f"define &{event.anchor[:80]}"
            )
        made, size = self.anchors[event.anchor]
        self.count(event, size)
        return made

    def mapping(self, start: Any) -> Block:
        from ruamel.yaml.events import MappingEndEvent, ScalarEvent

        made = Block(_place(start))
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            if not isinstance(event, ScalarEvent):
                self.refuse(event, "a key must be a word", "quote it, or write a list with -")
            self.count(event, 1)
            if event.tag not in (None, "!", _CORE + "str"):
                self.refuse_tag(event)
            key = self.text(event)
            if key == "<<" and event.style is None:
                self.refuse(event, "merge keys (<<) are not read here", "write the keys out")
            if key in made:
                first = made.places[key]
                self.refuse(event, f'duplicate key "{key[:80]}", first at {first[0]}:{first[1]}', "keep one of the two")
            made.places[key] = _place(event)
            made[key] = self.value(next(self.events))
        return made

    def items(self, start: Any) -> Items:
        from ruamel.yaml.events import SequenceEndEvent

        made = Items(_place(start))
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            made.places.append(_place(event))
            made.append(self.value(event))
        return made

    def scalar(self, event: Any) -> Any:
        text, tag = self.text(event), event.tag
        quoted = event.style is not None
        if tag in ("!", _CORE + "str") or (tag is None and quoted):
            return text
        kind, made = self.plain(event, text)
        if tag is not None and tag != _CORE + kind:
            self.refuse_tag(event)
        return made

    def text(self, event: Any) -> str:
        text = str(event.value)
        bad = control_character(text)
        if bad:
            self.refuse(event, f"the text holds the character {bad}", "remove it")
        return text

    def plain(self, event: Any, text: str) -> tuple[str, Any]:
        kinds: tuple[tuple[re.Pattern[str], str, Callable[[], Any]], ...] = (
            (_NULL, "null", lambda: None),
            (_TRUE, "bool", lambda: True),
            (_FALSE, "bool", lambda: False),
            (_INT, "int", lambda: self.whole(event, text)),
            (_FLOAT, "float", lambda: float(text)),
            (_NOT_FINITE, "float", lambda: float(text.replace(".", "", 1))),
        )
        for pattern, kind, make in kinds:
            if pattern.fullmatch(text):
                return kind, make()
        return "str", text

    def whole(self, event: Any, text: str) -> int:
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        # Python refuses more than some thousand digits, and reads the many below that slowly
        made = int(text, base) if len(text) <= 40 else _WIDEST
        if not -_WIDEST <= made < _WIDEST:
            shown = text if len(text) <= 24 else f"{text[:20]}… ({len(text):,} digits)"
            self.refuse(event, f"the number {shown} is too large", "give one of at most 64 bits, or quote it as a text")
        return made

    def refuse_tag(self, event: Any) -> NoReturn:
        tag = str(event.tag).replace(_CORE, "!!")[:60]
        self.refuse(event, f"the tag {tag} is not read here", "remove the tag: plain texts and numbers are enough")


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


def positions(tree: Any, path: str = "") -> Iterator[tuple[str, Place]]:
    """The place of every key and item of a tree, by its path: ``sources.flights.key[0]``."""
    if isinstance(tree, Block):
        for key, value in tree.items():
            here = f"{path}.{key}" if path else key
            yield here, tree.places[key]
            yield from positions(value, here)
    elif isinstance(tree, Items):
        for index, value in enumerate(tree):
            yield f"{path}[{index}]", tree.places[index]
            yield from positions(value, f"{path}[{index}]")


def place_of(path: str, known: Mapping[str, Place]) -> Place:
    """The place of a part, or of the nearest enclosing part that has one; the file's beginning if none has."""
    while path and path not in known:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return known.get(path, (1, 1))
