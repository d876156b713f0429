"""Columns of times that came with a zone: they are instants already, whatever clock is said to have written the others.

All times are in UTC here, those of a clock too, until they are placed. So instants are marked in their type, by another
name of UTC, from where a source is read to where its columns are mapped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_MARK = "Etc/UTC"


def as_instants(frame: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """The frame with those of its times marked that are called so.

    >>> import polars as pl
    >>> frame = pl.DataFrame({"at": pl.Series([0], dtype=pl.Datetime("us", "UTC")), "n": [1]})
    >>> instants_in(as_instants(frame, ["at", "n"])), instants_in(frame)
    (frozenset({'at'}), frozenset())
    """
    import polars as pl

    found = [name for name in columns if isinstance(frame.schema.get(name), pl.Datetime)]
    return frame.with_columns(frame[name].dt.convert_time_zone(_MARK) for name in found) if found else frame


def instants_in(frame: pl.DataFrame) -> frozenset[str]:
    """The columns that are marked."""
    return frozenset(name for name, dtype in frame.schema.items() if getattr(dtype, "time_zone", None) == _MARK)


def unmarked(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame as everybody else knows it."""
    found = instants_in(frame)
    return frame.with_columns(frame[name].dt.convert_time_zone("UTC") for name in found) if found else frame
