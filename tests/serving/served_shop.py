"""A small shop: its files, its training and its release; and its endpoint as `treadle serve` in another process."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from treadle.access import tokens
from treadle.access.permissions import SCOPES
from treadle.api import Context
from treadle.api.models import ReleaseRequest, models_release
from treadle.api.work import RunRequest, run
from treadle.principal import person
from treadle.spec import load
from treadle.workspace import open_workspace

SPEC = """\
project: shop
brief:
  decision: Call a customer before an order comes back.
  promote: not_worse
  people: {owner: ada, reviewers: [grace], approve: reviewer}
sources:
  orders: {read: orders.csv, key: order_id, happened: ordered, contract: orders.yaml}
  customers: {read: customers.csv, key: customer}
views:
  returns: {from: orders, where: "came_back is not null", known: told, key: customer,
            columns: {back: came_back, paid: amount, things: items}}
predict:
  name: back
  each: orders
  at: ordered
  label: came_back
  label_known: told
  metric: average_precision
  split: {by: time, test: 0.25, folds: 2}
features:
  request: [customer, amount, items, express, due, ordered]
  row:
    hour: "hour(ordered - interval '1 hour')"
    each_costs: "amount / items"
  lookup:
    customer: {from: customers, on: customer, take: [since, tier, vip]}
  window:
    returns: {from: returns, on: customer, last: [7d, 30d],
              take: {share: "avg(back)", n: "count(*)", paid: "sum(paid)", things: "sum(things)"}}
train: {families: [linear], search: none, seed: SEED}
serve: {endpoint: shop, entity: order_id, hosts: [shop]}
access: {trust: local, logins: {"*": ada}, anonymous: [predict, events, outcomes, read]}
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
    physicalType: table
    properties:
      - {name: order_id, logicalType: string, required: true}
      - {name: customer, logicalType: string, required: true}
      - name: amount
        logicalType: number
        logicalTypeOptions: {minimum: 0, maximum: 10000}
      - name: items
        logicalType: integer
        required: true
        quality: [{type: sql, query: items <= 500, severity: warning}]
"""
NAMES = ["Åse", "Bo", "東京", "d'Arc", "Zoë", "Ida", "Per", "Eva"]
START = datetime(2024, 1, 1, tzinfo=UTC)
RECORD: dict[str, Any] = {
    "order_id": "n1",
    "customer": "東京",
    "amount": 150.5,
    "items": 3,
    "express": False,
    "due": "2024-04-20",
    "ordered": "2024-04-15T12:00:00Z",
}


def write_shop(folder: Path) -> None:
    chance = random.Random(5)
    orders = ["order_id,customer,amount,items,express,due,ordered,told,came_back"]
    for i in range(400):
        name, amount = chance.choice(NAMES), round(chance.uniform(5, 200), 2)
        at = START + timedelta(hours=6 * i)
        told, due = at + timedelta(days=3), (at + timedelta(days=5)).date()
        back = chance.random() < 0.02 + 0.42 * (name in NAMES[:3]) + 0.56 * (amount > 140)
        items, express = chance.randint(1, 9), chance.random() < 0.3
        orders.append(
            f"o{i},{name},{amount},{items},{str(express).lower()},{due},{at:%Y-%m-%dT%H:%M:%SZ},"
            f"{told:%Y-%m-%dT%H:%M:%SZ},{str(back).lower()}"
        )
    customers = [f"{n},{2010 + i}-0{i + 1}-15,{'abc'[i % 3]},{str(i % 2 == 0).lower()}" for i, n in enumerate(NAMES)]
    folder.mkdir(parents=True)
    (folder / "orders.csv").write_text("\n".join(orders) + "\n", encoding="utf-8")
    (folder / "customers.csv").write_text("\n".join(["customer,since,tier,vip", *customers]) + "\n", encoding="utf-8")
    (folder / "orders.yaml").write_text(CONTRACT, encoding="utf-8")
    (folder / "treadle.yaml").write_text(SPEC.replace("SEED", "3"), encoding="utf-8")


def train(folder: Path) -> str:
    """Run the loop; the new version waits for its review."""
    return run(RunRequest(project=str(folder)), Context(person("ada"))).model


def release(folder: Path, model: str) -> None:
    models_release(ReleaseRequest(project=str(folder), model=model), Context(person("grace")))


def token_of(folder: Path, *scopes: str) -> str:
    """The text of a new token of the service `tests`; for everything, if no scope is named."""
    chain = open_workspace(load(folder), actor="ada").chain
    return tokens.make(chain, "shop", "tests", holder="service", scopes=scopes or SCOPES, days=1)[0]


@dataclass(frozen=True)
class Served:
    """`treadle serve` in a process of its own."""

    process: subprocess.Popen[str]
    folder: Path
    http: httpx.Client

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, how: signal.Signals) -> tuple[int, str]:
        """The exit status, and what was said last."""
        self.process.send_signal(how)
        said, _ = self.process.communicate()
        return self.process.returncode, said


@contextmanager
def serving(folder: Path, *, code: str = "") -> Iterator[Served]:
    """On a port that the kernel chose. `code`: what is run in the place of `python -m treadle`."""
    command = [sys.executable, *(("-c", code) if code else ("-m", "treadle")), "serve", str(folder), "--port", "0"]
    headers = {"content-type": "application/json", "authorization": f"Bearer {token_of(folder)}"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            said = ""
            while " answers on http" not in said:
                line = process.stdout.readline()
                assert line, f"the server ended: {said}"
                said += line
            url = said.split(" answers on ")[1].split()[0]
            with httpx.Client(base_url=url, timeout=30, headers=headers) as http:
                yield Served(process, folder, http)
        finally:
            process.kill()
