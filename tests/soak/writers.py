"""Eight processes write into one record and one table at once; nothing is lost, doubled or put in another order."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import polars as pl
from exercise import Asked, hold

from treadle.backends.embedded import DeltaTables
from treadle.evidence import Chain, verify
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.store.catalog import open_catalog

WRITERS = 8
EACH_TABLE = 25
"""A writer appends to the table once in so many entries."""


def exercise(asked: Asked) -> str:
    with asked.folder("writers") as folder:
        open_chain(folder, 0)  # the catalog is made once, before they all come
        command = [sys.executable, __file__, str(folder), str(asked.seconds)]
        writing = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True) for n in range(WRITERS)]
        told = []
        for process in writing:
            out, _ = process.communicate()
            hold(process.returncode == 0, f"a writer ended with {process.returncode}")
            told.append(json.loads(out))
        chain = open_chain(folder, 0)
        found = list(chain.find(AlertRaised))
        verdict = verify(chain)
        hold(verdict.ok, f"verify: {verdict.faults[:3]}")
        for number, (entries, _, _) in enumerate(told):
            said = [int(e.payload.until) for e in found if e.subject == f"writer/{number}"]
            hold(said == list(range(entries)), f"writer {number} wrote {entries}, and {len(said)} are there in order")
        rows = Counter(DeltaTables(folder / "tables").scan("soak/rows").collect().iter_rows())
        hold(set(rows.values()) == {1} and len(rows) == sum(t[1] for t in told), "rows were lost or doubled")
    entries, longest = sum(t[0] for t in told), max(t[2] for t in told)
    least, most = min(t[0] for t in told), max(t[0] for t in told)
    return (
        f"{WRITERS} writers, {asked.seconds:g} s: {entries} entries ({entries / asked.seconds:.0f} a second, "
        f"{least} to {most} a writer, longest wait {longest:.2f} s) and {len(rows)} appends, none lost or doubled"
    )


def open_chain(folder: Path, number: int) -> Chain:
    engine = open_catalog(f"sqlite:///{folder / 'catalog.db'}")
    return Chain(engine=engine, actor="ada", run=f"run{number}", head_file=folder / "catalog.head")


def write(folder: Path, seconds: float, number: int) -> tuple[int, int, float]:
    """Entries and rows written, and the longest that one entry took."""
    chain, tables = open_chain(folder, number), DeltaTables(folder / "tables")
    entries = rows = 0
    longest, end = 0.0, time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        chain.append(AlertRaised(model="m:1", about="drift", until=str(entries), text="soak"), f"writer/{number}")
        longest, entries = max(longest, time.monotonic() - began), entries + 1
        if entries % EACH_TABLE == 0:
            frame = pl.DataFrame({"writer": [number], "row": [rows]})
            for _ in range(2):  # told twice, kept once
                tables.append("soak/rows", frame, once=f"{number}-{rows}")
            rows += 1
    return entries, rows, longest


if __name__ == "__main__":
    print(json.dumps(write(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))))
