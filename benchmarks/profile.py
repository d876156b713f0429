"""The profile of a Parquet file, beside the same figures asked of Polars by hand, each in a process of its own.

TREADLE_ROWS says how many rows the 20 columns have; a million if it does not. By hand means what somebody writes who
knows Polars: a fused select of what adds up, then a column at a time for quantiles, distinct and commonest values and
bins, and hashes of the rows for those that come twice. Relations, pairs, personal data and questions are ours alone.

TREADLE_YDATA and TREADLE_WHYLOGS may name a Python each that has ydata-profiling, and whylogs with pandas and pyarrow:
these then profile the first rows of the same file, in memory already, and a row is compared with a row of ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.rows import Row

_OURS = """
import polars as pl
from treadle.profiling import Asked, profile
profile(pl.scan_parquet({file!r}), Asked("sales"))
"""
_BY_HAND = """
import polars as pl
frame = pl.scan_parquet({file!r})
schema = frame.collect_schema()
numbers = [name for name, dtype in schema.items() if dtype.is_numeric()]
texts = [name for name, dtype in schema.items() if dtype == pl.String]
asked = [pl.len()]
for name in schema:
    column = pl.col(name)
    asked.append(column.null_count().alias(name + " missing"))
    if name in numbers:
        asked += [getattr(column, what)().alias(name + " " + what) for what in ("min", "max", "mean", "std")]
        asked += [(column < 0).sum().alias(name + " below"), (column == 0).sum().alias(name + " zero")]
    if name in texts:
        length = column.str.len_chars()
        asked += [getattr(length, what)().alias(name + " " + what) for what in ("min", "max", "mean")]
rows = frame.select(asked).collect(engine="streaming")
for name, dtype in schema.items():
    values = frame.select(name).collect(engine="streaming").to_series()
    values.n_unique()
    values.value_counts().top_k(20, by="count")
    if name in numbers:
        ordered = values.drop_nulls().sort()
        [ordered.quantile(share) for share in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)]
        ordered.hist(bin_count=20)
frame.select(pl.struct(pl.all()).hash().alias("hash")).collect(engine="streaming").to_series().n_unique()
"""
_YDATA = """
import pandas as pd
from ydata_profiling import ProfileReport
frame = pd.read_parquet({file!r})
began = time.perf_counter()
ProfileReport(frame, minimal=True, progress_bar=False).to_json()
"""
_WHYLOGS = """
import pandas as pd
import whylogs
frame = pd.read_parquet({file!r})
began = time.perf_counter()
whylogs.log(frame).view().to_pandas()
"""
_PEERS = (
    ("TREADLE_YDATA", "ydata-profiling, minimal", _YDATA, 100_000),
    ("TREADLE_WHYLOGS", "whylogs", _WHYLOGS, 200_000),
)
_TIMES = 20
"""How much faster a row is to be than with a peer."""
_MEASURED = """
import re, time
began = time.perf_counter()
{body}
# of this process alone: what the kernel tells of a child begins with its parent's peak
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
print(time.perf_counter() - began, int(peak[1]) / 1024)
"""


def measure() -> list[Row]:
    rows = int(os.environ.get("TREADLE_ROWS", "1000000"))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sales.parquet"
        _write(file, rows)
        ours, ours_mb = _taken(_OURS, file)
        theirs, theirs_mb = _taken(_BY_HAND, file)
        peers = [
            _peer(os.environ[python], name, body, file, few, ours / rows)
            for python, name, body, few in _PEERS
            if python in os.environ
        ]
    what = f"profile of {rows:,} x 20 Parquet"
    return [
        Row(what, "s", ours, theirs, "Polars by hand", "<= 1.2x", ours <= 1.2 * theirs),
        Row(f"{what}, peak memory", "MiB", ours_mb, theirs_mb, "Polars by hand", "<= 1,000 MB", ours_mb <= 1e9 / 2**20),
        *peers,
    ]


def _peer(python: str, name: str, body: str, file: Path, rows: int, ours: float) -> Row:
    """A row of the first ones, in microseconds, beside `ours`, in seconds."""
    import polars as pl

    few = file.with_name(f"few-{name.split(',')[0]}.parquet")
    pl.scan_parquet(file).head(rows).sink_parquet(few)
    theirs = _taken(body, few, python)[0] / rows
    return Row("a row profiled", "us", ours * 1e6, theirs * 1e6, name, f"1/{_TIMES}", ours * _TIMES <= theirs)


def _write(file: Path, rows: int) -> None:
    import numpy as np
    import polars as pl

    drawn = np.random.default_rng(1)
    columns: dict[str, object] = {"id": np.arange(rows)}
    columns |= {f"amount_{n}": drawn.normal(size=rows) * 10**n for n in range(8)}
    columns |= {f"count_{n}": drawn.integers(0, 10 ** (n + 1), rows) for n in range(5)}
    frame = pl.DataFrame(columns).with_columns(
        *(
            (pl.lit("level ") + pl.Series(drawn.integers(0, 20 * 7**n, rows)).cast(pl.String)).alias(f"kind_{n}")
            for n in range(4)
        ),
        (pl.datetime(2024, 1, 1, time_zone="UTC") + pl.duration(seconds=pl.col("id"))).alias("told"),
        pl.Series(drawn.random(rows) < 0.3).alias("back"),
    )
    frame.write_parquet(file)


def _taken(body: str, file: Path, python: str = sys.executable) -> tuple[float, float]:
    """Seconds without the imports of Python itself, and the peak of resident memory in MiB."""
    text = _MEASURED.format(body=body.format(file=str(file)))
    done = subprocess.run([python, "-c", text], capture_output=True, text=True, check=True)
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), float(peak)
