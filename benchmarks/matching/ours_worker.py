"""Treadle at work, in a process of its own: `python -m benchmarks.matching.ours_worker ASKED ONE OTHER OUT`."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from treadle.matching import draw, reconcile
from treadle.spec import Entity


def entity(asked: dict[str, Any]) -> Entity:
    """The same question, as the project file asks it."""
    compare = {}
    for each in asked["fields"]:
        at = each["at"] or [round(1 - (edits + 0.5) / each["length"], 3) for edits in each["edits"]]
        compare[each["field"]] = {"by": "jaro_winkler" if each["at"] else "levenshtein", "at": at}
    fields = {name: name for name in {*compare, *(field for block in asked["blocks"] for field in block)}}
    said = {
        "from": {"one": dict(sorted(fields.items())), "other": dict(sorted(fields.items()))},
        "distinct": ["one", "other"],
        "match": {"compare": compare, "block": asked["blocks"]},
    }
    return msgspec.convert(said, Entity)


def main() -> None:
    asked, one, other, out = map(Path, sys.argv[1:])
    began = time.perf_counter()
    frames = {"one": pl.read_parquet(one), "other": pl.read_parquet(other)}
    wanted = entity(json.loads(asked.read_text("utf-8")))
    rows = draw("people", wanted, frames, {"one": ("id",), "other": ("id",)})
    found = reconcile("people", wanted, rows)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    clusters = [list(row) for row in found.members.select("key", "entity_id").iter_rows()]
    said = {"clusters": {"entities": clusters}, "seconds": seconds, "peak_mb": peak, "pairs": found.pairs}
    out.write_text(json.dumps(said | {"notes": found.notes}), encoding="utf-8")


if __name__ == "__main__":
    main()
