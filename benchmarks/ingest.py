"""A batch to a snapshot, with 36 checks and 20 types, from Parquet and from CSV, beside Polars written by hand.

Ours is the whole command, `treadle data ingest`, from its start to its end: bytes hashed, rows held to the contract,
bad ones kept with their reasons, good ones in a snapshot with a fingerprint, all of it in the record. Beside it stand,
for Parquet, one fused streaming scan that counts what fails, alone and with a copy of all rows by sink_parquet after
it; for CSV, scan_csv to sink_parquet, which checks nothing. `held` is the part of ours that the scan alone does: rows
read and held to the contract, good and bad parted. Each in a process of its own. TREADLE_ROWS: how many rows, a million
if it does not say.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from benchmarks.rows import Row

_EVENTS = ("view", "click", "cart", "buy", "return", "search", "login", "logout")
_COUNTRIES = tuple(f"C{a}{b}" for a in "ABCDEFGH" for b in "ABCDEFGH")[:60]
_DEVICES = ("ios", "android", "web", "tv")
_OPTIONAL = ("age", "amount", "latency_ms")
_RANGES: dict[str, tuple[float, float | None]] = {
    "score": (0, 1),
    "lat": (-90, 90),
    "lon": (-180, 180),
    "age": (0, 120),
    "qty": (1, 100),
    "price": (0, None),
    "amount": (0, None),
    "latency_ms": (0, None),
}
_SETS: dict[str, tuple[str, ...] | tuple[int, ...]] = {
    "event": _EVENTS,
    "country": _COUNTRIES,
    "device": _DEVICES,
    "label": (0, 1),
}
_PATTERNS = {"zip": r"^\d{5}$", "merchant": r"^m_\d{6}$", "session": r"^\d{1,19}$"}
_TYPES = {
    "integer": "id user_id age qty label",
    "timestamp": "ts updated_at",
    "number": "score lat lon price amount latency_ms",
    "boolean": "is_member",
    "string": "event country device merchant session zip",
}
_COLUMNS = {name: kind for kind, names in _TYPES.items() for name in names.split()}
_REQUIRED = [name for name in _COLUMNS if name not in _OPTIONAL]
"""17 + 8 + 4 + 3 rules of one column, a unique key, an order of two times, a row count and freshness, and 20 types."""

_MOST = 1e9 / 2**20
_PROJECT = """project: sales
people: {owner: "%s"}
sources:
  sales: {read: "%s", key: id, happened: ts, contract: sales.yaml}
"""
_MEASURED = """
import re, time
began = time.perf_counter()
{body}
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
print("measured", time.perf_counter() - began, int(peak[1]) / 1024)
"""
_OURS = """
import sys
from treadle.cli import main
sys.argv = ["treadle", "data", "ingest", {project!r}]
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
"""
_FUSED = """
import polars as pl
c = pl.col
asked = [c(n).null_count().alias("required " + n) for n in {required!r}]
for n, (low, high) in {ranges!r}.items():
    bad = c(n) < low if high is None else (c(n) < low) | (c(n) > high)
    asked.append(bad.sum().alias("range " + n))
asked += [(~c(n).is_in(v)).sum().alias("set " + n) for n, v in {sets!r}.items()]
asked += [(~c(n).str.contains(p)).sum().alias("pattern " + n) for n, p in {patterns!r}.items()]
asked += [(pl.len() - c("id").n_unique()).alias("unique id"), (c("updated_at") < c("ts")).sum().alias("order")]
asked += [pl.len().alias("rows"), c("ts").max().alias("newest")]
rows = pl.scan_parquet({file!r})
assert rows.collect_schema()["id"] == pl.Int64
found = rows.select(asked).collect(engine="streaming").row(0, named=True)
assert [found[each] for each in ("unique id", "range age", "range score", "pattern zip")] == [10, 10, 7, 10]
"""
_SUNK = (
    _FUSED
    + """
