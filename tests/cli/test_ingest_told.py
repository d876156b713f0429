"""What `data ingest` says that it took: rows that are others than before, be they read or made of entities."""

from __future__ import annotations

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
  makers: {read: makers.csv, key: maker}
  orders: {read: orders.csv, key: order, contract: orders.yaml}
entities:
  house:
    from: {makers: {name: name, mail: mail}}
    match: {exact: [mail]}
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
      - {name: maker, logicalType: integer, relationships: [{to: makers.maker}]}
"""
MAKERS = "maker,name,mail\n1,Ada,a@x.org\n2,Grace,g@x.org\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "treadle.yaml").write_text(FILE, encoding="utf-8")
    (tmp_path / "orders.yaml").write_text(CONTRACT, encoding="utf-8")
    (tmp_path / "orders.csv").write_text("order,maker\n1,1\n2,2\n", encoding="utf-8")
    (tmp_path / "makers.csv").write_text(MAKERS, encoding="utf-8")
    return tmp_path


def ask(shop: Path, name: str, **given: Any) -> Any:
    found = OPERATIONS[name]
    return found.begin(msgspec.convert({"project": str(shop), **given}, found.request), Context(person("ada")))


def test_tables_made_of_entities_are_taken_where_they_are_made_anew(shop: Path) -> None:
    assert [each.taken for each in ask(shop, "data ingest").tables] == [True] * 7
    again = ask(shop, "data ingest")
    assert again.said == "nothing new in 7 tables" and not any(each.taken or each.again for each in again.tables)
    (shop / "makers.csv").write_text(MAKERS + "3,Ada L,a@x.org\n", encoding="utf-8")
    found = ask(shop, "data ingest")
    taken = {each.source: each.rows for each in found.tables if each.taken}
    assert taken == {"makers": 3, "house": 2, "house_of_makers": 3, "house_members": 3, "house_links": 1,
                     "house_choices": 1}  # fmt: skip
    assert found.said == "13 rows into 6 of 7 tables"
    assert [each.source for each in found.tables if each.again] == ["orders"], "held to the makers that are there now"
