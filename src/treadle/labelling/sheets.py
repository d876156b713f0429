"""A queue as a spreadsheet, CSV or XLSX, filled in by one person, and what they wrote in it read back.

A text that a spreadsheet would run as a formula has a ' before it on the way out, which is taken off on the way in; so
has one that begins with a ', so that none loses its own.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import DataError, nearest
from treadle.labelling.items import Queue
from treadle.labelling.saying import MOST_ROWS, Given, Word
from treadle.labelling.workbook import workbook
from treadle.signs import still

if TYPE_CHECKING:
    import polars as pl

FILLED = ("label", "implausible", "comment")
KEPT = ("row", "for", "seen")
ENDINGS = (".csv", ".xlsx")
MOST_BYTES = 64_000_000
_RUNS = ("=", "+", "-", "@", "\t", "\r", "'")
_PLAIN = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


def as_sheet(ending: str, queue: Queue, who: str, mine: Mapping[str, Word]) -> bytes:
    """`ending`: .csv or .xlsx; `mine`: what `who` has said of rows, by key: it stands in the cells already."""
    times = any(item.at for item in queue.items)
    lines = [[*KEPT, "key", *(["at"] if times else []), *FILLED, "why", "source", "model", *queue.shown]]
    for item in queue.items:
        word = mine.get(item.key)
        said = word.said if word is not None else None
        cells = (said.answer, ", ".join(said.implausible), said.comment) if said is not None else ("", "", "")
        why = "; ".join(each.text for each in item.why)
        known = [item.key, *([item.at] if times else [])]
        told = [why, item.source, item.model, *item.values]
        lines.append([item.row, who, str(word.seq if word is not None else 0), *known, *cells, *told])
    safe = [[_out(cell) for cell in line] for line in lines]
    if ending == ".xlsx":
        return workbook(safe, chosen={lines[0].index("label"): queue.offered} if queue.labels else {})
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(safe)
    return text.getvalue().encode("utf-8-sig")  # so that Excel does not take it for another encoding


def read_sheet(file: Path, who: str) -> list[Given]:
    """What `who` wrote in a sheet that was made for them; rows in which nothing is written are among them.

    Raises:
        DataError: a file that is no such sheet, was made for somebody else, or has too many rows.
    """
    frame = _frame(file)
    missing = [name for name in (*KEPT, *FILLED) if name not in frame.columns]
    if missing:
        mend = f"{nearest(missing[0], frame.columns)}; leave the first line as it was"
        raise DataError(f'the sheet has no column "{missing[0]}"', where=file.name, mend=mend)
    if frame.height > MOST_ROWS:
        raise DataError(f"{frame.height:,} rows are more than {MOST_ROWS:,}", where=file.name, mend="give fewer")
    found = []
    for number, cells in enumerate(frame.select(*KEPT, *FILLED).iter_rows(), 2):
        row, whom, seen, label, implausible, comment = (_in(cell) for cell in cells)
        if not any((row, label, implausible, comment)):
            continue
        if whom != who:
            raise DataError(
                f"it was made for {whom or 'nobody'}, and {who} brings it",
                where=f"{file.name}: row {number}",
                mend=f"{whom} gives it, or {who} takes a sheet of their own: treadle experts sheet",
            )
        place, names = f"row {number}", (implausible,)
        given = Given(
            place=place, row=row, label=label, implausible=names, comment=comment, seen=_seen(seen, place, file)
        )
        found.append(given)
    return found


def _seen(text: str, place: str, file: Path) -> int:
    if re.fullmatch(r"\d{1,12}(\.0)?", text):
        return int(float(text))
    mend = "leave the columns row, for and seen as they were; take a new sheet"
    raise DataError(f'"{text}" is no number of an entry', where=f"{file.name}: {place}: seen", mend=mend)


def _frame(file: Path) -> pl.DataFrame:
    """All cells as texts, as they were written: a spreadsheet may save with ; or tabs."""
    import polars as pl

    from treadle.sources import find_own, in_utf8, tabled
    from treadle.spec import Layout

    if file.suffix.lower() != ".csv":
        frame = tabled(find_own(file, Layout(format="excel"), where="FILE"), "FILE").frame
        return frame.select(_text(frame[name]) for name in frame.columns)
    found = find_own(file, Layout(format="csv"), where="FILE")
    if found.bytes > MOST_BYTES:
        raise DataError(f"{found.bytes / 1e6:,.0f} MB are no sheet", where=file.name, mend="give the one that was made")
    try:
        text = in_utf8(found.files[0].read_bytes())[0].decode()  # Excel saves in Windows-1252 and UTF-16 too
    except UnicodeDecodeError as bad:
        raise DataError(
            "the sheet says that it is in UTF-8, and is not",
            where=file.name,
            mend="save it as CSV UTF-8 anew",
        ) from bad
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as bad:
        raise DataError(f"the sheet cannot be read: {bad}", where=file.name, mend="save it as CSV UTF-8 anew") from bad
    if not lines:
        raise DataError("the sheet is empty", where=file.name, mend="give the sheet that experts sheet wrote")
    names, width = lines[0], len(lines[0])
    if len(set(names)) < width:
        raise DataError("a column stands there twice", where=file.name, mend="leave the first line as it was")
    columns = {name: [line[n] if n < len(line) else "" for line in lines[1:]] for n, name in enumerate(names)}
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))


def _text(column: pl.Series) -> pl.Series:
    import polars as pl

    if column.dtype.is_float():
        texts = [None if value is None else f"{value:.10g}" for value in column]
        return pl.Series(column.name, texts, dtype=pl.String)
    if column.dtype == pl.Boolean:  # yes and no stay as they were; true is what a spreadsheet made of it
        return pl.Series(column.name, [None if value is None else str(value).lower() for value in column])
    return column.cast(pl.String, strict=False)


def _out(text: str) -> str:
    """No cell holds a character that XML, or a line of CSV, cannot; or one that turns the order of reading."""
    clean = "".join(c if c in "\n\t" or c >= " " else " " for c in text.replace("\r\n", "\n").replace("\r", "\n"))
    clean = still(clean)
    return f"'{clean}" if clean.startswith(_RUNS) and not _PLAIN.fullmatch(clean) else clean


def _in(text: object) -> str:
    found = str(text if text is not None else "").replace("\r\n", "\n")
    return found.removeprefix("'").strip() if found.startswith("'") else found.strip()
