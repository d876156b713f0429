"""MySQL and MariaDB, by the suite of databases; and what they do by themselves. The server is a real MariaDB."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from trusted_servers import asked_of, ticks_while_read

from services.mysql import Server
from treadle.address import Address
from treadle.errors import DataError
from treadle.sources import Wanted
from treadle.spec import Source
from treadle.spec.trust import Place, trust
from treadle.testing import DatabaseSuite
from treadle.testing.sources import Holds, found, rows

pytestmark = pytest.mark.needs("mysql")
WHERE = "treadle.yaml:1:1"
KINDS = {
    pl.Int8: "tinyint", pl.Int16: "smallint", pl.Int32: "int", pl.Int64: "bigint", pl.UInt64: "bigint unsigned",
    pl.Decimal: "decimal(20,4)", pl.Float64: "double", pl.Boolean: "boolean", pl.Date: "date", pl.Time: "time(6)",
    pl.Binary: "blob", pl.Datetime: "datetime(6)",
}  # fmt: skip


@pytest.fixture
def run_in(mysql: str, mysql_server: Server) -> Iterator[Any]:
    """Runs statements in the test's database, by a connection of its own."""
    with closing(mysql_server.connect(mysql.rpartition("/")[2])) as connection:

        def run(*statements: str) -> None:
            for statement in statements:
                connection.cursor().execute(statement)

        yield run


def wanted(url: str, root: Path, **asked: Any) -> Wanted:
    return Wanted(Address(url, WHERE), "mysql://shop", root, Source(read="mysql://shop", table="t"), **asked)


