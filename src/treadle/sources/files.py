"""Rows from local files. What was read is named by the SHA-256 of the files' bytes."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from treadle.errors import DataError, SpecError, nearest
from treadle.sources.dialects import PACKED, Dialect, dialect_of, in_utf8, unpacked
from treadle.sources.places import LOG, named, opened, refuse_outside
from treadle.spec.trust import is_inside

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import Source

ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_NULLS = ["", "NA", "N/A", "NULL", "null", "NaN", "nan", "None"]


@dataclass(frozen=True)
class Reading:
    """What a source names: its files, their format, and one digest of their content."""

    files: tuple[Path, ...]
    format: str
    digest: str
    bytes: int


def read(source: Source, root: Path, *, where: str = "") -> tuple[Reading, pl.LazyFrame]:
    """Find a source's files and read their rows.

    `source.read` is a path relative to `root`, a pattern, or a folder with a Delta table. Column names are kept;
    times without a zone are taken as UTC. Raises DataError when nothing is there, a file cannot be parsed, or it lies
    outside `root` and nobody trusted that.
    """
    reading = find(source, root, where=where)
    return reading, scan(reading, where)


def read_own(file: str | Path, *, where: str = "") -> pl.DataFrame:
    """The rows of a file that the user named themselves, wherever it lies. A name is a name here, and no pattern."""
    return scan(find_own(file, where=where), where).collect()


def find_own(file: str | Path, *, where: str = "") -> Reading:
    """A file, or the folder of a Delta table, that the user named themselves, with the digest of its bytes."""
    given = Path(file)
    if not os.path.lexists(given):
        there = sorted(each.name for each in given.parent.glob("*")) if given.parent.is_dir() else []
        near = f"; {nearest(given.name, there)}" if there else ""
        raise DataError(f"there is no file {given.name}", where=where, mend=f"looked for {given.absolute()}{near}")
    return _reading(named(str(given.absolute()), Path("/"), where), None, where)


def scan(reading: Reading, where: str = "") -> pl.LazyFrame:
    """The rows of what was found. They are read here, and held to the digest: what was hashed is what is returned.

    Raises:
        DataError: a file cannot be parsed, or was written to since it was found.
    """
    return harmonised(_rows(reading, where).lazy(), where)


def find(source: Source, root: Path, *, where: str = "") -> Reading:
    """The files that a source names inside `root` (or where it is trusted), with the digest of their bytes."""
    files = named(source.read, root, where)
    refuse_outside(files, root, where)
    return _reading(files, source.format, where)


def _reading(files: list[Path], wanted: str | None, where: str) -> Reading:
    digests, sizes = [], 0
    for file in files:
        with opened(file, where) as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
            sizes += stream.tell()
    kind = wanted or ("delta" if any(f.parent.name == LOG for f in files) else _format_of(files[0], where))
    return Reading(tuple(files), kind, _joined(digests), sizes)


def _joined(digests: Iterable[str]) -> str:
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _format_of(file: Path, where: str) -> str:
    found = ENDINGS.get(ending_of(file))
    if found is None:
        raise SpecError(
            f'the format of "{file.name}" cannot be told from its name',
            where=where,
            mend="add `format:` with csv, jsonl, parquet or delta",
        )
    return found


def ending_of(file: Path) -> str:
    """What a file's name ends with, in small letters; without `.gz`, which says nothing of what is inside."""
    return Path(file.name.lower().removesuffix(PACKED)).suffix


def whole_ending(file: Path) -> str:
    """What the name of a copy has to end with, so that the copy is read alike: `.csv.gz`."""
    return ending_of(file) + (PACKED if file.name.lower().endswith(PACKED) else "")


def dialect(file: Path, *, where: str = "") -> Dialect | None:
    """How a CSV file is written, and its header as it stands there; None for a file of another format."""
    if ENDINGS.get(ending_of(file)) != "csv":
        return None
    with opened(file, where) as stream:
        return _told(stream.read(), file)[1]


def _told(content: bytes, file: Path) -> tuple[bytes, Dialect]:
    text, encoding = in_utf8(_whole(content, file))
    return text, dialect_of(text, encoding, tabs=ending_of(file) == ".tsv")


