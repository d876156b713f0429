"""`check` refuses a wrong `new:` as `run` does, and takes no more than a look for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from treadle.api.operation import Context
from treadle.api.project import CheckRequest, check
from treadle.api.work import RunRequest, run
from treadle.drafting.found import Checked
from treadle.errors import TreadleError
from treadle.principal import person
from treadle.sources import files as local
from treadle.sources import look
from treadle.sources import sqlite as reading
from treadle.spec import New, Source

ROWS = 120
TEXT = """\
project: shop
brief: {people: {owner: ada, reviewers: [grace]}}
sources: {orders: {read: "sqlite:shop.db", table: orders, key: n, new: {by: n}}}
predict: {name: y, each: orders, label: "paid = 1", split: {by: random}}
features: {request: [x]}
serve: {entity: n}
"""


def shop(folder: Path, new: str, rows: int = ROWS) -> Path:
    with closing(sqlite3.connect(folder / "shop.db")) as db:
        db.execute("create table orders (n integer, day date, x real, word text, hole integer, paid integer)")
        lines = ((n, f"2024-01-{1 + n % 28:02}", n % 7 / 2, f"w{n % 5}", n or None, n % 3 == 0) for n in range(rows))
        db.executemany("insert into orders values (?, ?, ?, ?, ?, ?)", lines)
        db.commit()
    (folder / "treadle.yaml").write_text(TEXT.replace("{by: n}", new))
    return folder


def checked(folder: Path) -> Checked:
    return check(CheckRequest(project=str(folder)), Context(person("ada")))


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("{by: word}", "rows are read by word, which is String, and not a number, a date or a time"),
        ("{by: hole}", "1 rows have no value in hole, by which rows are read"),
        ("{by: nn}", 'there is no column "nn" to read rows by (did you mean "n"?'),
        ("{by: n, overlap: 1h}", "`overlap` is a time, and n holds numbers (write overlap: 1000)"),
        ("{by: day, overlap: 5}", "`overlap` is a number, and day holds times (write overlap: 1h)"),
        ("{by: n, deleted: gone}", 'there is no column "gone"'),
        ("{by: n, deleted: word}", "word marks deleted rows, and is String"),
    ],
)
def test_a_wrong_new_is_refused_as_by_a_run(tmp_path: Path, new: str, said: str) -> None:
    folder = shop(tmp_path, new)
    answer = checked(folder)
    (problem,) = answer.problems
    assert not answer.ok and said in problem and problem.startswith("treadle.yaml:3:")
    with pytest.raises(TreadleError) as refused:
        run(RunRequest(project=str(folder)), Context(person("ada")))
    assert refused.value.what in problem


def test_a_time_that_says_its_zone_is_none_of_the_clock_that_is_said(tmp_path: Path) -> None:
    folder = shop(tmp_path, "{by: told, time_zone: Europe/Berlin}")
    file = folder / "treadle.yaml"
    file.write_text(file.read_text().replace('"sqlite:shop.db", table: orders', "orders.csv"))
    for told, problems in (("2024-03-31T02:30:00Z", 0), ("2024-03-31T02:30:00", 1)):
        (folder / "orders.csv").write_text(f"n,told,x,paid\n1,{told},0.5,0\n")
        found = [each for each in checked(folder).problems if "clocks in Europe/Berlin showed never" in each]
        assert len(found) == problems


def test_a_missing_key_is_told_once(tmp_path: Path) -> None:
    folder = shop(tmp_path, "{by: n}")
    file = folder / "treadle.yaml"
    file.write_text(file.read_text().replace("key: n,", "key: id,"))
    (problem,) = checked(folder).problems
    assert 'source orders has no column "id"' in problem


def test_of_a_large_source_the_first_rows_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_ROWS", 10)
    folder, taken = shop(tmp_path, "{by: n}"), list[int]()
    parts = reading._parts

    def counted(*given: object) -> Iterator[pl.DataFrame]:
        for part in parts(*given):  # type: ignore[arg-type]
            taken.append(part.height)
            yield part

    monkeypatch.setattr(reading, "_parts", counted)
    answer = checked(folder)
    assert answer.ok and sum(taken) == 20  # a part, and whether there is another
    assert [(each.rows, each.whole) for each in answer.sources] == [(10, False)]
    assert any("only the first 10 rows were looked at" in said for said in answer.warnings)


def test_a_small_source_is_seen_whole(tmp_path: Path) -> None:
    answer = checked(shop(tmp_path, "{by: n}"))
    assert answer.ok and not answer.warnings and [(s.rows, s.whole) for s in answer.sources] == [(ROWS, True)]


def test_another_kind_than_was_read_before(tmp_path: Path) -> None:
    folder = shop(tmp_path, "{by: n}")
    run(RunRequest(project=str(folder)), Context(person("ada")))
    with closing(sqlite3.connect(folder / "shop.db")) as db:
        db.execute("update orders set n = n + 0.5")
        db.commit()
    (problem,) = checked(folder).problems
    assert "n holds values of the kind number, and was read by the kind whole" in problem


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_of_many_files_the_first_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr(local, "_LOOKED_AT", 10)
    monkeypatch.setattr(local, "_ROWS_LOOKED_AT", 3)
    (tmp_path / "in").mkdir()
    for number in range(3):
        frame = pl.DataFrame({"n": [number, 7, 8, 9]})
        file = tmp_path / "in" / f"{number}.{ending}"
        frame.write_csv(file) if ending == "csv" else frame.write_parquet(file)
    seen = look(Source(read="in", new=New()), tmp_path)
    assert not seen.whole and seen.rows.height == (4 if ending == "csv" else 3)


def test_of_a_large_delta_table_the_first_rows_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pl.DataFrame({"n": range(10)}).write_delta(tmp_path / "t")
    whole = look(Source(read="t", new=New(by="n")), tmp_path)
    monkeypatch.setattr(local, "_LOOKED_AT", 10)
    monkeypatch.setattr(local, "_ROWS_LOOKED_AT", 3)
    part = look(Source(read="t", new=New(by="n")), tmp_path)
    assert (whole.whole, whole.rows.height) == (True, 10) and (part.whole, part.rows.height) == (False, 3)
