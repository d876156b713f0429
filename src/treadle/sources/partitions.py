"""Folders of folders called `year=2024/month=05`, as Hive and Spark write tables: each name and value is a column.

Types are told from all values of a name together: whole numbers, dates, else text; `__HIVE_DEFAULT_PARTITION__` is a
missing value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from treadle.errors import DataError

if TYPE_CHECKING:
    import polars as pl

Values = tuple[tuple[str, str | None], ...]
"""What the folders of one file say, by name, the outermost first."""
_NOTHING = "__HIVE_DEFAULT_PARTITION__"
_WHOLE, _MOST_DIGITS = re.compile(r"-?[0-9]+"), 18
_MOST_LEVELS = 16


def is_partition(folder: Path) -> bool:
    """Whether its name says a value: `month=05`."""
    name, sign, value = folder.name.partition("=")
    return bool(name and sign and value)


def files_below(folder: Path, where: str) -> list[Path]:
    """The files of a partitioned folder, in the order of their paths; none of one that is not partitioned.

    Raises:
        DataError: there is something else among its folders, or they have unlike names.
    """
    found, level = list[Path](), [folder]
    for _ in range(_MOST_LEVELS):
        inside = [e for each in level for e in sorted(each.iterdir()) if not e.name.startswith((".", "_"))]
        level = [each for each in inside if each.is_dir()]
        files = [each for each in inside if not each.is_dir()]
        odd = next((each for each in level if not is_partition(each)), None)
        names = sorted({unquote(each.name.partition("=")[0]) for each in level})
        if odd is not None or (level and files) or len(names) > 1:
            if not any(is_partition(each) for each in inside):
                return []
            said = f"{names[0]}=… and {names[1]}=…" if len(names) > 1 and odd is None else (odd or files[0]).name
            raise DataError(
                f"{folder.name} is partitioned, and holds {said} at one level",
                where=where,
                mend="give all files of one source as many folders, with the same names: year=2024/month=05",
            )
        found += files
        if not level:
            return sorted(found)
    raise DataError(f"{folder.name} has more than {_MOST_LEVELS} levels of folders", where=where, mend="name one below")


def values_of(files: Sequence[Path], folder: Path) -> tuple[Values, ...]:
    """Of each file what the folders say in which it lies, below `folder`; nothing where it lies in none."""
    places = [file.relative_to(folder).parent for file in files if folder in file.parents]
    if len(places) < len(files) or not all(
        place.parts and all("=" in part for part in place.parts) for place in places
    ):
        return ()
    return tuple(tuple(_value(part) for part in file.relative_to(folder).parts[:-1]) for file in files)


def _value(part: str) -> tuple[str, str | None]:
    name, _, value = part.partition("=")
    return unquote(name), None if value == _NOTHING else unquote(value)


def types_of(partitions: Sequence[Values]) -> dict[str, pl.DataType]:
    """The type of each name's column."""
    import polars as pl

    every: dict[str, list[str]] = {}
    for values in partitions:
        for name, value in values:
            every.setdefault(name, []).extend([value] if value is not None else [])
    found: dict[str, pl.DataType] = {}
    for name, texts in every.items():
        if texts and all(_WHOLE.fullmatch(text) and len(text) <= _MOST_DIGITS for text in texts):
            found[name] = pl.Int64()
        else:
            found[name] = pl.Date() if texts and all(map(_is_day, texts)) else pl.String()
    return found


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def placed(frame: pl.DataFrame, values: Values, types: dict[str, pl.DataType], file: Path, where: str) -> pl.DataFrame:
    """The rows of a file with the columns that its folders say, after its own.

    Raises:
        DataError: it has a column of that name itself, and another value in it.
    """
    import polars as pl

    for name, text in values:
        made = _read(pl.Series([text], dtype=pl.String), types[name])
        if name in frame.columns:
            if not _says_so(frame.get_column(name), made):
                raise DataError(
                    f"{file.name} lies in {name}={text}, and has a column {name} with other values",
                    where=where,
                    mend=f"move the rows to the folders that they belong to, or leave {name} out of the files",
                )
            frame = frame.drop(name)
        frame = frame.with_columns(made.new_from_index(0, frame.height).alias(name))
    return frame


def _says_so(own: pl.Series, made: pl.Series) -> bool:
    """Whether a column of the file has in each row what its folder says: nothing of it is lost with the column."""
    import polars as pl

    read = _read(own, made.dtype)
    if not read.eq_missing(made.new_from_index(0, len(own))).all() or read.null_count() != own.null_count():
        return False
    if own.dtype == pl.String or own.dtype == read.dtype or own.null_count() == len(own):
        return True
    try:
        return bool(read.drop_nulls().cast(own.dtype).eq(own.drop_nulls()).all())
    except pl.exceptions.PolarsError:
        return False


def _read(values: pl.Series, kind: pl.DataType) -> pl.Series:
    """Values as of this type; missing where they cannot be."""
    import polars as pl

    if kind == pl.Date and values.dtype == pl.String:
        return values.str.to_date("%Y-%m-%d", strict=False)
    try:
        return values.cast(kind, strict=False)
    except pl.exceptions.PolarsError:
        return pl.Series(values.name, [None] * len(values), dtype=kind)
