"""From one type to another, of a value and of a column; and a value as text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from treadle.expr.types import to_polars_type


def _pl() -> Any:
    import polars as pl

    return pl


def text_row(value: Any) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, datetime):
        text = value.replace(tzinfo=None).isoformat(" ")
        return text.rstrip("0") if value.microsecond else text
    return str(value)


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
