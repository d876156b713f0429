"""What a database is asked for, what it may leave out, and where reading begins again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import DataError
from treadle.sources import Known, definition_of, find_new
from treadle.sources.cursors import Above, as_text, back_from, in_zone, of_text
from treadle.sources.increments import _asked_above
from treadle.sources.seen import names_of, packed, unpacked, unseen
from treadle.spec import Mapped, New, Source
from treadle.spec.trust import Place, trust

VALUES = (
    st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
)


@given(VALUES)
def test_a_value_comes_back_from_its_text(value: Any) -> None:
    kind = {int: "whole", float: "number", date: "date", datetime: "time"}[type(value)]
    assert of_text(kind, as_text(value)) == value


@given(VALUES)
def test_reading_never_begins_above_the_last_value(value: Any) -> None:
    overlap = 3.0 if isinstance(value, int | float) else "36h"
    assert back_from(value, New(by="x"), "") == value
    begins = back_from(value, New(by="x", overlap=overlap), "")
    assert begins == value - 3 if isinstance(value, int) else begins <= value


def test_an_overlap_of_dates_is_whole_days() -> None:
    assert back_from(date(2024, 3, 1), New(by="x", overlap="25h"), "") == date(2024, 2, 28)


def test_an_overlap_reaches_to_the_first_day_at_the_most() -> None:
    """What there is no day before is read from the first one."""
    assert back_from(date(1, 1, 2), New(by="x", overlap="48h"), "") == date(1, 1, 1)
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert back_from(first + timedelta(hours=1), New(by="x", overlap="2h"), "") == first
    assert back_from(first + timedelta(hours=3), New(by="x", overlap="2h"), "") == first + timedelta(hours=1)


def test_an_overlap_of_another_kind() -> None:
    with pytest.raises(DataError, match="`overlap` is a number, and x holds times"):
        back_from(datetime(2024, 3, 1, tzinfo=UTC), New(by="x", overlap=5.0), "")


@given(st.lists(st.tuples(st.integers(0, 3), st.none() | st.floats(), st.none() | st.text()), max_size=12))
def test_rows_are_known_by_their_content(rows: list[tuple[Any, ...]]) -> None:
    frame = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.Float64, "c": pl.String}, orient="row")
    names = names_of(frame)
    assert not any(unseen(names, unpacked(packed(names))))
    assert unseen(names + names[:1], unpacked(packed(names))) == [False] * len(names) + [True] * len(names[:1])
    other = frame.select("c", pl.lit(None, dtype=pl.Int64).alias("new"), pl.col("a").cast(pl.Float64), "b")
    assert names_of(other) == names  # the order of columns, an empty one, and a wider type change nothing
    if len({repr(row) for row in rows}) > len(set(names)):
        pytest.fail("two rows have one name")


BERLIN = New(by="told", time_zone="Europe/Berlin", ambiguous="earlier")


def berlin(*told: str, rule: str = "earlier") -> list[datetime]:
    values = pl.Series("told", [datetime.fromisoformat(each) for each in told]).dt.replace_time_zone("UTC")
    return in_zone(values, New(by="told", time_zone="Europe/Berlin", ambiguous=rule), "here").to_list()  # type: ignore[arg-type]


def test_times_of_a_clock_become_utc() -> None:
    assert berlin("2024-07-01 12:00", "2024-12-01 12:00") == [
        datetime(2024, 7, 1, 10, tzinfo=UTC), datetime(2024, 12, 1, 11, tzinfo=UTC)
    ]  # fmt: skip


def test_a_time_that_clocks_showed_twice_needs_a_rule() -> None:
    assert berlin("2024-10-27 02:30") == [datetime(2024, 10, 27, 0, 30, tzinfo=UTC)]
    assert berlin("2024-10-27 02:30", rule="later") == [datetime(2024, 10, 27, 1, 30, tzinfo=UTC)]
    with pytest.raises(DataError, match="showed twice") as told:
        berlin("2024-10-27 02:30", rule="refuse")
    assert "ambiguous: earlier" in told.value.mend


@pytest.mark.parametrize("rule", ["refuse", "earlier", "later"])
def test_a_time_that_clocks_never_showed_is_refused(rule: str) -> None:
    with pytest.raises(DataError, match="showed never"):
        berlin("2024-03-31 02:30", rule=rule)


@pytest.mark.parametrize("rule", ["earlier", "later"])
def test_the_hour_that_comes_twice_loses_no_row(tmp_path: Path, rule: str) -> None:
    """Rows are written as local clocks show it, in the order of true time, and read every ten minutes."""
    source = Source(
        read="sqlite:shop.db", table="t",
        new=New(by="told", time_zone="Europe/Berlin", ambiguous=rule),  # type: ignore[arg-type]
    )  # fmt: skip
    begin, known, found = datetime(2024, 10, 26, 23, tzinfo=UTC), Known(), list[int]()
    with closing(sqlite3.connect(tmp_path / "shop.db")) as db:
        db.execute("create table t (n integer, told timestamp)")
        for n in range(24):
            true = begin + timedelta(minutes=10 * n)
            local = true + timedelta(hours=2 if true < datetime(2024, 10, 27, 1, tzinfo=UTC) else 1)
            db.execute("insert into t values (?, ?)", (n, f"{local:%Y-%m-%d %H:%M:%S}"))
            db.commit()
            newer = find_new(source, tmp_path, known, "")
            known = Known(newer.mark, newer.seen)
            found += newer.rows()["n"].to_list()
    assert found == list(range(24))


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.%f"])
def test_sqlite_leaves_out_old_rows_in_any_form_of_time(tmp_path: Path, form: str) -> None:
    first = datetime(2024, 1, 1, tzinfo=UTC)
    with closing(sqlite3.connect(tmp_path / "shop.db")) as db:
        db.execute("create table t (n integer, told datetime)")
        db.executemany(
            "insert into t values (?, ?)", [(n, f"{first + timedelta(hours=n):{form}}") for n in range(1000)]
        )
        db.commit()
        source = Source(read="sqlite:shop.db", table="t", new=New(by="told"))
        whole = find_new(source, tmp_path, Known(), "")
        db.execute("insert into t values (1000, ?)", (f"{first + timedelta(hours=1000):{form}}",))
        db.commit()
    more = find_new(source, tmp_path, Known(whole.mark, whole.seen), "")
    assert more.rows()["n"].to_list() == [1000] and more.size < 100 < whole.size


@pytest.mark.needs("postgres", "adbc_driver_postgresql")
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bigint", "{n}"), ("numeric(20, 3)", "{n}.125"), ("double precision", "{n} / 7.0"),
        ("timestamp", "timestamp '2024-03-30 12:00' + {n} * interval '1 hour'"),
        ("timestamptz", "timestamptz '2024-03-30 12:00+00' + {n} * interval '1 hour'"),
        ("date", "date '2024-03-30' + {n}"),
    ],
)  # fmt: skip
def test_postgres_is_asked_for_new_rows_alone(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, value: str
) -> None:
    import psycopg

    monkeypatch.setenv("SHOP_URL", postgres)
    source = Source(read="${SHOP_URL}", table="t", where="n >= 0", new=New(by="Up To"))
    trust(tmp_path, (Place("${SHOP_URL}", "server"),))
    with psycopg.connect(postgres, autocommit=True) as db:
        db.execute("alter role current_user set timezone to 'Asia/Tokyo'")
        db.execute(f'create table t (n int, "Up To" {kind})')
        for n in range(300):
            db.execute(f"insert into t values ({n}, {value.format(n=n)})")
        whole = find_new(source, tmp_path, Known(), "")
        assert whole.rows().height == 300
        known = Known(whole.mark, whole.seen)
        assert find_new(source, tmp_path, known, "").nothing
        for n in (299, 300, 301):
            db.execute(f"insert into t values ({n + 1000}, {value.format(n=n)})")
        more = find_new(source, tmp_path, known, "")
        assert more.rows()["n"].to_list() == [1299, 1300, 1301] and more.size * 20 < whole.size
        db.execute("insert into t values (5, null)")
        with pytest.raises(DataError, match="1 rows have no value in Up To"):
            find_new(source, tmp_path, known, "")


def test_a_part_of_a_whole_number_is_read_again_as_one() -> None:
    """Of an overlap of 2.5 no row may be missed: what is read again is 3 back, of fractions 2.5."""
    assert back_from(10, New(by="x", overlap=2.5), "") == 7
    assert back_from(10.0, New(by="x", overlap=2.5), "") == 7.5


def test_a_database_leaves_out_nothing_by_texts_that_are_times_here() -> None:
    at = datetime(2024, 1, 31, tzinfo=UTC)

    def asked(**said: Any) -> Any:
        new = New(by="told", time_zone=said.pop("time_zone", None))
        source = Source(read="sqlite:shop.db", table="t", new=new, **said)
        return _asked_above(source, new, at)

    assert asked() == Above("told", at)
    assert asked(time_zone="America/New_York") == Above("told", at - timedelta(days=1))
    assert asked(date_format={"told": "%d.%m.%Y"}) is asked(null_values=("-",)) is None
    assert asked(map={"told": "At"}) == Above("At", at) and asked(map={"told": Mapped(expression="At")}) is None


@pytest.mark.parametrize("by", ["n", Mapped(expression="n + 0")])
def test_a_source_that_delivers_all_and_went_back_is_refused(tmp_path: Path, by: str | Mapped) -> None:
    """What a file has anew is below the cursor: of a source that begins again no row would ever be new."""
    file = tmp_path / "t.csv"
    source = Source(read="t.csv", map={"n": by}, unmapped="drop", new=New(by="n"))
    known = Known()
    for last in (49, 49):
        file.write_text("n\n" + "".join(f"{n}\n" for n in range(last + 1)), encoding="utf-8")
        newer = find_new(source, tmp_path, known, "")
        known = Known(newer.mark, newer.seen)
    assert newer.nothing
    file.write_text("n\n" + "".join(f"{n}\n" for n in range(10)), encoding="utf-8")
    with pytest.raises(DataError, match="the newest n is 9, and rows up to 49 were read"):
        find_new(source, tmp_path, known, "")
    file.write_text("n\n48\n49\n", encoding="utf-8")  # what is old was cleared away
    assert find_new(source, tmp_path, known, "").nothing


def test_a_source_that_begins_anew_up_to_where_overlap_reaches_is_refused(tmp_path: Path) -> None:
    """Below what is read again no row of it would ever be read."""
    file, source = tmp_path / "t.csv", Source(read="t.csv", key="n", new=New(by="n", overlap=10.0))

    def written(*numbers: int, text: str) -> None:
        file.write_text("n,x\n" + "".join(f"{n},{text}\n" for n in numbers), encoding="utf-8")

    written(*range(50), text="a")
    first = find_new(source, tmp_path, Known(), "")
    known = Known(first.mark, first.seen)
    written(*range(46), text="b")
    with pytest.raises(DataError, match="the newest n is 45, and rows up to 49 were read"):
        find_new(source, tmp_path, known, "")
    written(*range(49), text="a")
    assert find_new(source, tmp_path, known, "").nothing, "the last one was withdrawn"
    written(*range(39, 46), text="b")  # all that it has is read
    assert find_new(source, tmp_path, known, "").rows()["n"].to_list() == [*range(39, 46)]
    written(*range(51), text="b")
    assert find_new(source, tmp_path, known, "").rows()["n"].to_list() == [*range(39, 51)]


def test_a_database_that_begins_anew_up_to_where_overlap_reaches_is_refused(tmp_path: Path) -> None:
    source = Source(read="sqlite:shop.db", table="t", new=New(by="n", overlap=10.0))
    with closing(sqlite3.connect(tmp_path / "shop.db")) as db:
        db.execute("create table t (n integer, x text)")
        db.executemany("insert into t values (?, 'a')", [(n,) for n in range(50)])
        db.commit()
        first = find_new(source, tmp_path, Known(), "")
        known = Known(first.mark, first.seen)
        db.execute("delete from t where n > 45")
        db.execute("update t set x = 'late' where n = 42")
        db.commit()
        assert find_new(source, tmp_path, known, "").rows()["n"].to_list() == [42], "those at the end were deleted"
        db.execute("update t set x = 'b'")
        db.commit()
        with pytest.raises(DataError, match="the newest n is 45, and rows up to 49 were read"):
            find_new(source, tmp_path, known, "")


def test_rows_without_a_key_are_not_read_again_where_overlap_is_raised(tmp_path: Path) -> None:
    """Before what is known by its content a key alone tells that a row was read."""
    file = tmp_path / "t.csv"
    file.write_text("id,n\na,1\n,2\nb,3\n,8\n,9\n", encoding="utf-8")
    first = find_new(Source(read="t.csv", key="id", new=New(by="n", overlap=1.0)), tmp_path, Known(), "")
    more = Source(read="t.csv", key="id", new=New(by="n", overlap=9.0))
    file.write_text(file.read_text(encoding="utf-8") + "c,4\n,8\n,10\n", encoding="utf-8")
    second = find_new(more, tmp_path, Known(first.mark, first.seen), "")
    assert second.rows().rows() == [("a", 1), ("b", 3), ("c", 4), (None, 8), (None, 10)]
    assert find_new(more, tmp_path, Known(second.mark, second.seen), "").nothing


def test_what_is_asked_for_is_told_apart() -> None:
    one = Source(read="x.csv", key="id", new=New(by="n"))
    assert definition_of(one, Path()) == definition_of(
        Source(read="x.csv", key="id", new=New(by="n", overlap=5.0), every="1h"), Path()
    )
    for other in (
        Source(read="x.csv", key="id", new=New(by="m")),
        Source(read="x.csv", key=("id", "b"), new=New(by="n")),
        Source(read="x.csv", key="id", new=New(by="n"), separator=";"),
        Source(read="x.csv", key="id", new=New(by="n", deleted="gone")),
    ):
        assert definition_of(other, Path()) != definition_of(one, Path())
