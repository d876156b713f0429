"""`init` of a folder: a project of data with a source for each table that its files are."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from treadle.drafting.drafts import Wanted
from treadle.drafting.found import Drafted
from treadle.drafting.places import MOST_TABLES
from treadle.drafting.tabling import ALONE
from treadle.drafting.writing import write_project
from treadle.errors import DataError
from treadle.sources import find
from treadle.spec import Layout, load


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "trust"))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "sales-2024-01.csv").write_text("id,amount\n1,2\n2,3\n3,9\n")
    (tmp_path / "in" / "sales-2024-02.csv").write_text("amount;id\n2,5;4\n3,5;5\n")
    (tmp_path / "in" / "people.jsonl").write_text('{"id": 1, "name": "a"}\n{"id": 2, "name": "b"}\n')
    return tmp_path / "in"


def begun(target: str = "") -> Drafted:
    return write_project(Wanted(folder="new", source="in", target=target, owner="ada"))


def rows_of(name: str) -> pl.DataFrame:
    return find(load("new/treadle.yaml").spec.sources[name], Path("new").resolve()).rows().collect()


def test_files_with_the_same_columns_are_one_table_and_others_their_own(given: Path) -> None:
    made = begun()
    sources = load("new/treadle.yaml").spec.sources
    assert {name: source.read for name, source in sources.items()} == {
        "people": "data/people.jsonl",
        "sales": "data/sales",
    }
    amounts = {1: 2.0, 2: 3.0, 3: 9.0, 4: 2.5, 5: 3.5}
    assert dict(rows_of("sales").select("id", "amount").iter_rows()) == amounts
    assert rows_of("people").height == 2 and sources["sales"].key == "id"
    both = "sales: 2 files with the same columns are one table: sales-2024-01.csv, sales-2024-02.csv"
    assert both in made.guesses and made.guesses.count(ALONE) == 1
    assert {each.name for each in Path("new/contracts").iterdir()} == {"people.yaml", "sales.yaml"}


def test_what_is_no_table_is_left_out_and_told(given: Path) -> None:
    (given / "readme.txt").write_text("hello")
    (given / "empty.csv").write_text("a,b\n")
    (given / "broken.csv").write_text('a,b\n1\n"')
    (given / "sub").mkdir()
    (given / ".hidden.csv").write_text("a,b\n1,2\n")
    with closing(sqlite3.connect(given / "shop.db")) as made:
        made.execute("create table t (a)")
    told = [said for said in begun().guesses if said.startswith("left out: ")]
    assert [said.split(" ")[2].rstrip(",") for said in told] == [
        "broken.csv",
        "empty.csv",
        "readme.txt",
        "shop.db",
        "sub",
    ]
    assert "line 2" in told[0] and "--from in/shop.db" in told[3]
    assert list(load("new/treadle.yaml").spec.sources) == ["people", "sales"]


def test_the_same_columns_of_types_that_do_not_go_together_are_tables_of_their_own(given: Path) -> None:
    pl.DataFrame({"a": ["x"], "b": [1]}).write_parquet(given / "one.parquet")
    pl.DataFrame({"a": [b"\x00"], "b": [1]}).write_parquet(given / "two.parquet")
    begun()
    assert sorted(load("new/treadle.yaml").spec.sources) == ["one", "people", "sales", "two"]


def test_names_that_have_nothing_in_common_and_names_that_are_taken(given: Path) -> None:
    (given / "sales.csv").write_text("day\n2026-01-01\n2026-01-02\n")
    (given / "a.csv").write_text("x,y\n1,2\n2,3\n")
    (given / "b.csv").write_text("x,y\n3,4\n")
    begun()
    assert sorted(load("new/treadle.yaml").spec.sources) == ["a", "people", "sales", "sales_csv"]


def test_a_folder_without_a_table_or_with_too_many_is_refused(given: Path) -> None:
    with pytest.raises(DataError, match="in is a folder") as bad:
        begun("amount")
    assert bad.value.mend.startswith("name a file")
    for n in range(MOST_TABLES):
        (given / f"t{n}.csv").write_text(f"c{n}\n1\n")
    with pytest.raises(DataError, match=f"in has {MOST_TABLES + 2} tables"):
        begun()
    for each in given.iterdir():
        each.unlink()
    with pytest.raises(DataError, match="in is a folder without a table"):
        begun()
    assert not Path("new").exists()


def test_files_that_are_larger_together_than_one_may_be_are_refused(given: Path) -> None:
    for n, name in enumerate(("a", "b", "c")):
        pl.DataFrame({f"x{n}": range(50_000)}).write_parquet(given / f"{name}.parquet")
    asked = Wanted(folder="new", source="in", target="", owner="ada", layout=Layout(max_gb=0.001))
    with pytest.raises(DataError, match=r"the tables together take more than 1\.2 MB, and at most 1\.0 MB") as bad:
        write_project(asked)
    assert bad.value.where == "--from" and "a folder of fewer files" in bad.value.mend and not Path("new").exists()
    (given / "c.parquet").unlink()
    write_project(asked)
    assert sorted(load("new/treadle.yaml").spec.sources) == ["a", "b", "people", "sales"]


def test_a_pipe_is_never_waited_for(given: Path) -> None:
    os.mkfifo(given / "pipe.csv")
    os.mkfifo(given / "pipe.db")
    told = [said for said in begun().guesses if said.startswith("left out: ")]
    assert len(told) == 2 and "pipe.csv" in told[0] and "pipe.db has the name of no table" in told[1]
    with pytest.raises(DataError, match="is a pipe"):
        write_project(Wanted(folder="other", source="in/pipe.csv", target="", owner="ada"))


def test_a_file_that_changes_meanwhile_leaves_nothing(given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    def meddled(data: Path, copied: Path) -> None:
        copied.write_bytes(data.read_bytes() + b"9,9\n")

    monkeypatch.setattr(shutil, "copyfile", meddled)
    with pytest.raises(DataError, match="changed while it was being read"):
        begun()
    assert not Path("new").exists()


def test_a_file_that_is_called_as_others_and_is_no_part_of_them_is_told_with_why(given: Path) -> None:
    (given / "sales-2024-03.csv").write_text("id,amount,city\n6,2,x\n7,3,y\n")
    (given / "sales-2024-04.csv").write_text("id\n8\n9\n")
    (given / "sales_2024.jsonl").write_text('{"id": 1, "amount": "x"}\n')
    told = [said for said in begun().guesses if "is a table by itself" in said]
    assert told == [
        "sales-2024-03.csv is a table by itself, though called as sales-2024-01.csv: it has city besides",
        "sales-2024-04.csv is a table by itself, though called as sales-2024-01.csv: it lacks amount",
        "sales_2024.jsonl is a table by itself, though called as sales-2024-01.csv: amount is str here and float there",
    ]


def test_the_same_file_twice_is_one(given: Path) -> None:
    (given / "copy of sales.csv").write_bytes((given / "sales-2024-01.csv").read_bytes())
    (given / "stock.jsonl").symlink_to(given / "people.jsonl")
    told = [said for said in begun().guesses if "holds the same as" in said]
    assert told == [
        "left out: sales-2024-01.csv holds the same as copy of sales.csv",
        "left out: stock.jsonl holds the same as people.jsonl",
    ]


def test_what_becomes_of_files_and_of_their_names_is_told(given: Path) -> None:
    (given / "Straße.csv").write_text("x\n1\n2\n")
    said = begun().guesses
    assert any("are copied to data/" in each for each in said)
    assert "stra-e: called so for Straße.csv: a name is ASCII letters, digits, _ and -" in said
    assert not any("called so for people" in each for each in said)


def test_nothing_is_not_the_folder_where_one_is(given: Path) -> None:
    with pytest.raises(DataError, match="nothing is named") as bad:
        write_project(Wanted(folder="new", source=" ", target="", owner="ada"))
    assert bad.value.where == "--from"
