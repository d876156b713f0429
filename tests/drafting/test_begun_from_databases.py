"""`init` of a database: one table to learn from, or all of them as a project of data."""

from __future__ import annotations

import gc
import sqlite3
import weakref
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from msgspec import structs

from treadle.contracts import load as load_contract
from treadle.drafting.drafts import ON_FIT, Wanted, draft
from treadle.drafting.found import Drafted
from treadle.drafting.places import MOST_TABLES, Database, database_of, own_name
from treadle.drafting.tabling import ALONE
from treadle.drafting.writing import write_project
from treadle.errors import DataError, SpecError
from treadle.sources import Note, find
from treadle.sources.databases import Declared, own_declared, own_rows, own_tables
from treadle.spec import Layout, load


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with shop.db: orders, customers, a view; where the command is typed."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "trust"))
    with closing(sqlite3.connect("shop.db")) as made:
        made.execute("create table orders (id integer primary key, amount real, told text, back text)")
        rows = (
            (n, n * 37 % 101 + 0.5, f"2026-01-{n % 28 + 1:02d} 10:00:00", "yes" if n % 3 else "no") for n in range(60)
        )
        made.executemany("insert into orders values (?, ?, ?, ?)", rows)
        made.execute("create table customers (id integer primary key, name text)")
        made.executemany("insert into customers values (?, ?)", ((n, f"name {n}") for n in range(9)))
        made.execute("create view large as select id, amount from orders where amount > 50")
        made.commit()
    return tmp_path / "here"


def begun(**asked: object) -> Drafted:
    return write_project(structs.replace(Wanted(folder="new", source="shop.db", target="", owner="ada"), **asked))


def test_one_table_is_learned_from_where_it_lies(shop: Path) -> None:
    made = begun(source="sqlite:shop.db", tables=("orders",), target="back")
    project = load("new/treadle.yaml")
    source = project.spec.sources["new"]
    assert (source.read, source.table, source.key, source.happened) == ("sqlite:../shop.db", "orders", "id", "told")
    assert dict(source.date_format) == {"told": "%Y-%m-%d %H:%M:%S%.f"}, "SQLite has texts for its times"
    assert project.spec.predict.label == "back = 'yes'" and source.contract == "contracts/new.yaml"
    assert made.contract == str(Path("new/contracts/new.yaml")) and not (shop / "new" / "data").exists()
    assert made.next == "treadle run new --serve" and "told: texts such as" in " ".join(made.guesses)
    assert find(source, shop / "new").rows().collect().height == 60, "what was named by hand is trusted"


def test_all_tables_are_sources_of_a_project_of_data(shop: Path) -> None:
    made = begun()
    project = load("new/treadle.yaml")
    assert {name: source.table for name, source in project.spec.sources.items()} == {
        "customers": "customers",
        "large": "large",
        "orders": "orders",
    }
    assert sorted(each.name for each in (shop / "new" / "contracts").iterdir()) == [
        "customers.yaml",
        "large.yaml",
        "orders.yaml",
    ]
    assert made.contract == str(Path("new/contracts")) and made.project == "new"
    assert made.next == "treadle data ingest new"
    assert "customers: key: id, as the database declares" in made.guesses
    assert made.guesses.count(ALONE) == 1, "what is of all of them is said once"


def test_some_tables_are_sources_under_their_own_names(shop: Path) -> None:
    begun(tables=("orders", "large"))
    assert list(load("new/treadle.yaml").spec.sources) == ["orders", "large"]


def test_names_of_sources_are_never_one() -> None:
    taken: set[str] = set()
    tables = ("orders", "old.orders", 'old."or.ders"', "new.orders", "new_orders")
    names = ["orders", "old_orders", "ders", "new_orders", "new_orders_2"]
    short = [table.rpartition(".")[2].strip('"') for table in tables]
    longer = [table.replace('"', "") for table in tables]
    assert [own_name(*both, taken) for both in zip(short, longer, strict=True)] == names


