"""The rows in an answer of JSON, one at a time: a large answer is never held as objects, and other threads go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from treadle.errors import nearest
from treadle.sources.documents import MOST_FIELDS, is_deep, too_deep, too_wide
from treadle.sources.unreadable import Unreadable

_BOM = b"\xef\xbb\xbf"


class Records(Struct, frozen=True):
    """`lines`: each row as JSON in a line. `rest`: all of the answer but its rows. `last`: the last row."""

    lines: tuple[bytes, ...]
    rest: object = None
    last: dict[str, object] | None = None


def records_of(content: bytes, place: str | None) -> Records:
    """The rows of an array, at a place such as `data.items` or, without one, the whole; none of an empty answer.

    Raises:
        Unreadable: it is no JSON, has nothing there, no array, or a row that is no object, too deep or too wide.
    """
    text = content.removeprefix(_BOM)
    if not text.strip():
        return Records(())
    levels, found = list[tuple[dict[str, Raw], str]](), Raw(text)
    for name in place.split(".") if place else ():
        try:
            part = _decoded(found, dict[str, Raw])
        except msgspec.ValidationError:
            part = {}
        if name not in part:
            mend = nearest(name, part) if part else _arrays(_decoded(Raw(text)))
            raise Unreadable(f"it has nothing at {place}", mend=mend or _arrays(_decoded(Raw(text))))
        levels.append((part, name))
        found = part[name]
    try:
        rows = _decoded(found, list[Raw] | None) or []
    except msgspec.ValidationError:
        tree = _decoded(found)
        what = "one object" if isinstance(tree, dict) else "no array of rows"
        raise Unreadable(f"{place or 'the answer'} is {what}", mend=_arrays(tree, place or "")) from None
    rest: object = None
    for part, name in reversed(levels):
        rest = {key: rest if key == name else _decoded(value) for key, value in part.items()}
    return _lines([bytes(row) for row in rows], rest, place or "the answer")


def records_of_lines(content: bytes) -> Records:
    """The rows of JSON Lines."""
    lines = [line for line in content.removeprefix(_BOM).split(b"\n") if line.strip()]
    return _lines(lines, None, "the answer")


def _lines(rows: Sequence[bytes], rest: object, shown: str) -> Records:
    kept, last = list[bytes](), None
    for number, row in enumerate(rows, 1):
        last = _row(row, number, shown)
        kept.append(msgspec.json.encode(last) if b"\n" in row or b"\r" in row else row)
    return Records(tuple(kept), rest, last)


def _row(row: bytes, number: int, shown: str) -> dict[str, object]:
    found = _decoded(Raw(row))
    if not isinstance(found, dict):
        raise Unreadable(f"row {number:,} at {shown} is no object", mend='rows are objects: {"name": value}')
    if len(found) > MOST_FIELDS:
        raise too_wide(f"row {number:,} at {shown} has {len(found):,} fields")
    if is_deep(found):
        raise too_deep(f"row {number:,} at {shown} has")
    return found


def _decoded(raw: Raw, kind: Any = Any) -> Any:
    """A part of the answer. Raises ValidationError where it is of another kind, and Unreadable where it is no JSON."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as bad:
        if kind is not Any:
            raise
        raise _no_json(bad, raw) from bad
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as bad:
        raise _no_json(bad, raw) from bad


def _no_json(bad: Exception, raw: Raw) -> Unreadable:
    cut = " (it ends too early: was it cut?)" if "truncated" in str(bad) else ""
    text = bytes(raw)
    mend = "NaN and infinity are no JSON either" if b"NaN" in text or b"Infinity" in text else "ask who runs it"
    return Unreadable(f"it is no JSON: {str(bad)[:200]}{cut}", mend=mend)


def _arrays(tree: object, place: str = "") -> str:
    """Where there are arrays, as a setting."""
    found, queue = list[str](), [(place, tree, 0)]
    for here, part, level in queue:
        if isinstance(part, dict) and level < 3:
            queue += [(f"{here}.{name}" if here else str(name), part[name], level + 1) for name in part]
        elif isinstance(part, list) and here:
            found.append(here)
    return f"say where the rows are: records: {' or '.join(found[:5])}" if found else "it has no array in it"
