"""JSON to columns: an array of objects, or an object a line; what is nested in objects gets a column of its own."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import msgspec

from treadle.sources.unreadable import Unreadable

if TYPE_CHECKING:
    import polars as pl


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
            return pl.read_ndjson(io.BytesIO(text), infer_schema_length=None)
        _refuse_no_array(text)
        return pl.read_json(io.BytesIO(text), infer_schema_length=None)
    except pl.exceptions.PolarsError as bad:
        reason = (str(bad).strip().splitlines() or ["unreadable"])[0]
        line = _wrong_line(text) if kind == "jsonl" else 0
        what = "there is no JSON object in this line" if line else f"it is no table of JSON ({reason})"
        raise Unreadable(what, line=line, mend="write each record as an object, each field of one type") from bad


def _refuse_no_array(text: bytes) -> None:
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
