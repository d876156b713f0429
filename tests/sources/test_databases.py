"""Files, SQLite and PostgreSQL, by the same suite; and what each database does by itself. The servers are real."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import polars as pl
import pytest
from trusted_servers import asked_of, ticks_while_read

from treadle.errors import DataError, MissingExtra, SpecError
from treadle.sources import find
from treadle.spec import Source
from treadle.spec.trust import Place, trust
from treadle.testing import DatabaseSuite, SourceSuite
from treadle.testing.sources import Holds, found, rows

WHERE = "treadle.yaml:1:1"


class TestFiles(SourceSuite):
    @pytest.fixture
    def holds(self, tmp_path: Path) -> Holds:
        def hold(frame: pl.DataFrame, name: str) -> tuple[Source, Path]:
            frame.write_parquet(tmp_path / f"{name}.parquet")
            return Source(read=f"{name}.parquet"), tmp_path

        return hold


SQLITE = {pl.Boolean: "BOOLEAN", pl.Date: "DATE", pl.String: "TEXT", pl.Binary: "BLOB", pl.Float64: "REAL"}


def in_sqlite(frame: pl.DataFrame, name: str, file: Path) -> None:
    import polars.selectors as cs

    def kind(dtype: pl.DataType) -> str:
        return "DATETIME" if isinstance(dtype, pl.Datetime) else SQLITE.get(type(dtype), "NUMERIC")

    quoted = [f'"{each.replace(chr(34), chr(34) * 2)}"' for each in frame.columns]
    plain = frame.with_columns(
        cs.decimal().cast(pl.Float64), cs.time().dt.to_string("%H:%M:%S%.f"), cs.date().dt.to_string("%Y-%m-%d")
    ).with_columns(cs.datetime().dt.to_string("%Y-%m-%d %H:%M:%S%.6f"))
    with closing(sqlite3.connect(file)) as made:
        made.execute(f'drop table if exists "{name}"')
        columns = ", ".join(f"{q} {kind(dtype)}" for q, dtype in zip(quoted, frame.dtypes, strict=True))
        made.execute(f'create table "{name}" ({columns})')
        made.executemany(f'insert into "{name}" values ({", ".join("?" * frame.width)})', plain.rows())
        made.commit()


class TestSqlite(DatabaseSuite):
    LACKS = frozenset({"order"})  # names of columns differ in more than case
    HAS_NAN = False  # SQLite keeps a NULL for it

    @pytest.fixture
    def holds(self, tmp_path: Path) -> Holds:
        def hold(frame: pl.DataFrame, name: str) -> tuple[Source, Path]:
            in_sqlite(frame, name, tmp_path / "own shop?.db")
            return Source(read="sqlite:own shop?.db", table=name), tmp_path

        return hold


POSTGRES = {
    pl.Int8: "smallint", pl.Int16: "smallint", pl.Int32: "integer", pl.Int64: "bigint", pl.UInt64: "bigint",
    pl.Decimal: "numeric(20,4)", pl.Float64: "float8", pl.Boolean: "boolean", pl.Date: "date", pl.Time: "time",
    pl.Binary: "bytea", pl.Datetime: "timestamptz",
}  # fmt: skip


def in_postgres(frame: pl.DataFrame, name: str, url: str) -> None:
    import psycopg
    from psycopg import sql

    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(each), sql.SQL(POSTGRES.get(type(dtype), "text")))
        for each, dtype in frame.schema.items()
    )
    table = sql.Identifier(name)
    with psycopg.connect(url) as made, made.cursor() as cursor:
        cursor.execute(sql.SQL("drop table if exists {}").format(table))
        cursor.execute(sql.SQL("create table {} ({})").format(table, columns))
        with cursor.copy(sql.SQL("copy {} from stdin").format(table)) as copy:
            for row in frame.rows():
                copy.write_row(row)


@pytest.mark.needs("postgres", "adbc_driver_postgresql")
class TestPostgres(DatabaseSuite):
    @pytest.fixture
    def holds(self, postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Holds:
        def hold(frame: pl.DataFrame, name: str) -> tuple[Source, Path]:
            in_postgres(frame, name, postgres)
            return asked_of(postgres, tmp_path, monkeypatch, table=name)

        return hold


# SQLite


def test_what_sqlite_declares_is_believed_where_every_value_fits(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as made:
        made.execute("create table t (yes boolean, odd boolean, day date, late datetime, mixed integer, big real)")
        made.execute("insert into t values (1, 2, '2024-01-31', '2024-01-31 10:00', 1, 9007199254740993)")
        made.execute("insert into t values (0, 0, '2024-02-01', 'never', 'one', 1.5)")
        made.commit()
    frame = rows((Source(read="sqlite:x.db", table="t"), tmp_path))
    assert frame.dtypes[:3] == [pl.Boolean, pl.Int64, pl.Date]
    assert frame["late"].to_list() == ["2024-01-31 10:00", "never"] and frame["mixed"].to_list() == ["1", "one"]


def test_a_type_that_changes_after_many_rows_is_the_wider_one(tmp_path: Path) -> None:
    many = 120_000
    with closing(sqlite3.connect(tmp_path / "x.db")) as made:
        made.execute("create table t (a, b, c, d)")
        made.executemany("insert into t values (?, ?, ?, ?)", ((n, n, None, None) for n in range(many)))
        made.execute("insert into t values (1.5, 'x', 7, x'00')")
        made.commit()
    source = Source(read="sqlite:x.db", table="t")
    frame = rows((source, tmp_path))
    assert frame.dtypes == [pl.Float64, pl.String, pl.Int64, pl.Binary] and frame.height == many + 1
    with closing(sqlite3.connect(tmp_path / "x.db")) as made:
        made.execute("update t set d = 'text' where a = 5")
        made.commit()
    with pytest.raises(DataError, match="d holds bytes in some rows and other values in others"):
        found((source, tmp_path))


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "no table t"), (b"id,name\n1,a\n" * 99, "not a database"), (None, "no file x.db")]
)
def test_a_file_that_is_no_database_is_told(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(DataError, match=said):
        found((Source(read="sqlite:x.db", table="t"), tmp_path))


def test_a_database_outside_the_project_needs_a_word(tmp_path: Path) -> None:
    in_sqlite(pl.DataFrame({"x": [1]}), "t", tmp_path / "x.db")
    inside = tmp_path / "project"
    inside.mkdir()
    (inside / "link.db").symlink_to(tmp_path / "x.db")
    for read in ("sqlite:../x.db", "sqlite:link.db", f"sqlite://{tmp_path}/x.db"):
        with pytest.raises(DataError, match="outside the project"):
            found((Source(read=read, table="t"), inside))
    trust(inside, (Place(str(tmp_path / "x.db")),))
    assert rows((Source(read="sqlite:../x.db", table="t"), inside)).height == 1


def test_long_texts_of_sqlite_are_fetched_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from treadle.sources import sqlite

    monkeypatch.setattr(sqlite, "_BYTES", 3_000)
    made_of = list[int]()
    read_as = sqlite._series
    monkeypatch.setattr(sqlite, "_series", lambda *of: made_of.append(len(of[1])) or read_as(*of))
    with closing(sqlite3.connect(tmp_path / "x.db")) as made:
        made.execute("create table t (a text, b integer)")
        made.execute("create view v as select printf('%.*c', 1000, 'x') as a from t")
        made.executemany("insert into t values ('y', ?)", ((n,) for n in range(100)))
        made.commit()
    with pytest.raises(DataError, match="at most 2,900 bytes may be taken"):
        found((Source(read="sqlite:x.db", table="v", max_gb=2.9e-6), tmp_path))
    assert made_of == [3]  # and none of the other rows
    with pytest.raises(DataError, match="too big") as told:
        found((Source(read="sqlite:x.db", query="select zeroblob(1100000)", max_gb=0.001), tmp_path))
    assert "one value is larger than max_gb allows" in str(told.value)
    assert rows((Source(read="sqlite:x.db", table="v"), tmp_path)).height == 100


def test_a_query_of_sqlite_reaches_no_other_file_and_sets_nothing(tmp_path: Path) -> None:
    in_sqlite(pl.DataFrame({"x": [1]}), "t", tmp_path / "x.db")
    for query in ("select * from pragma_journal_mode", "select load_extension('x')", "select * from other.t"):
        with pytest.raises(DataError, match="cannot be read"):
            found((Source(read="sqlite:x.db", query=query), tmp_path))


def test_what_is_written_while_sqlite_is_read_is_not_seen(tmp_path: Path) -> None:
    from treadle.address import Address
    from treadle.sources import Wanted
    from treadle.sources.sqlite import READER

    file = tmp_path / "x.db"
    with closing(sqlite3.connect(file)) as made:
        made.execute("pragma journal_mode = wal")
        made.execute("create table t (a)")
        made.executemany("insert into t values (?)", ((n,) for n in range(120_000)))
        made.commit()
        source = Source(read="sqlite:x.db", table="t")
        parts = READER.read(Wanted(Address(source.read, WHERE), source.read, tmp_path, source, table="t"))
        first = next(parts)
        made.execute("update t set a = -1")
        made.commit()
        frame = pl.concat([first, *parts])
    assert frame["a"].to_list() == list(range(120_000))


class Told:
    """A share of memory that keeps what it is told."""

    def __init__(self) -> None:
        self.sizes = list[int]()

    def grow(self, size: int) -> None:
        self.sizes.append(size)


def test_parts_are_weighed_together_and_each_is_told_as_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.sources.sqlite._ROWS", 10)
    with closing(sqlite3.connect(tmp_path / "x.db")) as made:
        made.execute("create table t (a integer)")
        made.executemany("insert into t values (?)", ((n,) for n in range(50)))
        made.commit()
    share = Told()
    assert find(Source(read="sqlite:x.db", table="t"), tmp_path, where=WHERE, share=share).bytes == 400
    assert share.sizes == [80, 160, 240, 320, 400]
    with pytest.raises(DataError, match="t takes more than 240 bytes, and at most 200 bytes may be taken"):
        found((Source(read="sqlite:x.db", table="t", max_gb=2e-7), tmp_path))


def test_the_password_of_a_url_is_a_secret_as_it_is_and_not_as_a_url_writes_it(tmp_path: Path) -> None:
    from treadle.address import Address
    from treadle.sources import Wanted
    from treadle.sources.databases import _secrets

    url = "postgresql://a:p%40ss-word@h/d"
    wanted = Wanted(Address(url, WHERE), url, tmp_path, Source(read=url, table="t"), table="t")
    assert _secrets(wanted) == ["p@ss-word"]


# PostgreSQL

needs_postgres = pytest.mark.needs("postgres", "adbc_driver_postgresql")


def run_in(url: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as made:
        for statement in statements:
            made.execute(statement)


@needs_postgres
def test_types_of_postgres_are_those_that_are_known(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in(
        postgres,
        "create type mood as enum ('good', 'bad')",
        """create table t as select '12.30'::money as m, 4000000000::oid as o, '1 day 2 s'::interval as i,
        array[1, 2] as a, '{"a": 1}'::jsonb as j, '6a6a6a6a-0000-0000-0000-000000000001'::uuid as u,
        '1.2.3.4'::inet as ip, 'good'::mood as mood, 'infinity'::timestamp as never, '-infinity'::date as day,
        timestamp '2024-01-01 10:00' as plain, timestamptz '2024-01-01 10:00+02' as zoned, 'NaN'::numeric as n,
        '12:00+02'::timetz as tz, '[1,2)'::int4range as r""",
    )
    frame = rows(asked_of(postgres, tmp_path, monkeypatch, table="public.t"))
    found_row = frame.row(0, named=True)
    texts = {name: str(value) for name, value in found_row.items()}
    assert (found_row["m"], found_row["o"], found_row["i"]) == (12.3, 4_000_000_000, 86402.0)
    assert (texts["a"], texts["j"], texts["ip"], texts["mood"]) == ("{1,2}", '{"a": 1}', "1.2.3.4/32", "good")
    assert texts["u"] == "6a6a6a6a-0000-0000-0000-000000000001" and (texts["tz"], texts["r"]) == (
        "12:00:00+02",
        "[1,2)",
    )
    assert found_row["never"] is None and found_row["day"] is None and texts["n"] == "nan"
    assert (texts["plain"], texts["zoned"]) == ("2024-01-01 10:00:00+00:00", "2024-01-01 08:00:00+00:00")


@needs_postgres
def test_no_two_numerics_become_one(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ids beyond a float's digits, of whole numbers, of money; what is declared short stays a float."""
    run_in(
        postgres,
        "create table t (id numeric, wide numeric(30, 0), far numeric(25, 3), price numeric(10, 2), free numeric, "
        "fee money, big numeric)",
        """insert into t select 9007199254740992 + n, 9007199254740992 + n, 9007199254740992.125 + n, n + 0.25,
        case when n = 70000 then 0.5 else n end, '92233720368547.75'::money, 10::numeric ^ 30 + n
        from generate_series(0, 70000) n""",
    )
    source, root = asked_of(postgres, tmp_path, monkeypatch, table="t")
    frame = rows((source, root))
    assert [dtype.is_integer() for dtype in frame.dtypes] == [True, True, *[False] * 5]
    assert all(frame[name].n_unique() == 70_001 for name in ("id", "wide", "far", "price", "free", "big"))
    assert frame["id"][1] == 9007199254740993 and frame["far"][1] == "9007199254740993.125"
    assert (frame["price"].dtype, frame["price"][2], frame["free"].dtype) == (pl.Float64, 2.25, pl.Float64)
    assert (frame["free"][70_000], frame["fee"][0], frame["big"].dtype) == (0.5, 92233720368547.75, pl.String)
    asked = msgspec.structs.replace(source, table=None, query="select max(id) as s, avg(price) as a from t")
    trust(root, (Place(asked.read, "server"),))
    assert rows((asked, root)).row(0) == (9007199254740992 + 70_000, 35000.25)