def test_names_that_are_alike_in_all_that_a_name_may_have_are_numbered(shop: Path) -> None:
    tables = [f"{'many' * 16}_{end}" for end in ("north", "south")]
    with closing(sqlite3.connect("long.db")) as made:
        for table in tables:
            made.execute(f"create table {table} (id integer primary key)")
            made.executemany(f"insert into {table} values (?)", ((n,) for n in range(3)))
        made.commit()
    begun(source="long.db")
    sources = load("new/treadle.yaml").spec.sources
    assert {name: source.table for name, source in sources.items()} == {
        "many" * 16: tables[0],
        "many" * 15 + "ma_2": tables[1],
    }


def refused(kind: type[Exception], **asked: object) -> tuple[str, str, str]:
    with pytest.raises(kind) as bad:
        begun(**asked)
    assert not Path("new").exists()
    return bad.value.what, bad.value.where, bad.value.mend  # type: ignore[attr-defined]


def test_what_is_not_clear_is_asked_back(shop: Path) -> None:
    several = refused(DataError, target="back")
    assert several == ("the database has 3 tables", "--table", "name it with --table: customers, large, orders")
    both = refused(DataError, target="back", tables=("orders", "large"))
    assert both[0] == "one table is learned from"
    near = refused(DataError, tables=("order",))
    assert near == ("the database has no table order", "--table", 'did you mean "orders"?')
    assert refused(DataError, tables=("orders",), target="bakc")[0] == 'orders has no column "bakc"'
    with closing(sqlite3.connect("shop.db")) as made:
        for n in range(MOST_TABLES):
            made.execute(f"create table t{n} (a)")
        made.commit()
    what, where, mend = refused(DataError)
    assert (what, where) == (f"the database has {MOST_TABLES + 3} tables", "--table") and "with commas" in mend
    assert all(f"t{n}" in mend for n in range(MOST_TABLES)), "who has to choose sees all of them"


def test_an_empty_table_is_refused_where_it_is_named_and_else_left_out(shop: Path) -> None:
    with closing(sqlite3.connect("shop.db")) as made:
        made.execute("create table empty (a integer)")
        made.commit()
    assert refused(DataError, tables=("orders", "empty"))[0] == "empty has no rows"
    told = begun()
    assert "left out, since they have no rows: empty" in told.guesses
    assert list(load("new/treadle.yaml").spec.sources) == ["customers", "large", "orders"]


def test_no_database_is_told_as_such(shop: Path) -> None:
    assert refused(DataError, source="sqlite:none.db")[:2] == ("there is no file none.db", "--from")
    with closing(sqlite3.connect("void.db")):
        Path("void.db").touch()
    assert refused(DataError, source="sqlite:void.db")[0] == "the database has no table"
    (shop / "rows.csv").write_text("a,b\n1,2\n")
    assert refused(DataError, source="rows.csv", tables=("a",))[:2] == ("files have no tables", "--table")
    with pytest.raises(DataError, match="a database is no file") as bad:
        draft(Wanted(folder="new", source="shop.db", target="back", place=ON_FIT))
    assert "treadle init FOLDER --from URL" in bad.value.mend


def test_a_table_that_cannot_be_read_is_left_out_and_named_unless_it_is_asked_for(shop: Path) -> None:
    with closing(sqlite3.connect("shop.db")) as made:
        made.execute("create table gone (a)")
        made.execute("create view broken as select a from gone")
        made.execute("drop table gone")
        made.execute("create table mixed (v)")
        made.executemany("insert into mixed values (?)", [("x",), (b"y",)])
        made.commit()
    told = [said for said in begun().guesses if said.startswith("left out: ")]
    assert len(told) == 2 and told[0].startswith("left out: broken: ") and told[1].startswith("left out: mixed: ")
    assert "no such table: main.gone" in told[0] and "bytes in some rows" in told[1]
    assert list(load("new/treadle.yaml").spec.sources) == ["customers", "large", "orders"]
    assert "mixed: v holds bytes" in refused_other(tables=("mixed",))
    assert "mixed: v holds bytes" in refused_other(tables=("mixed", "orders"))
    with closing(sqlite3.connect("bad.db")) as made:
        made.execute("create table mixed (v)")
        made.executemany("insert into mixed values (?)", [("x",), (b"y",)])
        made.commit()
    assert "left out: mixed" in refused_other(source="bad.db")


