"""An expression as SQL text, for DuckDB directly and for other dialects by sqlglot."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from treadle.expr.casts import FALSE, SHAPES, TRUE
from treadle.expr.quietly import transpiled
from treadle.expr.tree import Expression, Node, functions
from treadle.expr.types import SQL_TYPES

_WHOLE = ("round", "floor", "ceil")


def to_sql(expression: Expression | Node, dialect: str = "duckdb") -> str:
    """SQL text in `dialect`. Columns are quoted."""
    text = _sql(expression.tree if isinstance(expression, Expression) else expression)
    if dialect == "duckdb":
        return text
    return transpiled(text, dialect)


def _sql(node: Node) -> str:
    if node.op == "column":
        return '"' + str(node.value).replace('"', '""') + '"'
    if node.op == "literal":
        return _literal(node.value, node.type)
    if node.op in _WHOLE and node.type == "int" and (len(node.args) == 1 or node.args[1].value >= 0):
        return _sql(node.args[0])  # DuckDB makes a float of it
    function = functions().get(node.op)
    plain = function.literal if function is not None else ()
    # places for constants take an INTEGER and no BIGINT
    args = [
        str(arg.value)
        if place in plain and arg.op == "literal" and arg.type == "int" and arg.value is not None
        else _sql(arg)
        for place, arg in enumerate(node.args)
    ]
    if node.op == "cast":
        return _cast(args[0], node.args[0].type, node.value)
    if node.op == "substring" and len(args) > 2:  # DuckDB counts backwards from the start where the length is negative
        args[2] = f"(CASE WHEN {args[2]} < 0 THEN 0 ELSE {args[2]} END)"
    if function is None or node.op == "case":
        branches = " ".join(f"WHEN {c} THEN {v}" for c, v in zip(args[0:-1:2], args[1::2], strict=False))
        return f"(CASE {branches} ELSE {args[-1]} END)"
    return function.sql.format(*args, all=", ".join(args), rest=", ".join(args[1:]))


def _cast(text: str, source: str, target: str) -> str:
    """A cast that takes what the language takes: databases read more texts as numbers, times and truth."""
    if source == "str" and target == "bool":
        word = f"lower(trim({text}, ' '))"
        true, false = (", ".join(f"'{w}'" for w in words) for words in (TRUE, FALSE))
        return f"(CASE WHEN {word} IN ({true}) THEN TRUE WHEN {word} IN ({false}) THEN FALSE END)"
    cast = f"TRY_CAST({text} AS {SQL_TYPES[target]})"
    if source == "str" and target in SHAPES:
        return f"(CASE WHEN regexp_matches({text}, '{SHAPES[target]}') THEN {cast} END)"
    return cast


def _literal(value: Any, kind: str) -> str:
    if value is None:
        return "NULL" if kind in ("null", "interval") else f"CAST(NULL AS {SQL_TYPES[kind]})"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return f"CAST({value} AS BIGINT)"
    if isinstance(value, float):
        return f"CAST({value!r} AS DOUBLE)"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.replace(tzinfo=None).isoformat(' ', 'microseconds')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, timedelta):
        return f"INTERVAL '{value // timedelta(microseconds=1)} microseconds'"
    return "'" + str(value).replace("'", "''") + "'"
