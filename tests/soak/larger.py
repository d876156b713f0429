"""A table larger than the memory that may be used: ingested, checked, featurised and kept, watched from outside.

Some 80 bytes a row, in no order, with a unique key, a lookup as of the row's time and two windows.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import psutil
from exercise import ROOT, Asked, hold

CAP_MB = 1000
_CHUNK = 1_000_000
_SPEC = """\
project: larger
brief: {decision: Call a shop., people: {owner: ada}}
sources:
  visits: {read: visits.parquet, key: visit, happened: at, contract: visits.yaml}
  prices: {read: prices.parquet, key: shop, happened: told}
views:
  paid: {from: visits, known: "at + interval '5 minutes'", key: shop, columns: {amount: amount}}
predict: {name: large, each: visits, at: at, label: "amount > 100", label_known: "at + interval '1 day'"}
features:
  request: [kind, score]
  lookup: {price: {from: prices, on: shop, take: [price], no_older_than: 30d}}
  window: {paid: {from: paid, on: shop, last: [1h, 1d], take: {mean: avg(amount), n: count(*)}}}
"""
_CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: visits
name: visits
version: 1.0.0
status: active
schema:
- name: visits
  properties:
  - {name: visit, logicalType: integer, required: true, unique: true}
  - {name: shop, logicalType: integer, required: true, logicalTypeOptions: {minimum: 0}}
  - {name: at, logicalType: timestamp, required: true}
  - {name: amount, logicalType: number, required: true, logicalTypeOptions: {minimum: 0}}
  - {name: kind, logicalType: string, quality: [{metric: invalidValues, arguments: {validValues: [a, b, c]}}]}
"""
_MAKE = """
import sys
from treadle.spec import load
from treadle.stages.building import build_features
from treadle.stages.planning import make_plan
from treadle.stages.reading import read_sources
from treadle.stages.work import Work
from treadle.workspace import open_workspace

work = Work(open_workspace(load(sys.argv[1]), actor="ada"))
sources = read_sources(work)
read = sources["visits"].payload
built = build_features(work, make_plan(work, sources), sources).payload
print(read.rows, read.quarantined, read.table.fingerprint, built.table.fingerprint)
"""


def exercise(asked: Asked) -> str:
    rows = asked.rows
    with asked.folder("larger") as folder:
        _draw(folder, rows, asked.seed)
        mb = (folder / "visits.parquet").stat().st_size / 1e6
        began = time.monotonic()
        with subprocess.Popen(
            [sys.executable, "-c", _MAKE, str(folder)], stdout=subprocess.PIPE, cwd=ROOT, text=True
        ) as made:
            peak = _watched(made)
            out = made.stdout.read() if made.stdout else ""
        hold(made.returncode == 0, f"it ended with {made.returncode}")
        found, bad, *_ = out.split()
        hold(int(found) == rows + 1 and int(bad) == 1 + rows // 1000, f"{found} rows, of which {bad} were set aside")
        hold(peak < CAP_MB, f"{peak:,.0f} MB of memory at the peak, and {CAP_MB:,} may be taken")
    return (
        f"{rows:,} rows, {mb:,.0f} MB of Parquet: read, checked, featurised and kept in "
        f"{time.monotonic() - began:,.0f} s and {peak:,.0f} MB at the peak"
    )


def _watched(made: subprocess.Popen[str]) -> float:
    """The largest resident memory of the process and what it began, in MB."""
    peak, root = 0.0, psutil.Process(made.pid)
    while made.poll() is None:
        try:
            tree = [root, *root.children(recursive=True)]
            peak = max(peak, sum(each.memory_info().rss for each in tree) / 1e6)
        except psutil.Error:  # it ended meanwhile
            continue
        time.sleep(0.05)
    return peak


def _draw(folder: Path, rows: int, seed: int) -> None:
    """Numbers of visits in no order, each once but for one that stands twice; a thousandth has an amount below zero."""
    import pyarrow.parquet as pq

    (folder / "treadle.yaml").write_text(_SPEC, encoding="utf-8")
    (folder / "visits.yaml").write_text(_CONTRACT, encoding="utf-8")
    chance = np.random.default_rng(seed)
    begin, shops = np.datetime64("2024-01-01T00:00:00", "us"), max(10, rows // 300)

    def times(count: int) -> np.ndarray:  # type: ignore[type-arg]
        return begin + chance.integers(0, 365 * 86_400_000_000, count).astype("timedelta64[us]")

    writer = None
    for start in range(0, rows + 1, _CHUNK):
        count = min(_CHUNK, rows + 1 - start)
        number = np.arange(start, start + count)
        frame = pl.DataFrame(
            {
                # a multiplication by an odd number modulo a power of two is a permutation
                "visit": (number % rows) * 2_654_435_761 % (1 << 40),
                "shop": chance.integers(0, shops, count),
                "at": times(count),
                "amount": np.where(number % 1000 == 999, -1.0, chance.gamma(2.0, 40.0, count)),
                "kind": pl.Series(chance.integers(0, 3, count)).replace_strict({0: "a", 1: "b", 2: "c"}),
                "score": chance.normal(size=count),
                "token": chance.integers(0, 1 << 62, count),
                "noise": chance.normal(size=(count,)),
                "more": chance.normal(size=(count,)),
                "note": pl.Series(chance.integers(0, 1 << 48, count)).cast(pl.String),
            }
        ).with_columns(pl.col("at").dt.replace_time_zone("UTC"))
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(folder / "visits.parquet", table.schema, compression="snappy")
        writer.write_table(table, row_group_size=_CHUNK)
    if writer is not None:
        writer.close()
    pl.DataFrame({"shop": chance.integers(0, shops, 4 * shops), "told": times(4 * shops)}).with_columns(
        pl.col("told").dt.replace_time_zone("UTC"), price=pl.Series(chance.gamma(2.0, 5.0, 4 * shops))
    ).unique(["shop", "told"]).write_parquet(folder / "prices.parquet")
