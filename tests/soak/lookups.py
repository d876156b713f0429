"""Rows looked up by key and by time in a table of 100 million: which share of its bytes is read, as DuckDB tells.

TREADLE_SOAK_ROWS is another number of rows: 100 million need some 16 GiB, and half an hour on two cores.
"""

from __future__ import annotations

import os
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from exercise import Asked, hold

sys.path.insert(0, str(Path(__file__).parents[1] / "exploring"))

from kept_shop import keep, opened, write_shop

from treadle.exploring.asking import Limits, query
from treadle.upkeep.compacting import compact

ROWS = int(os.environ.get("TREADLE_SOAK_ROWS", "100000000"))
SHARE = 0.01
"""Of all bytes, what one look-up reads at the most by the column that the table is laid out by."""
LIMITS = Limits(rows=10, seconds=600, memory_gb=2.0)


def exercise(asked: Asked) -> str:
    with asked.folder("lookups") as folder:
        workspace = opened(write_shop(folder / "shop"))
        made = np.random.default_rng(asked.seed)
        frame = pl.DataFrame({"order": made.permutation(ROWS), "amount": made.normal(size=ROWS).astype(np.float32)})
        frame = frame.with_columns(told=pl.datetime(2020, 1, 1) + pl.duration(seconds=pl.int_range(pl.len())))
        keep(workspace, "orders", frame, datetime(2024, 5, 1, tzinfo=UTC))
        del frame
        keys = [int(each) for each in made.integers(0, ROWS, 5)]
        by_key = [f'select * from orders where "order" = {key}' for key in keys]
        by_time = [f"select * from orders where told = '2020-01-01'::timestamp + interval {n} second" for n in keys]
        whole, times = _share(workspace, by_key), _share(workspace, by_time)
        hold(times <= SHARE, f"a look-up by time reads {times:.2%} of the table as it was read")
        compact(workspace, "orders", ("order",), apply=True)
        keys_after = _share(workspace, by_key)
        hold(keys_after <= SHARE, f"a look-up by key reads {keys_after:.2%} of the table laid out by it")
        compact(workspace, "orders", ("order", "told"), apply=True)
        both = _share(workspace, by_key), _share(workspace, by_time)
        hold(max(both) < whole / 4, f"laid out by both, look-ups read {both[0]:.2%} and {both[1]:.2%}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        f"{ROWS:,} rows: as read, a look-up by time reads {times:.3%} of the bytes and one by key {whole:.1%}; "
        f"{keys_after:.3%} by key laid out by it; {both[1]:.2%} and {both[0]:.2%} laid out by both; "
        f"{peak:.1f} GiB at the peak"
    )


def _share(workspace: object, several: list[str]) -> float:
    read = size = 0
    for sql in several:
        found = query(workspace, sql, LIMITS)  # type: ignore[arg-type]
        hold(len(found.rows) == 1, f"{sql} gives {len(found.rows)} rows")
        hold(found.read.bytes is not None, "DuckDB does not tell what it read")
        read, size = read + (found.read.bytes or 0), size + sum(one.bytes for one in found.snapshots)
    return read / size
