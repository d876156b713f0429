"""What a person should know of a table before a project is made of it: labels missing, odd values, odd headers."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.spec.names import FEATURE, matches

if TYPE_CHECKING:
    import polars as pl

_MOSTLY = 0.8
"""A text column of which this share are numbers was meant to be one."""
_CSV = {".csv": ",", ".tsv": "\t"}
_HEAD = 1 << 20
"""Bytes in which the header must end."""


def noticed(frame: pl.DataFrame, target: str, data: Path) -> list[str]:
    """A sentence for each thing; nothing of a table that is plain."""
    return [*_headers(list(frame.columns), header(data)), *_labels(frame, target), *_nearly_numbers(frame)]


def header(data: Path) -> list[str] | None:
    """The names as the file has them; None for a file that has no header of its own."""
    separator = _CSV.get(data.suffix.lower())
    if separator is None:
        return None
    with data.open("rb") as stream:
        text = stream.read(_HEAD).decode("utf-8-sig", errors="replace")
    return next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), None)


def _labels(frame: pl.DataFrame, target: str) -> list[str]:
    missing = frame.get_column(target).null_count()
    if not missing:
        return []
    return [f"{missing:,} of {frame.height:,} rows have no {target}: they are left out, of training as of tests"]


def _nearly_numbers(frame: pl.DataFrame) -> list[str]:
    import polars as pl

    said = []
    for name, dtype in frame.schema.items():
        if dtype != pl.String:
            continue
        known = frame.get_column(name).drop_nulls()
        odd = known.filter(known.str.strip_chars().cast(pl.Float64, strict=False).is_null())
        if not len(odd) or len(odd) > (1 - _MOSTLY) * len(known):
            continue
        common = odd.alias("text").value_counts().sort(["count", "text"], descending=[True, False]).head(3)
        shown = ", ".join(f'"{text}"' for text in common.get_column("text"))
        said.append(
            f"{name}: {len(odd):,} of {len(known):,} values are not numbers, such as {shown}; "
            "the column is read as text"
        )
    return said


def _headers(called: Sequence[str], given: Sequence[str] | None) -> list[str]:
    """`called`: the columns' names here; `given`: those of the file."""
    if given is None or len(given) != len(called):
        return []
    said = []
    for name in dict.fromkeys(given):
        same = [here for here, there in zip(called, given, strict=True) if there == name]
        if name and len(same) > 1:
            said.append(f'the header has "{name}" {len(same)} times: they are called {_listed(same)}')
    for place, (here, there) in enumerate(zip(called, given, strict=True), 1):
        if not there:
            shown, usable = here or '""', matches(FEATURE, here)
            more = "" if usable else ", and cannot be a feature"
            said.append(f"column {place} has no name in the header: it is called {shown}{more}")
        elif here != there and given.count(there) == 1:
            said.append(f"the header {there} is called {here} here; write it so")
        elif here.strip(" \t'\"") != here:
            said.append(f'the name "{here}" begins or ends with a blank or a quotation mark, which belongs to it')
    return said


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
