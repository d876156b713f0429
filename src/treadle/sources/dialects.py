"""How a file of text was written: packed or not, in which letters, with which separators. Told from its bytes alone.

So the same bytes are always read alike, and no setting has to be kept beside them. RFC 4180 is the rule; what else is
met in the wild is the semicolon and the decimal comma of European spreadsheets, tabs, bars, UTF-16 and Windows-1252.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zlib
from collections.abc import Iterable

from msgspec import Struct

PACKED = ".gz"
MOST_GROWTH, LEAST_CHECKED = 250, 1 << 30
"""A packed file may grow so many times, or to so many bytes if that is more: no bomb of kilobytes fills the memory."""
_SEPARATORS = (",", ";", "\t", "|")
_HEAD, _LOOKED_AT = 1 << 20, 30
"""Bytes in which the header must end, and records that are looked at."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WITH_COMMA, _WITH_POINT = re.compile(r"[+-]?\d+,\d+"), re.compile(r"[+-]?\d+\.\d+")


class Dialect(Struct, frozen=True):
    """How a table of text was written, and the names in its header and the fields below as they stand there."""

    encoding: str
    separator: str
    decimal_comma: bool
    header: tuple[str, ...]
    first: tuple[str, ...]

    @property
    def said(self) -> str:
        """What is unusual of it, in words; empty where it is UTF-8 with commas and points."""
        names = {";": "semicolons", "\t": "tabs", "|": "bars"}
        unlike = [f"fields between {names[self.separator]}"] if self.separator in names else []
        unlike += ["a comma before decimals"] if self.decimal_comma else []
        unlike += [f"letters in {self.encoding}"] if self.encoding != "utf-8" else []
        return ", ".join(unlike)


def unpacked(content: bytes) -> bytes:
    """What a file of gzip holds.

    Raises:
        ValueError: it is damaged, ends too early, or grows out of all proportion.
    """
    most, parts, grown, rest = max(LEAST_CHECKED, MOST_GROWTH * len(content)), [], 0, content
    while rest:
        one = zlib.decompressobj(wbits=31)
        while not one.eof:
            try:
                part = one.decompress(rest, 1 << 24)
            except zlib.error as bad:
                raise ValueError(f"it is no whole file of gzip ({bad})") from bad
            parts.append(part)
            grown, rest = grown + len(part), one.unconsumed_tail
            if grown > most:
                raise ValueError(f"unpacked it is more than {MOST_GROWTH} times as large: {grown:,} bytes and more")
            if not part and not rest and not one.eof:
                raise ValueError("it ends before its gzip does")
        rest = one.unused_data.lstrip(
            b"\0"
        )  # several members may follow one another, and zeros may fill the last block
    return b"".join(parts)


def in_utf8(content: bytes) -> tuple[bytes, str]:
    """The same text in UTF-8 without a mark, and the encoding that it came in.

    What is no UTF-8 is taken for Windows-1252, which has all letters of Latin-1 and what Excel writes beside them.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            body = content.removeprefix(mark)
            return (body if encoding == "utf-8" else body.decode(encoding, "replace").encode()), encoding
    try:
        content.decode()
    except UnicodeDecodeError:
        try:
            return content.decode("cp1252").encode(), "windows-1252"
        except UnicodeDecodeError:
            return content.decode("latin-1").encode(), "latin-1"
    return content, "utf-8"


def dialect_of(text: bytes, encoding: str, *, tabs: bool = False) -> Dialect:
    """How a table of text in UTF-8 was written. `tabs`: its name says that tabs stand between fields."""
    head = text[:_HEAD].decode(errors="replace")
    found = {sign: _records(head, sign) for sign in (("\t",) if tabs else _SEPARATORS)}
    separator = _separator(found)
    records = found[separator]
    header, first = (*records, [], [])[:2]
    return Dialect(encoding, separator, _decimal_comma(separator, records[1:]), tuple(header), tuple(first))


def _records(head: str, separator: str) -> list[list[str]]:
    made = []
    try:
        for record in csv.reader(io.StringIO(head, newline=""), delimiter=separator):
            made.append(record)
            if len(made) > _LOOKED_AT:
                break
    except csv.Error:  # a field beyond all bounds: what came before it counts
        pass
    whole = len(head) >= _HEAD and len(made) <= _LOOKED_AT and len(made) > 1
    return [record for record in (made[:-1] if whole else made) if record]


def _separator(found: dict[str, list[list[str]]]) -> str:
    """The comma, where all records have as many fields by it; else what gives most, and as many in all."""
    if len(found) == 1:
        return next(iter(found))
    even = {sign: len(records[0]) for sign, records in found.items() if _even(records)}
    if "," in even or not even:
        return ","
    return max(even, key=lambda sign: even[sign])


def _even(records: list[list[str]]) -> bool:
    return bool(records) and len(records[0]) > 1 and len({len(record) for record in records}) == 1


def _decimal_comma(separator: str, records: Iterable[list[str]]) -> bool:
    if separator == ",":
        return False
    cells = [cell.strip() for record in records for cell in record]
    return any(_WITH_COMMA.fullmatch(c) for c in cells) and not any(_WITH_POINT.fullmatch(c) for c in cells)
