"""A project of data alone, guessed from a table."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from treadle import expr
from treadle.drafting.changing import changes_said
from treadle.drafting.drafts import Wanted
from treadle.drafting.keyed import key_of
from treadle.drafting.naming import names_rows, singular
from treadle.drafting.tabling import Tabled
from treadle.drafting.writing import write_project
from treadle.errors import DataError, SpecError
from treadle.spec import load


def _written(folder: Path, text: str) -> Path:
    table = folder / "orders of May.csv"
    table.write_text(text, encoding="utf-8")
    return table


def test_a_table_without_a_target_makes_a_project_of_data_alone(tmp_path: Path) -> None:
    table = _written(tmp_path, "order_id;When;Beträge\nA1;01.02.2024 10:00;1.234,50\nA2;13.02.2024 11:00;-3,00\n")
    made = write_project(Wanted(folder=str(tmp_path / "books"), source=str(table), target="", owner="ada"))
    spec = load(tmp_path / "books" / "treadle.yaml").spec
    source = spec.sources["books"]
    assert not spec.predicts and spec.brief.people.owner == "ada"
    assert (source.key, source.happened, source.contract) == ("order_id", "When", "contracts/books.yaml")
    assert source.decimal == "," and source.date_format == {"When": "%d.%m.%Y %H:%M"}
    assert made.next == f"treadle data ingest {tmp_path / 'books'}"
    said = "\n".join(made.guesses)
    assert "key: order_id" in said and "rows happened at When" in said and "nothing is predicted" in said
    assert "break types or key;" in said and "label" not in said
    assert "logicalType: timestamp" in Path(made.contract).read_text(encoding="utf-8")


def test_one_that_stands_is_not_overwritten(tmp_path: Path) -> None:
    table = _written(tmp_path, "a,b\n1,2\n3,4\n")
    asked = Wanted(folder=str(tmp_path / "books"), source=str(table), target="")
    write_project(asked)
    with pytest.raises(SpecError, match="there is a project here already"):
        write_project(asked)


def test_nothing_is_written_of_a_table_without_rows(tmp_path: Path) -> None:
    table = _written(tmp_path, "a,b\n")
    with pytest.raises(DataError, match="the table has no rows"):
        write_project(Wanted(folder=str(tmp_path / "books"), source=str(table), target=""))
    assert not (tmp_path / "books").exists()


def test_of_several_times_none_is_taken_and_of_one_with_a_gap_neither() -> None:
    at = pl.Series("at", ["2024-01-01", "2024-01-02"]).str.to_datetime()
    both = Tabled(pl.DataFrame({"at": at, "then": at.alias("then"), "n": [1, 1]}), "t", "ada")
    assert both.time is None and any("at, then are times" in said for said in both.said)
    gap = Tabled(pl.DataFrame({"at": [at[0], None], "n": [1, 1]}), "t", "ada")
    assert gap.time is None and gap.key == ()
    assert any(said.startswith("no key") for said in gap.said)


def test_columns_of_which_many_values_are_infinite_have_no_rule(tmp_path: Path) -> None:
    frame = pl.DataFrame({"key": ["a", "b", "c"], "x": [1.0, float("inf"), float("inf")], "many": [[1], [2], [3]]})
    found = Tabled(frame, "t", "ada")
    assert set(found.endless) == {"x"} and found.key == ("key",)
    said = "\n".join(found.said)
    assert "no rule for x: many of their values are infinite" in said and "nested, and kept as they are: many" in said
    frame.write_parquet(tmp_path / "t.parquet")
    made = write_project(Wanted(folder=str(tmp_path / "t"), source=str(tmp_path / "t.parquet"), target=""))
    assert "- name: x" not in Path(made.contract).read_text(encoding="utf-8")


def test_a_column_that_is_called_so_is_the_key_before_a_text_that_happens_to_be_one() -> None:
    drawn = random.Random(7)
    words = [f"w{''.join(drawn.choices('abcdefgh', k=5))}" for _ in range(60)]
    told = [f"{' '.join(drawn.choices(words, k=12))} {n}" for n in range(300)]
    named, numbers = [f"S{n}x" for n in range(300)], [7 * n for n in range(300)]
    frame = pl.DataFrame({"shade": named, "order_id": numbers, "told": told, "n": [1] * 300})
    assert Tabled(frame, "t", "ada").key == ("order_id",)
    assert Tabled(frame.drop("order_id"), "t", "ada").key == ("shade",)
    none = Tabled(frame.drop("order_id", "shade").with_columns(row=pl.int_range(300)), "t", "ada")
    assert none.key == (), "what somebody wrote names no row, nor does a number that is not called so"
    assert any("is it row, which counts up by one? Write key: row" in said for said in none.said)


def test_what_is_something_else_is_no_key() -> None:
    frame, said = pl.DataFrame({"order_id": [3, 1, 2], "parcel_id": [5, 9, 7]}), list[str]()
    assert key_of(frame, {"order_id": "int", "parcel_id": "int"}, (), said) == ("order_id",)
    assert key_of(frame, {"order_id": "int", "parcel_id": "int"}, ("order_id",), said) == ("parcel_id",)
    assert [each.partition(",")[0] for each in said] == ["key: order_id", "key: parcel_id"]


def test_a_declared_key_is_taken_where_the_rows_keep_to_it() -> None:
    frame = pl.DataFrame({"order_id": [1, 2, 3], "sku": ["a", "a", "b"], "gap": [1, None, 3]})
    types, said = {"order_id": "int", "sku": "str", "gap": "int"}, list[str]()
    assert key_of(frame, types, (), said, ("sku", "order_id")) == ("sku", "order_id")
    assert said.pop() == "key: sku and order_id, as the database declares"
    for declared in (("sku",), ("order_id", "gap"), ("order_id", "nested")):
        assert key_of(frame, types, (), said, declared) == ("order_id",), declared
    assert key_of(frame, types, ("sku",), said, ("sku", "order_id")) == ("order_id",), "what is predicted names no row"
    assert all("as the database declares" not in each for each in said)


@pytest.mark.parametrize("called", ["updated_at", "Last_Modified", "lastupdate", "changed", "modified_on", "updated"])
def test_a_time_of_change_is_told_with_how_to_read_only_what_is_new(called: str) -> None:
    at = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    frame = pl.DataFrame({"id": [1, 2, 3], called: at})
    (said,) = changes_said(Tabled(frame, "t", "ada"))
    assert f"{{by: {called}, overlap: 1h}}" in said
    gap = frame.with_columns(pl.when(pl.col("id") > 1).then(pl.col(called)))
    for other in (
        frame.drop("id"),
        gap,
        frame.rename({called: "placed"}),
        frame.rename({called: "changed_by"}),
        frame.with_columns(pl.lit("x").alias(called)),
    ):
        assert changes_said(Tabled(other, "t", "ada")) == []


def test_a_column_that_is_called_as_the_table_names_its_rows() -> None:
    frame = pl.DataFrame({"title": ["Ada", "Bo", "Cy"], "vessel": [7, 3, 5]})
    assert Tabled(frame, "vessels", "ada").key == ("vessel",) and Tabled(frame, "Vessel", "ada").key == ("vessel",)
    assert Tabled(frame, "trips", "ada").key == ("title",)


def keyed(columns: dict[str, list[object]], but: tuple[str, ...] = (), table: str = "t") -> object:
    frame = pl.DataFrame(columns)
    return key_of(frame, expr.column_types(frame.schema), but, [], (), table)


def test_what_names_no_row_is_no_key() -> None:
    columns: dict[str, list[object]] = {"id": [1, 1, 2], "share_id": [0.5, 1.5, 2.5], "day_id": [date(2024, 1, 1)] * 3}
    assert keyed(columns) == () and keyed({"n": [30, 10, 20]}) == () and keyed({"_": [3, 1, 2]}, table="") == ()
    columns = {"word": ["x", "y", "z"], "id": [3, 1, 2], "bus": [7, 5, 6]}
    assert keyed(columns) == ("id",) and keyed(columns, but=("id",)) == ("word",)
    assert keyed(columns, but=("id",), table="bus") == ("bus",)
    said = list[str]()
    for numbers, asked in (([30, 10, 20], False), ([1, 2, 3], True)):
        key_of(pl.DataFrame({"n": numbers}), {"n": "int"}, (), said)
        assert ("is it n" in said[-1]) == asked


def test_names_that_say_that_a_column_names_rows() -> None:
    named = ("KundenNr", "kundennr", "customerid", "Order No.", "id_client", "Rechnungsnummer", "GUID")
    others = ("paid", "unpaid", "invalid", "prepaid", "grid", "no_of_rooms", "number_of_rooms", "casino", "monkey", "?")
    assert [name for name in (*named, *others) if names_rows(name)] == [*named]
    plurals = {"orders": "order", "categories": "category", "boxes": "box", "dishes": "dish", "classes": "class"}
    assert {many: singular(many) for many in (*plurals, "address")} == {**plurals, "address": "address"}