rows.sink_parquet({out!r}, compression="zstd", compression_level=1)
"""
)
_HELD = """
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from treadle.contracts import PartedCheck, check, load
from treadle.sources import find, parts_of
from treadle.spec import load as read
project = read(Path({project!r}))
found = find(project.spec.sources["sales"], project.root)
contract = load(project.root / "sales.yaml")
parts = parts_of(found, "sales")
if parts is None:
    assert check(found.rows().collect(), contract, now=datetime.now(UTC), keys=("id",)).bad_rows == 37
else:
    held = PartedCheck(parts, contract, now=datetime.now(UTC), keys=("id",))
    with tempfile.TemporaryDirectory() as folder:
        for part in held.checked(Path(folder)):
            pass
    assert held.judged.bad_rows == 37
"""
_COPIED = """
import polars as pl
pl.scan_csv({file!r}, try_parse_dates=True, schema_overrides={{"zip": pl.String}}).sink_parquet({out!r})
"""


def measure() -> list[Row]:
    rows = int(os.environ.get("TREADLE_ROWS", "1000000"))
    with tempfile.TemporaryDirectory() as name:
        return [*_of_parquet(Path(name), rows), *_of_csv(Path(name), rows)]


def _of_parquet(folder: Path, rows: int) -> list[Row]:
    file = _written(folder, rows, "parquet")
    project, out = str(_project(folder, "parquet")), str(folder / "copy.parquet")
    names = {"required": _REQUIRED, "ranges": _RANGES, "sets": {name: list(each) for name, each in _SETS.items()}}
    held, held_mb = _taken(_HELD.format(project=project))
    fused, fused_mb = _taken(_FUSED.format(file=str(file), patterns=_PATTERNS, **names))
    whole, whole_mb = _taken(_OURS.format(project=project))
    sunk, sunk_mb = _taken(_SUNK.format(file=str(file), patterns=_PATTERNS, out=out, **names))
    what, scan, copy = f"36 checks, {rows:,} x 20 Parquet", "one fused Polars scan", "that scan and sink_parquet"
    return [
        Row(f"{what}, held", "s", held, fused, scan, "<= 1.3x", held <= 1.3 * fused),
        Row(f"{what}, held, peak memory", "MiB", held_mb, fused_mb, scan, "<= 1,000 MB", held_mb <= _MOST),
        Row(f"{what}, to a snapshot", "s", whole, sunk, copy, "<= 1.3x", whole <= 1.3 * sunk),
        Row(f"{what}, to a snapshot, peak memory", "MiB", whole_mb, sunk_mb, copy, "<= 1,000 MB", whole_mb <= _MOST),
    ]


def _of_csv(folder: Path, rows: int) -> list[Row]:
    file = _written(folder, rows, "csv")
    ours, ours_mb = _taken(_OURS.format(project=str(_project(folder, "csv"))))
    theirs, theirs_mb = _taken(_COPIED.format(file=str(file), out=str(folder / "copy.parquet")))
    what, copy = f"36 checks, {rows:,} x 20 CSV, to a snapshot", "scan_csv to sink_parquet"
    return [
        Row(what, "s", ours, theirs, copy, "<= 1.5x", ours <= 1.5 * theirs),
        Row(f"{what}, peak memory", "MiB", ours_mb, theirs_mb, copy, "<= 1,000 MB", ours_mb <= _MOST),
    ]


def _project(folder: Path, form: str) -> Path:
    from getpass import getuser

    project = folder / form
    (project / "treadle.yaml").write_text(_PROJECT % (getuser(), f"sales.{form}"), encoding="utf-8")
    (project / "sales.yaml").write_text(_contract(), encoding="utf-8")
    return project


def _contract() -> str:
    """The checks as a document of the Open Data Contract Standard."""
    written = []
    for name, kind in _COLUMNS.items():
        lines = [f"- name: {name}", f"  logicalType: {kind}"]
        if name in _REQUIRED:
            lines.append("  required: true")
        if name == "id":
            lines += ["  primaryKey: true", "  unique: true"]
        options = []
        if name in _RANGES:
            low, high = _RANGES[name]
            options += [f"minimum: {low}", *([] if high is None else [f"maximum: {high}"])]
        if name in _PATTERNS:
            options.append(f"pattern: '{_PATTERNS[name]}'")
        if options:
            lines.append(f"  logicalTypeOptions: {{{', '.join(options)}}}")
        if name in _SETS:
            allowed = ", ".join(str(each) for each in _SETS[name])
            lines.append(f"  quality: [{{metric: invalidValues, arguments: {{validValues: [{allowed}]}}, mustBe: 0}}]")
        written.append("\n".join(lines))
    head = """apiVersion: v3.1.0
