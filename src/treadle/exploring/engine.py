"""The process that a query runs in: a DuckDB that reaches the files of some snapshots, reads them, and nothing else.

A process of its own, since a text that a function makes (`repeat('x', 4000000000)`) is in no account of DuckDB's: what
the machine itself refuses ends this process alone. It needs no Polars, so it begins at once.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from treadle.exploring.filters import View, filters_of
from treadle.exploring.found import Cell, Column, QueryRead

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_CELL = 10_000
"""Characters of one text in an answer, of which more is cut."""
_PLAIN = ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
          "HUGEINT", "FLOAT", "DOUBLE", "VARCHAR")  # fmt: skip
_CLOSED = (
    "set autoinstall_known_extensions=false",
    "set autoload_known_extensions=false",
    "set allow_community_extensions=false",
    "set temp_directory=''",
    "set timezone='UTC'",
    "set enable_external_access=false",
    "pragma enable_profiling='no_output'",
    "set lock_configuration=true",
)
"""In this order: what is open is closed last, and then nothing can be opened again."""
_OWN = 300_000_000
"""Bytes for the engine itself, its code and threads, beside what a query may take."""


class Order(Struct, frozen=True):
    """What this process is asked. `bytes`: the memory that the query may take."""

    sql: str
    views: tuple[View, ...]
    rows: int
    seconds: float
    bytes: int


class Rows(Struct, frozen=True, tag=True):
    """The first rows of an answer; one more than was asked for where there are more."""

    columns: list[Column]
    rows: list[list[Cell]]
    read: QueryRead


class Late(Struct, frozen=True, tag=True):
    """It took too long."""


class Large(Struct, frozen=True, tag=True):
    """It needs too much memory."""


class Wrong(Struct, frozen=True, tag=True):
    """The SQL is none, or asks for what there is not. `hint` may be empty. `files`: it may be for their sake."""

    what: str
    hint: str
    files: bool = False


Answer = Rows | Late | Large | Wrong


def answer(order: Order) -> Answer:
    """Run the statement. What fails because of it is an answer too."""
    import duckdb

    connection = duckdb.connect(":memory:")
    try:
        _attach(connection, order)
        return _asked(connection, order)
    except duckdb.InterruptException:
        return Late()
    except (duckdb.OutOfMemoryException, MemoryError):
        return Large()
    except duckdb.Error as bad:
        if "bad_alloc" in str(bad) or "allocate" in str(bad):
            return Large()
        said = str(bad).strip().splitlines() or ["it failed"]
        hint = next((line for line in said[1:] if line.startswith(("Did you mean", "Candidate"))), "")
        files = isinstance(bad, duckdb.IOException | duckdb.InvalidInputException)
        return Wrong(re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", said[0]), hint, files)
    finally:
        connection.close()


def _attach(connection: DuckDBPyConnection, order: Order) -> None:
    """A view for each snapshot; then every door is closed but those to its files."""
    for view in order.views:
        connection.execute(f"create schema if not exists {_quoted(view.schema)}")
        connection.execute(
            f"create view {_quoted(view.schema)}.{_quoted(view.name)} as select {_columns(view)} from "
            f"read_parquet([{', '.join(_text(file) for file in view.files)}], hive_partitioning=false, "
            "union_by_name=true)"
        )
    reached = ", ".join(_text(file) for view in order.views for file in view.files)
    connection.execute(f"set allowed_paths=[{reached}]")
    connection.execute(f"set memory_limit='{order.bytes}B'")
    for setting in _CLOSED:
        connection.execute(setting)


def _columns(view: View) -> str:
    return f"* exclude ({_quoted(view.hidden)})" if view.hidden else "*"


def _asked(connection: DuckDBPyConnection, order: Order) -> Rows:
    columns = [Column(str(row[0]), str(row[1])) for row in connection.execute(f"describe {order.sql}").fetchall()]
    with _ended_after(connection, order.seconds):
        began = time.monotonic()
        # to its end: DuckDB tells what a statement read once it has ended
        rows = connection.execute(f"{_as_text(order.sql, columns)} limit {order.rows}").fetchall()
        seconds = time.monotonic() - began
    return Rows(columns, [[_cell(value) for value in row] for row in rows], _read(connection, order, seconds))


def _as_text(sql: str, columns: Sequence[Column]) -> str:
    """The statement with what JSON has no word for as text: a decimal, a time, a list."""
    taken = [f"c{n}" if each.type in _PLAIN else f"c{n}::varchar" for n, each in enumerate(columns)]
    names = ", ".join(f"c{n}" for n in range(len(columns)))
    return f"select {', '.join(taken)} from ({sql}\n) as asked({names})"


@contextmanager
def _ended_after(connection: DuckDBPyConnection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read(connection: DuckDBPyConnection, order: Order, seconds: float) -> QueryRead:
    """What DuckDB's profile of the last statement says was read; nothing of what it does not tell."""
    told = msgspec.json.decode(connection.get_profiling_information(format="json"), type=dict[str, object])
    whole, io = told.get("query"), told.get("io")
    return QueryRead(
        rows=_count(whole, "total_rows_scanned"),
        bytes=_count(io, "total_bytes_read"),
        groups=_count(whole, "total_row_groups_scanned"),
        all_groups=_count(whole, "total_row_groups_to_scan"),
        seconds=round(seconds, 3),
        filters=filters_of(told.get("operator"), order.views),
    )


def _count(told: object, name: str) -> int | None:
    value = told.get(name) if isinstance(told, dict) else None
    return int(value) if isinstance(value, int | float) else None


def _cell(value: object) -> Cell:
    """As JSON can say it; a number that JSON has none for is text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    text = str(value)
    return text if len(text) <= MOST_CELL else f"{text[:MOST_CELL]}…"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _bound(most: int) -> None:
    """Let the machine refuse more memory than that: beyond DuckDB's own account, by the kernel's (on Linux)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return
    import resource

    held = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmData")) * 1024
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (held + most + _OWN, held + most + _OWN))


def _end_with_the_caller() -> None:
    """The pipe that the order came by stays open as long as somebody waits for the answer."""
    while os.read(0, 4096):
        pass
    os._exit(1)


def main() -> None:
    """One order by standard input, a line; its answer by standard output."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    import duckdb  # its code and threads are not the query's  # noqa: F401

    _bound(order.bytes)
    try:
        made = msgspec.json.encode(answer(order))
    except MemoryError:
        made = msgspec.json.encode(Large())
    sys.stdout.buffer.write(made)
    sys.stdout.buffer.flush()
    os._exit(0)  # threads of a query that was ended need not be waited for


if __name__ == "__main__":
    main()
