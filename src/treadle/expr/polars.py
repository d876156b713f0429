"""An expression as a Polars expression."""

from __future__ import annotations

import inspect
from collections.abc import Collection
from typing import Any

from treadle.expr.casts import cast_polars
from treadle.expr.functions_numbers import finite_polars
from treadle.expr.tree import Expression, Node, functions
from treadle.expr.types import to_polars_type


def to_polars(expression: Expression | Node, finite: Collection[str] = ()) -> Any:
    """A `pl.Expr` over the columns' names. Floats that are NaN or infinite are NULL from the start.

    finite: columns that are known to hold no such float.
    """
    return _build(expression.tree if isinstance(expression, Expression) else expression, finite)


def _build(node: Node, finite: Collection[str]) -> Any:
    import polars as pl

    if node.op == "column":
        column = named(node.value)
        if node.type == "float":
            value = column.cast(pl.Float64)
            return value if node.value in finite else finite_polars(value)
        if node.type == "int":
            return column.cast(pl.Int64)
        if node.type == "str":
            return column.cast(pl.String)  # categories too, which compare by their text
        return _utc(column) if node.type == "timestamp" else column
    if node.op == "literal":
        return pl.lit(node.value, dtype=to_polars_type(node.type))
    args = [_build(arg, finite) for arg in node.args]
    if node.op == "cast":
        return cast_polars(args[0], node.args[0].type, node.value)
    function = functions()[node.op]
    extra: dict[str, Any] = {}
    wanted = inspect.signature(function.polars).parameters
    if "kinds" in wanted:
        extra["kinds"] = [arg.type for arg in node.args]
    if "values" in wanted:
        extra["values"] = [arg.value for arg in node.args]
    built = function.polars(*args, **extra)
    return built.cast(pl.Int64) if node.type == "int" else built


def named(name: str) -> Any:
    """The column of this name, also where Polars would take the name for a pattern of names."""
    import polars as pl

    pattern = name == "*" or (name.startswith("^") and name.endswith("$"))
    return pl.selectors.by_name(name).as_expr() if pattern else pl.col(name)


def _utc(column: Any) -> Any:
    import polars as pl

    return column.cast(pl.Datetime("us", "UTC"))
