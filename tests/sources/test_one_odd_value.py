"""One odd value in a column does not hide what the others are: the contract sets its row aside, and no other."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace

from treadle.contracts import check, load
from treadle.errors import DataError
from treadle.sources import Known, expected, find, find_new, look
from treadle.spec import New, Source

KINDS = {"id": "integer", "when": "timestamp", "net": "number", "disc": "integer", "day": "date", "at": "timestamp"}
FORM = {"when": "%d.%m.%Y %H:%M"}
ODD = {"when": "soon", "net": "gratis", "disc": "free", "day": "never", "at": "later"}


def _line(number: int, **odd: str) -> str:
    day = number % 28 + 1
    good = {
        "id": f"{number}",
        "when": f"{day:02}.02.2024 11:30",
        "net": f"{day}.{number:03},01",
        "disc": f"{day} %",
        "day": f"2024/01/{day:02}",
        "at": f"2024-01-{day:02}T10:00:00+02:00",
    }
    return ";".join({**good, **odd}.values()) + "\n"


def _text(*numbers: int, odd: bool) -> str:
    lines = [_line(number) for number in numbers]
    if odd:
        lines[: len(ODD)] = [_line(n, **{name: word}) for n, (name, word) in zip(numbers, ODD.items(), strict=False)]
    return ";".join(KINDS) + "\n" + "".join(lines)


def _types(root: Path, kinds: dict[str, str] = KINDS) -> dict[str, str]:
    properties = "".join(f"      - {{name: {name}, logicalType: {kind}}}\n" for name, kind in kinds.items())
    text = f"apiVersion: v3.0.2\nkind: DataContract\nschema:\n  - name: t\n    properties:\n{properties}"
    (root / "c.yaml").write_text(text)
    return dict(load(root / "c.yaml").types)


def _aside(rows: pl.DataFrame, root: Path) -> tuple[int, list[str]]:
    report = check(rows, load(root / "c.yaml"), now=datetime(2024, 6, 1, tzinfo=UTC))
    assert not report.broken
    return report.good.height, sorted(report.quarantine.get_column("value").to_list())


@pytest.mark.parametrize("parts", [1, 2])
def test_of_each_column_the_odd_value_alone_is_a_bad_row(tmp_path: Path, parts: int) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(_text(*range(200), odd=parts == 1))
    if parts == 2:
        (tmp_path / "in" / "b.csv").write_text(_text(*range(200, 400), odd=True))
    source = Source(read="in/*.csv", date_format=FORM)
    told = expected(source, _types(tmp_path))
    rows = find(told, tmp_path).rows().collect()
    kept, odd = _aside(rows, tmp_path)
    assert (kept, odd) == (200 * parts - 5, sorted(ODD.values()))
    assert look(told, tmp_path).rows.equals(rows)
    newer = find_new(
        expected(Source(read="in/*.csv", date_format=FORM, new="files"), _types(tmp_path)), tmp_path, Known(), ""
    )
    assert newer.rows().equals(rows)
    if parts == 2:  # where nobody says what the column is, two files that tell otherwise are refused
        with pytest.raises(DataError, match=r"is text in b\.csv, and a"):
            find(source, tmp_path).rows()


def test_the_good_values_are_the_same_whether_there_is_an_odd_one(tmp_path: Path) -> None:
    for name, odd in (("a", False), ("b", True)):
        (tmp_path / f"{name}.csv").write_text(_text(*range(30), odd=odd))
    types = _types(tmp_path)
    kept = []
    for name in "ab":
        rows = find(expected(Source(read=f"{name}.csv", date_format=FORM), types), tmp_path).rows().collect()
        contract = load(tmp_path / "c.yaml")
        report = check(rows.tail(25), contract, now=datetime(2024, 6, 1, tzinfo=UTC))
        kept.append(report.good)
    assert kept[0].height == 25 and kept[0].equals(kept[1])


def test_a_text_column_keeps_its_texts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(_text(*range(30), odd=True))
    rows = find(expected(Source(read="a.csv"), dict.fromkeys(KINDS, "str")), tmp_path).rows().collect()
    plain = find(Source(read="a.csv"), tmp_path).rows().collect()
    assert rows.equals(plain) and rows["disc"][0] == "1 %"


def test_a_column_that_is_called_otherwise_at_its_source(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(_text(*range(30), odd=True))
    mapped = Source(read="a.csv", map={"price": "net"}, unmapped="drop")
    rows = find(expected(mapped, _types(tmp_path, {"price": "number"})), tmp_path).rows().collect()
    assert _aside(rows, tmp_path) == (29, ["gratis"])


def test_texts_of_a_database(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "o.db") as held:
        held.execute("create table o(id integer primary key, at text, price text)")
        told = [
            (n, "soon" if n == 6 else f"2024-01-{n % 28 + 1:02} 10:01", "free" if n == 8 else f"${n}")
            for n in range(50)
        ]
        held.executemany("insert into o values(?, ?, ?)", told)
    source = Source(
        read="sqlite:o.db", table="o", date_format={"at": "%Y-%m-%d %H:%M"}, null_values={"price": ("n/a",)}
    )
    types = _types(tmp_path, {"id": "integer", "at": "timestamp", "price": "number"})
    newer = find_new(expected(replace(source, new=New(by="id")), types), tmp_path, Known(), "")
    for rows in (find(expected(source, types), tmp_path).rows().collect(), newer.rows()):
        assert _aside(rows, tmp_path) == (48, ["free", "soon"])


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("number", ["$5", "€6"]),  # of two currencies
        ("number", ["$5", "6 %", "free"]),
        ("date", ["01/02/2024", "03/04/2024", "soon"]),  # the day first, or the month
        ("timestamp", ["01/02/2024 10:00", "03/04/2024 11:00", "soon"]),
    ],
)
def test_what_could_be_two_things_stays_as_it_is_written(tmp_path: Path, kind: str, cells: list[str]) -> None:
    (tmp_path / "a.csv").write_text("\n".join(["p", *cells]))
    told = expected(Source(read="a.csv"), _types(tmp_path, {"p": kind}))
    assert find(told, tmp_path).rows().collect()["p"].to_list() == cells


def test_texts_of_a_file_that_has_types_are_no_numbers_unless_that_is_said(tmp_path: Path) -> None:
    pl.DataFrame({"p": ["$5", "n/a", "free"]}).write_parquet(tmp_path / "a.parquet")
    types = _types(tmp_path, {"p": "number"})
    for words, found in (((), ["$5", "n/a", "free"]), (("n/a",), ["5", None, "free"]), (("-",), ["$5", "n/a", "free"])):
        told = expected(Source(read="a.parquet", null_values=words), types)
        assert find(told, tmp_path).rows().collect()["p"].to_list() == found
    told = expected(Source(read="a.parquet", null_values={"p": ("-",)}), types)
    assert find(told, tmp_path).rows().collect()["p"].to_list() == ["5", "n/a", "free"]
