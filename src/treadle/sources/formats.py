"""The bytes of one file to its columns, by its format. Text formats give texts, whose types are told afterwards."""

from __future__ import annotations

import io
import logging
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle.errors import MissingExtra, nearest
from treadle.sources.delimited import columns_of
from treadle.sources.dialects import Dialect, after, dialect_of, in_utf8
from treadle.sources.documents import rows_of
from treadle.sources.footers import footer
from treadle.sources.harmony import refuse_nested, refuse_unfolding
from treadle.sources.limits import refuse_larger, width
from treadle.sources.packed import MAGIC, bare, whole
from treadle.sources.unreadable import Unreadable

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import Layout

ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".xlsx": "excel",
    ".xls": "excel",
    ".xlsb": "excel",
    ".ods": "excel",
}
_CELL, _CELL_BYTES = re.compile(rb'<c[^>]*? r="([A-Z]{1,3})([0-9]{1,7})"'), 32
"""A cell of a sheet with its place, and what the reader takes for one."""
MOST_COLUMNS = 50_000
"""Each takes work of its own: a table of ten thousand takes some ten seconds to read."""
GUESSED = ("csv", "json", "jsonl", "excel")
"""Formats whose texts may be numbers and dates; the others say what each column is."""


def ending_of(file: Path) -> str:
    """What a file's name ends with, in small letters; without `.gz`, which says nothing of what is inside."""
    return Path(bare(file.name)).suffix


def table(content: bytes, kind: str, file: Path, layout: Layout, where: str) -> tuple[pl.DataFrame, Dialect | None]:
    """The rows of one file's bytes, which are those that were hashed: no path is opened a second time.

    Raises:
        Unreadable, ValueError, PolarsError: they are no such table; DataError: they would take too much memory;
        MissingExtra: a package is not installed.
    """
    content = whole(content, file.name, layout)
    _refuse_disguised(content, kind)
    refuse_larger(len(content), layout, file.name, what="has", where=where)
    if kind == "csv":
        told, text = written(content, file, layout)
        _refuse_wide(first_line(after(text, layout.skip_rows)).count(told.separator.encode()) + 1)
        return columns_of(text, told), told
    if kind == "parquet":
        return _parquet(content, file, layout, where), None
    if kind == "arrow":
        return _arrow(content, file, layout, where), None
    if kind == "excel":
        return _excel(content, file, layout, where), None
    return rows_of(content, kind), None


def first_line(text: bytes) -> bytes:
    end = text.find(b"\n")
    return text if end < 0 else text[:end]


def written(content: bytes, file: Path, layout: Layout) -> tuple[Dialect, bytes]:
    """How a file of text that is unpacked is written, and its text in UTF-8."""
    text, encoding = in_utf8(content, layout.encoding)
    return dialect_of(text, encoding, layout, tabs=ending_of(file) == ".tsv"), text