def _whole(content: bytes, file: Path) -> bytes:
    return unpacked(content) if file.name.lower().endswith(PACKED) else content


def _rows(reading: Reading, where: str) -> pl.DataFrame:
    import polars as pl

    try:
        if reading.format == "delta":
            return _delta(reading, where)
        digests, frames = [], []
        for file in reading.files:
            with opened(file, where) as stream:
                content = stream.read()
            digests.append(hashlib.sha256(content).hexdigest())
            frames.append(_table(content, reading.format, file))
        _unchanged(reading, digests, where)
        # files of one pattern may have found whole numbers in one and fractions in another
        return frames[0] if len(frames) == 1 else pl.concat(frames, how="vertical_relaxed")
    except (pl.exceptions.PolarsError, OSError, ValueError) as bad:
        reason = (str(bad).strip().splitlines() or ["unreadable"])[0]
        shown = f"{reading.files[0].name}{f' and {len(reading.files) - 1} more' if len(reading.files) > 1 else ''}"
        raise DataError(
            f"{shown} cannot be read as {reading.format}: {reason}",
            where=where,
            mend="check the file, or name its format with `format:`",
        ) from bad


def _table(content: bytes, kind: str, file: Path) -> pl.DataFrame:
    """The rows of one file's bytes, which are those that were hashed: no path is opened a second time."""
    import polars as pl

    if kind == "parquet":
        return pl.scan_parquet(io.BytesIO(_whole(content, file))).collect()
    if kind == "jsonl":
        return pl.scan_ndjson(io.BytesIO(_whole(content, file)), infer_schema_length=10_000).collect()
    text, told = _told(content, file)
    # the whole file is looked at for types: a guess from the first rows fails on row 10,001
    return pl.scan_csv(
        io.BytesIO(text),
        separator=told.separator,
        decimal_comma=told.decimal_comma,
        infer_schema_length=None,
        try_parse_dates=True,
        null_values=_NULLS,
    ).collect()


def _delta(reading: Reading, where: str) -> pl.DataFrame:
    import polars as pl
    from deltalake import DeltaTable

    folder = next((f.parent.parent for f in reading.files if f.parent.name == LOG), None)
    if folder is None:
        raise DataError(
            f"{reading.files[0].name} is no Delta table", where=where, mend="name the folder that holds _delta_log"
        )
    for uri in DeltaTable(str(folder)).file_uris():
        place = uri.removeprefix("file://")
        # a URI writes a space in the folder's name as %20, and a folder may be called so too
        if not any(is_inside(os.path.realpath(each), folder) for each in (place, unquote(place))):
            raise DataError(f"the Delta table names a file outside its folder: {uri}", where=where, mend="copy it in")
    frame = pl.read_delta(str(folder))
    digests = []
    for file in named(str(folder), folder, where):
        with opened(file, where) as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
    _unchanged(reading, digests, where)
    return frame


def _unchanged(reading: Reading, digests: Iterable[str], where: str) -> None:
    if _joined(digests) != reading.digest:
        names = ", ".join(file.name for file in reading.files[:3])
        raise DataError(
            f"{names} changed while it was being read", where=where, mend="run again when nobody writes to it"
        )


def harmonised(frame: pl.LazyFrame, where: str) -> pl.LazyFrame:
    """Times in UTC microseconds, categoricals and enums as strings, narrow numbers kept; names checked."""
    import polars as pl

    schema = frame.collect_schema()
    if not len(schema):
        raise DataError("the table has no columns", where=where, mend="is the file empty?")
    changes = []
    for name, dtype in schema.items():
        if isinstance(dtype, pl.Datetime):
            column = pl.col(name).dt.cast_time_unit("us")
            changes.append(
                column.dt.replace_time_zone("UTC") if dtype.time_zone is None else column.dt.convert_time_zone("UTC")
            )
        elif dtype in (pl.Categorical, pl.Enum) or dtype == pl.Null:
            changes.append(pl.col(name).cast(pl.String))
        elif isinstance(dtype, pl.Decimal):
            changes.append(pl.col(name).cast(pl.Float64))
        elif dtype.is_unsigned_integer() and dtype == pl.UInt64:
            changes.append(pl.col(name).cast(pl.Int64))
    return frame.with_columns(changes) if changes else frame
