"""Rows from local files. What was read is named by the SHA-256 of the files' bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import DataError, SpecError

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
    """Find a source's files and scan them lazily.

    `source.read` is a path relative to `root`, a glob, or a folder with a Delta table. Column names are kept;
    times without a zone are taken as UTC. Raises DataError when nothing is there or a file cannot be parsed.
    """
    reading = find(source, root, where=where)
    return reading, scan(reading, where)


def scan(reading: Reading, where: str = "") -> pl.LazyFrame:
    """The rows of what was found, lazily."""
    return harmonised(_scan(reading, where), where)


def find(source: Source, root: Path, *, where: str = "") -> Reading:
    place = Path(source.read)
    place = place if place.is_absolute() else root / place
    if (place / "_delta_log").is_dir():
        files = tuple(sorted(p for p in place.rglob("*") if p.is_file()))
        kind = "delta"
    elif place.is_dir():
        raise DataError(
            f"{source.read} is a folder without a Delta table",
            where=where,
            mend="name a file or a pattern such as data/*.parquet",
        )
    else:
        files = (place,) if place.is_file() else tuple(sorted(place.parent.glob(place.name)))
        kind = ""
    if not files:
        near = ", ".join(sorted(p.name for p in place.parent.glob("*"))[:8]) if place.parent.is_dir() else ""
        raise DataError(
            f"there is no file {source.read}",
            where=where,
            mend=f"beside it there are: {near}" if near else f"there is no folder {place.parent.name}/",
        )
    kind = source.format or kind or _format_of(files[0], where)
    digest = hashlib.sha256()
    for file in files:
        digest.update(file_digest(file).encode())
    return Reading(files, kind, digest.hexdigest(), sum(f.stat().st_size for f in files))


def file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _format_of(file: Path, where: str) -> str:
    found = ENDINGS.get(file.suffix.lower())
    if found is None:
        raise SpecError(
            f'the format of "{file.name}" cannot be told from its name',
            where=where,
            mend="add `format:` with csv, jsonl, parquet or delta",
        )
    return found


def _scan(reading: Reading, where: str) -> pl.LazyFrame:
    import polars as pl

    files = list(reading.files)
    try:
        if reading.format == "parquet":
            frame = pl.scan_parquet(files)
        elif reading.format == "jsonl":
            frame = pl.scan_ndjson(files, infer_schema_length=10_000)
        elif reading.format == "delta":
            folder = next(f.parent.parent for f in files if f.parent.name == "_delta_log")
            frame = pl.scan_delta(str(folder))
        else:
            separator = "\t" if files[0].suffix.lower() == ".tsv" else ","
            # the whole file is looked at for types: a guess from the first rows fails on row 10,001
            frame = pl.scan_csv(
                files, separator=separator, infer_schema_length=None, try_parse_dates=True, null_values=_NULLS
            )
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as bad:
        reason = (str(bad).strip().splitlines() or ["unreadable"])[0]
        raise DataError(
            f"{files[0].name} cannot be read as {reading.format}: {reason}",
            where=where,
            mend="check the file, or name its format with `format:`",
        ) from bad
    return frame


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
