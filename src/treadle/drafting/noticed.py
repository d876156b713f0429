"""What a person should know of a table before a project is made of it: labels missing, odd values, odd headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.sources import dialect
from treadle.spec.names import FEATURE, matches

if TYPE_CHECKING:
    import polars as pl

_MOSTLY = 0.8
"""A text column of which this share are numbers, or dates, was meant to be such."""
_DATE = r"^(Y[-/.]9[-/.]9|9[-/.]9[-/.](Y|9)|A\.? 9,? Y|9\.? A\.? Y)([ A]+9:.*)?$"
"""How a date looks with Y for four digits, 9 for one or two, and A for each word."""
_DAY_FIRST = re.compile(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}\b.*")


def noticed(frame: pl.DataFrame, target: str, data: Path) -> list[str]:
    """A sentence for each thing; nothing of a table that is plain."""
    written = dialect(data) if data.is_file() else None
    told = [f"written with {written.said}, and read so"] if written and written.said else []
    headers = _headers(list(frame.columns), written.header if written else None)
    days = _days_first(frame, written.first) if written else []
    return [*told, *headers, *_labels(frame, target), *_nearly_numbers(frame), *days, *_nearly_times(frame)]


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


def _days_first(frame: pl.DataFrame, first: Sequence[str]) -> list[str]:
    """Of dates that could be read in two ways, in which they were."""
    if len(first) != frame.width or not frame.height:
        return []
    return [
        f"{name}: {cell.strip()} is read as {frame.item(0, name):%Y-%m-%d}, the day before the month"
        for (name, dtype), cell in zip(frame.schema.items(), first, strict=True)
        if dtype.is_temporal() and _DAY_FIRST.fullmatch(cell) and frame.item(0, name) is not None
    ]


def _nearly_times(frame: pl.DataFrame) -> list[str]:
    """Text that is dates in a form, or in several, that nobody can read without being told which."""
    import polars as pl

    said = []
    for name, dtype in frame.schema.items():
        known = frame.get_column(name).drop_nulls() if dtype == pl.String else pl.Series(dtype=pl.String)
        shape = known.str.strip_chars().alias("shape")
        for these, sign in ((r"[A-Za-z]+", "A"), (r"\d{4}", "Y"), (r"\d{1,2}", "9")):
            shape = shape.str.replace_all(these, sign)
        shapes = shape.value_counts(sort=True).filter(pl.col("shape").str.contains(_DATE))
        if not len(known) or shapes.get_column("count").sum() < _MOSTLY * len(known):
            continue
        like = [known.filter(shape == each)[0] for each in shapes.get_column("shape")[:3]]
        forms = f"dates in {shapes.height} forms" if shapes.height > 1 else "dates"
        said.append(
            f"{name}: it looks like {forms}, such as {_listed(like)}, and is read as text; written as 2024-12-31 it "
            "would be a time"
        )
    return said


def _headers(called: Sequence[str], given: Sequence[str] | None) -> list[str]:
    """`called`: the columns' names here; `given`: those of the file."""
    if given is None or len(given) != len(called):
        return []
    said, alike = [], dict[str, list[str]]()
    for here, there in zip(called, given, strict=True):
        alike.setdefault(there, []).append(here)
    for name, same in alike.items():
        if name and len(same) > 1:
            said.append(f'the header has "{name}" {len(same)} times: they are called {_listed(same)}')
    for place, (here, there) in enumerate(zip(called, given, strict=True), 1):
        if not there:
            shown, usable = here or '""', matches(FEATURE, here)
            more = "" if usable else ", and cannot be a feature"
            said.append(f"column {place} has no name in the header: it is called {shown}{more}")
        elif here != there and len(alike[there]) == 1:
            said.append(f"the header {there} is called {here} here; write it so")
        elif here.strip(" \t'\"") != here:
            said.append(f'the name "{here}" begins or ends with a blank or a quotation mark, which belongs to it')
    return said


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
