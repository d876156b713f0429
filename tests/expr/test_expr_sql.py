"""SQL text: what DuckDB makes of an expression as it was written, and of its text in other dialects."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
import sqlglot
from grammar import CONSTANTS, LITERALS, expressions, signatures, written
from hypothesis import HealthCheck, given, settings
from oracle import COLUMNS, Oracle, aware, same, some_rows

from treadle.expr import parse, to_sql
from treadle.expr.tree import functions

# the language's own, or another meaning on purpose: see docs/expr.md
_OWN = {
    "weekday": "0 is Monday",
    "floor": "a whole number stays one",
    "ceil": "a whole number stays one",
    "seconds_between": "not in DuckDB",
    "minutes_between": "not in DuckDB",
    "hours_between": "not in DuckDB",
    "days_between": "not in DuckDB",
}
_FORMS = """
1 + 2 * 3 - i ; i - 1 - 2 ; i / 2 / 4 ; i % 3 * 2 ; 2 ^ 3 ^ 2 + i ; -2 ^ 2 + i ; -i ^ 2 ; 7 / 2 + i ; -7 // 2 + i
-7 % 3 + i ; i ** 2 ; p and q or not p ; p or q and p ; not p = q ; not p and q ; not i > 2 ; not p is null
i is null = p ; i > 2 is true ; not i between 1 and 2 ; i between 1 and 3 and p ; i not in (1, 2) or p
i in (1) = p ; s like 'a%' = p ; s not like 'a%' ; s || u = 'ab' ; i::varchar || 'a'
case when i > 1 then 1 else 2 end + 1 ; case i when 1 then 'a' when 2 then 'b' end ; a - interval '1 hour' < b
interval 90 minute + a ; d = a ; a > d ; f = i ; i == 1 ; i != 1 ; coalesce(f, i) ; f > 1 and i > 1 or s = 'a'
i is not distinct from j ; p is not true ; substr(s, 2) ; substring(s from 2 for 3) ; position('a' in s)
extract(quarter from d) ; extract(epoch from a) ; log(abs(f) + 1) ; log(2, abs(f) + 1) ; pow(2, f / 1e9)
ifnull(i, 0) ; if(p, i, j) ; cast(a as varchar) ; cast(d as timestamp) ; cast(a as date) ; cast(p as int)
cast(i as bool) ; cast(i as double) ; 1_000 + i ; 'it''s' || s ; "i" + 1 ; trim(leading from s) ; i + LENGTH(s)
"""


@cache
def oracle() -> Oracle:
    return Oracle(some_rows(60, 3))


def _calls(name: str) -> Iterator[str]:
    """Up to a dozen calls, with columns wherever they may stand."""
    function, made = functions()[name], []
    for kinds in signatures(function):
        options = []
        for place, kind in enumerate(kinds):
            columns = [column for column, of in COLUMNS.items() if of == kind and place not in function.literal]
            options.append(CONSTANTS.get((name, place)) or columns[place % 2 : place % 2 + 1] or LITERALS[kind])
        made += [written(name, list(args)) for args in itertools.product(*options)]
    yield from made[:: len(made) // 12 + 1]


def _as_written(text: str) -> None:
    """DuckDB gives for the text itself what the language gives, where that is something."""
    found = oracle().parse(text)
    row = oracle().row(found)
    rows = [n for n in oracle().inside(found) if row[n] is not None and ("substr" not in text or _positive(found, n))]
    numbers = ", ".join(map(str, rows))
    values = oracle().duck.execute(f"SELECT {text} FROM t WHERE n IN ({numbers}) ORDER BY n").fetchall() if rows else []
    assert rows
    for number, (value,) in zip(rows, values, strict=True):
        assert same(row[number], _typed(value, found.type), found.type), (text, oracle().rows[number])


def _positive(found: Any, number: int) -> bool:
    """A negative length of a substring is none here; DuckDB counts backwards."""
    return all(not isinstance(oracle().rows[number][c], int) or oracle().rows[number][c] > 0 for c in found.columns)


def to_moment(value: date | datetime) -> datetime:
    """DuckDB leaves a date a date where the language makes a time of it."""
    return aware(value if isinstance(value, datetime) else datetime(value.year, value.month, value.day))


def _typed(value: Any, kind: str) -> Any:
    if kind == "timestamp":
        return to_moment(value)
    if isinstance(value, Decimal) or kind == "float":
        return float(value)
    return int(value) if kind == "int" else aware(value)


@pytest.mark.parametrize("name", [name for name in functions() if name not in _OWN])
def test_a_function_is_what_duckdb_has_under_that_name(name: str) -> None:
    for text in _calls(name):
        if oracle().parse(text).columns:
            _as_written(text)


@pytest.mark.parametrize("text", _FORMS.replace("\n", " ; ").strip(" ;").split(" ; "))
def test_precedence_and_spellings_are_those_of_duckdb(text: str) -> None:
    _as_written(text)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
@pytest.mark.parametrize("name", functions())
def test_a_call_in_another_dialect_can_be_parsed_again(name: str, dialect: str) -> None:
    for text in _calls(name):
        made = to_sql(parse(text, COLUMNS), dialect)
        again = sqlglot.parse_one(made, dialect=dialect)
        assert again.sql(dialect=dialect) == sqlglot.transpile(made, read=dialect, write=dialect)[0]
        assert not list(again.find_all(sqlglot.exp.Command))
        assert {c.name for c in again.find_all(sqlglot.exp.Column)} == set(parse(text, COLUMNS).columns)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(expressions("bool", 4))
def test_random_expressions_in_another_dialect_can_be_parsed_again(text: str) -> None:
    found = parse(text, COLUMNS)
    again = sqlglot.parse_one(to_sql(found, "postgres"), dialect="postgres")
    assert {c.name for c in again.find_all(sqlglot.exp.Column)} == set(found.columns)


@pytest.mark.parametrize(
    ("text", "duckdb", "postgres"),
    [
        ("i / j", '("i" / nullif("j", 0))', '(CAST("i" AS DOUBLE PRECISION) / NULLIF("j", 0))'),
        ("hour(a)", 'floor(extract(HOUR FROM "a"))', 'FLOOR(EXTRACT(HOUR FROM "a"))'),
        ("a - interval '90 minutes'", "INTERVAL '5400000000 microseconds'", "INTERVAL '5400000000 MICROSECONDS'"),
        ("ltrim(s)", "trim(LEADING ' ' FROM \"s\")", "TRIM(LEADING ' ' FROM \"s\")"),
        ("regexp_matches(s, '^a')", "regexp_matches(\"s\", '^a')", "\"s\" ~ '^a'"),
        ("cast(s as int)", "WHEN regexp_matches", 'THEN CAST("s" AS BIGINT)'),
        ("s = 'o''clock'", "'o''clock'", "'o''clock'"),
    ],
)  # fmt: skip
def test_the_text_in_two_dialects(text: str, duckdb: str, postgres: str) -> None:
    found = parse(text, COLUMNS)
    assert duckdb in to_sql(found)
    assert postgres in to_sql(found, "postgres")


def test_a_column_of_any_name_is_quoted() -> None:
    assert to_sql(parse('"a""b c" + 1', {'a"b c': "int"})) == '("a""b c" + CAST(1 AS BIGINT))'
    assert to_sql(parse("größe", {"größe": "int"}), "postgres") == '"größe"'
