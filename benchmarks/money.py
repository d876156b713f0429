"""The ledger, its groupings, the forecast and the month's page over a million priced entries of two years.

The entries are written through the record in blocks, as an import does, so that the views are what they are in use.
Beside it the bare limit: the same amounts as columns in a Parquet file, grouped by Polars in the same ways.
"""

from __future__ import annotations

import os
import random
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from benchmarks.rows import Row, median_seconds
from treadle.costs import costs
from treadle.costs.trend import trend
from treadle.evidence import Chain, Price, Usage
from treadle.evidence.entry import Body, raw
from treadle.evidence.kinds.noted import Noted
from treadle.money import money
from treadle.plans.month_page import month_page
from treadle.plans.monthly import month_of
from treadle.spec import load
from treadle.workspace import Workspace, open_workspace

ENTRIES = int(os.environ.get("TREADLE_BENCH_ENTRIES", "1000000"))
_DAYS, _BLOCK, _STEPS = 730, 1000, 10
_TODAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
_PROJECT = """\
project: shop
brief: {decision: Call., people: {owner: ada}}
access: {trust: local}
sources: {orders: {read: orders.csv, key: id}}
predict: {name: back, each: orders, label: came_back, kind: classification}
features: {request: [amount]}
"""


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "treadle.yaml").write_text(_PROJECT)
        workspace = open_workspace(load(folder), actor="ada", kept_in=Path(folder) / "kept")
        amounts = Path(folder) / "amounts.parquet"
        _fill(workspace.chain).write_parquet(amounts)
        now = replace(workspace, chain=replace(workspace.chain, clock=lambda: _TODAY))
        rows = _rows(now, amounts)
        workspace.chain.engine.dispose()
    return rows


def _fill(chain: Chain) -> pl.DataFrame:
    """Runs of ten steps, by 20 people, on 200 subjects, over two years; a block at a time. The same as columns."""
    drawn, blocks, lines = random.Random(1), max(1, ENTRIES // _BLOCK), list[tuple[str, str, str, str, int]]()
    for block in range(blocks):
        day = _TODAY - timedelta(days=_DAYS * (1 - block / blocks))
        by = replace(chain, actor=f"person{block % 20}", clock=lambda day=day: day)
        bodies = []
        for place in range(_BLOCK):
            nanos = drawn.randrange(1, 10**9)
            price = Price(money(nanos / 10**9, "USD"), "book 2026-11-01")
            number = block * _BLOCK + place
            lines.append((f"{day:%Y-%m-%d}", f"run{number // _STEPS}", by.actor, f"subject{number % 200}", nanos))
            bodies.append(
                Body(
                    seq=0, id="", kind=Noted.KIND, version=1, subject=f"subject{number % 200}", time="", actor=by.actor,
                    run=f"run{number // _STEPS}", status="done", payload=raw(Noted(text="x")), price=price,
                    usage=Usage(seconds=1.0, cpu_seconds=1.0, peak_mb=100.0),
                )
            )  # fmt: skip
        with by.alone() as alone:
            alone.write_all(bodies)
    return pl.DataFrame(lines, schema=["day", "run", "who", "what", "nanos"], orient="row")


def _bare(amounts: Path) -> list[pl.DataFrame]:
    """What the ledger, the forecast and the page sum up, read and grouped at once."""
    lines, paid = pl.scan_parquet(amounts), (pl.len(), pl.col("nanos").sum())
    month = lines.filter(pl.col("day").str.starts_with(f"{_TODAY:%Y-%m}"))
    runs = lines.group_by("run", maintain_order=True).agg(*paid).tail(100)
    several = [
        runs,
        *(each.group_by(name).agg(*paid) for each, name in ((lines, "day"), (month, "who"), (month, "what"))),
    ]
    return pl.collect_all([*several, lines.select(*paid)])


def _rows(workspace: Workspace, amounts: Path) -> list[Row]:
    chain, rates = workspace.chain, workspace.book.rates
    page = lambda: month_page("shop", month_of(workspace, None, 30), [])  # noqa: E731
    several = {
        "ledger by run, step and day": lambda: costs(chain, rates),
        "trend and forecast": lambda: trend(chain, rates, _TODAY.date()),
        "the month on a page, with what lies idle": page,
    }
    took = {name: median_seconds(call, 3) for name, call in several.items()}
    whole = sum(took.values())
    bare = median_seconds(lambda: _bare(amounts), 3)
    assert _bare(amounts)[-1]["nanos"].item() == int(costs(chain, rates).amount * 10**9), "both sum the same"
    rows = [
        Row(f"{name}, over {ENTRIES:,} entries", "ms", each * 1e3, None, "", "under 1,000 ms", each < 1)
        for name, each in took.items()
    ]
    against = "Polars, the groupings alone, of a Parquet file"
    return [*rows, Row("all of these together", "ms", whole * 1e3, bare * 1e3, against, "under 1,000 ms", whole < 1)]
