"""What a person should know of a table before a project is made of it: labels missing, odd values, odd headers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.drafting.quoting import listed

if TYPE_CHECKING:
    import polars as pl

    from treadle.sources import Dialect, Table

_MOSTLY = 0.8
"""A text column of which this share are numbers, or dates, was meant to be such."""
_DATE = r"^(Y[-/.]9[-/.]9|9[-/.]9[-/.]Y|9[-/]9[-/]9|9[- ]A[- ](Y|9)|A\.? 9,? Y|9\.? A\.? Y)([ A]+9:.*)?$"
"""How a date looks with Y for four digits, 9 for one or two, and A for each word."""


class Noticed(Struct, frozen=True):
    """A sentence for each thing; `undated`: columns that look like dates, and are text all the same."""

    said: list[str]
    undated: tuple[str, ...]


def noticed(table: Table, target: str) -> Noticed:
    """Nothing of a table that is plain. target: empty where nothing is predicted."""
    frame, written = table.frame, table.dialect
    told = [f"written with {written.said}, and read so"] if written and written.said else []
    told += [_unsure(written)] if written and written.unsure else []
    headers = _headers(list(frame.columns), written.header if written else None)
    dates = _nearly_times(frame, [note.column for note in table.notes if note.kind == "unsure"])
    said = [*told, *headers, *_labels(frame, target), *(note.said for note in table.notes), *dates.values()]
    unsure = tuple(note.column for note in table.notes if note.kind == "unsure")
    return Noticed(said, (*unsure, *dates))


def _unsure(written: Dialect) -> str:
    sign, other = (",", ".") if "," in written.unsure else (".", ",")
    read = "decimals" if written.decimal_comma == (sign == ",") else "thousands"
    wanted = f'decimal: "{other}"' if read == "decimals" else f'decimal: "{sign}"'
    return (
        f"numbers such as {written.unsure} could have decimals or thousands behind the sign, and are read as {read}; "
        f"with {wanted} they are read as the other"
    )


def _labels(frame: pl.DataFrame, target: str) -> list[str]:
    missing = frame.get_column(target).null_count() if target else 0
    if not missing:
        return []
    return [f"{missing:,} of {frame.height:,} rows have no {target}: they are left out, of training as of tests"]


def _nearly_times(frame: pl.DataFrame, but: Sequence[str]) -> dict[str, str]:
    """Text that is dates in a form, or in several, that nobody can read without being told which; by column."""
    import polars as pl

    said = dict[str, str]()
    for name, dtype in frame.schema.items():
        if dtype != pl.String or name in but:
            continue
        known = frame.get_column(name).drop_nulls()
        shape = known.str.strip_chars().alias("shape")
        for these, sign in ((r"[A-Za-z]+", "A"), (r"\d{4}", "Y"), (r"\d{1,2}", "9")):
            shape = shape.str.replace_all(these, sign)
        shapes = shape.value_counts(sort=True).filter(pl.col("shape").str.contains(_DATE))
        if not len(known) or shapes.get_column("count").sum() < _MOSTLY * len(known):
            continue
        like = [known.filter(shape == each)[0] for each in shapes.get_column("shape")[:3]]
        forms = f"dates in {shapes.height} forms" if shapes.height > 1 else "dates"
        said[name] = (
            f"{name}: it looks like {forms}, such as {listed(like)}, and is read as text; written as 2024-12-31, or "
            f"with its form in date_format: {{{name}: ...}}, it would be a time"
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
            said.append(f'the header has "{name}" {len(same)} times: they are called {listed(same)}')
    for place, (here, there) in enumerate(zip(called, given, strict=True), 1):
        if not there.strip():
            said.append(f"column {place} has no name in the header: it is called {here}")
        elif here != there and len(alike[there]) == 1 and there.isprintable():
            said.append(f"the header {there} is called {here} here; write it so")
        elif here.strip(" \t'\"") != here:
            said.append(f'the name "{here}" begins or ends with a blank or a quotation mark, which belongs to it')
    return said
