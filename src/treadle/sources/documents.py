"""JSON to columns: an array of objects, or an object a line; what is nested in objects gets a column of its own."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from treadle.errors import nearest
from treadle.sources.exactness import far_floats, kept_exact
from treadle.sources.ordering import in_order
from treadle.sources.unreadable import Unreadable

if TYPE_CHECKING:
    import polars as pl

MOST_LEVELS = 32
"""Of objects and lists in one another: each level makes columns, and the reader itself fails at some hundred."""


MOST_FIELDS = 5_000
"""Of all records together. The reader looks at all columns again with each record that has a new one."""


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


def refuse_wide(records: Iterable[object], noun: str) -> None:
    """Refuse records whose fields, taken together, would make too many columns. They are not too deep.

    Raises:
        Unreadable: with the number of the record in which there are too many.
    """
    seen, fields = dict[str, Any](), 0
    for number, record in enumerate(records, 1):
        fields += _new_fields(seen, record)
        if fields > MOST_FIELDS:
            raise too_wide(f"by {noun} {number:,} it has {fields:,} different fields")


def _new_fields(seen: dict[str, Any], value: object) -> int:
    """How many names it has that `seen` lacks, at the same place; they are noted there."""
    if isinstance(value, list):
        return sum(_new_fields(seen, part) for part in value if type(part) in (dict, list))
    if not isinstance(value, dict):
        return 0
    new = () if value.keys() <= seen.keys() else value.keys() - seen.keys()
    seen.update((name, {}) for name in new)
    made = len(new)
    for name, part in value.items():
        kind = type(part)
        if kind is dict or kind is list:
            made += _new_fields(seen[name], part)
    return made


def too_wide(has: str) -> Unreadable:
    """The error of something of which `has` says how many fields it has."""
    return Unreadable(
        f"{has}, and at most {MOST_FIELDS:,} columns are taken",
        mend="if the names of its fields are data, such as days or numbers, turn it: a record for each thing and its "
        "property",
    )


def too_deep(has: str, line: int = 0) -> Unreadable:
    """The error of something of which `has` says what it is."""
    what = f"{has} more than {MOST_LEVELS} levels of objects and lists in one another"
    return Unreadable(what, line=line, mend="leave the nested part out")


def rows_of(content: bytes, kind: str, *, noun: str = "line") -> pl.DataFrame:
    """The rows of a JSON array (`json`) or of JSON Lines (`jsonl`). noun: what a line is to whoever wrote it.

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
            if text.count(b'":') + text.count(b'" :') > MOST_FIELDS:
                refuse_wide((_decoded(line) for line in io.BytesIO(text) if line.strip()), noun)
            frame = pl.read_ndjson(io.BytesIO(text), infer_schema_length=None)
            far = far_floats(frame)
            if far:
                exact = kept_exact([_decoded(line) for line in io.BytesIO(text) if line.strip()], far)
                text = b"\n".join(map(msgspec.json.encode, exact))
                frame = pl.read_ndjson(io.BytesIO(text), infer_schema_length=None)
            return in_order(frame, (_decoded(line) for line in io.BytesIO(text) if line.strip()))
        found = _array(text)
        frame = pl.read_json(io.BytesIO(text), infer_schema_length=None)
        far = far_floats(frame)
        if far:
            found = kept_exact(found, far)
            frame = pl.read_json(io.BytesIO(msgspec.json.encode(found)), infer_schema_length=None)
        return in_order(frame, found)
    except pl.exceptions.PolarsError as bad:
        line = _wrong_line(text) if kind == "jsonl" else 0
        if line:
            what, mend = (
                "there is no JSON object in this line",
                "write each record as an object, each field of one type",
            )
            raise Unreadable(what, line=line, mend=mend) from bad
        raise _unlike(text, kind, "row" if kind == "json" else noun, bad) from bad


def _unlike(text: bytes, kind: str, noun: str, bad: Exception) -> Unreadable:
    """The first record in which a field is of another kind than before, with both."""
    lines = enumerate(text.split(b"\n"), 1) if kind == "jsonl" else ()
    records = ((number, _decoded(line)) for number, line in lines if line.strip())
    found = change_of_kind(records if kind == "jsonl" else enumerate(_array(text), 1))
    if found is None:
        reason = (str(bad).strip().splitlines() or ["unreadable"])[0]
        return Unreadable(f"it is no table of JSON ({reason})", mend="write each field of one type")
    what = f"{found.field} is {found.now} in {noun} {found.number:,}, and {found.before} in {noun} {found.first:,}"
    line = found.number if noun == "line" else 0
    return Unreadable(what, line=line, mend=f"write {found.field} alike in all of them")


class Changed(Struct, frozen=True):
    """A field that is of one kind (`before`) in the record `first`, and of another (`now`) in the record `number`."""

    field: str
    before: str
    first: int
    now: str
    number: int


def change_of_kind(records: Iterable[tuple[int, object]]) -> Changed | None:
    """The first change of a field's kind that keeps a column from being made, in records with their numbers.

    A text beside anything makes a text, and whole numbers beside fractions make fractions.

    >>> change_of_kind([(1, {"a": {"b": 1}}), (2, {"a": {"b": True}})])
    Changed(field='a.b', before='a number', first=1, now='true or false', number=2)
    """
    seen: dict[str, dict[str, int]] = {}
    for number, record in records:
        for field, kind in _kinds("", record):
            before = seen.setdefault(field, {})
            other = next((each for each in before if each != kind), None)
            if other is not None:
                return Changed(field, other, before[other], kind, number)
            before.setdefault(kind, number)
    return None


def _kinds(place: str, value: object) -> Iterator[tuple[str, str]]:
    """Of all that is in a record: where it is, and what. Of what may be anything, nothing and texts, it is not told."""
    if isinstance(value, dict):
        if place:
            yield place, "an object"
        for name, part in value.items():
            yield from _kinds(f"{place}.{name}" if place else str(name), part)
    elif isinstance(value, list):
        yield place, "a list"
        for part in value:
            yield from _kinds(f"{place}[]", part)
    elif isinstance(value, bool):
        yield place, "true or false"
    elif isinstance(value, int | float):
        yield place, "a number"


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
    refuse_wide(found, "row")
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
