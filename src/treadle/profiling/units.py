"""The unit that a column is probably in, by the end of its name or by what its values carry."""

from __future__ import annotations

import re

import polars as pl

_ENDS = {
    "km": "km", "kilometers?": "km", "kilometres?": "km", "miles?": "miles", "mi": "miles", "meters?": "m",
    "metres?": "m", "cm": "cm", "mm": "mm", "ft": "feet", "feet": "feet", "inch(es)?": "inches", "kg": "kg",
    "lbs?": "pounds", "grams?": "g", "secs?": "s", "seconds?": "s", "ms": "ms", "millis": "ms", "mins?": "minutes",
    "minutes?": "minutes", "hrs?": "hours", "hours?": "hours", "days?": "days", "weeks?": "weeks",
    "months?": "months", "years?": "years", "usd": "USD", "eur": "EUR", "gbp": "GBP", "chf": "CHF", "jpy": "JPY",
    "cents?": "cents", "pct": "%", "percent(age)?": "%", "celsius": "°C", "deg_?c": "°C", "fahrenheit": "°F",
    "deg_?f": "°F", "kwh": "kWh", "mb": "MB", "gb": "GB", "bytes?": "bytes", "mph": "miles/h", "kmh": "km/h",
    "hpa": "hPa", "psi": "psi", "bps": "basis points", "ha": "hectares", "gal(lons?)?": "gallons",
    "lit(er|re)s?": "liters", "m[2²]|sqm|qm": "m²", "km[2²]": "km²", "m[3³]": "m³", "km/h": "km/h", "m/s": "m/s",
    "%": "%", "€": "EUR", r"\$": "USD", "£": "GBP", "°c": "°C", "°f": "°F",
}  # fmt: skip
_ALONE = frozenset(
    ("km", "cm", "kg", "USD", "EUR", "GBP", "CHF", "JPY", "%", "°C", "°F", "kWh", "km/h", "hPa", "m²", "km²", "m³")
)
_LETTERS = {"m": "m", "s": "s", "h": "hours", "g": "g", "l": "liters", "t": "t"}
_BRACKETED = re.compile(r".*[(\[]\s*([mshglt])")
"""Letters that are a unit in brackets alone: `length (m)`."""
_TEMPERATURE = re.compile(r"(?:.*[_\W])?(?:temp|temperature|dew_?point|feels_like)[_\W]([cf])")
_SIGN = r"^\s*(?:([$€£¥])\s*[\d.,]+|[+-]?[\d.,]+\s*([$€£¥%°a-zA-Z]{1,8}))\s*$"
_MOSTLY = 0.5


def unit_of(name: str, counts: pl.DataFrame | None) -> str:
    """Empty where nothing tells. `counts`: rows by value of a column of text."""
    if counts is not None:
        return _carried(counts)
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().rstrip(" )]")  # weight (kg), weight [kg]
    if degrees := _TEMPERATURE.fullmatch(plain):  # of another thing `_c` and `_f` may be anything
        return f"°{degrees[1].upper()}"
    if bracketed := _BRACKETED.fullmatch(plain):
        return _LETTERS[bracketed[1]]
    return next((unit for end, unit in _ENDS.items() if re.fullmatch(rf"{_begin(unit)}{end}", plain)), "")


def _begin(unit: str) -> str:
    """What stands before a unit in a name. A column may be called as its unit is (`km`); `year` and `ha` are words."""
    return r"(?:.*[_\W])?" if unit in _ALONE else r".+[_\W]"


def _carried(counts: pl.DataFrame) -> str:
    """The sign or the word that most values have beside a number."""
    looked = counts.head(10_000)
    found = looked.with_columns(
        pl.coalesce(pl.col("value").str.extract(_SIGN, 1), pl.col("value").str.extract(_SIGN, 2)).alias("unit")
    )
    units = found.drop_nulls("unit").group_by("unit").agg(pl.col("rows").sum()).sort("rows", "unit", descending=True)
    if not units.height or units["rows"].sum() < _MOSTLY * max(int(looked["rows"].sum()), 1):
        return ""
    return " or ".join(units["unit"].head(3))
