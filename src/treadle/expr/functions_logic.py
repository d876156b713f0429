"""Comparison, three-valued logic, choice, and casts."""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from treadle.expr.functions_text import text_row
from treadle.expr.table import ANY, ORDERED, Function, wider
from treadle.expr.types import Type, to_polars_type

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


def _in_polars(a: Any, *options: Any) -> Any:
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

_SPACE = r"[ \t\n\f\r]*"
_DAY = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
SHAPES = {
    "int": f"^{_SPACE}[+-]?[0-9]+{_SPACE}$",
    "float": rf"^{_SPACE}[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?{_SPACE}$",
    "date": f"^ *{_DAY} *$",
    "timestamp": f"^ *{_DAY}([ T]{_CLOCK})? *$",
}
"""What a text must look like to be cast; databases take more, each its own. The same in Python, Rust and RE2, and
each can be read in one way only: `re` tries them all, and `1*1*` over n ones has n of them.
"""
TRUE, FALSE = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")


def cast_row(value: Any, source: str, target: str) -> Any:
    """One value to another type; None where it cannot be."""
    if value is None or source == target:
        return value
    try:
        if source == "str" and target in SHAPES and not re.fullmatch(SHAPES[target], value):
            return None
        return _CASTS_ROW[target](value, source)
    except (ValueError, OverflowError):
        return None


def _row_int(value: Any, source: str) -> Any:
    number = round(value) if source == "float" else int(value)
    return number if -(2**63) <= number < 2**63 else None


def _row_float(value: Any, source: str) -> Any:
    number = float(value)
    return number if math.isfinite(number) else None


def _row_bool(value: Any, source: str) -> Any:
    if source == "str":
        word = value.strip(" ").lower()
        return True if word in TRUE else False if word in FALSE else None
    return bool(value)


def _row_time(value: Any, source: str) -> Any:
    if source == "str":
        return datetime.fromisoformat(value.strip(" ")).replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def _row_date(value: Any, source: str) -> Any:
    if source == "str":
        return date.fromisoformat(value.strip(" "))
    return value.date()


def _row_str(value: Any, source: str) -> str:
    return text_row(value)


_CASTS_ROW: dict[str, Callable[[Any, str], Any]] = {
    "int": _row_int,
    "float": _row_float,
    "bool": _row_bool,
    "timestamp": _row_time,
    "date": _row_date,
    "str": _row_str,
}
ALLOWED_CASTS: dict[str, tuple[str, ...]] = {
    "int": ("str", "float", "bool"),
    "float": ("str", "int", "bool"),
    "bool": ("str", "int"),
    "timestamp": ("str", "date"),
    "date": ("str", "timestamp"),
    "str": ("int", "bool", "date", "timestamp"),
}


def cast_polars(value: Any, source: str, target: str) -> Any:
    """The same over a column."""
    pl = _pl()
    if source == target:
        return value
    kind = to_polars_type(target)
    if source == "null":
        return value.cast(kind)
    if source == "str" and target in SHAPES:
        value = pl.when(value.str.contains(SHAPES[target])).then(value)
    match (source, target):
        case ("str", "int"):
            return value.str.strip_chars(" \t\n\f\r").str.strip_prefix("+").cast(pl.Int64, strict=False)
        case ("str", "float"):
            number = value.str.strip_chars(" \t\n\f\r").str.strip_prefix("+").cast(pl.Float64, strict=False)
            return pl.when(number.is_finite()).then(number)
        case ("str", "bool"):
            word = value.str.strip_chars(" ").str.to_lowercase()
            return pl.when(word.is_in(TRUE)).then(True).when(word.is_in(FALSE)).then(False)
        case ("str", "timestamp"):
            text = value.str.strip_chars(" ").str.replace(" ", "T", literal=True)
            parts = [
                text.str.to_datetime(form, strict=False, time_unit="us")
                for form in ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M")
            ]
            day = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
            return pl.coalesce(*parts, day).dt.replace_time_zone("UTC")
        case ("str", "date"):
            return value.str.strip_chars(" ").str.to_date("%Y-%m-%d", strict=False)
        case ("float", "int"):
            return value.round(0, "half_to_even").cast(pl.Int64, strict=False)
        case ("date", "timestamp"):
            return value.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        case ("timestamp", "date"):
            return value.dt.date()
        case ("timestamp", "str"):
            plain = value.dt.strftime("%Y-%m-%d %H:%M:%S")
            return (
                pl.when(value.dt.microsecond() == 0)
                .then(plain)
                .otherwise(value.dt.strftime("%Y-%m-%d %H:%M:%S%.6f").str.strip_chars_end("0"))
            )
        case ("bool", "str"):
            return pl.when(value).then(pl.lit("true")).when(~value).then(pl.lit("false"))
    return value.cast(kind)
