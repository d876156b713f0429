"""How a file of text was written: in which letters, with which separators and decimals. Told from its bytes alone.

So the same bytes are always read alike, and no setting has to be kept beside them; what a source says goes first.
RFC 4180 is the rule; what else is met in the wild is the semicolon and the decimal comma of European spreadsheets,
tabs, bars, UTF-16 and Windows-1252.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from treadle.sources.figures import MONEY
from treadle.sources.unreadable import Unreadable

if TYPE_CHECKING:
    from treadle.spec import Layout

_SEPARATORS = (",", ";", "\t", "|")
HEAD, _LOOKED_AT = 1 << 20, 200
"""Bytes in which the header must end, and records that are looked at."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SPACED = re.compile(rf"[ \u00a0\u202f'()%]|{MONEY}")
"""What stands in and around a number, and tells nothing of its decimals."""
_COMMA = re.compile(r"[+-]?(\d+,(\d{1,2}|\d{4,})|0\d*,\d+|\d{4,},\d+|\d{1,3}(\.\d{3})+,\d+)")
"""Numbers in which the comma must stand before decimals; in `_POINT` the point."""
_POINT = re.compile(r"[+-]?(\d+\.(\d{1,2}|\d{4,})|0\d*\.\d+|\d{4,}\.\d+|\d{1,3}(,\d{3})+\.\d+)")
_EITHER = re.compile(r"[+-]?\d{1,3}([.,])\d{3}")
"""1,234 is a thousand in one country, and little more than one in another."""
_BELOW_ONE = re.compile(r"[+-]?0,\d+")
"""No thousands begin with a zero, so that also between commas such a comma stands before decimals."""


class Dialect(Struct, frozen=True):
    """How a table of text was written, and the names in its header as they stand there."""

    encoding: str
    separator: str
    decimal_comma: bool
    header: tuple[str, ...]
    quote: str = '"'
    skipped: int = 0
    unsure: str = ""
    """A number of which it cannot be told whether its sign stands before decimals or thousands."""
    sure: bool = False
    """Whether a number told it."""

    @property
    def said(self) -> str:
        """What is unusual of it, in words; empty where it is UTF-8 with commas and points."""
        names = {",": "", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
        sign = names.get(self.separator, f"{self.separator!r}")
        unlike = [f"fields between {sign}"] if sign else []
        unlike += ["a comma before decimals"] if self.decimal_comma else []
        unlike += [f"letters in {self.encoding}"] if self.encoding != "utf-8" else []
        return ", ".join(unlike)


def in_utf8(content: bytes, encoding: str | None = None) -> tuple[bytes, str]:
    """The same text in UTF-8 without a mark, and the encoding that it came in, as was said or as it is told.

    What is no UTF-8 is taken for Windows-1252, which has all letters of Latin-1 and what Excel writes beside them.

    Raises:
        Unreadable: there is no such encoding, or the bytes are not written in it.
    """
    text, found = _said(content, encoding) if encoding is not None else _told(content)
    return (text.replace(b"\r", b"\n") if b"\r" in text and b"\n" not in text else text), found


def _said(content: bytes, encoding: str) -> tuple[bytes, str]:
    try:
        codec = codecs.lookup(encoding).name
        return content.decode(codec).removeprefix("\ufeff").encode(), codec
    except LookupError as bad:
        mend = "use a name such as utf-8, utf-16, windows-1252 or latin-1"
        raise Unreadable(f'there is no encoding "{encoding}"', mend=mend) from bad
    except UnicodeError as bad:
        line = content.count(b"\n", 0, bad.start) + 1 if isinstance(bad, UnicodeDecodeError) else 0
        mend = "leave out `encoding:`, and it is told from the bytes"
        raise Unreadable(f"the bytes are not written in {codec}", line=line, mend=mend) from bad


def _told(content: bytes) -> tuple[bytes, str]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            body = content.removeprefix(mark)
            return (body if encoding == "utf-8" else body.decode(encoding, "replace").encode()), encoding
    pairs = in_pairs(content)
    if pairs is not None:
        return content.decode(pairs, "replace").encode(), pairs
    if content.isascii():  # which is looked at in place, where decoding makes a copy
        return content, "utf-8"
    try:
        content.decode()
    except UnicodeDecodeError:
        try:
            return content.decode("cp1252").encode(), "windows-1252"
        except UnicodeDecodeError:
            return content.decode("latin-1").encode(), "latin-1"
    return content, "utf-8"


def in_pairs(content: bytes) -> str | None:
    """The form of UTF-16 in which a text is written; None where it is in none."""
    for mark, encoding in _MARKS[1:]:
        if content.startswith(mark):
            return encoding
    head = content[: 1 << 12]
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        # text of the West in UTF-16 without a mark: every other byte is zero
        if len(head) > 3 and zeros.count(0) > 0.7 * len(zeros) and head.count(0) < 0.6 * len(head):
            return encoding
    return None


def dialect_of(text: bytes, encoding: str, layout: Layout, *, tabs: bool = False) -> Dialect:
    """How a table of text in UTF-8 was written. `tabs`: its name says that tabs stand between fields."""
    head = after(text, layout.skip_rows)[:HEAD].decode(errors="replace")
    quote = layout.quote_char or '"'
    signs = (layout.separator,) if layout.separator else ("\t",) if tabs else _SEPARATORS
    found = {sign: _records(head, sign, quote) for sign in signs}
    separator = _separator(found)
    records = found[separator]
    comma, unsure, sure = _decimals(separator, records[1:], layout)
    header = tuple(records[0]) if records else ()
    return Dialect(encoding, separator, comma, header, quote, layout.skip_rows, unsure, sure)


def agreed(several: Sequence[Dialect | None]) -> list[Dialect | None]:
    """How the files of a source are written: one that leaves its decimals open has those that all others tell.

    Where it is told by none, or by some in one way and by others in another, the first says what is unsure.
    """
    told = {each.decimal_comma for each in several if each is not None and each.sure}
    if len(told) == 1:
        comma = told.pop()
        return [replace(each, decimal_comma=comma, unsure="") if each and each.unsure else each for each in several]
    open_ = next((each.unsure for each in several if each is not None and each.unsure), "")
    return [replace(each, unsure=open_) if each else each for each in several[:1]] + list(several[1:])


def after(text: bytes, lines: int) -> bytes:
    """What follows the first `lines` lines."""
    at = 0
    for _ in range(lines):
        at = text.find(b"\n", at) + 1
        if not at:
            return b""
    return text[at:]


def _records(head: str, separator: str, quote: str) -> list[list[str]]:
    made = []
    try:
        for record in csv.reader(io.StringIO(head, newline=""), delimiter=separator, quotechar=quote):
            made.append(record)
            if len(made) > _LOOKED_AT:
                break
    except (csv.Error, ValueError, TypeError):  # a field beyond all bounds: what came before it counts
        pass
    whole = len(head) >= HEAD and len(made) <= _LOOKED_AT and len(made) > 1
    return [record for record in (made[:-1] if whole else made) if record]


def _separator(found: dict[str, list[list[str]]]) -> str:
    """The comma, where all records have as many fields by it; else what gives most, and as many in all, or in most."""
    if len(found) == 1:
        return next(iter(found))
    shares = {sign: _evenness(records) for sign, records in found.items()}
    if shares[","] == 1:
        return ","
    even = {sign: len(found[sign][0]) for sign, share in shares.items() if share == 1}
    if even:
        return max(even, key=lambda sign: even[sign])
    best = max(shares, key=lambda sign: (shares[sign], sign == ","))
    return best if shares[best] > 0.5 else ","


def _evenness(records: list[list[str]]) -> float:
    """The share of records with as many fields as the first, which has several; 0 of one column."""
    if not records or len(records[0]) < 2:
        return 0.0
    return sum(len(record) == len(records[0]) for record in records) / len(records)


def _decimals(separator: str, records: Iterable[list[str]], layout: Layout) -> tuple[bool, str, bool]:
    """Whether a comma stands before decimals; a number by which that cannot be told, where none tells it; and whether
    one does."""
    if layout.decimal is not None:
        return layout.decimal == ",", "", True
    if layout.thousands is not None and layout.thousands in ",.":
        return layout.thousands == ".", "", True
    cells = [_SPACED.sub("", cell) for record in records for cell in record]
    if separator == ",":
        comma = any(map(_BELOW_ONE.fullmatch, cells)) and not any(map(_POINT.fullmatch, cells))
        return comma, "", comma
    comma, unsure = decimals_of(cells)
    return comma, unsure, any(_COMMA.fullmatch(cell) or _POINT.fullmatch(cell) for cell in cells)


def decimals_of(texts: Iterable[str]) -> tuple[bool, str]:
    """Whether a comma stands before decimals, and a number by which that cannot be told, where none tells it.

    >>> decimals_of(["1.240", "0,5"]), decimals_of(["1.240"])
    ((True, ''), (False, '1.240'))
    """
    cells = [_SPACED.sub("", cell) for cell in texts]
    comma, point = any(map(_COMMA.fullmatch, cells)), any(map(_POINT.fullmatch, cells))
    if comma or point:
        return comma and not point, ""
    either = [cell for cell in cells if _EITHER.fullmatch(cell)]
    commas = [cell for cell in either if "," in cell]
    return bool(commas) and len(commas) == len(either), (either or [""])[0]
