"""Arithmetic and mathematics. A float result that is NaN or infinite is NULL, in every back end."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from treadle.expr.table import NUMBER, Function, wider
from treadle.expr.types import Type

_INT: tuple[Type, ...] = ("int",)
_BOUND = 92 * 10**17
_LARGEST = float(_BOUND)
"""An integer result of this magnitude or more is NULL: 64 bits hold no more."""
_LEAST = -(2**63)
"""The one integer whose opposite does not fit 64 bits."""


def finite_row(value: Any) -> Any:
    return value if type(value) is not float or math.isfinite(value) else None


def finite_polars(value: Any) -> Any:
    import polars as pl

    return pl.when(value.is_finite()).then(value)


def column_like(value: Any, column: Any) -> Any:
    """The value as a whole column. By a constant Polars multiplies with its reciprocal instead of dividing, and takes
    powers by multiplication: both are off in the last bit from what Python and SQL give.
    """
    return value + column * 0.0


def _bounded(operate: Callable[[Any, Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """+, - and * over integers and floats alike."""

    def row(a: Any, b: Any) -> Any:
        value = operate(a, b)
        if type(value) is float:
            return value if math.isfinite(value) else None
        if type(value) is int:
            return value if -_LARGEST < operate(float(a), float(b)) < _LARGEST else None
        return value

    def polars(a: Any, b: Any) -> Any:
        import polars as pl

        safe = operate(a.cast(pl.Float64), b.cast(pl.Float64)).abs() < _LARGEST
        return pl.when(safe).then(operate(a, b))

    return polars, row


def arithmetic(name: str, operate: Callable[[Any, Any], Any], text: str) -> Function:
    integers, row = _bounded(operate)

    def polars(a: Any, b: Any, kinds: list[str]) -> Any:
        return integers(a, b) if kinds == ["int", "int"] else finite_polars(operate(a, b))

    return Function(name, (NUMBER, NUMBER), wider, polars, row, f"({{0}} {name} {{1}})", text)


def _divide_polars(a: Any, b: Any) -> Any:
    import polars as pl

    number = a.cast(pl.Float64)
    return finite_polars(number / column_like(b.cast(pl.Float64), number))


def _divide_row(a: Any, b: Any) -> Any:
    return finite_row(float(a) / float(b)) if b else None


def _whole_polars(a: Any, b: Any) -> Any:
    import polars as pl

    quotient = a // b
    # Polars rounds down; SQL cuts towards zero
    cut = pl.when((a % b != 0) & ((a < 0) != (b < 0))).then(quotient + 1).otherwise(quotient)
    return pl.when((b != 0) & ((a != _LEAST) | (b != -1))).then(cut)


def _whole_row(a: int, b: int) -> Any:
    if not b or (a == _LEAST and b == -1):
        return None
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _rest_polars(a: Any, b: Any, kinds: list[str]) -> Any:
    import polars as pl

    if kinds == ["int", "int"]:
        rest = a % b  # with the sign of b
        return pl.when(b != 0).then(pl.when((rest != 0) & ((a < 0) != (b < 0))).then(rest - b).otherwise(rest))
    # Polars' own rest is a - floor(a / b) * b, which is off by b where the quotient is rounded up
    pair = pl.struct(a.cast(pl.Float64).alias("a"), b.cast(pl.Float64).alias("b"))
    rest = pair.map_batches(_fmod, return_dtype=pl.Float64, is_elementwise=True)
    return finite_polars(pl.when(b != 0).then(rest))


def _fmod(pairs: Any) -> Any:
    import numpy as np
    import polars as pl

    a, b = (pairs.struct.field(name).to_numpy() for name in ("a", "b"))
    with np.errstate(invalid="ignore"):
        return pl.Series(np.fmod(a, b))


def _rest_row(a: Any, b: Any) -> Any:
    if not b:
        return None
    if type(a) is int and type(b) is int:
        rest = abs(a) % abs(b)
        return -rest if a < 0 else rest
    return math.fmod(a, b)


def _math(name: str, function: Callable[[float], float], method: str, text: str, sql: str = "") -> Function:
    """A function from float to float; outside its domain NULL."""

    def row(a: Any) -> Any:
        try:
            return finite_row(float(function(a)))
        except (ValueError, OverflowError):
            return None

    def polars(a: Any) -> Any:
        import polars as pl

        return finite_polars(getattr(a.cast(pl.Float64), method)())

    return Function(name, (NUMBER,), "float", polars, row, sql or f"{name}({{0}})", text)


def _same(types: list[Any]) -> Any:
    return types[0]


def _opposite_row(operate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda a: None if type(a) is int and a == _LEAST else operate(a)


def _opposite_polars(operate: Callable[[Any], Any]) -> Callable[..., Any]:
    def polars(a: Any, kinds: list[str]) -> Any:
        import polars as pl

        return pl.when(a != _LEAST).then(operate(a)) if kinds == ["int"] else operate(a)

    return polars


def _round_whole_row(a: int, digits: int) -> int | None:
    if digits >= 0:
        return a
    unit = int(10**-digits)
    if abs(a) >= _BOUND - unit:
        return None
    moved = (abs(a) + unit // 2) // unit * unit
    return -moved if a < 0 else moved


def _round_whole_polars(a: Any, digits: int) -> Any:
    import polars as pl

    if digits >= 0:
        return a
    unit = int(10**-digits)
    moved = (a.abs() + unit // 2) // unit * unit
    inside = (a > unit - _BOUND) & (a < _BOUND - unit)
    return pl.when(inside).then(pl.when(a < 0).then(-moved).otherwise(moved))


def _round_row(a: Any, digits: int = 0) -> Any:
    if type(a) is int:
        return _round_whole_row(a, digits)
    scale = 10.0**digits
    size = abs(a) * scale
    if not math.isfinite(size):
        return a
    whole = math.floor(size)
    # not floor(size + 0.5): that sum is rounded itself
    moved = (whole + 1 if size - whole >= 0.5 else whole) / scale
    return math.copysign(moved, a) if moved else 0.0


def _round_polars(a: Any, digits: Any = None, *, kinds: list[str], values: list[Any]) -> Any:
    import polars as pl

    places = values[1] if len(values) > 1 else 0
    if kinds[0] == "int":
        return _round_whole_polars(a, places)
    scale = 10.0**places
    size = a.abs() * scale
    whole = size.floor()
    near = pl.when(size - whole >= 0.5).then(whole + 1.0).otherwise(whole)
    moved = pl.when(size.is_finite()).then(near / column_like(pl.lit(scale), size)).otherwise(a.abs())
    return pl.when(moved == 0).then(0.0).otherwise(pl.when(a < 0).then(-moved).otherwise(moved))


def _whole_number_row(near: Callable[[float], int]) -> Callable[[Any], Any]:
    # a zero keeps its sign, as in Polars: atan2 and a text tell the two apart
    return lambda a: a if type(a) is int else math.copysign(near(a), a)


def _power_row(a: Any, b: Any) -> Any:
    try:
        value = float(a) ** float(b)
    except (OverflowError, ZeroDivisionError):
        return None
    return None if isinstance(value, complex) else finite_row(value)


def _power_polars(a: Any, b: Any) -> Any:
    import polars as pl

    number = a.cast(pl.Float64)
    return finite_polars(number.pow(column_like(b.cast(pl.Float64), number)))


def _logarithm(name: str, base: float) -> Function:
    """A quotient of natural logarithms in both paths, whole for the powers of the base."""
    scale = math.log(base)

    def row(a: Any) -> Any:
        if a <= 0:
            return None
        value = math.log(a) / scale
        near = float(round(value))
        # as floats, which Polars compares too: 2**58 + 1 is 2.0**58 then. A power that is too large is none
        return near if _power_row(base, near) == float(a) else value

    def polars(a: Any) -> Any:
        import polars as pl

        number = a.cast(pl.Float64)
        natural = number.log()
        value = finite_polars(natural / column_like(pl.lit(scale), natural))
        near = value.round(0, "half_to_even")
        return pl.when(column_like(pl.lit(base), near).pow(near) == number).then(near).otherwise(value)

    return Function(
        name, (NUMBER,), "float", polars, row, f"{name}({{0}})", f"logarithm to base {base:g}; NULL at zero and below"
    )


def _atan2_polars(a: Any, b: Any) -> Any:
    import polars as pl

    return pl.arctan2(a.cast(pl.Float64), b.cast(pl.Float64))


FUNCTIONS = (
    arithmetic("+", lambda a, b: a + b, "sum"),
    arithmetic("-", lambda a, b: a - b, "difference"),
    arithmetic("*", lambda a, b: a * b, "product"),
    Function(
        "/",
        (NUMBER, NUMBER),
        "float",
        _divide_polars,
        _divide_row,
        "({0} / nullif({1}, 0))",
        "quotient, always a float; NULL when divided by zero",
    ),
    Function(
        "//",
        (_INT, _INT),
        "int",
        _whole_polars,
        _whole_row,
        "({0} // nullif({1}, 0))",
        "whole quotient, cut towards zero; NULL when divided by zero",
    ),
    Function(
        "%",
        (NUMBER, NUMBER),
        wider,
        _rest_polars,
        _rest_row,
        "({0} % nullif({1}, 0))",
        "rest, with the sign of the dividend; NULL when divided by zero",
    ),
    Function(
        "negate",
        (NUMBER,),
        _same,
        _opposite_polars(operator.neg),
        _opposite_row(operator.neg),
        "(-{0})",
        "minus the value: -x",
    ),
    Function("abs", (NUMBER,), _same, _opposite_polars(abs), _opposite_row(abs), "abs({0})", "absolute value"),
    Function(
        "sign", (NUMBER,), "int", lambda a: a.sign().cast(int), lambda a: (a > 0) - (a < 0), "sign({0})", "-1, 0 or 1"
    ),
    Function(
        "round",
        (NUMBER, _INT),
        _same,
        _round_polars,
        _round_row,
        "round({all})",
        "rounded, half away from zero, to so many digits (none if not given)",
        optional=1,
        literal=(1,),
    ),
    Function(
        "floor",
        (NUMBER,),
        _same,
        lambda a: a.floor(),
        _whole_number_row(math.floor),
        "floor({0})",
        "the next whole number below",
    ),
    Function(
        "ceil",
        (NUMBER,),
        _same,
        lambda a: a.ceil(),
        _whole_number_row(math.ceil),
        "ceil({0})",
        "the next whole number above",
    ),
    Function("power", (NUMBER, NUMBER), "float", _power_polars, _power_row, "power({0}, {1})", "a to the b"),
    Function(
        "atan2",
        (NUMBER, NUMBER),
        "float",
        _atan2_polars,
        lambda a, b: math.atan2(a, b),
        "atan2({0}, {1})",
        "angle of the point (b, a), in radians",
    ),
    Function("pi", (), "float", lambda: __import__("polars").lit(math.pi), lambda: math.pi, "pi()", "3.14159…"),
    _math("sqrt", math.sqrt, "sqrt", "square root; NULL below zero"),
    _math("exp", math.exp, "exp", "e to the value"),
    _math("ln", math.log, "log", "natural logarithm; NULL at zero and below"),
    _logarithm("log10", 10.0),
    _logarithm("log2", 2.0),
    _math("sin", math.sin, "sin", "sine of radians"),
    _math("cos", math.cos, "cos", "cosine of radians"),
    _math("tan", math.tan, "tan", "tangent of radians"),
    _math("atan", math.atan, "arctan", "arc tangent, in radians"),
    _math("radians", math.radians, "radians", "degrees to radians"),
    _math("degrees", math.degrees, "degrees", "radians to degrees"),
)
