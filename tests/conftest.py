"""Fixtures that several rooms' tests share.

Property tests draw the same examples each time; `HYPOTHESIS=explore make test` looks for new ones.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from services import chromium as chromium_service
from services import extras
from services import mlflow as mlflow_service
from services import mysql as mysql_service
from services import octokit as octokit_service
from services import postgres as postgres_service
from services import redis as redis_service
from services import s3 as s3_service
from treadle.evidence import Chain
from treadle.store.catalog import open_catalog

_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, database=None, **_PATIENT)
settings.register_profile("explore", **_PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS", "same"))
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # begun by a shell in the background: tests send it
os.environ["TREADLE_TRUST"] = tempfile.mkdtemp(prefix="treadle-trust-")
"""Also for commands that tests start: no test reads or writes what this account trusts."""


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """A chain in a fresh SQLite catalog."""
    engine = open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    yield Chain(engine=engine, actor="ada", run="run1", head_file=tmp_path / "catalog.head")
    engine.dispose()


SERVICES = {
    service.NAME: service
    for service in (
        chromium_service,
        postgres_service,
        mysql_service,
        redis_service,
        mlflow_service,
        octokit_service,
        s3_service,
        *extras.EXTRAS,
    )
}


def pytest_configure() -> None:
    """Test modules are named by their files alone: two of one name, in whatever rooms, would stop a whole run late."""
    named = Counter(path.name for path in Path(__file__).parent.rglob("*.py") if path.name != "conftest.py")
    twice = sorted(name for name, files in named.items() if files > 1)
    if twice:
        raise pytest.UsageError(f"{', '.join(twice)}: more than one file under tests/ has this name; rename one")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked `needs(service)` is skipped where the service's package is not installed."""
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            why = SERVICES[name].missing()
            if why:
                pytest.skip(f"needs service {name} ({why})")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres_service.Server]:
    """A PostgreSQL that the tests of this process share."""
    with postgres_service.started() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: postgres_service.Server) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop(url)


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[mysql_service.Server]:
    """A MariaDB that the tests of this process share."""
    with mysql_service.started() as server:
        yield server


@pytest.fixture
def mysql(mysql_server: mysql_service.Server) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    url = mysql_server.new_database()
    yield url
    mysql_server.drop(url)


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    """The URL of a server that the tests of this process share, without a database's number."""
    with redis_service.started() as url:
        yield url


@pytest.fixture(scope="session")
def mlflow() -> Iterator[str]:
    """The URL of an MLflow server that the tests of this process share."""
    with mlflow_service.started() as url:
        yield url


@pytest.fixture(scope="session")
def s3_server() -> Iterator[s3_service.Server]:
    """An object store that the tests of this process share."""
    with s3_service.started() as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[chromium_service.Browser]:
    """A browser that the tests of this process share."""
    with chromium_service.started() as browser:
        yield browser
