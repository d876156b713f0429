"""Run the benchmarks named, or all; print one table."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from datetime import UTC, datetime

from benchmarks.rows import Row, table

NAMES = (
    "startup",
    "features",
    "serving",
    "record",
    "catalogs",
    "sql",
    "ingest",
    "profile",
    "reconcile",
    "money",
    "metering",
    "team",
)


def main() -> None:
    wanted = sys.argv[1:] or list(NAMES)
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        raise SystemExit(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    rows: list[Row] = []
    for name in wanted:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"benchmarks.{name}").measure()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(table(rows))


if __name__ == "__main__":
    main()
