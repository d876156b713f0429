"""A small project of its own: orders that come back or not, with a contract that wants fresh rows."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from treadle.spec import load
from treadle.workspace import Workspace, new_run, open_workspace

NEWEST = datetime(2024, 5, 1, tzinfo=UTC)

SPEC = """\
project: shop
brief:
  decision: Call a customer before an order comes back.
  mistakes: {missed: 3, false_alarm: 1, currency: EUR}
  people: {owner: ada, reviewers: [grace], approve: reviewer}
sources:
  orders: {read: orders.csv, key: order, contract: orders.yaml}
predict:
  name: back
  each: orders
  label: "came_back = 'yes'"
  metric: average_precision
  split: {by: stratified, test: 0.25, folds: 2}
features:
  request: [amount, kind]
train: {families: [linear], search: none, seed: 7}
serve: {endpoint: shop}
"""
CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: orders
name: orders
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - {name: order, logicalType: integer, required: true}
      - {name: amount, logicalType: number, logicalTypeOptions: {minimum: 0}}
      - {name: kind, logicalType: string}
      - {name: came_back, logicalType: string}
      - {name: told, logicalType: timestamp}
slaProperties:
  - {property: freshness, element: orders.told, value: 3, unit: d}
"""


def write_shop(folder: Path, rows: int = 400) -> Path:
    """The project in `folder`; two rows break the contract, three have no label."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn, lines = random.Random(1), ["order,amount,kind,came_back,told"]
    for n in range(rows):
        amount = -1.0 if n in (5, 6) else drawn.uniform(1, 100)
        back = "" if n in (7, 8, 9) else "yes" if drawn.random() < (0.7 if amount > 60 else 0.1) else "no"
        told = NEWEST - timedelta(hours=rows - 1 - n)
        lines.append(f"{n},{amount:.2f},{'ab'[n % 2]},{back},{told.isoformat()}")
    (folder / "orders.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "orders.yaml").write_text(CONTRACT, encoding="utf-8")
    (folder / "treadle.yaml").write_text(SPEC, encoding="utf-8")
    return folder


def edit(folder: Path, old: str, new: str, file: str = "treadle.yaml") -> None:
    place = folder / file
    text = place.read_text(encoding="utf-8")
    assert old in text
    place.write_text(text.replace(old, new), encoding="utf-8")


def opened(
    folder: Path, now: datetime = NEWEST + timedelta(hours=1), actor: str = "ada", **options: object
) -> Workspace:
    workspace = open_workspace(load(folder), actor=actor, run=new_run(), **options)
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: now))
