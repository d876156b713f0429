"""Where a table lies and what it is called, as a project file says it; and the tables of a database to begin from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from treadle.drafting.quoting import shortened
from treadle.errors import DataError, SpecError, nearest
from treadle.sources import Kept
from treadle.spec import Layout, Source
from treadle.spec.databases import file_of, is_database, of_url
from treadle.spec.names import LONGEST, identifier_from

if TYPE_CHECKING:
    from treadle.sources import Declared, Table

MOST_NAMED = 400
MOST_TABLES = 40
"""So many are taken where none is named: more are a choice that somebody makes."""
_SQLITE = b"SQLite format 3\x00"


class Place(Struct, frozen=True):
    """`read`, `table` and what is said of the form, as they stand in a project file; `contract`: it has one."""

    read: str
    table: str = ""
    layout: Layout = Layout()
    contract: bool = True


def database_of(given: str) -> str:
    """The URL of the database that is given, by its URL or as a file of SQLite; empty for any other table."""
    if os.path.lexists(given):
        if not Path(given).is_file():  # a pipe would be waited for
            return ""
        try:
            with Path(given).open("rb") as file:
                return f"sqlite:{given}" if file.read(len(_SQLITE)) == _SQLITE else ""
        except OSError:  # what may not be read: whoever reads it says so
            return ""
    return given if is_database(given) else ""


def own_name(short: str, longer: str, taken: set[str]) -> str:
    """A name for a source, made from what its table is called; by more of it where that is `taken`, and by a number
    where that is, too. It is taken then.

    >>> taken = {"orders"}
    >>> own_name("orders", "old.orders", taken), own_name("Orders", "old.Orders", taken)
    ('old_orders', 'old_orders_2')
    """
    name = identifier_from(short, "rows")
    if name in taken:
        name = identifier_from(longer.replace(".", "_"), "rows")
    whole, number = name, 1
    while name in taken:
        number += 1
        end = f"_{number}"
        name = whole[: LONGEST - len(end)].rstrip("-_") + end
    taken.add(name)
    return name


class Database:
    """One that the user named themselves. `where`: what named it on the command line. All tables that are read of it
    are held until the project is written, so they share what one may take.

    Raises:
        SpecError: its URL cannot be understood, or holds what should not stand in a project file.
    """

    def __init__(self, url: str, layout: Layout, where: str) -> None:
        for fault in of_url(where, url):
            raise SpecError(fault.what, where=where, mend=fault.mend)
        self.layout, self.where = layout, where
        self._kept = Kept(layout, where, "name fewer tables with --table")
        self._file = Path(file_of(url)).absolute() if file_of(url) else None
        if self._file is not None and not self._file.exists():
            raise DataError(f"there is no file {self._file.name}", where=where, mend=f"looked for {self._file}")
        self._url = url if self._file is None else f"sqlite://{self._file}"

    def seen_from(self, folder: Path) -> str:
        """Its URL in the project of that folder: a file by the way there, where that is short."""
        if self._file is None:
            return self._url
        way = Path(os.path.relpath(self._file, folder.absolute()))
        return self._url if way.parts[:3] == ("..",) * 3 else f"sqlite:{way.as_posix()}"

    def chosen(self, tables: tuple[str, ...], target: str) -> tuple[str, ...]:
        """Those that are meant: what was named; else all that there are, or, to predict something, the only one.

        Raises:
            DataError: there is none, one is named that is not there, or it is not clear which is meant.
        """
        from treadle.sources import own_tables

        there = own_tables(self._url, Path("/"), self.where)
        if not there:
            mend = "is it the one that was meant, and does the URL name it: SCHEME://USER@HOST/DATABASE?"
            raise DataError("the database has no table", where=self.where, mend=mend)
        for table in tables:
            if table not in there:
                near = nearest(table, there) or f"it has {shortened(there)}"
                raise DataError(f"the database has no table {table[:80]}", where="--table", mend=near)
        if target and len(tables or there) > 1:
            what = "one table is learned from" if tables else f"the database has {len(there):,} tables"
            raise DataError(what, where="--table", mend=f"name it with --table: {shortened(there)}")
        if not tables and len(there) > MOST_TABLES:
            what = f"the database has {len(there):,} tables"
            mend = f"name those that are wanted, with commas: {shortened(there, MOST_NAMED)}"
            raise DataError(what, where="--table", mend=mend)
        return tables or there

    def declared(self) -> dict[str, Declared]:
        """What it declares of its tables, by their names."""
        from treadle.sources import own_declared

        return own_declared(self._url, Path("/"), self.where)

    def read(self, table: str) -> tuple[Table, Layout]:
        """A table, and what has to be said of it for it to be read so: in which form its texts write dates.

        Raises:
            DataError: it cannot be read, or takes more memory than it may beside those that were read before.
        """
        from treadle.sources import Table, own_rows

        layout = self.layout
        frame, notes = own_rows(self._source(table, layout), Path("/"), self.where, self._kept)
        forms = {note.column: note.format for note in notes if note.format and note.column not in layout.date_format}
        if forms:
            layout = replace(layout, date_format={**layout.date_format, **forms})
            del frame  # it would be held while the same rows are read once more
            frame, _ = own_rows(self._source(table, layout), Path("/"), self.where, self._kept)
        self._kept.keep(int(frame.estimated_size()))
        return Table(frame, tuple(notes), None), layout

    def _source(self, table: str, layout: Layout) -> Source:
        whole = {name: getattr(layout, name) for name in Layout.__struct_fields__}
        return msgspec.convert({**whole, "read": self._url, "table": table}, Source)
