"""Every function of the language: Polars, row and DuckDB agree over edge values of every type."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest
from grammar import CONSTANTS, LITERALS, signatures, written
from oracle import COLUMNS, Oracle, some_rows

from treadle.expr import Type, parse, to_polars
from treadle.expr.table import Function
from treadle.expr.tree import functions


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle(some_rows(150, 1))


def _columns(kind: Type) -> list[str]:
    return [name for name, of in COLUMNS.items() if of == kind]


def _options(function: Function, place: int, kind: Type) -> list[str]:
    constants = CONSTANTS.get((function.name, place))
    if constants:
        return list(constants)
    if place in function.literal:
        return list(LITERALS[kind])
    column = _columns(kind)[place % 2 : place % 2 + 1]
    return [*column, *LITERALS[kind][: 4 if place else 1]]


def calls(function: Function) -> Iterator[str]:
    """Calls with every combination of types, and of columns and constants."""
    if not function.arguments:
        yield written(function.name, [])
        return
    found = []
    for kinds in signatures(function):
        options = [_options(function, place, kind) for place, kind in enumerate(kinds)]
        found += [written(function.name, list(args)) for args in itertools.product(*options)]
    # long lists are thinned evenly, by a step that meets every option
    step = len(found) // 120 | 1
    yield from found[::step]


@pytest.mark.parametrize("name", functions())
def test_agrees_with_duckdb(name: str, oracle: Oracle) -> None:
    wrong = []
    tried = 0
    for text in calls(functions()[name]):
        if not any(column in oracle.parse(text).columns for column in COLUMNS) and name != "pi":
            continue
        tried += 1
        try:
            oracle.agree(text)
        except Exception as bad:
            wrong.append(f"{type(bad).__name__} {bad}")
    assert tried
    assert not wrong, "\n".join([f"{len(wrong)} of {tried}", *wrong])


@pytest.mark.parametrize("name", ["log2", "log10"])
def test_logarithms_of_numbers_that_floats_do_not_tell_apart_are_one(name: str) -> None:
    rows = [
        {"i": i, "f": f} for i, f in ((2**58 + 1, 1.7e308), (2**58, 2.0**58), (10**18 + 1, 1e18), (2**63 - 1, 5e-324))
    ]
    asked = Oracle(rows, {"i": "int", "f": "float"})
    for column in ("i", "f"):
        asked.agree(f"{name}({column})")


@pytest.mark.parametrize("text", ["floor(f)", "ceil(f)"])
def test_a_zero_that_was_rounded_keeps_its_sign(text: str) -> None:
    numbers = (-0.3, -0.0, 0.0, 0.3, -1.5)
    asked = Oracle([{"f": f} for f in numbers], {"f": "float"})
    asked.agree(f"atan2({text}, -1)")
    found = asked.parse(text)
    for row, batch in zip(asked.row(found), asked.polars(found), strict=True):
        assert (row, math.copysign(1, row)) == (batch, math.copysign(1, batch))


MANY = 20


@pytest.mark.parametrize(
    ("column", "options"),
    [
        ("s", [f"'{n}'" for n in range(MANY)]),
        ("i", [f"{n}" for n in range(MANY)]),
        ("i", [f"{n}.5" for n in range(MANY)]),
        ("f", [f"{n}" for n in range(MANY)]),
        ("a", [f"cast('2016-02-{n + 1:02d}' as timestamp)" for n in range(MANY)]),
        ("i", ["null", *(f"{n}" for n in range(MANY))]),
        ("i", ["j", *(f"{n}" for n in range(MANY))]),
        ("s", ["u", "null", *(f"'{n}'" for n in range(MANY))]),
        ("s", ["lower('AB')", *(f"'{n}'" for n in range(MANY))]),
        ("lower(s)", ["'ab'", *(f"'{n}'" for n in range(MANY))]),
        ("'7'", [f"'{n}'" for n in range(MANY)]),
    ],
)
def test_many_values_mean_what_few_mean(column: str, options: list[str], oracle: Oracle) -> None:
    oracle.agree(f"{column} in ({', '.join(options)})")
    oracle.agree(f"{column} not in ({', '.join(options)})")


def test_one_of_many_constants_is_looked_up() -> None:
    texts, numbers = ([f"'{n}'" for n in range(MANY)], [f"{n}" for n in range(MANY)])
    for column, options, looked_up in (("s", texts, True), ("i", numbers, True), ("i", ["j", *numbers], False)):
        made = to_polars(parse(f"{column} in ({', '.join(options)})", COLUMNS))
        assert ("is_in" in str(made)) == looked_up
