"""A check holds rows beside what it read of other sources, and beside the last snapshot, as a run does."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from treadle.api import OPERATIONS, Context
from treadle.contracts import load
from treadle.drafting.beside import Others
from treadle.principal import person
from treadle.spec import load as load_project
from treadle.workspace import new_run, open_workspace

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


def in_a_database(shop: Path, *rows: tuple[object, ...]) -> None:
    with closing(sqlite3.connect(shop / "goods.db")) as there, there:
        there.execute("create table if not exists goods (sku integer primary key, title text)")
        there.execute("delete from goods")
        there.executemany("insert into goods values (?, ?)", rows)


def by_increments(shop: Path) -> None:
    in_a_database(shop, *((n, "thing") for n in range(4)))
    rewrite(shop / "treadle.yaml", "read: goods.csv, key", "read: 'sqlite:goods.db', table: goods, new: {by: sku}, key")


def test_a_key_may_point_to_what_was_read_in_an_earlier_increment(shop: Path) -> None:
    by_increments(shop)
    ask(shop, "data ingest")
    in_a_database(shop, (4, "new"))
    assert ask(shop, "check").ok
    (shop / "orders.csv").write_text(ORDERS + "40,4,0\n", encoding="utf-8")
    assert ask(shop, "check").sources[0].quarantined == 0, "nor is what is new left out"


def test_a_key_does_not_point_to_what_is_gone_from_a_source_that_is_read_whole(shop: Path) -> None:
    ask(shop, "data ingest")
    (shop / "goods.csv").write_text("sku,title\n0,thing\n", encoding="utf-8")
    found = ask(shop, "check")
    assert not found.ok and found.sources[0].quarantined == 39


def test_sums_are_over_each_row_once_though_it_was_read_before(shop: Path) -> None:
    by_increments(shop)
    in_a_database(shop, *((n, "thing") for n in range(40)))
    rule = "{metric: sumsBalance, left: order, right: sku, source: goods}"
    rewrite(shop / "contracts/orders.yaml", "{metric: rowCountChange, mustBeLessThan: 20, unit: percent}", rule)
    ask(shop, "data ingest")
    found = ask(shop, "check")
    assert found.ok, found.sources[0].broken


def test_rows_of_an_increment_that_are_alike_in_what_is_asked_count_each_and_one_that_changed_once(shop: Path) -> None:
    by_increments(shop)
    workspace = open_workspace(load_project(shop), actor="ada", run=new_run())
    others = Others(workspace)
    others.order()
    others._wanted["goods"] = {"title": None}
    ask(shop, "data ingest")
    before = others.workspace.project.spec.sources["goods"].keys
    assert before == ("sku",)
    others.keep("goods", pl.LazyFrame({"sku": [0, 1, 2, 3], "title": ["thing", "other", "thing", "thing"]}))
    titles = others._kept["goods"]["title"].sort().to_list()
    workspace.chain.engine.dispose()
    assert titles == ["other", "thing", "thing", "thing"]


def test_of_an_earlier_increment_what_is_gone_or_of_another_type_is_left_out(shop: Path) -> None:
    by_increments(shop)
    ask(shop, "data ingest")
    workspace = open_workspace(load_project(shop), actor="ada", run=new_run())
    others, contract = Others(workspace), load(shop / "contracts/orders.yaml")
    others.order()
    for came, kept in (([4], [0, 1, 2, 3, 4]), (["4"], ["4"])):
        others.keep("goods", pl.LazyFrame({"sku": came}))
        assert others.beside("orders", contract).others["goods"]["sku"].to_list() == kept
    shutil.rmtree(shop / ".treadle" / "tables")
    others.keep("goods", pl.LazyFrame({"sku": [4]}))
    assert others._kept["goods"]["sku"].to_list() == [4]
    workspace.chain.engine.dispose()


def test_of_another_source_what_several_contracts_ask_for_is_held_and_nothing_else(shop: Path) -> None:
    rewrite(shop / "treadle.yaml", "  goods:", "  notes: {read: notes.csv, contract: contracts/notes.yaml}\n  goods:")
    (shop / "notes.csv").write_text("n,of\n1,thing 1\n2,thing 2\n", encoding="utf-8")
    (shop / "goods.csv").write_text(GOODS.replace("\n", ",1\n").replace("title,1", "title,more"), encoding="utf-8")
    text = CONTRACT[: CONTRACT.index("      - {name: order")].replace("name: orders", "name: notes")
    text += "      - {name: of, logicalType: string, relationships: [{to: goods.title}]}\n"
    (shop / "contracts/notes.yaml").write_text(text, encoding="utf-8")
    found = ask(shop, "check")
    assert found.ok and found.problems == [] and [each.quarantined for each in found.sources] == [0, 0, 0]
    workspace = open_workspace(load_project(shop), actor="ada", run=new_run())
    others = Others(workspace)
    assert others.order()[0] == "goods"
    others.keep("goods", pl.read_csv(shop / "goods.csv").lazy())
    beside = others.beside("orders", load(shop / "contracts/orders.yaml"))
    assert beside.others["goods"].columns == ["sku", "title"]
    assert beside.known == {"goods": ("sku", "title", "more")}
    workspace.chain.engine.dispose()
