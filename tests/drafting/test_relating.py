"""What points to the rows of another table: by its name and by all of its values."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from treadle.contracts import load
from treadle.drafting.drafts import Wanted
from treadle.drafting.relating import Links, related
from treadle.drafting.tabling import Tabled
from treadle.drafting.writing import write_project


def table(name: str, **columns: list[object]) -> Tabled:
    return Tabled(pl.DataFrame(columns), name, "ada")


Points = Mapping[str, Mapping[str, tuple[str, str]]]


def pointed(tables: list[Tabled], points: Points | None = None) -> dict[str, dict[str, str]]:
    found = related(tables, Links(points=points or {}))
    return {name: {column: each.to for column, each in columns.items()} for name, columns in found.items()}


CUSTOMERS = table("customers", id=[7, 8, 9])


@pytest.mark.parametrize(
    "called", ["customer", "customers", "customer_id", "CustomerID", "customers.id", "customer nr"]
)
def test_a_column_is_called_after_the_table(called: str) -> None:
    orders = table("orders", id=[1, 2, 3], **{called: [7, 7, None]})
    assert pointed([orders, CUSTOMERS]) == {"orders": {called: "customers.id"}}


@pytest.mark.parametrize(
    ("called", "values"),
    [
        ("buyer", [7, 8, 7]),
        ("id_of", [7, 8, 7]),
        ("customer", [7, 8, 10]),
        ("customer", [None, None, None]),
        ("customer", ["7", "8", "7"]),
        ("customer", [7.0, 8.0, 7.0]),
    ],
)
def test_neither_a_name_nor_values_alone_are_enough(called: str, values: list[object]) -> None:
    orders = Tabled(pl.DataFrame({"id": [1, 2, 3], called: values}), "orders", "ada")
    assert pointed([orders, CUSTOMERS]) == {}


def test_a_key_that_says_whose_it_is_points_by_its_own_name() -> None:
    stock = Tabled(pl.DataFrame({"sku": ["a", "b", "c"], "price": [1.0, 2.0, 2.5]}), "articles", "ada")
    lines = Tabled(pl.DataFrame({"id": [1, 2, 3], "sku": ["a", "a", "c"]}), "lines", "ada")
    assert pointed([lines, stock]) == {"lines": {"sku": "articles.sku"}}


def test_whole_numbers_of_other_widths_are_the_same() -> None:
    orders = Tabled(pl.DataFrame({"id": [1, 2], "customer": pl.Series([7, 9], dtype=pl.UInt64)}), "orders", "ada")
    assert pointed([orders, CUSTOMERS]) == {"orders": {"customer": "customers.id"}}
    far, near = pl.Series([2**53 + 1, 7], dtype=pl.UInt64), table("customers", id=[2**53, 7])
    assert pointed([Tabled(pl.DataFrame({"id": [1, 2], "customer": far}), "orders", "ada"), near]) == {}
    beyond = pl.Series([7, 2**63 + 1], dtype=pl.UInt64)
    assert pointed([Tabled(pl.DataFrame({"id": [1, 2], "customer": beyond}), "orders", "ada"), CUSTOMERS]) == {}


@pytest.mark.parametrize(
    ("name", "column"), [("categories", "category"), ("boxes", "box"), ("address", "address"), ("classes", "class_id")]
)
def test_one_of_many_is_known(name: str, column: str) -> None:
    rows = Tabled(pl.DataFrame({"id": [4, 5, 6], column: [1, 2, 1]}), "rows", "ada")
    assert pointed([rows, table(name, id=[1, 2, 3])]) == {"rows": {column: f"{name}.id"}}


def test_no_table_leads_back_to_itself() -> None:
    orders = table("orders", id=[1, 2, 3], customer=[1, 2, 2])
    customers = table("customers", id=[1, 2, 3], visit=[3, 2, 1])
    visits = table("visits", id=[1, 2, 3], order=[1, 1, 2])
    assert pointed([orders, customers, visits]) == {
        "orders": {"customer": "customers.id"},
        "customers": {"visit": "visits.id"},
    }
    assert pointed([table("orders", id=[1, 2, 3], order=[1, 1, 2])]) == {}


def test_what_was_found_stands_in_the_contract_as_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "trust"))
    with closing(sqlite3.connect("shop.db")) as made:
        made.execute("create table customers (id integer primary key, name text)")
        made.executemany("insert into customers values (?, ?)", ((n, f"name {n}") for n in range(9)))
        made.execute("create table orders (id integer primary key, customer integer)")
        made.executemany("insert into orders values (?, ?)", ((n, n % 9) for n in range(60)))
        made.commit()
    said = write_project(Wanted(folder="new", source="shop.db", target="", owner="ada")).guesses
    assert any(each.startswith("orders: customer points to customers.id") for each in said)
    contract = load(Path("new/contracts/orders.yaml"))
    rules = [rule for rule in contract.rules if rule.kind == "foreign_key"]
    assert [(rule.columns, rule.level, rule.foreign.source, rule.foreign.columns) for rule in rules] == [
        (("customer",), "warn", "customers", ("id",))
    ]
    kinds = {rule.kind for rule in contract.rules if rule.columns == ("customer",)}
    assert kinds == {"type", "required", "foreign_key"}, "and no range of the numbers so far"


def test_what_is_declared_needs_no_name_and_is_told_where_it_does_not_hold() -> None:
    orders = table("orders", id=[1, 2, 3], buyer=[7, 8, 10], payer=[7, None, 8])
    declared = {"orders": {"buyer": ("customers", "id"), "payer": ("customers", "id")}}
    found = related([orders, CUSTOMERS], Links(points=declared))["orders"]
    assert found["buyer"] == ("customers.id", "as the database declares, though 1 of its values do not stand there")
    assert found["payer"] == ("customers.id", "as the database declares")


def test_what_is_declared_comes_before_what_is_guessed() -> None:
    people = table("people", id=[1, 2, 3], chief=[None, 1, 1])
    others = table("chiefs", id=[1, 2])
    assert pointed([people, others]) == {"people": {"chief": "chiefs.id"}}
    declared = {"people": {"chief": ("people", "id")}}
    assert pointed([people, others], declared) == {"people": {"chief": "people.id"}}, "a table may point to itself"


@pytest.mark.parametrize(
    "declared",
    [
        {"orders": {"gone": ("customers", "id")}},
        {"orders": {"buyer": ("customers", "gone")}},
        {"orders": {"buyer": ("gone", "id")}},
        {"orders": {"text": ("customers", "id")}},
        {"orders": {"part": ("customers", "id")}},
        {"orders": {"part": ("orders", "part")}},
    ],
)
def test_what_no_contract_can_hold_is_not_proposed(declared: Points) -> None:
    orders = table("orders", id=[1, 2], buyer=[7, 8], text=["7", "8"], part=[7.0, 8.0])
    assert pointed([orders, CUSTOMERS], declared) == {}


def test_of_declared_keys_that_lead_in_a_circle_the_last_is_left_out() -> None:
    one, other = table("one", id=[1, 2], b=[1, 2]), table("other", id=[1, 2], a=[1, 2])
    declared = {"one": {"b": ("other", "id")}, "other": {"a": ("one", "id")}}
    assert pointed([one, other], declared) == {"one": {"b": "other.id"}}


def test_of_two_tables_with_the_same_key_neither_is_pointed_to_but_by_its_name() -> None:
    orders, boxes = table("orders", OrderID=[1, 2, 3]), table("boxes", order_id=[1, 2, 3], weight=[2, 2, 3])
    lines = table("lines", n=[1, 1, 2], OrderID=[1, 1, 3])
    assert pointed([boxes, lines, orders]) == {
        "boxes": {"order_id": "orders.OrderID"},
        "lines": {"OrderID": "orders.OrderID"},
    }, "and what is a key itself may point too"
    stock = table("stock", sku=["a", "b"])
    sold = table("sold", sku=["a", "b"])
    assert pointed([table("lines", n=[1, 1, 2], sku=["a", "a", "b"]), stock, sold]) == {}


def test_where_keys_are_declared_a_place_in_an_order_points_nowhere_and_nothing_to_a_view() -> None:
    orders, products = (
        table("orders", id=[1, 2, 3]),
        table("products", id=[5, 6, 7], order=[1, 2, 3], view_id=[1, 1, 2]),
    )
    view = table("view", id=[1, 2])
    assert pointed([products, orders, view]) == {"products": {"order": "orders.id", "view_id": "view.id"}}
    points = {"orders": {"id": ("products", "id")}}
    declared = Links(frozenset({"orders", "products"}), points)
    assert "products" not in related([products, orders, view], declared)


def test_neither_a_name_of_everybody_nor_a_column_without_values_nor_a_part_of_a_key_leads_anywhere() -> None:
    assert pointed([table("notes", n=[1, 1, 2], id=[7, 7, 8]), CUSTOMERS]) == {}
    unknown = pl.Series("customer", [None, None], dtype=pl.Int64)
    assert pointed([Tabled(pl.DataFrame({"id": [1, 2], "customer": unknown}), "orders", "ada"), CUSTOMERS]) == {}
    rows = Tabled(pl.DataFrame({"row": [7, 8, 9], "place": [1, 1, 2]}), "rows", "ada", key=("row", "place"))
    assert rows.key == ("row", "place") and pointed([table("notes", id=[1, 2], row_id=[7, 8]), rows]) == {}


def test_a_key_of_any_name_is_part_of_what_a_column_is_called() -> None:
    people = table("people", badge=["a", "b", "c"])
    assert pointed([table("doors", id=[1, 2], people_badge=["a", "a"]), people])["doors"] == {
        "people_badge": "people.badge"
    }


def test_what_is_guessed_takes_the_place_of_nothing_that_is_declared() -> None:
    people, chiefs = table("people", id=[1, 2, 3], chief_id=[None, 1, 1]), table("chiefs", id=[1, 2])
    assert pointed([people, chiefs]) == {"people": {"chief_id": "chiefs.id"}}
    assert pointed([people, chiefs], {"people": {"chief_id": ("people", "id")}}) == {
        "people": {"chief_id": "people.id"}
    }


def test_beside_declared_keys_a_bare_name_points_nowhere() -> None:
    orders, products = table("orders", id=[1, 2, 3]), table("products", id=[5, 6, 7], order=[1, 2, 3])
    assert pointed([orders, products]) == {"products": {"order": "orders.id"}}
    assert pointed([orders, products], {"gone": {"by": ("orders", "id")}}) == {}
