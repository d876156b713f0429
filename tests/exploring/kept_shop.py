"""A project with a few snapshots in its record, each read at a time of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from treadle.evidence import StepInput
from treadle.evidence.kinds.features_built import FeaturesBuilt
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.source_read import SourceRead
from treadle.spec import load
from treadle.store import Blob, Snapshot
from treadle.workspace import Workspace, open_workspace

SPEC = """\
project: shop
brief:
  decision: Call a customer before an order comes back.
  mistakes: {missed: 3, false_alarm: 1, currency: EUR}
  people: {owner: ada, reviewers: [grace], approve: reviewer}
access: {trust: local, logins: {"*": ada}}
sources:
  orders: {read: orders.csv, key: order}
  cities: {read: cities.csv, key: city}
  my-stock: {read: stock.csv, key: item}
predict:
  name: back
  each: orders
  label: "came_back = 'yes'"
  kind: classification
features:
  request: [amount, kind]
"""


def write_shop(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "treadle.yaml").write_text(SPEC, encoding="utf-8")
    return folder


def opened(folder: Path, actor: str = "ada", run: str = "run1") -> Workspace:
    return open_workspace(load(folder), actor=actor, run=run)


def orders(rows: int = 6, first: int = 0) -> pl.DataFrame:
    numbers = range(first, first + rows)
    return pl.DataFrame(
        {
            "order": list(numbers),
            "amount": [n * 1.5 for n in numbers],
            "kind": ["book" if n % 2 else "lamp" for n in numbers],
            "came_back": ["yes" if n % 3 == 0 else "no" for n in numbers],
            "told": [datetime(2024, 5, 1 + n % 28, tzinfo=UTC) for n in numbers],
        }
    )


def keep(workspace: Workspace, source: str, frame: pl.DataFrame, at: datetime, aside: int = 0) -> Snapshot:
    """A snapshot of a source, and that it was read at a time."""
    made = workspace.tables.replace(workspace.names.source(source), frame)
    chain = replace(workspace.chain, clock=lambda: at)
    chain.append(
        SourceRead(table=made, rows=frame.height + aside, quarantined=aside, rules=0, bytes=1), f"source/{source}"
    )
    return made


class Build(StepInput[FeaturesBuilt], frozen=True, kw_only=True):
    MAKES = FeaturesBuilt
    rows: Snapshot


class Pack(StepInput[ModelPacked], frozen=True, kw_only=True):
    MAKES = ModelPacked
    table: Snapshot


def train(workspace: Workspace, rows: Snapshot, model: str) -> None:
    """As a run does: a table of features made of a snapshot, and a version of a model made of that table."""
    table = workspace.tables.replace(
        f"shop/training-{model[-1]}", pl.DataFrame({"row": [rows.version, int(model[-1])]})
    )
    with workspace.chain.step(Build(rows=rows), "shop", code=__name__) as step:
        step.made(FeaturesBuilt(table=table, features=1))
    bundle = Blob(workspace.blobs.put(model.encode()), "bundle")
    with workspace.chain.step(Pack(table=table), f"model/{model}", code=__name__) as step:
        step.made(
            ModelPacked(
                model=model,
                bundle=bundle,
                family="linear",
                metric="m",
                value=1.0,
                low=None,
                high=None,
                mb=0.1,
                p99_ms=1,
            )
        )
