"""An expression as Python source over the values of one row. NULL is None."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from treadle.expr.casts import cast_row
from treadle.expr.functions_numbers import finite_row
from treadle.expr.parse import parse_for_rows
from treadle.expr.table import Function
from treadle.expr.tree import Expression, Node, functions
from treadle.expr.types import Type

_SYMBOLS = {
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "divide",
    "//": "divide_whole",
    "%": "rest",
    "=": "equal",
    "<>": "unequal",
    "<": "less",
    "<=": "at_most",
    ">": "greater",
    ">=": "at_least",
    "||": "join",
    "+ interval": "later",
    "- interval": "earlier",
    "and": "and_",
    "or": "or_",
    "not": "not_",
    "in": "in_",
}


def to_row(expression: Expression | Node, variables: Mapping[str, str]) -> str:
    """Python source of one expression; `variables` maps each column to the source of its value.

    Evaluate it in `row_namespace()`. Times are aware datetimes in UTC.
    """
    return _source(expression.tree if isinstance(expression, Expression) else expression, variables)


def row_source(text: str, columns: Mapping[str, Type], variables: Mapping[str, str], *, where: str = "") -> str:
    """As `to_row`, of a text that was parsed before; Polars is not asked again."""
    return to_row(parse_for_rows(text, columns, where=where), variables)


def row_function(expression: Expression) -> Callable[[Mapping[str, Any]], Any]:
    """A function from a mapping of column values to the expression's value."""
    source = to_row(expression, {name: f"row[{name!r}]" for name in expression.columns})
    found: Callable[[Mapping[str, Any]], Any] = eval(f"lambda row: {source}", dict(row_namespace()))
    return found


def _source(node: Node, variables: Mapping[str, str]) -> str:
    if node.op == "column":
        value = variables[node.value]
        return f"finite({value})" if node.type == "float" else value
    if node.op == "literal":
        return repr(node.value) if not isinstance(node.value, datetime | date | timedelta) else _time(node.value)
    args = [_source(arg, variables) for arg in node.args]
    if node.op == "cast":
        return f"cast({args[0]}, {node.args[0].type!r}, {node.value!r})"
    return f"{python_name(node.op)}({', '.join(args)})"


def _time(value: Any) -> str:
    if isinstance(value, timedelta):
        return f"timedelta(days={value.days}, seconds={value.seconds}, microseconds={value.microseconds})"
    if isinstance(value, datetime):
        return (
            f"datetime({value.year}, {value.month}, {value.day}, {value.hour}, {value.minute}, {value.second}, "
            f"{value.microsecond}, tzinfo=UTC)"
        )
    return f"date({value.year}, {value.month}, {value.day})"


def python_name(name: str) -> str:
    return _SYMBOLS.get(name) or f"sql_{name.replace(' ', '_')}"


@functools.cache
def row_namespace() -> dict[str, Any]:
    """What the generated source may call. Copy it before adding to it."""
    names: dict[str, Any] = {python_name(name): _null_safe(function) for name, function in functions().items()}
    return {
        **names,
        "finite": finite_row,
        "cast": cast_row,
        "datetime": datetime,
        "date": date,
        "timedelta": timedelta,
        "UTC": UTC,
    }


def _null_safe(function: Function) -> Callable[..., Any]:
    """A strict function gives None for any None; by number of arguments, since `*args` costs time on each row."""
    call = function.row
    if not function.strict:
        return call
    if function.optional is None and not function.many:
        if len(function.arguments) == 1:
            return lambda a: None if a is None else call(a)
        if len(function.arguments) == 2:
            return lambda a, b: None if a is None or b is None else call(a, b)
    return lambda *args: None if None in args else call(*args)
