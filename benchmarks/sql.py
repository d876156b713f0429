"""A table of PostgreSQL to a snapshot, beside connectorx's own read and the write of the same snapshot.

PostgreSQL is the one that the tests start; without it, ADBC's driver or connectorx there are no rows. TREADLE_ROWS says
how many rows the table has; a million if it does not.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from benchmarks.rows import Row
from treadle.address import Address
from treadle.backends.embedded import DeltaTables
from treadle.sources import find
from treadle.spec import Source
from treadle.spec.trust import Place, trust

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
_TIMES = 3
_MAKE = """create table sales as select i as id, i % 1000 as shop, random() * 100 as amount,
    timestamptz '2026-01-01' + i * interval '1 second' as told, 'customer ' || i % 50000 as customer,
    i % 7 = 0 as back from generate_series(1, {rows}) i"""


def measure() -> list[Row]:
    from services import postgres

    missing = [name for name in ("adbc_driver_postgresql", "connectorx", "pyarrow") if find_spec(name) is None]
    if missing or postgres.missing():
        print(f"sql is left out: not installed: {', '.join(missing)}{postgres.missing()}", file=sys.stderr)
        return []
    rows = int(os.environ.get("TREADLE_ROWS", "1000000"))
    with tempfile.TemporaryDirectory() as folder, postgres.started() as server:
        os.environ["TREADLE_TRUST"] = f"{folder}/trust"
        return [_row(server.new_database(), rows, Path(folder))]


def _row(url: str, rows: int, folder: Path) -> Row:
    import connectorx
    import psycopg

    with psycopg.connect(url, autocommit=True) as made:
        made.execute(_MAKE.format(rows=rows))
        made.execute("vacuum analyze sales")
    os.environ["TREADLE_BENCHMARK_URL"] = Address(url, "the benchmark").url
    source = Source(read="${TREADLE_BENCHMARK_URL}", table="sales")
    trust(folder, (Place(source.read, "server"),))

    def ours(time_of: int) -> None:
        DeltaTables(folder / "ours").replace(f"sales{time_of}", find(source, folder).rows().collect())

    def beside(time_of: int) -> None:
        frame = connectorx.read_sql(url, "select * from sales", return_type="polars")
        DeltaTables(folder / "beside").replace(f"sales{time_of}", frame)

    took: dict[Callable[[int], None], list[float]] = {ours: [], beside: []}
    for number in range(
        _TIMES
    ):  # in turns, so that both meet the same machine; each into a table that is not there yet
        for call, times in took.items():
            began = time.perf_counter()
            call(number)
            times.append(time.perf_counter() - began)
    mine, other = (statistics.median(times) for times in took.values())
    what = f"PostgreSQL, {rows:,} rows, to a snapshot"
    return Row(what, "s", mine, other, "connectorx, same write", "<= 1.2x", mine <= 1.2 * other)
