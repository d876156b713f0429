"""A table of text to columns of text: as many fields in each row as in the header, else the line is named."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING

from treadle.sources.dialects import Dialect, after
from treadle.sources.unreadable import Unreadable

if TYPE_CHECKING:
    import polars as pl

NULLS = ("", "NA", "N/A", "NULL", "null", "NaN", "nan", "None")
_AT_ONCE = 1 << 17
"""Bytes that are compared at once: both they and what comes of it stay near the processor."""
_LONGEST = 1 << 24
"""Characters in one field, where Polars cannot read a file and Python does."""


def columns_of(text: bytes, told: Dialect) -> pl.DataFrame:
    """Every column as text, missing values as NULL; rows without any value are left out.

    Raises:
        Unreadable: a row with more or fewer fields than the header, or a quotation mark that nothing closes; by line.
    """
    import polars as pl

    text = after(text, told.skipped)
    if not text or text.isspace():
        raise Unreadable("the file is empty", mend="give a file with a header and rows")
    at = text.find(b"\0")
    if at >= 0:
        raise control(text.count(b"\n", 0, at) + 1 + told.skipped)
    try:
        frame = pl.read_csv(
            io.BytesIO(text),
            separator=told.separator,
            quote_char=told.quote,
            infer_schema=False,
            null_values=list(NULLS),
        )
    except pl.exceptions.PolarsError:
        frame = _slowly(text, told)
    else:
        # a row of too few fields has no last one, so where each has its last there is nothing to be counted
        full = told.quote.encode() not in text and not frame.to_series(-1).null_count()
        if not full and not _all_even(text, frame.width, told):
            refuse_uneven(io.BytesIO(text), told)
    names = called(told.header)
    frame.columns = names if len(names) == frame.width else frame.columns
    return _with_values(frame)


def _with_values(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that have a value; of a table of one column all."""
    import polars as pl

    # where a column has all its values, so has each row one: most tables have such a column, and none is copied
    if frame.width == 1 or any(not column.null_count() for column in frame.iter_columns()):
        return frame
    return frame.filter(~pl.all_horizontal(pl.all().is_null()))


def called(header: Sequence[str]) -> list[str]:
    """The names of columns: those of the header; `column_3` where it has none for the third; no name twice.

    >>> called(["a", "", "a"])
    ['a', 'column_2', 'a_duplicated_0']
    """
    made: dict[str, int] = {}
    for place, name in enumerate(header, 1):
        wanted = name if name.strip() else f"column_{place}"
        if wanted in made:
            first = wanted
            while wanted in made:
                wanted = f"{first}_duplicated_{made[first]}"
                made[first] += 1
        made[wanted] = 0
    return list(made)


def control(line: int) -> Unreadable:
    """The error of a byte of zero in this line."""
    mend = "is it a file of text? name its format with `format:`, or its letters with `encoding:`"
    return Unreadable("there is a byte of zero, which no text has", line=line, mend=mend)


def _all_even(text: bytes, width: int, told: Dialect) -> bool:
    """Whether every row has all fields. Polars refuses a row of too many, so a count of all separators tells it."""
    sign, quote = told.separator.encode(), told.quote.encode()
    if len(sign) > 1 or width == 1:
        return True
    if quote in text:
        parts = text.split(quote)
        if len(parts) % 2 == 0:
            return False
        # what stands between an odd mark and the next is inside of a field
        outside = parts[::2]
        signs = sum(part.count(sign) for part in outside)
    else:
        outside = [text]
        signs = _count(text, sign)
    lines = sum(part.count(b"\n") for part in outside) + (not text.endswith(b"\n"))
    return signs == (width - 1) * lines


def _count(text: bytes, sign: bytes) -> int:
    """How often one sign is there: where it stands everywhere, three times as fast as `bytes.count`."""
    import numpy as np

    letters = np.frombuffer(text, dtype=np.uint8)
    return sum(int(np.count_nonzero(letters[at : at + _AT_ONCE] == sign[0])) for at in range(0, len(letters), _AT_ONCE))


def _records(text: IO[bytes], told: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line that it begins in. Raises Unreadable where the marks of quotation do not fit."""
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(
        io.TextIOWrapper(text, encoding="utf-8", errors="replace", newline=""),
        delimiter=told.separator,
        quotechar=told.quote,
        strict=True,
    )
    begins = 1
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as bad:
            line = begins + told.skipped
            if "unexpected end" in str(bad):
                what = "a quotation mark opens in this line and is never closed"
                raise Unreadable(what, line=line, mend="close it, or double it where it belongs to the text") from bad
            if "field limit" in str(bad):
                what = f"a field that begins in this line has more than {_LONGEST:,} characters"
                raise Unreadable(what, line=line, mend="close its quotation mark, if it is one") from bad
            line = max(line, reader.line_num + told.skipped)
            what = f"the marks of quotation do not fit ({bad})"
            raise Unreadable(
                what, line=line, mend="put the whole field between marks, and double those inside"
            ) from bad
        if record:
            yield begins, record
        begins = reader.line_num + 1


def refuse_uneven(text: IO[bytes], told: Dialect) -> None:
    """Raises Unreadable at the first row that has not as many fields as the header, if there is one; or whose marks of
    quotation do not fit. text: from the header on."""
    width = 0
    for line, record in _records(text, told):
        width = width or len(record)
        if len(record) != width:
            raise _uneven(line + told.skipped, len(record), width, told)


def _uneven(line: int, found: int, width: int, told: Dialect) -> Unreadable:
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blank"}
    sign = names.get(told.separator, repr(told.separator))
    mend = "put a field that holds a separator between quotation marks" if found > width else "is the line cut off?"
    if width == 1:
        mend = "name what stands between fields with `separator:`, or the lines above the header with `skip_rows:`"
    fields = "field" if found == 1 else "fields"
    return Unreadable(f"the row has {found} {fields} by the {sign}, and the header {width}", line=line, mend=mend)


def _slowly(text: bytes, told: Dialect) -> pl.DataFrame:
    """What Polars cannot read, read record by record, which finds the line that is wrong, or that none is."""
    import polars as pl

    header: list[str] = []
    rows: list[list[str]] = []
    for line, record in _records(io.BytesIO(text), told):
        if not header:
            header = record
        elif len(record) != len(header):
            raise _uneven(line + told.skipped, len(record), len(header), told)
        else:
            rows.append(record)
    missing = frozenset(NULLS)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    return pl.DataFrame(
        {
            str(place): pl.Series([None if cell in missing else cell for cell in cells], dtype=pl.String)
            for place, cells in enumerate(columns)
        }
    )