def _refuse_wide(columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise Unreadable(
            f"its first line has {columns:,} fields, and at most {MOST_COLUMNS:,} columns are taken",
            mend="if something else stands between its fields, say so with separator:; a table so wide has to be "
            "turned, a line for each thing and its property",
        )


def _refuse_disguised(content: bytes, kind: str) -> None:
    """A file that is of another format than its name says."""
    real = next((name for head, name in MAGIC.items() if content.startswith(head)), None)
    if real is not None and real != kind:
        names = {"parquet": "a Parquet file", "arrow": "an Arrow file", "excel": "a file of Excel (or a ZIP)"}
        raise Unreadable(f"by its first bytes it is {names[real]}", mend=f"say so with format: {real}")


def _parquet(content: bytes, file: Path, layout: Layout, where: str) -> pl.DataFrame:
    import polars as pl

    refuse_parquet(content, file.name, layout, where)
    frame = pl.read_parquet(io.BytesIO(content))
    refuse_unfolding(frame, layout, file.name, where)
    return frame


def refuse_parquet(content: bytes, name: str, layout: Layout, where: str) -> None:
    """Refuse a file whose rows would not fit, by its footer: before anything of them is unpacked."""
    import polars as pl

    told = footer(content)
    schema = pl.read_parquet_schema(io.BytesIO(content))
    refuse_nested(schema)
    needed = told.rows * sum(width(dtype) for dtype in schema.values())
    what = f"has {told.rows:,} rows, which unpack to"
    refuse_larger(max(needed, told.unpacked), layout, name, what=what, where=where)


def _arrow(content: bytes, file: Path, layout: Layout, where: str) -> pl.DataFrame:
    import polars as pl

    if content.startswith(b"FEA1"):
        raise Unreadable("it is of the first version of Feather", mend="write it anew as Feather 2 or Parquet")
    if not content.startswith(b"ARROW1"):
        frame = pl.read_ipc_stream(io.BytesIO(content))
    else:
        lazy = pl.scan_ipc(io.BytesIO(content))
        refuse_nested(lazy.collect_schema())
        rows = int(lazy.select(pl.len()).collect().item())
        needed = rows * sum(width(dtype) for dtype in lazy.collect_schema().values())
        refuse_larger(needed, layout, file.name, what=f"has {rows:,} rows, which unpack to", where=where)
        frame = pl.read_ipc(io.BytesIO(content))
    refuse_unfolding(frame, layout, file.name, where)
    return frame


def _excel(content: bytes, file: Path, layout: Layout, where: str) -> pl.DataFrame:
    import polars as pl

    if content.startswith(b"PK"):
        unpacked = sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(content)).infolist())
        refuse_larger(unpacked, layout, file.name, what="unpacks to", where=where)
        _refuse_far_corners(content, layout, file, where)
    try:
        import fastexcel
    except ImportError as bad:
        raise MissingExtra("excel", "fastexcel", what="files of Excel need the package fastexcel", where=where) from bad
    logging.getLogger("fastexcel").setLevel(logging.ERROR)  # it warns of each column without a value
    try:
        names: list[str] = list(fastexcel.read_excel(content).sheet_names)
    except fastexcel.FastExcelError as bad:
        raise Unreadable(str(bad).splitlines()[0]) from bad
    sheet = _sheet(names, layout.sheet)
    options: dict[str, Any] = {"read_options": {"header_row": layout.skip_rows}} if layout.skip_rows else {}
    try:
        frame: pl.DataFrame = pl.read_excel(
            io.BytesIO(content), sheet_name=sheet, infer_schema_length=None, raise_if_empty=False, **options
        )
    except fastexcel.FastExcelError as bad:
        raise Unreadable(str(bad).splitlines()[0]) from bad
    nameless = {
        name: f"column_{place}" for place, name in enumerate(frame.columns, 1) if name.startswith("__UNNAMED__")
    }
    return frame.rename(nameless)


def _refuse_far_corners(content: bytes, layout: Layout, file: Path, where: str) -> None:
    """Refuse a sheet whose cells lie so far apart that the rectangle around them would not fit: all of it is held."""
    packed = zipfile.ZipFile(io.BytesIO(content))
    for part in packed.namelist():
        if not part.startswith("xl/worksheets/") or not part.endswith(".xml"):
            continue
        rows = columns = 0
        for letters, digits in set(_CELL.findall(packed.read(part))):
            place = 0
            for letter in letters:
                place = place * 26 + letter - 64
            rows, columns = max(rows, int(digits)), max(columns, place)
        what = f"has a sheet of {rows:,} rows and {columns:,} columns, most of them empty perhaps, which unpacks to"
        refuse_larger(rows * columns * _CELL_BYTES, layout, file.name, what=what, where=where)


def _sheet(names: list[str], asked: str | None) -> str:
    if asked is not None and asked not in names:
        raise Unreadable(f'there is no sheet "{asked}"', mend=nearest(asked, names))
    if asked is None and len(names) != 1:
        shown = ", ".join(f'"{name}"' for name in names[:12])
        raise Unreadable(f"there are {len(names)} sheets: {shown}", mend=f'say which with sheet: "{names[0]}"')
    return asked or names[0]