class TestMysql(DatabaseSuite):
    LACKS = frozenset({"order", "bool"})  # names of columns differ in more than case; a boolean is a tinyint
    HAS_NAN = HAS_INFINITY = False

    @pytest.fixture
    def holds(self, mysql: str, mysql_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Holds:
        def hold(frame: pl.DataFrame, name: str) -> tuple[Source, Path]:
            quoted = [f"`{each.replace('`', '``')}`" for each in frame.columns]
            columns = ", ".join(
                f"{q} {KINDS.get(type(dtype), 'longtext')} null" for q, dtype in zip(quoted, frame.dtypes, strict=True)
            )
            with closing(mysql_server.connect(mysql.rpartition("/")[2])) as made, made.cursor() as cursor:
                cursor.execute(f"drop table if exists `{name}`")
                cursor.execute(f"create table `{name}` ({columns})")
                values = ", ".join(["%s"] * frame.width)
                cursor.executemany(f"insert into `{name}` values ({values})", frame.rows())
            return asked_of(mysql, tmp_path, monkeypatch, table=name)

        return hold


def test_types_of_mysql_are_those_that_are_known(
    mysql: str, run_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in(
        """create table t (yes boolean, b bit(10), y year, e enum('good', 'bad'), j json, d decimal(10, 2), f float,
        big bigint unsigned, ts timestamp(6) null, dt datetime, day date, long_time time(6), tiny time, bin binary(2),
        txt text, nothing int)""",
        "set time_zone = '+02:00', sql_mode = ''",
        """insert into t values (1, b'1010', 2024, 'good', '{"a": 1}', 12.30, 0.1, 18446744073709551615,
        '2024-01-01 10:00:00.5', '2024-01-01 10:00:00', '0000-00-00', '-30:00:00.25', '10:00:01', x'00ff',
        'é東', null)""",
    )
    row = rows(asked_of(mysql, tmp_path, monkeypatch, table="t")).row(0, named=True)
    assert (row["yes"], row["b"], row["y"], row["e"], row["d"]) == (1, 10, 2024, "good", 12.3)
    assert row["f"] == 0.10000000149011612  # a single float
    assert (row["j"], row["big"], row["bin"]) == ('{"a": 1}', "18446744073709551615", b"\x00\xff")
    assert str(row["ts"]) == "2024-01-01 08:00:00.500000+00:00" and str(row["dt"]) == "2024-01-01 10:00:00+00:00"
    assert (row["day"], row["long_time"], row["tiny"]) == (None, "-30:00:00.250000", "10:00:01")
    assert (row["txt"], row["nothing"]) == ("é東", None)


def test_whole_numbers_of_several_widths_stay_whole(
    mysql: str, run_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in("create table t (x bigint unsigned)", "insert into t select 9007199254740992 + seq from seq_1_to_2500")
    held = asked_of(mysql, tmp_path, monkeypatch, table="t")
    assert rows(held)["x"].dtype == pl.Int64
    run_in("insert into t values (9223372036854775808)")
    assert rows(held)["x"][2500] == "9223372036854775808"
    run_in("update t set x = 18446744073709551615 where x = 9223372036854775808")
    found = rows(held)["x"]
    assert found.dtype == pl.String and found.n_unique() == 2501
    assert found[0] == "9007199254740993" and found[2500] == "18446744073709551615"


def test_no_two_decimals_become_one(mysql: str, run_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in(
        "create table t (id decimal(20, 0), far decimal(30, 3), price decimal(10, 2), wide decimal(20, 4))",
        """insert into t select 9007199254740992 + seq, 9007199254740992.125 + seq, seq + 0.25, null
        from seq_1_to_2500""",
    )
    frame = rows(asked_of(mysql, tmp_path, monkeypatch, table="t"))
    assert frame["id"].to_list() == [9007199254740992 + n for n in range(1, 2501)]
    assert frame["far"].n_unique() == 2500 and frame["far"][0] == "9007199254740993.125"
    assert frame["price"].dtype == pl.Float64 and frame["price"][1] == 2.25 and frame["wide"].null_count() == 2500


def test_a_single_float_comes_with_all_of_its_digits(
    mysql: str, run_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in("create table t (g float, h float)", "insert into t values (1234567.75, 0.1), (16777217, null)")
    source, root = asked_of(mysql, tmp_path, monkeypatch, table="t")
    single = pl.Series("h", [0.1], dtype=pl.Float32).cast(pl.Float64)[0]
    assert rows((source, root)).rows() == [(1234567.75, single), (16777216.0, None)]
    query = msgspec.structs.replace(source, table=None, query="select h, g from t order by g desc")
    assert sorted(rows((query, root))["g"]) == [1234567.75, 16777216.0]


def test_a_cursor_of_single_floats_loses_no_row(
    mysql: str, run_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from treadle.sources import Known, find_new
    from treadle.spec import New

    run_in("create table t (g float)")
    source, root = asked_of(mysql, tmp_path, monkeypatch, table="t")
    asked, known, seen = msgspec.structs.replace(source, new=New(by="g")), Known(), []
    for value in (1234565.5, 1234567.75, 1234568.5, 1234569.25):
        run_in(f"insert into t values ({value})")
        newer = find_new(asked, root, known, "", where=WHERE)
        seen += newer.rows()["g"].to_list()
        known = Known(newer.mark, newer.seen)
    assert seen == [1234565.5, 1234567.75, 1234568.5, 1234569.25]


def test_what_ends_in_the_middle_is_told_as_the_server_says_it(
    mysql: str, run_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in("create table t (x int)", "create sequence s")
    refused = {
        "select nextval(s)": "READ ONLY transaction",
        "select count(*) as n from seq_1_to_900000 a join seq_1_to_900000 b on a.seq * b.seq = 3": "max_statement",
        "select 1 into outfile 'rows.txt'": "cannot be read",
        "select x from t for update": "READ ONLY transaction",
    }
    source, root = asked_of(mysql, tmp_path, monkeypatch)
    run_in("set global max_statement_time = 0.5")
    try:
        for query, said in refused.items():
            with pytest.raises(DataError, match=said):
                found((msgspec.structs.replace(source, query=query), root))
    finally:
        run_in("set global max_statement_time = 0")


def test_who_may_not_read_is_told_so_without_a_secret(
    mysql: str, mysql_server: Server, run_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, port = mysql.rpartition("/")[2], mysql_server.port
    run_in(
        "create table t (x int)", "create or replace user nobody@'127.0.0.1' identified by 'secret-word'",
        "create table only (x int)", f"grant select on `{name}`.only to nobody@'127.0.0.1'",
    )  # fmt: skip
    told = []
    for url, said in (
        (f"mysql://nobody:secret-word@127.0.0.1:{port}/{name}", "command denied"),
        (f"mysql://nobody:wrong-word@127.0.0.1:{port}/{name}", "Access denied for user"),
        (f"mysql://nobody:secret-word@127.0.0.1:{port}/nowhere", "Access denied for user|Unknown database"),
        (f"mariadb://nobody:secret-word@127.0.0.1:1/{name}", "Can't connect"),
        (f"mysql://nobody:secret-word@127.0.0.1:{port}/{name}?sslmode=verify-full", "needs an authority"),
        (f"mysql://nobody:secret-word@127.0.0.1:{port}/{name}?options=x", "means nothing to MySQL"),
    ):
        held = asked_of(url, tmp_path, monkeypatch, table="t")
        if "?" in url:
            read = f"{held[0].read}?{url.partition('?')[2]}"
            trust(tmp_path, (Place(read, "server"),))
            held = (msgspec.structs.replace(held[0], read=read), tmp_path)
        with pytest.raises(DataError, match=said) as refused:
            found(held)
        told.append(f"{refused.value}{refused.value.__cause__}{refused.value.mend}")
    assert not any("-word" in each for each in told)
    run_in("drop user nobody@'127.0.0.1'")


def test_a_connection_that_is_lost_ends_the_reading(mysql: str, run_in: Any, tmp_path: Path) -> None:
    from treadle.sources.mysql import READER

    run_in("create table t as select seq as x, repeat('x', 5000) as z from seq_1_to_40000")
    parts = READER.read(wanted(mysql, tmp_path, table="t"))
    next(parts)
    run_in(
        "begin not atomic declare c bigint; select id into c from information_schema.processlist "
        f"where db = '{mysql.rpartition('/')[2]}' and id <> connection_id() limit 1; kill c; end"
    )
    with pytest.raises(DataError, match="Lost connection") as told:
        list(parts)
    assert "nothing of it was kept" in told.value.mend


def test_what_is_written_while_mysql_is_read_is_not_seen(mysql: str, run_in: Any, tmp_path: Path) -> None:
    from treadle.sources.mysql import READER

    run_in("create table t (x int primary key, z text)", "insert into t select seq, 'z' from seq_1_to_100000")
    parts = READER.read(wanted(mysql, tmp_path, table="t"))
    first = next(parts)
    run_in("update t set z = 'changed'", "delete from t where x > 99000")
    whole = pl.concat([first, *parts])
    assert whole["x"].to_list() == list(range(1, 100_001)) and set(whole["z"]) == {"z"}


def test_parts_are_bounded_by_bytes_and_the_rest_is_not_fetched(mysql: str, run_in: Any, tmp_path: Path) -> None:
    """Rows of a megabyte come few at a time; who needs no more leaves, and need not read the rest."""
    from treadle.sources.mysql import READER

    run_in("create table t (x int primary key, z longtext)", "insert into t select seq, '' from seq_1_to_1200")
    run_in("update t set z = repeat('x', 1000000) where x > 1000")
    parts = READER.read(wanted(mysql, tmp_path, table="t"))
    assert next(parts).height == 1000
    heights = [part.height for part in parts]
    assert sum(heights) == 200
    parts = READER.read(wanted(mysql, tmp_path, query="select a.x, b.z from t a join t b on b.x > 1000"))
    next(parts)
    parts.close()  # 200 GB are left


def test_other_threads_go_on_while_the_server_works(
    mysql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = asked_of(mysql, tmp_path, monkeypatch, query="select 1 as x, sleep(1) as y")
    assert ticks_while_read(held) > 10


def greeting() -> bytes:
    """What a server says first, here one that offers encryption."""
    offered = 0x00088A00  # CLIENT.SSL, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH
    said = b"\x0a8.0.0\0" + (1).to_bytes(4, "little") + b"12345678\0" + (offered & 0xFFFF).to_bytes(2, "little")
    said += b"\x2d\x02\0" + (offered >> 16).to_bytes(2, "little") + b"\x15" + bytes(10) + b"123456789012\0"
    said += b"mysql_native_password\0"
    return len(said).to_bytes(3, "little") + b"\0" + said


@pytest.mark.parametrize("first", [b"", greeting()], ids=["mute", "mute where it should encrypt"])
def test_a_host_that_takes_the_call_and_says_nothing_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bytes
) -> None:
    from treadle.sources.mysql import READER

    monkeypatch.setattr("treadle.sources.mysql._CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:

        def serve() -> None:
            with mute.accept()[0] as caller:
                caller.sendall(first)
                caller.settimeout(20)  # who waits for longer is hung up on, and told another sentence
                with suppress(OSError):
                    while caller.recv(4096):
                        pass

        other = threading.Thread(target=serve)
        other.start()
        url = f"mysql://treadle:p@127.0.0.1:{mute.getsockname()[1]}/shop"
        with pytest.raises(DataError, match="timed out"):
            list(READER.read(wanted(url, tmp_path, table="t")))
        other.join()


def test_a_statement_may_take_longer_than_a_server_to_answer(
    mysql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.sources.mysql._CONNECT_SECONDS", 0.5)
    assert rows(asked_of(mysql, tmp_path, monkeypatch, query="select 1 as x, sleep(0.7) as y"))["x"].to_list() == [1]
