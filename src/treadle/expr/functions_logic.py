"""Comparison, three-valued logic and choice."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

from treadle.expr.table import ANY, ORDERED, Function, wider
from treadle.expr.types import Type

_LOOKED_UP = 16
"""Of so many constants it is quicker to look a value up than to compare it with each."""
_B: tuple[Type, ...] = ("bool",)


def _pl() -> Any:
    import polars as pl

    return pl


def _compare(name: str, operate: Callable[[Any, Any], Any], text: str) -> Function:
    return Function(name, (ORDERED, ORDERED), "bool", operate, operate, f"({{0}} {name} {{1}})", text, same=True)


def _and_row(a: Any, b: Any) -> Any:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _or_row(a: Any, b: Any) -> Any:
    if a is True or b is True:
        return True
    return None if a is None or b is None else False


def _in_row(a: Any, *options: Any) -> Any:
    if a is None:
        return None
    if a in options:
        return True
    return None if None in options else False


def _in_polars(a: Any, *options: Any, kinds: list[Type], values: list[Any]) -> Any:
    constant = all(option.meta.is_literal() for option in options) and None not in values[1:]
    plain = {*kinds} in ({"str"}, {"int"}) and a.meta.root_names()  # Polars looks one value up as if it were a column
    if len(options) >= _LOOKED_UP and constant and plain:
        pl = _pl()
        return a.is_in(pl.Series(values[1:], dtype=pl.String if kinds[0] == "str" else pl.Int64).implode())
    return functools.reduce(operator.or_, (a == option for option in options))


def _case_row(*parts: Any) -> Any:
    for condition, value in zip(parts[0:-1:2], parts[1::2], strict=False):
        if condition is True:
            return value
    return parts[-1]


def _case_polars(*parts: Any) -> Any:
    pl = _pl()
    chain: Any = pl
    for condition, value in zip(parts[0:-1:2], parts[1::2], strict=False):
        chain = chain.when(condition).then(value)
    return chain.otherwise(parts[-1])


def _first_row(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _best_row(choose: Callable[..., Any]) -> Callable[..., Any]:
    def row(*values: Any) -> Any:
        known = [value for value in values if value is not None]
        return choose(known) if known else None

    return row


def _best_polars(largest: bool) -> Callable[..., Any]:
    def better(a: Any, b: Any) -> Any:
        pl = _pl()
        wins = a >= b if largest else a <= b
        return pl.when(b.is_null() | wins).then(a).otherwise(b)

    # by comparison and not max_horizontal, which does not take strings
    return lambda *options: functools.reduce(
        lambda a, b: _pl().when(a.is_null()).then(b).otherwise(better(a, b)), options
    )


def _rest(types: list[Any]) -> Any:
    return wider(types)


def _case_type(types: list[Any]) -> Any:
    return wider([*types[1:-1:2], types[-1]])


FUNCTIONS = (
    _compare("=", operator.eq, "equal"),
    _compare("<>", operator.ne, "not equal"),
    _compare("<", operator.lt, "less"),
    _compare("<=", operator.le, "less or equal"),
    _compare(">", operator.gt, "greater"),
    _compare(">=", operator.ge, "greater or equal"),
    Function(
        "between",
        (ORDERED, ORDERED, ORDERED),
        "bool",
        lambda a, b, c: (a >= b) & (a <= c),
        lambda a, b, c: _and_row(
            None if a is None or b is None else a >= b, None if a is None or c is None else a <= c
        ),
        "({0} BETWEEN {1} AND {2})",
        "a between b and c, both included",
        same=True,
        strict=False,
    ),
    Function(
        "in",
        (ORDERED, ORDERED),
        "bool",
        _in_polars,
        _in_row,
        "({0} IN ({rest}))",
        "is a one of these?",
        many=True,
        same=True,
        strict=False,
    ),
    Function(
        "is null",
        (ANY,),
        "bool",
        lambda a: a.is_null(),
        lambda a: a is None,
        "({0} IS NULL)",
        "is it missing?",
        strict=False,
    ),
    Function(
        "is distinct from",
        (ORDERED, ORDERED),
        "bool",
        lambda a, b: a.ne_missing(b),
        lambda a, b: a != b,
        "({0} IS DISTINCT FROM {1})",
        "different, where NULL equals NULL",
        same=True,
        strict=False,
    ),
    Function("and", (_B, _B), "bool", lambda a, b: a & b, _and_row, "({0} AND {1})", "both", strict=False),
    Function("or", (_B, _B), "bool", lambda a, b: a | b, _or_row, "({0} OR {1})", "at least one", strict=False),
    Function("not", (_B,), "bool", lambda a: ~a, operator.not_, "(NOT {0})", "the opposite"),
    Function(
        "case",
        (ANY,),
        _case_type,
        _case_polars,
        _case_row,
        "{case}",
        "the value of the first condition that is true",
        many=True,
        strict=False,
    ),
    Function(
        "coalesce",
        (ANY,),
        _rest,
        lambda *a: _pl().coalesce(*a),
        _first_row,
        "coalesce({all})",
        "the first that is not NULL",
        many=True,
        same=True,
        strict=False,
    ),
    Function(
        "nullif",
        (ORDERED, ORDERED),
        lambda types: types[0] if types[0] != "null" else types[1],
        lambda a, b: _pl().when(a.ne_missing(b) | b.is_null()).then(a),
        lambda a, b: None if a is not None and a == b else a,
        "nullif({0}, {1})",
        "a, or NULL where it equals b",
        same=True,
        strict=False,
    ),
    Function(
        "greatest",
        (ORDERED,),
        _rest,
        _best_polars(True),
        _best_row(max),
        "greatest({all})",
        "the largest; NULLs are left out",
        many=True,
        same=True,
        strict=False,
    ),
    Function(
        "least",
        (ORDERED,),
        _rest,
        _best_polars(False),
        _best_row(min),
        "least({all})",
        "the smallest; NULLs are left out",
        many=True,
        same=True,
        strict=False,
    ),
)

# ---- casts: one rule for `cast` and `try_cast`: what cannot be converted is NULL
