"""A large file of text in blocks of bounded size that end where a record ends, each below the header of the file.

What only all of its bytes tell is not told here: such a file is `NotInBlocks`, and whoever reads it holds it whole.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from treadle.sources.delimited import control, refuse_uneven
from treadle.sources.dialects import HEAD, Dialect, after, dialect_of, in_pairs
from treadle.sources.formats import ending_of, first_line
from treadle.sources.packed import MAGIC, unpacked
from treadle.sources.places import as_it_is, opened

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from treadle.spec import Layout

_PIECE = 1 << 22
"""Bytes that are read of a file at once."""
_LONGEST = 1 << 27
"""Bytes of one record, and of the lines above a header: what is longer is no table to be cut."""
_MOST_COLUMNS = 1_000
"""Each is a file of its own for each block."""


class NotInBlocks(Exception):
    """How the file is to be read does not follow from its blocks, each by itself."""


class Misquoted(NotInBlocks):
    """A mark of quotation stands where it neither begins nor ends a field."""


class Seen(Protocol):
    """What is told of each byte that is read of a file, such as a hash."""

    def update(self, data: bytes, /) -> object: ...


class _Unseen:
    def update(self, data: bytes, /) -> None: ...


@dataclass(frozen=True)
class Text:
    """A file of text as it is said to be written, read from its bytes each time it is asked."""

    file: Path
    layout: Layout
    where: str

    def dialect(self) -> Dialect:
        """How it is written, by its head.

        Raises:
            NotInBlocks: it is in other letters than UTF-8, or in lines and quotation marks that are not cut here.
            Unreadable: it is not packed as its name says, or damaged.
        """
        head, _ = self._begun(_Unseen(), _PIECE)
        ended = len(head) < 2 * HEAD
        if any(map(head.startswith, MAGIC)) or in_pairs(head) is not None or not _in_utf8(self.layout.encoding):
            raise NotInBlocks
        head = head.removeprefix(codecs.BOM_UTF8)
        text = after(head, self.layout.skip_rows)
        if not ended and len(text) < HEAD:
            raise NotInBlocks
        if not text.strip() or text[:1] in b"\r\n" or b"\n" not in text:
            raise NotInBlocks
        told = dialect_of(head, "utf-8", self.layout, tabs=ending_of(self.file) == ".tsv")
        signs = (told.separator.encode(), told.quote.encode())
        fields = max(len(told.header), first_line(text).count(signs[0]) + 1)
        if any(len(sign) != 1 for sign in signs) or not 1 < len(told.header) <= fields <= _MOST_COLUMNS:
            raise NotInBlocks
        return told

    def blocks(self, told: Dialect, size: int, seen: Seen) -> Iterator[bytes]:
        """The header and so many bytes of records, about, each time; one block at the least.

        Raises:
            NotInBlocks: a mark of quotation stands inside a field, a line ends in half, a record is very long, or the
                text is no UTF-8.
            Unreadable: as `dialect`.
        """
        quote, header, held, some = told.quote.encode(), b"", b"", False
        for text in _in_sizes(self._text(seen, size), size):
            end = _end(text, quote, inside=held.count(quote) % 2 == 1, last=bool(header))
            if end and not header:
                header, held, text = held + text[:end], b"", text[end:]
                end = _end(text, quote)
            if end:
                yield _checked(b"".join((header, held, memoryview(text)[:end])), told)
                some, held = True, text[end:]
            else:
                held += text
            if len(held) > _LONGEST:
                raise NotInBlocks
        if held or not some:
            yield _checked(header + held, told)

    def refuse(self, told: Dialect, *, odd: bool = False) -> None:
        """Refuse what is wrong in it as is told of the whole: a byte of zero, then the first row that does not fit.

        odd: rows are looked at only where the marks of quotation are of an odd number, so that one is never closed.

        Raises:
            Unreadable: with the line.
            NotInBlocks: nothing is found, or letters are others than thought.
        """
        decoder, lines, found, marks = codecs.getincrementaldecoder("utf-8")(), 1, 0, 0
        for text in self._text(_Unseen(), _PIECE):
            try:
                decoder.decode(text)
            except UnicodeDecodeError as bad:
                raise NotInBlocks from bad
            at = text.find(b"\0")
            found = found or (lines + text.count(b"\n", 0, at) if at >= 0 else 0)
            lines += text.count(b"\n")
            marks += text.count(told.quote.encode())
        if found:
            raise control(found + told.skipped)
        if marks % 2 or not odd:
            refuse_uneven(io.BufferedReader(_Pieces(self._text(_Unseen(), _PIECE))), told)
        raise NotInBlocks

    def _text(self, seen: Seen, size: int) -> Iterator[bytes]:
        """What follows the mark of its letters and the lines above the header."""
        head, rest = self._begun(seen, size)
        return chain([after(head.removeprefix(codecs.BOM_UTF8), self.layout.skip_rows)], rest)

    def _begun(self, seen: Seen, piece_size: int) -> tuple[bytes, Iterator[bytes]]:
        """What it begins with, the whole of it if it is short, and what follows."""
        size = as_it_is(self.file, self.where).size
        pieces = unpacked(self._pieces(seen, max(piece_size, _PIECE)), size, self.file.name, self.layout)
        taken, length = list[bytes](), 0
        for piece in pieces:
            taken.append(piece)
            length += len(piece)
            if length >= 2 * HEAD:
                break
        return b"".join(taken), pieces

    def _pieces(self, seen: Seen, size: int) -> Iterator[bytes]:
        with opened(self.file, self.where) as stream:
            while piece := stream.read(size):
                seen.update(piece)
                yield piece


def _in_utf8(encoding: str | None) -> bool:
    try:
        return encoding is None or codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False


def _in_sizes(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same bytes, so many at once."""
    held, length = list[bytes](), 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= size:
            text = b"".join(held)
            whole = length - length % size
            yield from (text[at : at + size] for at in range(0, whole, size))
            held, length = [text[whole:]] if whole < length else [], length - whole
    yield b"".join(held)


