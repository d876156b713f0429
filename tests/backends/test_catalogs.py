"""Every catalog passes one suite; what only one database does stands below."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from sqlalchemy import Engine

from treadle.address import Address
from treadle.backends import open_catalog
from treadle.errors import StoreError
from treadle.evidence import Chain
from treadle.evidence.kinds.noted import Noted
from treadle.store import catalog
from treadle.testing import ChainSuite


class TestSqlite(ChainSuite):
    @pytest.fixture
    def opens(self, tmp_path: Path) -> Callable[[], Engine]:
        return partial(catalog.open_catalog, tmp_path / "catalog.db")


@pytest.mark.needs("postgres")
class TestPostgres(ChainSuite):
    @pytest.fixture
    def opens(self, postgres: str) -> Callable[[], Engine]:
        return partial(open_catalog, Address(postgres, "TREADLE_CATALOG"))

    def test_a_reader_cannot_write(self, opens: Callable[[], Engine]) -> None:
        engine = opens()
        with pytest.raises(StoreError, match="read-only"), engine.begin() as connection:
            connection.exec_driver_sql("delete from entries")
        engine.dispose()

    def test_the_database_s_own_ways_change_nothing(self, opens: Callable[[], Engine], postgres: str) -> None:
        """A stricter isolation would let a writer see what stood before it waited."""
        import psycopg

        with psycopg.connect(postgres, autocommit=True) as connection:
            name = postgres.rpartition("/")[2]
            for line in ("default_transaction_isolation = 'serializable'", "default_transaction_read_only = on"):
                connection.execute(f'ALTER DATABASE "{name}" SET {line}')
        chain = Chain(engine=opens(), actor="ada")
        self.test_eight_processes_that_write_at_once_lose_and_double_nothing(opens, chain)
        chain.engine.dispose()

    def test_every_text_is_of_the_collation_c(self, opens: Callable[[], Engine]) -> None:
        engine = opens()
        with engine.connect() as connection:
            asked = (
                "select distinct collation_name from information_schema.columns where table_schema = 'public'"
                " and data_type = 'character varying' and table_name <> 'alembic_version'"
            )
            assert connection.exec_driver_sql(asked).scalars().all() == ["C"]
        engine.dispose()

    def test_two_catalogs_in_schemas_of_one_database_do_not_wait_for_each_other(self, postgres: str) -> None:
        import psycopg

        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA a")
            connection.execute("CREATE SCHEMA b")
        # waiting would be for ever: this thread holds the other
        options = "-clock_timeout%3D5s%20-csearch_path%3D"
        a, b = (
            Chain(engine=open_catalog(Address(f"{postgres}?options={options}{name}", "x")), actor="ada")
            for name in "ab"
        )
        with a.alone() as alone:
            assert b.append(Noted(text="b"), "s").seq == 1
            alone.append(Noted(text="a"), "s")
        assert (len(a.find()), len(b.find())) == (1, 1)
        a.engine.dispose(), b.engine.dispose()

    def test_a_server_that_refuses_or_is_away_is_told_without_the_password(self, postgres: str) -> None:
        secret = unquote(str(urlsplit(postgres).password))
        other = postgres.replace(str(urlsplit(postgres).password), "s3cret%40word")
        away = postgres.replace(f":{urlsplit(postgres).port}/", ":1/")
        for url, said, mend in (
            (other, "password authentication failed", "user and the password"),
            (away, "refused", "host and the port"),
            (f"{postgres}x", "does not exist", "create it"),
        ):
            with pytest.raises(StoreError, match=said) as told:
                open_catalog(Address(url, "TREADLE_CATALOG"))
            assert mend in told.value.mend and "disk" not in told.value.mend
            text = f"{told.value} {told.value.__cause__!r} {told.value.where}"
            assert not any(word in text for word in (secret, "s3cret", str(urlsplit(postgres).password)))

    def test_a_server_that_goes_away_is_told_and_is_found_again(
        self, opens: Callable[[], Engine], postgres: str
    ) -> None:
        import psycopg

        chain = Chain(engine=opens(), actor="ada")
        chain.append(Noted(text="before"), "s")
        end = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = %s"
        with pytest.raises(StoreError, match="cannot be used"), chain.alone() as alone:
            alone.append(Noted(text="lost"), "s")
            with psycopg.connect(postgres, autocommit=True) as connection:
                connection.execute(end, [postgres.rpartition("/")[2]])
            alone.append(Noted(text="lost"), "s")
        assert chain.append(Noted(text="after"), "s").seq == 2
        chain.engine.dispose()
