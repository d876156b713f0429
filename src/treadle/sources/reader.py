"""What a reader of a database does. One is found by the scheme of a URL, by entry point; it keeps to `SourceSuite`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from msgspec import Struct

from treadle.address import Address
from treadle.sources.cursors import Above
from treadle.spec import Layout

if TYPE_CHECKING:
    import polars as pl


class Wanted(Struct, frozen=True):
    """Which rows of which database: those of `table`, or of `query`, for which `condition` holds.

    `columns`: those that are asked for; all, if there are none. `said`: the URL as it stands in the project file,
    without secrets, for messages; `address` has them, and is for the driver alone. `root`: the project's folder.
    `above`: that older rows are not needed, so that a database may leave them out; one that does not is as good.
    """

    address: Address
    said: str
    root: Path
    layout: Layout
    table: str = ""
    query: str = ""
    columns: tuple[str, ...] = ()
    condition: str = ""
    above: Above | None = None

    @property
    def where(self) -> str:
        """The place in the project file."""
        return self.address.where


@runtime_checkable
class Reader(Protocol):
    """Reads rows by a URL. It has no state: whatever it opens is closed when the rows are read, or not wanted any more.

    - **One moment.** All rows are of one transaction that reads one snapshot: what is written meanwhile is not seen,
      in no part. It can write nothing.
    - **One order.** A database that nobody wrote to gives equal rows in equal order; `order by` in a query counts.
    - **Times** with a zone in their type are instants, and others are of a clock: where the project file says which one
      (`zone`, `time_zone`), the latter alone are placed by it.
    - **In parts.** Rows come in parts of bounded size, so that too many are refused before they are taken.
      Parts have the same columns; a column may be of another type in each, where the database holds values so.
    - **No second try.** A connection that is lost ends the reading: a new one would see another moment.
    - **No secret** of the address is in an error, also where the driver repeats it.

    A reader may also have queries that `init` asks: `tables` lists what there is to read, by `place` (a schema; empty
    for where a bare name is looked for) and `name`; `keys` the columns of primary keys, in their order, by `place`,
    `name` and `part`; `links` the columns that are declared to point to a column elsewhere, of keys of one column each,
    by `place`, `name`, `part`, `to_place`, `to_name` and `to_part`.
    """

    name: str
    schemes: tuple[str, ...]
    package: str
    """The module of its driver, which comes by the extra `sql`; empty where none has to be installed."""

    def read(self, wanted: Wanted) -> Iterator[pl.DataFrame]:
        """The rows, in parts; one part without rows where there are none.

        Raises:
            DataError: the database is away, refuses, or has no such table or column; or the SQL is none or not one.
        """
        ...
