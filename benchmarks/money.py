"""The ledger, its groupings, the forecast and the month's page over a million priced entries of two years.

The entries are written through the record in blocks, as an import does, so that the views are what they are in use.
"""

from __future__ import annotations

import os
import random
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.rows import Row, median_seconds
from treadle.costs import costs
from treadle.costs.trend import trend
from treadle.evidence import Chain, Price, Usage
from treadle.evidence.entry import Body, raw
from treadle.evidence.kinds.noted import Noted
from treadle.money import money
from treadle.plans.monthly import month_of, month_page
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
        _fill(workspace.chain)
        now = replace(workspace, chain=replace(workspace.chain, clock=lambda: _TODAY))
        rows = _rows(now)
        workspace.chain.engine.dispose()
    return rows


def _fill(chain: Chain) -> None:
    """Runs of ten steps, by 20 people, on 200 subjects, over two years; a block at a time."""
    drawn, blocks = random.Random(1), max(1, ENTRIES // _BLOCK)
    for block in range(blocks):
        day = _TODAY - timedelta(days=_DAYS * (1 - block / blocks))
        by = replace(chain, actor=f"person{block % 20}", clock=lambda day=day: day)
        bodies = []
        for place in range(_BLOCK):
            price = Price(money(drawn.randrange(1, 10**9) / 10**9, "USD"), "book 2026-11-01")
            number = block * _BLOCK + place
            bodies.append(
                Body(
                    seq=0, id="", kind=Noted.KIND, version=1, subject=f"subject{number % 200}", time="", actor=by.actor,
                    run=f"run{number // _STEPS}", status="done", payload=raw(Noted(text="x")), price=price,
                    usage=Usage(seconds=1.0, cpu_seconds=1.0, peak_mb=100.0),
                )
            )  # fmt: skip
        with by.alone() as alone:
            alone.write_all(bodies)


def _rows(workspace: Workspace) -> list[Row]:
    chain, rates = workspace.chain, workspace.book.rates
    page = lambda: month_page("shop", month_of(workspace, None, 30), [])  # noqa: E731
    several = {
        "ledger by run, step and day": lambda: costs(chain, rates),
        "trend and forecast": lambda: trend(chain, rates, _TODAY.date()),
        "the month on a page, with what lies idle": page,
    }
    took = {name: median_seconds(call, 3) for name, call in several.items()}
    took["all of these together"] = sum(took.values())
    return [
        Row(f"{name}, over {ENTRIES:,} entries", "ms", each * 1e3, None, "", "under 1,000 ms", each < 1)
        for name, each in took.items()
    ]
