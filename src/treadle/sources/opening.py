"""Find what a source names, wherever that is, and read its rows: the one door of this room for a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from treadle.sources.apis import find_rows_of_api
from treadle.sources.databases import find_rows
from treadle.sources.files import find_files
from treadle.sources.found import Found
from treadle.sources.mapped import find_mapped
from treadle.sources.room import ALONE, Share
from treadle.sources.stores import find_objects
from treadle.spec.databases import is_database
from treadle.spec.urls import is_api, is_store

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import Source


def find(source: Source, root: Path, *, where: str = "", share: Share = ALONE) -> Found:
    """What a source names: files inside `root` (or where it is trusted), rows of a database or an API, objects.

    Its columns are those of `map`, where it has one.

    share: told of the memory that rows take as they come, where others are read beside it.

    Raises:
        DataError: it is not there, cannot be read, or nobody trusted the project with it.
    """
    if source.map:
        return find_mapped(source, root, where, lambda asked: find(asked, root, where=where, share=share))
    if is_api(source.read):
        return find_rows_of_api(source, root, where, share=share)
    if is_store(source.read):
        return find_objects(source, root, where)
    if is_database(source.read):
        return find_rows(source, root, where, share=share)
    return find_files(source, root, where=where)


def read(source: Source, root: Path, *, where: str = "") -> tuple[Found, pl.LazyFrame]:
    """Find what a source names and read its rows.

    `source.read` is a path relative to `root`, a pattern, a folder of files, the folder of a Delta table, or the URL of
    a database, of an HTTP API, of objects in a store. Column names are kept; times without a zone are taken as UTC.
    Raises DataError when nothing is there, it cannot be read, or it lies outside `root` and nobody trusted that.
    """
    found = find(source, root, where=where)
    return found, found.rows(where)