def _end(text: bytes, quote: bytes, *, inside: bool = False, last: bool = True) -> int:
    """Where the last record that ends in this text does, or the first; 0 where none does.

    inside: the text begins between marks of quotation.
    """
    if quote not in text:
        return 0 if inside else (text.rfind(b"\n") if last else text.find(b"\n")) + 1
    import numpy as np

    signs = np.frombuffer(text, dtype=np.uint8)
    marks, ends = np.flatnonzero(signs == quote[0]), np.flatnonzero(signs == ord("\n"))
    outside = ends[np.searchsorted(marks, ends) % 2 == inside]
    return int(outside[-1 if last else 0]) + 1 if len(outside) else 0


def _checked(text: bytes, told: Dialect) -> bytes:
    """The text, of which every reader makes the same records."""
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError as bad:
            raise NotInBlocks from bad
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        raise NotInBlocks
    if told.quote.encode() in text and not _well_quoted(text, told):
        raise Misquoted
    return text


def _well_quoted(text: bytes, told: Dialect) -> bool:
    """Whether each mark of quotation begins or ends a field, or is one of two inside of such a field."""
    import numpy as np

    signs = np.frombuffer(text, dtype=np.uint8)
    marks = np.flatnonzero(signs == ord(told.quote))
    if len(marks) % 2:
        return False
    opening, closing = marks[::2], marks[1::2]
    between, end = (ord(told.separator), ord("\n")), len(signs)
    fine = np.isin(signs[opening - 1], between) | (opening == 0)
    fine[1:] |= opening[1:] == closing[:-1] + 1
    after_it = np.append(signs, np.array([ord("\n")] * 2, dtype=np.uint8)) if int(closing[-1]) + 2 >= end else signs
    shut = np.isin(after_it[closing + 1], between)
    shut |= (after_it[closing + 1] == ord("\r")) & (after_it[closing + 2] == ord("\n"))
    shut[:-1] |= opening[1:] == closing[:-1] + 1
    return bool(fine.all() and shut.all())


class _Pieces(io.RawIOBase):
    """Bytes that come in pieces, as a file to be read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        into = memoryview(buffer).cast("B")
        while not len(self._left):
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(into), len(self._left))
        into[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