kind: DataContract
id: sales
version: 1.0.0
status: active
schema:
- name: sales
  quality:
  - {metric: rowCount, mustBeGreaterThan: 0, unit: rows}
  - {type: custom, engine: treadle, implementation: "updated_at >= ts"}
  properties:
"""
    tail = """slaProperties:
- {property: freshness, value: 100000, unit: d, element: sales.ts}
"""
    return head + textwrap.indent("\n".join(written), "  ") + "\n" + tail


def _written(folder: Path, rows: int, form: str) -> Path:
    """The batch, in a process of its own and in parts, so that what it takes is in no figure."""
    (folder / form).mkdir()
    file = folder / form / f"sales.{form}"
    subprocess.run([sys.executable, "-m", "benchmarks.ingest", str(file), str(rows)], check=True)
    return file


def write(file: Path, rows: int) -> None:
    """Rows drawn with one seed; 10 ids that stand twice, 10 ages of -1, 7 scores of 1.5 and 10 zips that are none."""
    import numpy as np
    import polars as pl

    drawn = np.random.default_rng(1)
    ids = np.arange(rows)
    ids[rows - 10 :] = ids[:10]
    age, score, zips = drawn.integers(0, 100, rows), drawn.random(rows), drawn.integers(10_000, 99_999, rows)
    age[1000:1010], score[2000:2007] = -1, 1.5
    moment = pl.datetime(2024, 1, 1, time_zone="UTC") + pl.duration(seconds=pl.Series(np.arange(rows)))
    frame = pl.DataFrame(
        {
            "id": ids,
            "user_id": drawn.integers(0, 1_000_000, rows),
            "event": pl.Series(_EVENTS).gather(drawn.integers(0, len(_EVENTS), rows)),
            "country": pl.Series(_COUNTRIES).gather(drawn.integers(0, len(_COUNTRIES), rows)),
            "device": pl.Series(_DEVICES).gather(drawn.integers(0, len(_DEVICES), rows)),
            "merchant": pl.Series(drawn.integers(100_000, 999_999, rows)).cast(pl.String),
            "session": pl.Series(drawn.integers(0, 2**60, rows)).cast(pl.String),
            "zip": pl.Series(zips).cast(pl.String),
            "amount": drawn.exponential(50, rows).round(2),
            "price": drawn.exponential(20, rows).round(2),
            "score": score,
            "lat": drawn.uniform(-90, 90, rows),
            "lon": drawn.uniform(-180, 180, rows),
            "latency_ms": drawn.exponential(30, rows),
            "age": age,
            "qty": drawn.integers(1, 100, rows),
            "is_member": drawn.random(rows) < 0.3,
            "label": (drawn.random(rows) < 0.1).astype(np.int64),
        }
    )
    wrong = pl.int_range(pl.len()).is_between(3000, 3009)
    frame = frame.with_columns(
        ts=moment,
        updated_at=moment + pl.duration(minutes=5),
        merchant="m_" + pl.col("merchant"),
        zip=pl.when(wrong).then(pl.lit("1234x")).otherwise(pl.col("zip")),
    )
    if file.suffix == ".csv":
        frame.write_csv(file)
    else:
        frame.write_parquet(file, row_group_size=250_000)


def _taken(body: str) -> tuple[float, float]:
    """Seconds, and the peak of resident memory in MiB."""
    done = subprocess.run([sys.executable, "-c", _MEASURED.format(body=body)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    _, seconds, peak = done.stdout.splitlines()[-1].split()
    return float(seconds), float(peak)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