@pytest.fixture
def three(shop: Path) -> str:
    """A database of three tables of 80 kB, the last with dates in text besides."""
    with closing(sqlite3.connect("three.db")) as made:
        for table in ("a", "b", "c"):
            declared, day = (", day text", ", '2026-01-' || (10 + value % 9)") if table == "c" else ("", "")
            made.execute(f"create table {table} (id integer primary key, n integer{declared})")
            made.execute(
                "with recursive counted(value) as "
                "(select 1 union all select value + 1 from counted where value < 5000) "
                f"insert into {table} select value, value % 7{day} from counted"
            )
        made.commit()
    return "three.db"


def test_tables_share_what_one_may_take(three: str) -> None:
    most = Layout(max_gb=0.0002)
    (told,) = [said for said in begun(source=three, layout=most).guesses if said.startswith("left out: ")]
    assert told.startswith("left out: c: the tables together take more than ") and "--table" in told
    assert "at most 200,000 bytes may be taken (as max_gb says)" in told
    assert list(load("new/treadle.yaml").spec.sources) == ["a", "b"]
    assert "c: the tables together" in refused_other(source=three, tables=("a", "b", "c"), layout=most)
    begun(source=three, tables=("c",), layout=most, folder="one")


def test_rows_that_are_read_once_more_are_not_held_meanwhile(three: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, alive = list[weakref.ref[pl.DataFrame]](), list[int]()

    def watched(*asked: Any) -> tuple[pl.DataFrame, list[Note]]:
        gc.collect()
        alive.append(sum(frame() is not None for frame in seen))
        frame, notes = own_rows(*asked)
        seen.append(weakref.ref(frame))
        return frame, notes

    monkeypatch.setattr("treadle.sources.own_rows", watched)
    database = Database(f"sqlite:{three}", Layout(), "--from")
    assert database.read("c")[1].date_format and alive == [0, 0]


def refused_other(**asked: object) -> str:
    with pytest.raises(DataError) as bad:
        begun(folder="other", **asked)
    assert not Path("other").exists()
    return f"{bad.value.what} {bad.value.mend}"


def test_a_password_that_was_typed_is_refused_and_not_repeated(shop: Path) -> None:
    told = refused(SpecError, source="postgresql://me:hunter2@localhost/shop", tables=("orders",))
    assert told[0] == "a password stands in the URL" and "hunter2" not in " ".join(told)


def test_what_is_a_database_is_told_by_its_bytes_or_its_url(shop: Path) -> None:
    (shop / "rows.csv").write_text("a,b\n1,2\n")
    told = {
        given: database_of(given) for given in ("shop.db", "rows.csv", ".", "s3://shop/a", "https://shop", "none.csv")
    }
    assert told == dict.fromkeys(told, "") | {"shop.db": "sqlite:shop.db"}
    assert database_of("${SHOP_URL}") == "${SHOP_URL}" and database_of("mysql://u@h/d") == "mysql://u@h/d"


def test_a_file_far_away_is_named_by_its_whole_path(shop: Path) -> None:
    (shop / "a" / "b" / "c").mkdir(parents=True)
    begun(folder="a/b/c/new", tables=("large",))
    assert load("a/b/c/new/treadle.yaml").spec.sources["large"].read == f"sqlite://{shop / 'shop.db'}"


@pytest.mark.needs("postgres", "adbc_driver_postgresql")
def test_tables_of_postgres_are_named_as_they_are_read(
    postgres: str, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as made:
        made.execute("create schema old")
        made.execute('create table old."a.b" as select 1 as x')
        orders = "select n as id, n * 37 % 11 as amount, n % 2 = 0 as back from generate_series(1, 50) n"
        made.execute(f"create table orders as {orders}")
        made.execute("create view seen as select * from orders")
        made.execute("create materialized view kept as select * from orders")
        made.execute("create table ev (at date, n int) partition by range (at)")
        made.execute("create table ev_1 partition of ev for values from ('2026-01-01') to ('2027-01-01')")
    monkeypatch.setenv("SHOP_URL", postgres)
    assert own_tables("${SHOP_URL}", shop, "--from") == ("ev", "kept", "orders", "seen", 'old."a.b"')
    begun(source="${SHOP_URL}", tables=("orders",), target="back")
    source = load("new/treadle.yaml").spec.sources["new"]
    assert (source.read, source.table, source.key) == ("${SHOP_URL}", "orders", "id")
    assert find(source, shop / "new").rows().collect().height == 50
    begun(source="${SHOP_URL}", tables=('old."a.b"',), folder="other")
    assert list(load("other/treadle.yaml").spec.sources) == ["b"]


@pytest.mark.needs("mysql")
def test_tables_of_mysql_are_those_of_the_database(mysql: str, mysql_server, shop: Path, monkeypatch) -> None:
    with closing(mysql_server.connect(mysql.rpartition("/")[2])) as made, made.cursor() as cursor:
        cursor.execute("create table orders (id int, day date)")
        cursor.execute("insert into orders values (1, '2026-01-01'), (2, '2026-01-02')")
        made.commit()
    monkeypatch.setenv("SHOP_URL", mysql)
    assert own_tables("${SHOP_URL}", shop, "--from") == ("orders",)
    begun(source="${SHOP_URL}")
    assert find(load("new/treadle.yaml").spec.sources["orders"], shop / "new").rows().collect().height == 2


_DECLARED = (
    "create table regions (code varchar(3) primary key)",
    "create table shops (id int primary key, region varchar(3), foreign key (region) references regions (code))",
    "create table items (number int, shop int, primary key (shop, number), foreign key (shop) references shops (id))",
    "create unique index other on items (number, shop)",
    "create table notes (shop int, number int, foreign key (shop, number) references items (shop, number))",
    "insert into regions values ('no'), ('se')",
    "insert into shops values (1, 'no'), (2, 'se')",
    "insert into items values (1, 1), (2, 1), (1, 2)",
    "insert into notes values (1, 2), (2, 1), (2, 1)",
)
_TOLD = {
    "regions": Declared(("code",)),
    "shops": Declared(("id",), {"region": ("regions", "code")}),
    "items": Declared(("shop", "number"), {"shop": ("shops", "id")}),
}
"""Nothing of `notes`, whose only key points by two columns. The key of `items` has an order of its own, which
is neither its columns' nor the alphabet's."""


def _proposed() -> None:
    project = load("new/treadle.yaml")
    assert {name: source.keys for name, source in project.spec.sources.items()} == {
        "items": ("shop", "number"), "notes": (), "regions": ("code",), "shops": ("id",),
    }  # fmt: skip
    rules = load_contract(Path("new/contracts/shops.yaml")).rules
    assert [rule.foreign.source for rule in rules if rule.foreign] == ["regions"]


def test_what_sqlite_declares_is_proposed(shop: Path) -> None:
    with closing(sqlite3.connect("declared.db")) as made:
        for each in _DECLARED:
            made.execute(each)
        made.commit()
    assert own_declared("sqlite:declared.db", shop, "--from") == _TOLD
    made = begun(source="declared.db")
    _proposed()
    assert "items: key: shop and number, as the database declares" in made.guesses
    said = "shops: region points to regions.code, as the database declares; what stands nowhere there is told of"
    assert said in made.guesses


def test_a_key_of_sqlite_that_names_no_column_points_to_the_primary_one(shop: Path) -> None:
    with closing(sqlite3.connect("own.db")) as made:
        made.execute('create table "a b" (n integer primary key)')
        made.execute('create table c (x integer references "a b", y integer references gone)')
        made.commit()
    told = own_declared("sqlite:own.db", shop, "--from")
    assert told["a b"].key == ("n",) and told["c"].points == {"x": ("a b", "n")}


def test_sqlite_matches_the_names_of_keys_without_regard_to_case(shop: Path) -> None:
    with closing(sqlite3.connect("cases.db")) as made:
        made.execute("create table Customers (Id integer primary key)")
        made.execute("create table Pairs (A int, B int, primary key (A, B))")
        made.execute("create table o (c integer references customers(id), d integer references CUSTOMERS)")
        points = "foreign key (a, b) references pairs (gone, b)"
        made.execute(f"create table p (a int, b int, c int references pairs(b), {points})")
        made.commit()
    told = own_declared("sqlite:cases.db", shop, "--from")
    assert told["o"].points == {"c": ("Customers", "Id"), "d": ("Customers", "Id")}
    assert told["p"].points == {"c": ("Pairs", "B")}, "nothing of a key by two columns, were one of them not there"


def test_a_virtual_table_whose_module_is_not_here_is_left_out_and_named(shop: Path) -> None:
    with closing(sqlite3.connect("shop.db")) as made:
        made.execute("create table placed (at integer references area(id))")
        made.execute("insert into placed values (1)")
        made.execute("pragma writable_schema = on")
        virtual = "create virtual table area using spatialite_x(id)"
        made.execute("insert into sqlite_master values ('table', 'area', 'area', 0, ?)", (virtual,))
        made.commit()
    assert own_declared("sqlite:shop.db", shop, "--from")["orders"].key == ("id",)
    (told,) = [said for said in begun().guesses if said.startswith("left out: ")]
    assert told.startswith("left out: area: ") and "no such module: spatialite_x" in told and "extension" in told
    assert list(load("new/treadle.yaml").spec.sources) == ["customers", "large", "orders", "placed"]
    assert begun(folder="one", tables=("orders",)).next == "treadle data ingest one"
    assert "no such module: spatialite_x" in refused_other(tables=("area",))


def test_who_predicts_takes_the_declared_key_and_learns_from_the_parts_of_one_of_several(shop: Path) -> None:
    with closing(sqlite3.connect("two.db")) as made:
        made.execute("create table t (shop int, number int, back text, primary key (shop, number))")
        rows = [(n % 5, n, "yes" if n % 3 else "no") for n in range(60)]
        made.executemany("insert into t values (?, ?, ?)", rows)
        made.commit()
    begun(source="two.db", target="back")
    spec = load("new/treadle.yaml").spec
    assert spec.sources["new"].key == ("shop", "number") and "shop" in spec.features.request


@pytest.mark.needs("postgres", "adbc_driver_postgresql")
def test_what_postgres_declares_is_proposed_to_who_may_only_read(
    postgres: str, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as made:
        for each in _DECLARED:
            made.execute(each)
        made.execute("create schema old")
        made.execute("create table old.shops (id int primary key, now int references shops (id))")
        monkeypatch.setenv("SHOP_URL", postgres)
        told = own_declared("${SHOP_URL}", shop, "--from")
        assert told == _TOLD | {"old.shops": Declared(("id",), {"now": ("shops", "id")})}
        made.execute("drop schema old cascade")
        begun(source="${SHOP_URL}")
        _proposed()
        made.execute("create role reader_of_keys login password 'p'")
        made.execute("grant select on all tables in schema public to reader_of_keys")
    at = postgres.rpartition("@")[2] if "@" in postgres else postgres.partition("://")[2]
    monkeypatch.setenv("READER_URL", f"postgresql://reader_of_keys:p@{at}")
    try:
        assert own_declared("${READER_URL}", shop, "--from") == _TOLD
    finally:
        with psycopg.connect(postgres, autocommit=True) as made:
            made.execute("drop owned by reader_of_keys")
            made.execute("drop role reader_of_keys")


@pytest.mark.needs("postgres", "adbc_driver_postgresql")
def test_a_key_to_a_table_in_partitions_points_to_the_table(
    postgres: str, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as made:
        for table in ("shops", "visits"):
            points = ", foreign key (shop) references shops (id)" if table == "visits" else ""
            made.execute(f"create table {table} (id int primary key, shop int{points}) partition by range (id)")
            for n in range(3):
                made.execute(f"create table a{n}_{table} partition of {table} for values from ({n}0) to ({n}9)")
    monkeypatch.setenv("SHOP_URL", postgres)
    told = own_declared("${SHOP_URL}", shop, "--from")
    assert {table: each.points for table, each in told.items() if each.points} == {"visits": {"shop": ("shops", "id")}}


@pytest.mark.needs("mysql")
def test_what_mysql_declares_is_proposed(mysql: str, mysql_server, shop: Path, monkeypatch) -> None:
    with closing(mysql_server.connect(mysql.rpartition("/")[2])) as made, made.cursor() as cursor:
        for each in _DECLARED:
            cursor.execute(each)
        made.commit()
    monkeypatch.setenv("SHOP_URL", mysql)
    assert own_declared("${SHOP_URL}", shop, "--from") == _TOLD
    begun(source="${SHOP_URL}")
    _proposed()