@needs_postgres
def test_numerics_of_a_few_digits_more_than_a_float_has(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in(
        postgres,
        """create table "it's"
        (a numeric(16, 3), b numeric(17, 3), whole numeric(10, 0), short numeric(15, 2), t text)""",
        """insert into "it's" values (9999999999999.996, -99999999999999.123, 7, 0.25, 'a'),
        (9999999999999.997, -99999999999999.124, 8, 9999999999999.99, 'b')""",
    )
    source, root = asked_of(postgres, tmp_path, monkeypatch, table='"it\'s"')
    frame = rows((source, root))
    assert frame["a"].to_list() == ["9999999999999.996", "9999999999999.997"]
    assert frame["b"].to_list() == ["-99999999999999.123", "-99999999999999.124"]
    assert (frame["whole"].dtype, frame["short"].to_list()) == (pl.Int64, [0.25, 9999999999999.99])
    assert rows((msgspec.structs.replace(source, columns=("t",)), root)).columns == ["t"]


@needs_postgres
def test_what_ends_in_the_middle_is_told_as_the_server_says_it(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in(postgres, "create table t (x int)", "create sequence s")
    source, root = asked_of(postgres, tmp_path, monkeypatch)
    refused = {
        "select nextval('s')": "read-only transaction",
        "select pg_sleep(5)": "statement timeout",
        "select 'x' || (1 / (x - 500000)) as y from generate_series(1, 600000) x": "division by zero",
        "select pg_terminate_backend(pg_backend_pid())": "terminat|closed",
    }
    slow = msgspec.structs.replace(source, read=f"{source.read}?options=-c%20statement_timeout%3D2000")
    trust(root, (Place(slow.read, "server"),))
    for query, said in refused.items():
        with pytest.raises(DataError, match=said):
            found((msgspec.structs.replace(slow, query=query), root))


@needs_postgres
def test_who_may_not_read_is_told_so(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    role = f"r{tmp_path.stat().st_ino}"
    run_in(postgres, "create table t (x int)", f"create role {role} login password 'secret-word'")
    _, _, tail = postgres.partition("@")
    other = f"postgresql://{role}:secret-word@{tail}"
    told = []
    for url, said in (
        (other, "permission denied"),
        (f"postgresql://{role}:wrong-word@{tail}", "password authentication failed"),
        (other.rpartition("/")[0] + "/nowhere", "database .nowhere. does not exist"),
        (f"postgresql://{role}:secret-word@127.0.0.1:1/x", "refused"),
        (f"postgresql://{role}:secret-word@no.such.invalid:5/x", "translate host name"),
    ):
        held = asked_of(url, tmp_path, monkeypatch, table="t")
        with pytest.raises(DataError, match=said) as refused:
            found(held)
        told.append(f"{refused.value}{refused.value.__cause__}{refused.value.mend}")
    assert not any("-word" in each for each in told)
    run_in(postgres, f"drop role {role}")


@needs_postgres
def test_a_connection_that_is_lost_ends_the_reading(postgres: str, tmp_path: Path) -> None:
    """Whoever comes back would see another moment: so nothing is kept, and no second try is made."""
    from treadle.address import Address
    from treadle.sources import Wanted
    from treadle.sources.postgres import READER

    run_in(postgres, "create table t as select x, repeat('x', 500) as z from generate_series(1, 200000) x")
    source = Source(read=postgres, table="t")
    parts = READER.read(Wanted(Address(source.read, WHERE), source.read, tmp_path, source, table="t"))
    next(parts)
    run_in(
        postgres,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'treadle' "
        "and datname = current_database() and query like 'COPY%'",
    )
    with pytest.raises(DataError, match=r"terminat|closed") as told:
        list(parts)
    assert "nothing of it was kept" in told.value.mend


@needs_postgres
def test_other_threads_go_on_while_the_server_works(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = asked_of(postgres, tmp_path, monkeypatch, query="select 1 as x, pg_sleep(1) is null as y")
    assert ticks_while_read(held) > 10


@needs_postgres
def test_what_is_written_while_postgres_is_read_is_not_seen(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from treadle.address import Address
    from treadle.sources import Wanted
    from treadle.sources.postgres import READER

    run_in(postgres, "create table t as select x, repeat('x', 500) as z from generate_series(1, 100000) x")
    source = Source(read="postgresql://elsewhere", table="t")
    parts = READER.read(Wanted(Address(postgres, WHERE), "postgresql://", tmp_path, source, table="t"))
    first = next(parts)
    run_in(postgres, "update t set x = -1")
    rest = list(parts)
    assert rest and pl.concat([first, *rest])["x"].to_list() == list(range(1, 100_001))


@needs_postgres
def test_equal_tables_are_equal_snapshots_however_they_are_scanned(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in(
        postgres,
        "create table t as select x, random() as r from generate_series(1, 300000) x",
        f"alter database {postgres.rpartition('/')[2]} set min_parallel_table_scan_size = 0",
        f"alter database {postgres.rpartition('/')[2]} set parallel_setup_cost = 0",
    )
    held = asked_of(postgres, tmp_path, monkeypatch, table="t")
    assert len({found(held).digest for _ in range(3)}) == 1


# any


def test_without_its_driver_a_reader_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from treadle.sources import databases

    monkeypatch.setattr(databases, "find_spec", lambda name: None)
    held = asked_of("postgresql://a:b@h:5/d", tmp_path, monkeypatch, table="t")
    with pytest.raises(MissingExtra, match=r'pip install "treadle\[sql\]"'):
        found(held)


def test_a_server_is_asked_only_for_a_project_that_is_trusted(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="may not ask"):
        find(Source(read="postgresql://u:${PATH}@h/d", table="t"), tmp_path, where=WHERE)


def test_a_scheme_that_nobody_reads_is_told_with_those_that_are(tmp_path: Path) -> None:
    trust(tmp_path, (Place("postgresq://h/d", "server"),))
    with pytest.raises(SpecError, match=r'no source is read at "postgresq:".*\n.*did you mean "postgresql"'):
        find(Source(read="postgresq://h/d", table="t"), tmp_path, where=WHERE)


def test_a_secret_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = asked_of("postgresql://a:b@h:5/d", tmp_path, monkeypatch, table="t")
    monkeypatch.delenv("SHOP_PASSWORD")
    with pytest.raises(SpecError, match="SHOP_PASSWORD is not set"):
        found(held)


def test_a_file_that_a_variable_names_is_not_told_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP", "hunter2.db")
    with pytest.raises(DataError) as refused:
        found((Source(read="sqlite:${SHOP}", table="t"), tmp_path))
    assert "hunter2" not in f"{refused.value}{refused.value.mend}" and "${SHOP}" in refused.value.what


def test_dates_and_missing_words_are_said_of_a_database_too(tmp_path: Path) -> None:
    in_sqlite(pl.DataFrame({"when": ["03/31/2024"], "n": ["unknown"]}), "t", tmp_path / "x.db")
    said = {"date_format": {"when": "%m/%d/%Y"}, "null_values": {"n": ("unknown",)}}
    frame = rows((Source(read="sqlite:x.db", table="t", **said), tmp_path))
    assert frame["when"].dtype == pl.Date and frame["n"].to_list() == [None]


def test_reading_a_file_takes_no_driver(tmp_path: Path) -> None:
    import subprocess
    import sys

    drivers = ("adbc_driver_postgresql", "sqlglot", "pyarrow")
    code = f"import sys, treadle.sources; print([m for m in {drivers!r} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.needs("adbc_driver_postgresql")
def test_what_a_driver_repeats_of_a_secret_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from urllib.parse import unquote

    from adbc_driver_postgresql import dbapi

    def connect(uri: str, **_: object) -> None:
        raise RuntimeError(f"invalid URI {uri}, that is {unquote(uri)}")

    monkeypatch.setattr(dbapi, "connect", connect)
    held = asked_of("postgresql://a:p%40ss%2Fword@h:5/d", tmp_path, monkeypatch, table="t")
    with pytest.raises(DataError, match=r"invalid URI") as told:
        found(held)
    whole = f"{told.value}{told.value.__cause__}{told.value.mend}"
    assert "p%40ss" not in whole and "p@ss/word" not in whole and "***" in whole


@pytest.mark.parametrize(("word", "kept"), [("see secret-shop.db there", False), ("see shop.db there", True)])
def test_rows_that_repeat_a_secret_of_the_url_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, kept: bool
) -> None:
    monkeypatch.setenv("SHOP", "secret-shop.db")
    with closing(sqlite3.connect(tmp_path / "secret-shop.db")) as db:
        db.execute("create table t (n integer, word text)")
        db.execute("insert into t values (1, ?)", [word])
        db.commit()
    source = Source(read="sqlite:${SHOP}", table="t")
    if kept:
        assert find(source, tmp_path, where="").rows().collect().height == 1
        return
    with pytest.raises(DataError, match="1 rows repeat a secret that it is asked with, in the column word") as bad:
        find(source, tmp_path, where="").rows().collect()
    assert "secret-shop" not in str(bad.value)
