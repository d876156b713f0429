"""The sets that are compared on: `data/manifest.json` and one Parquet file each, in the folder `TREADLE_PEERS`."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from benchmarks.automl.task import Kind

HOME = "TREADLE_PEERS"


class TabularSet(msgspec.Struct, frozen=True):
    """One set. `time_column`: its rows have an order in time, and the last fifth is held out."""

    name: str
    file: str
    kind: Kind = msgspec.field(name="task")
    target: str
    time_column: str | None = None


def home() -> Path:
    """The folder with data, environments and results, outside the checkout."""
    named = os.environ.get(HOME)
    if not named:
        raise SystemExit(f"{HOME} names no folder: set it to the one with data and venvs (see docs/benchmarks.md)")
    return Path(named)


def read_manifest(data: Path) -> dict[str, TabularSet]:
    listed = msgspec.json.decode((data / "manifest.json").read_bytes(), type=list[TabularSet])
    return {each.name: each for each in listed}
