"""JSON to columns: an array of objects, or an object a line; what is nested in objects gets a column of its own."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from treadle.errors import nearest
from treadle.sources.ordering import in_order
from treadle.sources.unreadable import Unreadable

if TYPE_CHECKING:
    import polars as pl

MOST_LEVELS = 32
"""Of objects and lists in one another: each level makes columns, and the reader itself fails at some hundred."""


class Missing(LookupError):
    """A place in a document that is not there; `mend` says what is."""

    def __init__(self, mend: str) -> None:
        self.mend = mend
        super().__init__(mend)


def at(tree: object, place: str) -> object:
    """What stands at a place such as `meta.next`, a name after another, in JSON that was read.

    >>> at({"meta": {"next": "abc"}}, "meta.next")
    'abc'

    Raises:
        Missing: one of the names is not there.
    """
    found = tree
    for name in place.split("."):
        if not isinstance(found, dict):
            raise Missing("")
        if name not in found:
            raise Missing(nearest(name, [str(each) for each in found]))
        found = found[name]
    return found


def refuse_deep(records: Sequence[object]) -> None:
    """Refuse objects that are nested too deep to become columns.

    Raises:
        Unreadable: with the number of the record.
    """
    for number, record in enumerate(records, 1):
        if is_deep(record):
            raise too_deep(f"record {number:,} has")


def is_deep(record: object) -> bool:
    """Whether it is nested too deep to become columns."""
    inside, level = [record], 0
    while inside:
        level += 1
        if level > MOST_LEVELS:
            return True
        deeper = list[object]()
        for value in inside:
            parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            deeper += [part for part in parts if isinstance(part, dict | list)]
        inside = deeper
    return False


def too_deep(has: str, line: int = 0) -> Unreadable:
    """The error of something of which `has` says what it is."""
    what = f"{has} more than {MOST_LEVELS} levels of objects and lists in one another"
    return Unreadable(what, line=line, mend="leave the nested part out")


def rows_of(content: bytes, kind: str) -> pl.DataFrame:
    """The rows of a JSON array (`json`) or of JSON Lines (`jsonl`).

    Raises:
        Unreadable: the text is no JSON, by line where that is known; or no array of objects.
    """
    import polars as pl

    text = content.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        raise Unreadable("the file is empty", mend="give a file with rows")
    try:
        if kind == "jsonl":
            if text.lstrip().startswith(b"["):
                raise Unreadable("it begins as a JSON array, and not with an object", mend="say so with format: json")
            _refuse_deep_lines(text)
            frame = pl.read_ndjson(io.BytesIO(text), infer_schema_length=None)
            return in_order(frame, (_decoded(line) for line in io.BytesIO(text) if line.strip()))
        found = _array(text)
        return in_order(pl.read_json(io.BytesIO(text), infer_schema_length=None), found)
    except pl.exceptions.PolarsError as bad:
        reason = (str(bad).strip().splitlines() or ["unreadable"])[0]
        line = _wrong_line(text) if kind == "jsonl" else 0
        what = "there is no JSON object in this line" if line else f"it is no table of JSON ({reason})"
        raise Unreadable(what, line=line, mend="write each record as an object, each field of one type") from bad


def _array(text: bytes) -> list[object]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as bad:
        raise Unreadable(f"it is no JSON ({bad})", mend="if it has an object a line, say format: jsonl") from bad
    if isinstance(found, dict):
        inside = [name for name, value in found.items() if isinstance(value, list)]
        shown = f"; its arrays are under {', '.join(inside[:5])}" if inside else ""
        raise Unreadable(f"it is one JSON object, and no array of them{shown}", mend="write the array alone")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Unreadable("it is no array of JSON objects", mend="write each row as an object: [{...}, {...}]")
    if not found:
        raise Unreadable("the array is empty", mend="give a file with rows")
    refuse_deep(found)
    return found


def _refuse_deep_lines(text: bytes) -> None:
    """A line that is too deep, before the reader meets it: some hundred levels end the process."""
    opened = text.count(b"{") + text.count(b"[")
    if opened == text.count(b"\n{") + text.startswith(b"{"):
        return  # nothing is nested
    for number, line in enumerate(io.BytesIO(text), 1):
        if line.count(b"{") + line.count(b"[") > MOST_LEVELS and is_deep(_decoded(line)):
            raise too_deep("it has", number)


def _decoded(line: bytes) -> object:
    """A record; nothing where it is none, or too deep for it to be told."""
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    except RecursionError:
        raise too_deep("it has") from None


def _wrong_line(text: bytes) -> int:
    """The first line that is no object; 0 if each is one."""
    for number, line in enumerate(text.split(b"\n"), 1):
        if line.strip():
            try:
                found = msgspec.json.decode(line)
            except (msgspec.DecodeError, RecursionError):
                return number
            if not isinstance(found, dict):
                return number
    return 0
