"""A shop whose customers are in two systems, and orders by the key of one of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from stage_shop import opened

from treadle.evidence.kinds.entities_reconciled import EntitiesReconciled
from treadle.stages.entities import reconciled
from treadle.stages.reading import Sources, read_sources
from treadle.stages.reconciling import with_entities
from treadle.stages.work import Work
from treadle.workspace import Workspace

SPEC = """\
project: shop
brief: {people: {owner: ada, reviewers: [grace]}}
access: {trust: local, logins: {"*": ada}}
sources:
  crm: {read: crm.csv, key: id}
  web: {read: web.csv, key: id}
  orders: {read: orders.csv, key: order}
entities:
  customer:
    from:
      crm: {name: "first || ' ' || last", born: born, zip: zip, mail: mail}
      web: {name: full, born: born, zip: plz, mail: mail}
    match:
      exact: [mail]
      compare: {name: jaro_winkler, born: {by: date, within: [2d]}, zip: {by: numeric, within: [1]}}
      block: [zip, born]
    settle: {name: longest, zip: {trusted: [web]}}
predict: {name: back, each: orders, label: "back = 'yes'", split: {by: stratified}}
features:
  request: [amount]
  lookup: {who: {from: customer_of_crm, on: customer, take: [zip, born, entity_id]}}
train: {families: [linear], search: none}
"""
_FIRST = ["Anna", "Bruno", "Carla", "Dora", "Emil", "Éva", "Franz", "Ida"]
_LAST = ["Schmidt", "Koch", "Bauer", "Groß", "Wolf", "Klein", "Richter"]


def write(folder: Path, people: int = 60, seed: int = 2) -> Path:
    """crm:N and web:wN are one person; some of them share a mail."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = random.Random(seed)
    crm, web, orders = ["id,first,last,born,zip,mail"], ["id,full,born,plz,mail"], ["order,customer,amount,back"]
    for n in range(people):
        first, last, code = drawn.choice(_FIRST), drawn.choice(_LAST), drawn.randrange(10_000, 99_999)
        born = f"{drawn.randrange(1950, 2000)}-{drawn.randrange(1, 13):02}-{drawn.randrange(1, 29):02}"
        mail = f"m{n}@example.org" if n % 5 == 0 else ""
        crm.append(f"{n},{first},{last},{born},{code},{mail}")
        if n % 2 == 0:
            web.append(f"w{n},{first.upper()} {last},{born},{code + (n % 6 == 0)},{mail}")
        orders += [f"{len(orders) + k},{n},{drawn.uniform(1, 99):.2f},{drawn.choice(['yes', 'no'])}" for k in range(2)]
    for name, lines in (("crm", crm), ("web", web), ("orders", orders)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "treadle.yaml").write_text(SPEC, encoding="utf-8")
    return folder


def do(folder: Path, act: Callable[..., Any], *given: Any, actor: str = "ada") -> Any:
    workspace = opened(folder, actor=actor)
    try:
        return act(workspace, *given)
    finally:
        workspace.chain.engine.dispose()


def made(folder: Path) -> Sources:
    """Sources read and entities reconciled, as a run begins."""
    return do(folder, lambda it: with_entities(work := Work(it), read_sources(work)))


def last(folder: Path) -> EntitiesReconciled:
    return do(folder, lambda it: reconciled(it, "customer").payload)


def tables(folder: Path, sources: Sources) -> dict[str, pl.DataFrame]:
    """The tables that were made of the entity, as the record names them."""

    def read(workspace: Workspace) -> dict[str, pl.DataFrame]:
        named = {name: each.payload.table for name, each in sources.items() if name.startswith("customer")}
        return {name: workspace.tables.read(table) for name, table in named.items()}

    return do(folder, read)
