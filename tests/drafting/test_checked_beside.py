"""A check holds rows beside what it read of other sources, and beside the last snapshot, as a run does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from treadle.api import OPERATIONS, Context
from treadle.principal import person

FILE = """\
project: shop
people: {owner: ada}
sources:
  orders: {read: orders.csv, key: order, contract: contracts/orders.yaml}
  goods: {read: goods.csv, key: sku}
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
      - {name: order, logicalType: integer, required: true, unique: true}
      - {name: good, logicalType: integer, relationships: [{to: goods.sku}]}
      - {name: before, logicalType: integer, relationships: [{to: orders.order}]}
    quality:
      - {type: custom, engine: treadle, implementation: {metric: rowCountChange, mustBeLessThan: 20, unit: percent}}
"""
ORDERS = "order,good,before\n" + "".join(f"{n},{n % 4},{max(n - 1, 0)}\n" for n in range(40))
GOODS = "sku,title\n" + "".join(f"{n},thing {n}\n" for n in range(4))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "contracts").mkdir()
    for name, text in (
        ("treadle.yaml", FILE),
        ("contracts/orders.yaml", CONTRACT),
        ("orders.csv", ORDERS),
        ("goods.csv", GOODS),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def ask(shop: Path, name: str, **given: Any) -> Any:
    found = OPERATIONS[name]
    return found.begin(msgspec.convert({"project": str(shop), **given}, found.request), Context(person("ada")))


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_what_holds_is_checked_without_a_warning(shop: Path) -> None:
    found = ask(shop, "check")
    assert found.ok and found.warnings == []
    assert [(each.source, each.rows, each.quarantined) for each in found.sources] == [
        ("orders", 40, 0),
        ("goods", 4, 0),
    ]


def test_keys_that_too_many_rows_break_are_refused(shop: Path) -> None:
    (shop / "goods.csv").write_text("sku,title\n0,thing\n", encoding="utf-8")
    found = ask(shop, "check")
    assert not found.ok and found.sources[0].quarantined == 39, "30 point nowhere, and the others to those"


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("goods.sk", 'contracts/orders.yaml:11:60: goods has no column "sk" (did you mean "sku"?)'),
        ("goods.title", "contracts/orders.yaml:11:60: good is of type Int64, and title of goods of type String"),
    ],
)
def test_a_key_to_no_column_or_to_one_of_another_type_is_refused_in_its_place(shop: Path, to: str, said: str) -> None:
    rewrite(shop / "contracts/orders.yaml", "goods.sku", to)
    (problem,) = ask(shop, "check").problems
    assert problem.startswith("treadle.yaml:4:") and said in problem
    with pytest.raises(Exception, match=r"goods has no column|of goods of type"):
        ask(shop, "data ingest")


def test_rules_about_the_last_snapshot_are_asked_once_there_is_one(shop: Path) -> None:
    ask(shop, "data ingest")
    assert ask(shop, "check").warnings == []
    (shop / "orders.csv").write_text("order,good,before\n0,0,0\n", encoding="utf-8")
    (broken,) = ask(shop, "check").sources[0].broken
    assert "orders@0" in broken


def test_a_key_may_point_to_what_was_read_in_an_earlier_increment(shop: Path) -> None:
    def write(*rows: tuple[int, str]) -> None:
        with closing(sqlite3.connect(shop / "goods.db")) as there, there:
            there.execute("create table if not exists goods (sku integer primary key, title text)")
            there.execute("delete from goods")
            there.executemany("insert into goods values (?, ?)", rows)

    write(*((n, "thing") for n in range(4)))
    rewrite(shop / "treadle.yaml", "read: goods.csv, key", "read: 'sqlite:goods.db', table: goods, new: {by: sku}, key")
    ask(shop, "data ingest")
    write((4, "new"))
    assert ask(shop, "check").ok
