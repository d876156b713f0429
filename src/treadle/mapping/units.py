"""From one unit to another: a factor and an offset, read once and exactly from the definitions of `pint`.

Both are fractions of whole numbers, so that 212 degF are 100 degC and not 100.00000000000001.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from treadle.errors import MissingExtra, SpecError, nearest

if TYPE_CHECKING:
    import polars as pl

_EXACT = 2**53
"""Whole numbers up to it are themselves as floats."""
_WRITTEN = re.compile(r"[^\W\d][\w°%µ·*/^ .+()-]*|[°%]\w*")
_LONGEST = 64
_POWER = re.compile(r"\*\*|\^")
_PLAIN_POWER = re.compile(
    r"(?:\*\*|\^)\s*(?:[-+]?\d{1,2}|\([-+]?\d{1,2}(?:[./]\d{1,2})?\))(?![\d.(])(?!\s*(?:\*\*|\^))"
)
"""A power as units have it. `m**9**9**9` is worked out before it is refused, which no machine lives to see."""
_WORDS = {
    "%": "percent",
    "°C": "degC",
    "°F": "degF",
    "miles/h": "mph",
    "MB": "megabyte",
}
"""As people, and `treadle.profiling`, write them."""


@dataclass(frozen=True)
class Linear:
    """``(value * times + plus) / over``, which is another unit's value."""

    times: float
    plus: float
    over: float

    def of(self, values: pl.Series) -> pl.Series:
        """Numbers in the other unit, as fractions."""
        import numpy as np
        import polars as pl

        # by NumPy, since Polars divides by a number as it multiplies by its inverse, which is another last digit
        with np.errstate(over="ignore", invalid="ignore"):  # what becomes infinite is told by whoever asked
            given = values.cast(pl.Float64).to_numpy()
            made = (given * self.times + self.plus) / self.over
            # beyond the largest number on the way, and not at its end: divided first
            made = np.where(np.isinf(made) & np.isfinite(given), given / self.over * self.times, made)
        known = pl.lit(values.is_not_null())
        return pl.select(pl.when(known).then(pl.lit(pl.Series(values.name, made)))).to_series().alias(values.name)

    def of_one(self, value: float) -> float:
        made = (value * self.times + self.plus) / self.over
        return value / self.over * self.times if math.isinf(made) and math.isfinite(value) else made


@functools.lru_cache(maxsize=256)
def between(origin: str, to: str, where: str = "") -> Linear:
    """How a value in the unit `origin` is written in the unit `to`.

    >>> between("mi", "km").of_one(10), between("degF", "degC").of_one(212)
    (16.09344, 100.0)

    Raises:
        SpecError: one of them is no unit; they measure different things; they are not in proportion, as decibels are.
        MissingExtra: pint is not installed.
    """
    one, other = _unit(origin, f"{where}.from"), _unit(to, f"{where}.to")
    if one.dimensionality != other.dimensionality:
        what, than = (_measured(each.dimensionality) for each in (one, other))
        raise SpecError(
            f"{origin} is {what}, and {to} is {than}: there is no way from one to the other",
            where=where,
            mend="name two units of one thing, such as mi and km",
        )
    try:
        at = [Fraction(_registry().Quantity(Fraction(value), one).to(other).magnitude) for value in (0, 1, 2)]
    except (TypeError, ValueError, ArithmeticError, AttributeError) as bad:
        raise _not_in_proportion(origin, to, where) from bad
    if at[2] - at[1] != at[1] - at[0] or at[1] == at[0]:
        raise _not_in_proportion(origin, to, where)
    return _linear(at[1] - at[0], at[0])


def same_dimension(one: str, other: str) -> bool:
    """Whether two texts are units of one thing; False where one is none, or where pint is not installed."""
    try:
        between(one, other)
    except (SpecError, MissingExtra):
        return False
    return True


def _linear(slope: Fraction, offset: Fraction) -> Linear:
    over = math.lcm(slope.denominator, offset.denominator)
    times, plus = int(slope * over), int(offset * over)
    if max(abs(times), abs(plus), over) <= _EXACT:
        return Linear(float(times), float(plus), float(over))
    return Linear(float(slope), float(offset), 1.0)


def _not_in_proportion(origin: str, to: str, where: str) -> SpecError:
    return SpecError(
        f"{origin} and {to} are not in proportion, with or without an offset",
        where=where,
        mend="write it as an expression",
    )


def _unit(text: str, where: str) -> Any:
    name = _WORDS.get(text, text)
    if find_spec("pint") is None:
        raise MissingExtra("units", "pint", what="units need the package pint", where=where)
    import pint

    plain = len(name) <= _LONGEST and len(_POWER.findall(name)) == len(_PLAIN_POWER.findall(name))
    if not plain or not _WRITTEN.fullmatch(name):
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        raise SpecError(f'"{shown}" is no unit', where=where, mend="write it as km, degC, kg, m/s or m**2")
    try:
        return _registry().parse_units(name)
    except (
        pint.errors.PintError,
        ValueError,
        TypeError,
        AssertionError,
        ArithmeticError,
        SyntaxError,
        RecursionError,
    ) as bad:
        word = str(getattr(bad, "unit_names", name) or name)
        raise SpecError(f'there is no unit "{text}"', where=where, mend=_near(word)) from bad


def _near(word: str) -> str:
    mend = nearest(word, _names())
    return mend if mend.startswith("did") else "write it as km, degC, kg, m/s or m**2; capitals count"


@functools.cache
def _names() -> tuple[str, ...]:
    return tuple(name for name in dir(_registry()) if not name.startswith("_") and len(name) < 30)


@functools.cache
def _registry() -> Any:
    """Units with exact factors. It takes some half a second, which only projects that name a unit pay."""
    import pint

    return pint.UnitRegistry(non_int_type=Fraction)


def _measured(dimensions: Any) -> str:
    """Of what a unit is one, in words: `length`, `mass / time`."""
    above = [_power(name, power) for name, power in dimensions.items() if power > 0]
    below = [_power(name, -power) for name, power in dimensions.items() if power < 0]
    if not above and not below:
        return "a plain number"
    return " × ".join(above or ["1"]) + "".join(f" / {name}" for name in below)


def _power(name: str, power: Any) -> str:
    word = name.strip("[]")
    return word if power == 1 else f"{word}^{power}"
