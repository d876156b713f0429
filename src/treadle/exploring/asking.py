"""Ask kept snapshots by SQL: what a statement names is found, and it is run in a process that reaches nothing else.

DuckDB rather than the SQL of Polars: decision 0016.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from treadle.errors import DataError, MissingExtra, SpecError
from treadle.exploring.engine import MOST_CELL, Answer, Large, Late, Order, Rows, Wrong
from treadle.exploring.filters import View
from treadle.exploring.found import Queried, SnapshotRead
from treadle.exploring.holding import held, refuse_changed
from treadle.exploring.measured import note
from treadle.exploring.named import named
from treadle.exploring.snapshots import Kept
from treadle.exploring.statements import Table, statement, tables_of
from treadle.spec import all_tables
from treadle.store import ROW

if TYPE_CHECKING:
    from treadle.store import Snapshot
    from treadle.workspace import Workspace

MOST_SECONDS, GRACE = 3600.0, 5.0
"""The longest that may be asked for; seconds after its time in which a query that does not end by itself is killed."""


class Limits(Struct, frozen=True):
    """What one query may take: rows that are shown, seconds, and memory in 10^9 bytes."""

    rows: int = 100
    seconds: float = 60.0
    memory_gb: float = 1.0

    def checked(self) -> Limits:
        """Raises SpecError for what is no limit. Half of this machine's memory is the most that a query gets."""
        import psutil

        most = psutil.virtual_memory().total / 2e9
        for value, high, flag in ((self.seconds, MOST_SECONDS, "--seconds"), (self.memory_gb, most, "--memory-gb")):
            if not 0 < value <= high:
                raise SpecError(f"{value:g} is no limit", where=flag, mend=f"give a number above 0, up to {high:,.4g}")
        return self


def query(workspace: Workspace, sql: str, limits: Limits) -> Queried:
    """The rows that a SELECT gives, of the snapshots that it names.

    Raises:
        DataError: the SQL is none, reads something else, or takes more than it may; a snapshot is not there.
        EvidenceError: a snapshot is not what the record says.
        MissingExtra: DuckDB is not installed.
    """
    limits, text = limits.checked(), statement(sql)
    found = {table: held(workspace, named(table.text, where="SQL")) for table in _named_in(workspace, text)}
    tables = [one.snapshot.table for one in found.values()]
    with workspace.tables.held(*tables), tempfile.TemporaryDirectory(prefix="treadle-query-") as folder:
        views = tuple(
            view_of(table.schema, table.source, one, _files(workspace, one, Path(folder) / f"{n}.parquet"))
            for n, (table, one) in enumerate(found.items())
        )
        order = Order(text, views, limits.rows + 1, limits.seconds, int(limits.memory_gb * 1e9))
        answer = _run(order)
    if isinstance(answer, Wrong) and answer.files:
        refuse_changed(workspace, [one for one in found.values() if one.held != "content"])
    told = _taken(answer, limits)
    note(workspace, told.read.filters)
    rows = told.rows[: limits.rows]
    return Queried(
        columns=told.columns,
        rows=rows,
        more=len(told.rows) > limits.rows,
        cut=sum(isinstance(cell, str) and len(cell) > MOST_CELL for row in rows for cell in row),
        snapshots=[_shown(table, one) for table, one in found.items()],
        read=told.read,
    )


def bytes_read(workspace: Workspace, snapshot: Snapshot, conditions: Sequence[str]) -> list[int | None]:
    """How many bytes of its files are read for all columns of the rows of each condition; None where that is not known,
    as without DuckDB."""
    if importlib.util.find_spec("duckdb") is None:
        return [None] * len(conditions)
    files = tuple(str(file) for file in workspace.tables.files(snapshot))
    view = View("main", "laid", files, ROW if snapshot.order else "")
    limits, found = Limits(), list[int | None]()
    for condition in conditions:
        sql = f"select max(columns(*)) from laid where {condition}"
        answer = _run(Order(sql, (view,), 1, limits.seconds, int(limits.memory_gb * 1e9)))
        found.append(answer.read.bytes if isinstance(answer, Rows) else None)
    return found


def view_of(schema: str, name: str, of: Kept, files: tuple[str, ...]) -> View:
    return View(schema, name, files, ROW if of.snapshot.order else "")


def _named_in(workspace: Workspace, text: str) -> list[Table]:
    if importlib.util.find_spec("duckdb") is None:
        raise MissingExtra("query", "duckdb", what="queries need the package duckdb")
    import duckdb

    with duckdb.connect(":memory:") as connection:
        return tables_of(connection, text, list(all_tables(workspace.project.spec)))


def _files(workspace: Workspace, of: Kept, aside: Path) -> tuple[str, ...]:
    """The files of a snapshot; of one without rows, which has none, a file `aside` with its columns alone."""
    files = workspace.tables.files(of.snapshot)
    if not files:
        workspace.tables.rows(of.snapshot).collect().write_parquet(aside)
        files = (aside,)
    return tuple(str(file) for file in files)


def _run(order: Order) -> Answer:
    """The answer of a process of its own. One that ends without any was ended for its memory."""
    command = (sys.executable, "-m", "treadle.exploring.engine")
    with _begun(command) as process, _killed_after(process, order.seconds + GRACE) as late:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(msgspec.json.encode(order) + b"\n")
        process.stdin.flush()
        told = process.stdout.read()
    if not told:
        return Late() if late.is_set() else Large()
    answer: Answer = msgspec.json.decode(told, type=Answer)
    return answer


@contextmanager
def _begun(command: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        process.wait()


@contextmanager
def _killed_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """`seconds` from now the process is killed, and the event says so: who does not hear is not waited for."""
    late = threading.Event()

    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _taken(told: Answer, limits: Limits) -> Rows:
    match told:
        case Rows():
            return told
        case Late():
            raise DataError(
                f"the query took longer than {limits.seconds:g} s, and was ended",
                where="SQL",
                mend="ask for less (a condition, a join by key), or give it longer with --seconds",
            )
        case Large():
            raise DataError(
                f"the query needs more than {limits.memory_gb:g} GB of memory, and was ended",
                where="SQL",
                mend="ask for less (fewer columns, a condition, a join by key), or give it more with --memory-gb",
            )
        case Wrong():
            mend = told.hint or "the SQL is DuckDB's: https://duckdb.org/docs/sql"
            raise DataError(told.what, where="SQL", mend=mend)


def _shown(table: Table, of: Kept) -> SnapshotRead:
    return SnapshotRead(table.text, of.snapshot.version, of.read.time, of.snapshot.rows, of.bytes, of.held)
