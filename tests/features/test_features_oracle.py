"""Windows and lookups are what DuckDB makes of their definition, written as subqueries over the tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import polars as pl
import pytest
from worlds import FEATURES, Tables, plan_of, project, world

from treadle.features import build
from treadle.features.plan import LARGEST

_VIEWS = """
CREATE VIEW seen AS SELECT id, k, seen AS known, v, w, b, s, d, seen FROM events WHERE seen IS NOT NULL;
CREATE VIEW chosen AS
    SELECT id, n, seen + INTERVAL 10 MINUTE AS known, v * 2 + 1 AS v, v > 1 AS late, w, b, upper(s) AS s, d, seen
    FROM events WHERE seen IS NOT NULL AND b AND w > -2;
"""
# DuckDB does not add up truth
_SQL = {
    "avg(v > 1)": "avg((v > 1)::INT)",
    "avg(late)": "avg(late::INT)",
    "max(b)": "max(b::INT)",
    "sum(b)": "sum(b::INT)",
}


_TYPES = {
    pl.String(): "VARCHAR",
    pl.Int64(): "BIGINT",
    pl.Float64(): "DOUBLE",
    pl.Boolean(): "BOOLEAN",
    pl.Date(): "DATE",
    pl.Datetime("us", "UTC"): "TIMESTAMP",
}
_SECONDS = {"10m": 600, "20m": 1200, "30m": 1800, "2h": 7200, "1d": 86400}


class Oracle:
    def __init__(self, tables: Tables) -> None:
        self.duck = duckdb.connect()
        self.duck.execute("SET threads = 1")
        for name, frame in tables.items():
            kinds = ", ".join(f'"{column}" {_TYPES[kind]}' for column, kind in frame.schema.items())
            self.duck.execute(f"CREATE TABLE {name} (row BIGINT, {kinds})")
            marks = f"({', '.join('?' * (frame.width + 1))})"
            flat = [_plain(value) for n, row in enumerate(frame.iter_rows()) for value in (n, *row)]
            self.duck.execute(f"INSERT INTO {name} VALUES {', '.join([marks] * frame.height)}", flat)
        self.duck.execute(_VIEWS)

    def column(self, sql: str) -> list[Any]:
        return [
            value
            for (value,) in self.duck.execute(
                f'SELECT ({sql}) FROM (SELECT *, "at" AS asked FROM trips) t ORDER BY id'
            ).fetchall()
        ]


def _plain(value: Any) -> Any:
    """Without zone; a float that is no number is NULL."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def window_sql(view: str, on: str, take: str, seconds: int) -> str:
    """A window: known before `at`, and not longer before it than the window is long."""
    rows = f"FROM {view} e WHERE e.{on} = t.{on} AND known < t.asked AND known >= t.asked - to_seconds({seconds})"
    function, _, inner = take.partition("(")
    if function in ("first", "last"):
        way = "DESC" if function == "last" else "ASC"
        value = f"e.{inner.removesuffix(')')}"
        return f"SELECT {value} {rows} AND {value} IS NOT NULL ORDER BY known {way}, id::VARCHAR {way} LIMIT 1"
    return f"SELECT {_SQL.get(take, take)} {rows}"


def lookup_sql(name: str, column: str) -> str:
    """A lookup: of the rows known before `at` the one that happened last, unless it is too old."""
    lookup = FEATURES.lookup[name]
    (on,) = lookup.keys
    if lookup.source == "sizes":
        return f"SELECT {column} FROM sizes e WHERE e.{on} = t.{on}"
    known, happened, tie = ("known", "known", "id::VARCHAR")
    if lookup.source == "prices":
        known, happened, tie = ("told", "happened", "row")
    newest = (
        f"SELECT e.{column} AS value, {happened} AS moment FROM {lookup.source} e"
        f" WHERE e.{on} = t.{on} AND {known} < t.asked AND {happened} IS NOT NULL"
        f" ORDER BY {happened} DESC, {known} DESC, {tie} DESC LIMIT 1"
    )
    age = _SECONDS[lookup.no_older_than] if lookup.no_older_than else 10**10
    return f"SELECT value FROM ({newest}) WHERE t.asked - to_seconds({age}) <= moment"


def features() -> Iterator[tuple[str, str]]:
    for name, lookup in FEATURES.lookup.items():
        for column in lookup.take:
            yield f"{name}_{column}", lookup_sql(name, column)
    for name, window in FEATURES.window.items():
        for length in window.last:
            for take, text in window.take.items():
                yield (
                    f"{name}_{take}_{length}",
                    window_sql(window.source, window.on, text, _SECONDS[length]),
                )


def close(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, float) and isinstance(b, float | int):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=tolerance)
    return bool(a == b)


@pytest.fixture(scope="module")
def computed() -> tuple[pl.DataFrame, Oracle]:
    tables = world(seed=1, trips=120, events=400)
    return build(plan_of(project()), tables), Oracle(tables)


@pytest.mark.parametrize(("name", "sql"), [pytest.param(n, sql, id=n) for n, sql in features()])
def test_a_feature_is_what_duckdb_makes_of_its_definition(
    name: str, sql: str, computed: tuple[pl.DataFrame, Oracle]
) -> None:
    batch, oracle = computed
    found = batch.get_column(name).to_list()
    # DuckDB has sums of 128 bits
    wanted = [None if type(value) is int and abs(value) >= LARGEST else value for value in oracle.column(sql)]
    if batch.schema[name] == pl.Datetime("us", "UTC"):
        found = batch.get_column(name).dt.replace_time_zone(None).to_list()
    # DuckDB adds up in another way
    tolerance = 1e-9
    wrong = [(i, a, b) for i, (a, b) in enumerate(zip(found, wanted, strict=True)) if not close(a, b, tolerance)]
    assert not wrong
    assert len(set(wanted)) > 1, "the oracle tells nothing apart"
