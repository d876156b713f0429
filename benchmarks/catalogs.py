"""One more entry in a catalog of each engine that runs here, beside a bare INSERT and COMMIT in the same database.

PostgreSQL is the one that the tests start, with commits that are on the disk; without its package there are no rows.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.rows import Row
from treadle.address import Address
from treadle.backends import open_catalog
from treadle.evidence import Chain
from treadle.evidence.kinds.noted import Noted

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
_TIMES = 500
_ROW = b"x" * 700


def measure() -> list[Row]:
    from services import postgres

    with tempfile.TemporaryDirectory() as folder:
        rows = [*_rows("SQLite", f"sqlite:///{folder}/catalog.db", Path(folder))]
        if not postgres.missing():
            with postgres.started(durable=True) as server:
                rows += _rows("PostgreSQL", server.new_database(), Path(folder))
    return rows


def _rows(name: str, url: str, folder: Path) -> Iterator[Row]:
    engine = open_catalog(Address(url, "the benchmark"))
    chain = Chain(engine=engine, actor="ada", head_file=folder / f"{name}.head")
    bare = _bare(engine)
    for _ in range(50):
        chain.append(Noted(text="warm"), "bench"), bare()
    ours, beside = list[float](), list[float]()
    for _ in range(_TIMES):  # in turns, so that both meet the same disk
        ours.append(_timed(lambda: chain.append(Noted(text="one more"), "bench")))
        beside.append(_timed(bare))
    for what, of in (("median", statistics.median), ("p99", lambda took: sorted(took)[int(len(took) * 0.99)])):
        yield Row(f"append to a catalog in {name}, {what}", "ms", of(ours) * 1e3, of(beside) * 1e3,
                  "INSERT and COMMIT", "none", True)  # fmt: skip
    engine.dispose()


def _bare(engine: Any) -> Callable[[], None]:
    """The driver's own connection and one statement, with the engine's care for the disk."""
    sqlite = engine.dialect.name == "sqlite"
    kind, mark = ("blob", "?") if sqlite else ("bytea", "%s")
    raw: Any = engine.raw_connection().driver_connection
    if not sqlite:
        raw.autocommit = True  # else psycopg would begin once more
    cursor = raw.cursor()
    cursor.execute(f"create table bare (body {kind})")

    def insert() -> None:
        cursor.execute("begin immediate" if sqlite else "begin")
        cursor.execute(f"insert into bare values ({mark})", (_ROW,))
        cursor.execute("commit")

    return insert


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
