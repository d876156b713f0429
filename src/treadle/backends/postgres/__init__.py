"""The catalog in PostgreSQL, by psycopg."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.address import Address
from treadle.backends.engine import Engine

if TYPE_CHECKING:
    from sqlalchemy import Engine as SqlEngine


def _catalog(address: Address) -> SqlEngine:
    from treadle.backends.postgres.catalog import open_catalog

    return open_catalog(address)


ENGINE = Engine(
    name="postgres",
    package="psycopg",
    extra="postgres",
    catalogs={"postgresql": _catalog, "postgres": _catalog, "postgresql+psycopg": _catalog},
)

__all__ = ["ENGINE"]
