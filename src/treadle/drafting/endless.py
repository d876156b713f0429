"""Columns with infinite values: few rows of them are set aside as bad, of many the column is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

MOST_HELD = 1_000
"""Columns of a table for which a contract is proposed: rules for more would be read by nobody, and fill no file."""
MOST_BAD = 0.05
"""The share of rows that a proposed contract may set aside."""


def endless(frame: pl.DataFrame, types: Mapping[str, str], target: str) -> tuple[dict[str, int], str]:
    """Columns to be left out, with how many of their rows are infinite; or what is said of rows that are set aside."""
    import polars as pl

    floats = [name for name, kind in types.items() if kind == "float" and name != target]
    if not floats:
        return {}, ""
    here = frame.select(pl.col(floats).is_infinite().fill_null(False))
    counts = {name: count for name, count in zip(floats, here.sum().row(0), strict=True) if count}
    if not counts:
        return {}, ""
    rows = int(here.select(pl.any_horizontal(*counts)).to_series().sum())
    if rows <= MOST_BAD * frame.height and frame.width <= MOST_HELD:
        return {}, f"{', '.join(counts)}: {rows:,} rows have infinite values, and are set aside as bad"
    return counts, ""
