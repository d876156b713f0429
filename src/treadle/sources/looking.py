"""A cheap look at a source that is read in increments: its columns and its first rows, so a check need not read all.

How cheap: the first part of a database, one page of an API, of files the first ones up to some size. What is no larger
than that is seen whole. Objects in a store are copied as a reading copies them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.mapping import as_read, instants_in
from treadle.sources.apis import first_rows_of_api
from treadle.sources.databases import first_rows
from treadle.sources.files import first_files
from treadle.sources.mapped import mapped, read_rates
from treadle.sources.opening import find
from treadle.sources.zoned import clocked, with_clocks
from treadle.spec.databases import is_database
from treadle.spec.urls import is_api, is_store

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import Source


@dataclass(frozen=True, eq=False)
class Look:
    """The first rows of a source; `whole` where it has no others. `instants`: its columns with times that came with a
    zone, of those that a clock is said of."""

    rows: pl.DataFrame
    whole: bool
    instants: frozenset[str] = frozenset()


def look(source: Source, root: Path, *, where: str = "") -> Look:
    """The first rows of what a source names, its columns mapped.

    Raises:
        DataError: it is not there, cannot be read, or nobody trusted the project with it.
    """
    source = clocked(source)
    rates = read_rates(source, root, where)
    frame, whole = _first(with_clocks(as_read(source), source), root, where)
    return Look(mapped(frame, source, rates, where)[0], whole, instants_in(frame))


def _first(source: Source, root: Path, where: str) -> tuple[pl.DataFrame, bool]:
    if is_database(source.read):
        held, whole = first_rows(source, root, where)
        return held.frame, whole
    if is_api(source.read):
        held, whole = first_rows_of_api(source, root, where)
        return held.frame, whole
    if is_store(source.read):
        return find(source, root, where=where).rows(where).collect(), True
    return first_files(source, root, where)
