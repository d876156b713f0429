"""The record with many entries: how long questions to it take, and what one more entry costs.

Beside it, the bare limit: the same SQLite file answering a look-up by key, and committing one row.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.rows import Row
from treadle.api import Context
from treadle.api.evidence import CostsRequest, LogRequest, WhyRequest, costs, log, why
from treadle.api.models import ListRequest, models_list
from treadle.evidence import Chain, Price, Usage
from treadle.evidence.entry import Body, raw
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.source_read import SourceRead
from treadle.money import money
from treadle.principal import person
from treadle.spec import load
from treadle.store import Blob, Snapshot
from treadle.workspace import open_workspace

ENTRIES = int(os.environ.get("TREADLE_BENCH_ENTRIES", "1000000"))
_STEPS = 10  # entries a run
_TOGETHER = 2000
_PROJECT = """\
project: shop
brief: {decision: Seed a long record., people: {owner: ada, reviewers: [grace]}}
sources: {orders: {read: orders.csv}}
predict: {name: back, each: orders, label: came_back}
features: {request: [amount]}
"""


def measure() -> list[Row]:
    return list(_rows())


def _rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "treadle.yaml").write_text(_PROJECT, encoding="utf-8")
        (home / "orders.csv").write_text("amount,came_back\n1,true\n", encoding="utf-8")
        workspace = open_workspace(load(home), actor="ada")
        seeded = _seed(workspace.chain)
        each = seeded / ENTRIES * 1e3
        yield Row(f"seed {ENTRIES:,} entries, in blocks, each", "ms", each, None, "", "none", True)
        here = str(home)
        asked: dict[str, Callable[[], object]] = {
            "why endpoint/shop": lambda: why(WhyRequest(subject="endpoint/shop", project=here), Context(person("ada"))),
            "costs": lambda: costs(CostsRequest(project=here), Context(person("ada"))),
            "models list": lambda: models_list(ListRequest(project=here), Context(person("ada"))),
            "log": lambda: log(LogRequest(project=here), Context(person("ada"))),
        }
        bare = _bare_lookup(home / ".treadle" / "catalog.db")
        for name, ask in asked.items():
            ask()
            took = statistics.median(_timed(ask) for _ in range(9))
            what = f"{name}, {ENTRIES:,} entries"
            yield Row(what, "ms", took * 1e3, None, f"{bare * 1e6:.0f} us by key", "at most 300 ms", took <= 0.3)
        took = sorted(_timed(lambda: workspace.chain.append(Noted(text="one more"), "bench")) for _ in range(500))
        commit = _bare_commit(home / "bare.db")
        middle, late = statistics.median(took), took[int(len(took) * 0.99)]
        what = f"append after {ENTRIES:,} entries, median"
        yield Row(what, "ms", middle * 1e3, commit * 1e3, "SQLite commit", "at most 5 ms", middle <= 0.005)
        yield Row(what.replace("median", "p99"), "ms", late * 1e3, commit * 1e3, "SQLite commit", "none", True)
        workspace.chain.engine.dispose()


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _seed(chain: Chain) -> float:
    """Runs of reads, packings and reviews; every twentieth run releases what it packed."""
    began, runs = time.perf_counter(), ENTRIES // _STEPS
    for start in range(0, runs, _TOGETHER // _STEPS):
        with chain.alone() as alone:
            for run in range(start, min(start + _TOGETHER // _STEPS, runs)):
                alone.chain = replace(chain, run=f"run{run:08}")
                one_run(alone, run)
    return time.perf_counter() - began


def one_run(alone: object, run: int) -> None:
    from treadle.evidence import Alone

    assert isinstance(alone, Alone)
    usage, price = Usage(1.5, 2.0, 300.0, 10**6, 10**6, 10**5), Price(money("0.000123", "USD"), "bench 2026-11-01")
    before: Snapshot | None = None
    for step in range(_STEPS - 4):
        table = Snapshot(f"shop/source/s{step}", run, f"{run:032x}{step:032x}", 1000)
        said = SourceRead(table=table, rows=1000, quarantined=0, rules=3, bytes=10**5)
        alone.write(
            Body(
                seq=0, id="", kind=SourceRead.KIND, version=SourceRead.VERSION, subject=f"source/s{step}",
                run=f"run{run:08}", time="", actor="ada", status="done", cache_key=f"{run:032x}{step:032x}",
                input=raw({"rows": run}), payload=raw(said), uses=(before,) if before else (), made=(table,),
                usage=usage, price=price,
            )
        )  # fmt: skip
        before = table
    bundle, name = Blob(f"{run + 1:064x}", "bundle"), f"shop:{run + 1}"
    packed = ModelPacked(
        model=name, bundle=bundle, family="linear", metric="ap", value=0.5, low=0.4, high=0.6, mb=0.1, p99_ms=0.01
    )
    packing = alone.write(
        Body(
            seq=0, id="", kind=ModelPacked.KIND, version=ModelPacked.VERSION, subject="shop", run=f"run{run:08}",
            time="", actor="ada", status="done", cache_key=f"{run:064x}", payload=raw(packed),
            uses=(before,) if before else (), made=(bundle,), usage=usage, price=price,
        )
    )  # fmt: skip
    asked = alone.append(ReviewRequested(model=name, bundle=bundle, gates=()), f"model/{name}")
    approved = ReviewApproved(model=name, bundle=bundle, request=asked.ref)
    approval = alone.append(approved, f"model/{name}", actor="grace")
    if run % 20 == 0:
        made = ReleaseMade(model=name, bundle=bundle, packing=packing.ref, approval=approval.ref)
        alone.append(made, "endpoint/shop")
    else:
        alone.append(Noted(text="nothing released"), "shop")


def _bare_lookup(file: Path) -> float:
    with sqlite3.connect(file) as db:
        return statistics.median(
            _timed(lambda: db.execute("select body from entries where seq = ?", (ENTRIES // 2,)).fetchone())
            for _ in range(99)
        )


def _bare_commit(file: Path) -> float:
    """One row in WAL mode with the same care for the disk as the catalog's."""
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("pragma journal_mode=wal")
    db.execute("pragma synchronous=normal")
    db.execute("create table t (body blob)")

    def commit() -> None:
        db.execute("begin immediate")
        db.execute("insert into t values (?)", (b"x" * 700,))
        db.execute("commit")

    took = statistics.median(_timed(commit) for _ in range(500))
    db.close()
    return took
