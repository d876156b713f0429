"""One expression in all three back ends and in DuckDB, over the same rows."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import polars as pl

from treadle.expr import Expression, Type, parse, row_function, row_namespace, to_polars, to_polars_type, to_sql
from treadle.expr.casts import cast_row
from treadle.expr.row import python_name
from treadle.expr.tree import Node
from treadle.expr.types import SQL_TYPES

COLUMNS: dict[str, Type] = {
    "i": "int",
    "j": "int",
    "f": "float",
    "g": "float",
    "s": "str",
    "u": "str",
    "p": "bool",
    "q": "bool",
    "d": "date",
    "e": "date",
    "a": "timestamp",
    "b": "timestamp",
}
TEXTS = (
    "", " ", "a", "A", "ab", "abc", "aab", "b", "ba", " ab ", "  c", "a,b,,c", ",", "äöü", "ÄÖÜ", "日本語", "a日b", "é",
    "😀x",
    "a\nb", "a\n", "\na", "%", "_", "a%b", "a_b", "a.b", "a+b", "$1", "\\", "a\\b", "true", "no", "12", "-3", " 7 ",
    "1.5", "-0.25", "1e3", "2013-01-31", "2012-02-29 23:59:59", "x-y-z", "\t", "xx", "o'clock", '"q"',
    "+5", "１２", "\u00a07", "1_000", "0x1F", "5.", ".5", "1e400", "inf", "NaN", "9223372036854775807",
    "-9223372036854775809", "true ", " F", "on", "2013-02-30", "0000-01-01", "2013-1-1", "2013-01-31T05:00",
    "2012-06-30 23:59:60", "2013-01-31 24:00", "2013-01-31 05:00:00.5+02", "\r\n", "\u2028", "a\x0bb",
)  # fmt: skip
INTS = (
    0,
    1,
    -1,
    2,
    -2,
    3,
    -3,
    5,
    7,
    -7,
    10,
    12,
    13,
    28,
    29,
    30,
    31,
    100,
    -100,
    999,
    1900,
    2000,
    2023,
    2024,
    2**31,
    2**53 + 1,
    -(2**62),
    2**63 - 1,
    -(2**63),
)
FLOATS = (
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.0,
    -1.0,
    1.5,
    2.5,
    -2.5,
    0.1,
    -0.3,
    2.675,
    1e-9,
    3.0,
    7.25,
    100.0,
    -99.99,
    1234.5678,
    0.49999999999999994,
    -0.285,
    4503599627370497.0,
    1e17,
    -9.3e18,
    5e-324,
    1e308,
    1000.0,
    8.0,
)
DATES = tuple(
    date(*parts)
    for parts in (
        (1969, 12, 31), (1970, 1, 1), (1999, 12, 31), (2000, 2, 29), (2004, 12, 31), (2005, 1, 1), (2008, 12, 29),
        (2012, 12, 30), (2013, 3, 31), (2015, 12, 31), (2016, 1, 3), (2016, 2, 29), (2020, 12, 31), (2021, 1, 3),
        (2024, 6, 15), (1900, 3, 1), (2100, 2, 28), (1, 1, 1), (9999, 12, 31),
    )
)  # fmt: skip
CLOCKS = (
    timedelta(0),
    timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999),
    timedelta(hours=12),
    timedelta(hours=5, minutes=30, seconds=1, microseconds=1),
    timedelta(hours=1, milliseconds=500),
)
TIMES = tuple(datetime(d.year, d.month, d.day, tzinfo=UTC) + c for d in DATES for c in CLOCKS)
# these give NULL for some values that are known
_PARTIAL = frozenset(
    ("+", "-", "*", "/", "//", "%", "negate", "abs", "power", "sqrt", "exp", "ln", "log10", "log2", "tan", "degrees",
     "round", "floor", "ceil", "+ interval", "- interval")
)  # fmt: skip
Equal = Callable[[Any, Any, Type], bool]
VALUES: dict[Type, tuple[Any, ...]] = {
    "int": INTS,
    "float": FLOATS,
    "str": TEXTS,
    "bool": (True, False),
    "date": DATES,
    "timestamp": TIMES,
}


def some_rows(count: int, seed: int) -> list[dict[str, Any]]:
    """Rows of edge values with a NULL in eight."""
    draw = random.Random(seed)
    return [
        {name: None if draw.random() < 0.12 else draw.choice(VALUES[kind]) for name, kind in COLUMNS.items()}
        for _ in range(count)
    ]


def frame_of(rows: list[dict[str, Any]], columns: Mapping[str, Type] = COLUMNS) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={name: to_polars_type(kind) for name, kind in columns.items()})


class Oracle:
    """The same rows in Polars, Python and DuckDB."""

    def __init__(self, rows: list[dict[str, Any]], columns: Mapping[str, Type] = COLUMNS) -> None:
        self.rows, self.columns = rows, columns
        self.frame = frame_of(rows, columns)
        self.duck = duckdb.connect()
        self.duck.execute("SET threads = 1")
        fields = ", ".join(f'"{name}" {SQL_TYPES[kind]}' for name, kind in columns.items())
        self.duck.execute(f"CREATE TABLE t (n BIGINT, {fields})")
        self.fill(rows)

    def fill(self, rows: list[dict[str, Any]]) -> None:
        self.rows, self.frame = rows, frame_of(rows, self.columns)
        self.duck.execute("DELETE FROM t")
        if rows:
            marks = ", ".join("?" * (len(self.columns) + 1))
            values = ", ".join([f"({marks})"] * len(rows))
            flat = [v for n, row in enumerate(rows) for v in (n, *(_naive(row[name]) for name in self.columns))]
            self.duck.execute(f"INSERT INTO t VALUES {values}", flat)

    def parse(self, text: str) -> Expression:
        return parse(text, self.columns)

    def polars(self, found: Expression) -> list[Any]:
        return self.frame.with_columns(to_polars(found).alias("x"))["x"].to_list()

    def row(self, found: Expression) -> list[Any]:
        call = row_function(found)
        return [call(row) for row in self.rows]

    def sql(self, found: Expression, numbers: list[int] | None = None) -> list[Any]:
        """Over all rows, or over those of these numbers only."""
        if numbers == []:
            return []
        where = "" if numbers is None else f"WHERE n IN ({', '.join(map(str, numbers))})"
        return [aware(v) for (v,) in self.duck.execute(f"SELECT {to_sql(found)} FROM t {where} ORDER BY n").fetchall()]

    def inside(self, found: Expression) -> list[int]:
        """Numbers of the rows over which no part of the expression leaves what DuckDB computes."""
        return [n for n, row in enumerate(self.rows) if not _leaves(found.tree, row)[1]]

    def agree(self, text: str) -> None:
        """Assert that Polars gives what the row function gives, to the last bit, and DuckDB the same."""
        found = self.parse(text)
        row, every = self.row(found), range(len(self.rows))
        self._hold(found, every, row, self.polars(found), "polars", exactly)
        numbers = self.inside(found)
        self._hold(found, numbers, row, self.sql(found, numbers), "duckdb", same)

    def _hold(
        self, found: Expression, numbers: Sequence[int], row: list[Any], values: list[Any], name: str, equal: Equal
    ) -> None:
        for number, value in zip(numbers, values, strict=True):
            if not equal(row[number], value, found.type):
                over = {c: self.rows[number][c] for c in found.columns}
                raise AssertionError(f"{found} over {over}: row gives {row[number]!r}, {name} {value!r}")


def _leaves(node: Node, row: dict[str, Any]) -> tuple[Any, bool]:
    """The node's value, and whether DuckDB would raise, or give an infinite number, where the language gives NULL."""
    if node.op in ("column", "literal"):
        return (row[node.value] if node.op == "column" else node.value), False
    parts = [_leaves(arg, row) for arg in node.args]
    args, left = [value for value, _ in parts], any(left for _, left in parts)
    if node.op == "cast":
        found = cast_row(args[0], node.args[0].type, node.value)
        huge = found is None and node.value == "float" and "e" in str(args[0]).lower()
        return found, left or huge
    value = row_namespace()[python_name(node.op)](*args)
    unknown = value is None and None not in args
    divided_by_zero = node.op in ("/", "//", "%") and not args[1]
    far = node.op in ("substring", "left", "right") and any(type(a) is int and abs(a) >= 2**32 for a in args)
    least = node.op == "%" and args[0] == -(2**63)
    return value, left or far or least or (unknown and node.op in _PARTIAL and not divided_by_zero)


def exactly(a: Any, b: Any, kind: Type) -> bool:
    """To the last bit; zero is zero."""
    return type(a) is type(b) and a == b


def same(a: Any, b: Any, kind: Type) -> bool:
    if a is None or b is None:
        return a is None and b is None
    if kind == "float":
        return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-15)
    return type(a) is type(b) and a == b


def _naive(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
