"""Numbers as people write them: with signs of money and percent, and with something between thousands.

Decided only where it changes nothing: each value of a column must be such a number, or none of them is touched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.sources.exactness import EXACT

if TYPE_CHECKING:
    import polars as pl

_MONEY = r"(?:[$€£¥₹]|USD|EUR|GBP|CHF|JPY|INR)"
_WHOLE = r"^[+-]?\d+$"
_WHOLE_AT_LAST = r"^([+-]?\d+)(?:\.0*)?$"
"""A whole number, if with a point and zeros behind it."""
_FIRST = 1_000


class Signs(Struct, frozen=True):
    """What stands before decimals, and what may stand between thousands."""

    decimal: str = "."
    thousands: str = ", '\u00a0\u202f"

    @property
    def pattern(self) -> str:
        """A number, whose digits are its first group."""
        point, between = re.escape(self.decimal), "".join(re.escape(sign) for sign in self.thousands)
        groups = rf"\d{{1,3}}(?:[{between}]\d{{3}})+|" if between else ""
        body = rf"(?:{groups}\d+)(?:{point}\d*)?(?:[eE][+-]?\d+)?|{point}\d+"
        return rf"^\(?\s*[+-]?\s*{_MONEY}?\s*[+-]?\s*({body})\s*(?:%|{_MONEY})?\s*\)?$"


def signs_of(decimal_comma: bool, thousands: str | None) -> Signs:
    if thousands is not None:
        return Signs("," if decimal_comma else ".", thousands)
    return Signs(",", ". '\u00a0\u202f") if decimal_comma else Signs()


def digits(text: str, signs: Signs) -> str:
    """One number as Python writes it, where the text is nothing else: no money, no percent; "" where it is none.

    >>> digits("1.240,50", signs_of(True, None)), digits("-1,240.5", Signs()), digits("12 EUR", Signs())
    ('1240.50', '-1240.5', '')
    """
    point, between = re.escape(signs.decimal), "".join(re.escape(sign) for sign in signs.thousands)
    if not re.fullmatch(rf"[+-]?(?:\d{{1,3}}(?:[{between}]\d{{3}})+|\d+)(?:{point}\d+)?", text):
        return ""
    return re.sub(f"[{between}]", "", text).replace(signs.decimal, ".")


def plain(values: pl.Series, signs: Signs) -> pl.Series:
    """Each text that is a number, as Python writes it; NULL where it is none.

    >>> import polars as pl
    >>> plain(pl.Series(["$1,000", "(2.50)", "7%", "many"]), Signs()).to_list()
    ['1000', '-2.50', '7', None]
    """
    import polars as pl

    text = values.str.strip_chars()
    body = text.str.extract(signs.pattern, 1)
    for sign in signs.thousands:
        body = body.str.replace_all(sign, "", literal=True)
    body = body.str.replace(signs.decimal, ".", literal=True) if signs.decimal != "." else body
    before = text.str.extract(r"^([^\d]*)", 1)
    below = before.str.contains(r"[-]").fill_null(False) | (text.str.starts_with("(") & text.str.ends_with(")"))
    return pl.select(pl.when(below).then("-" + pl.lit(body)).otherwise(pl.lit(body))).to_series().alias(values.name)


def whole(values: pl.Series) -> bool:
    """Whether all are whole numbers, in digits alone."""
    return bool(values.str.contains(_WHOLE).all())


def numbers(values: pl.Series) -> pl.Series | None:
    """Plain texts of numbers as whole numbers if all are, else as floats; None where some are neither.

    Whole numbers beyond 64 bits name things and are no amounts: a float would make one of several. So it would of those
    beyond 2^53 beside fractions: of these it is None too, unless the fractions are whole (7.0, 1e3).
    """
    import polars as pl

    missing = values.null_count()
    if whole(values.head(_FIRST).drop_nulls()):  # a fraction among the first spares two passes over all
        made = values.cast(pl.Int64, strict=False)
        if made.null_count() == missing:
            return made
        if whole(values.drop_nulls()):
            return None
    made = values.cast(pl.Float64, strict=False)
    if made.null_count() != missing:
        return None
    far = values.filter((made.abs() >= EXACT).fill_null(False))
    return _exactly(values, made) if far.str.contains(_WHOLE_AT_LAST).any() else made


def _exactly(values: pl.Series, floats: pl.Series) -> pl.Series | None:
    """Texts of numbers as whole numbers, to the last digit; None where one is not whole, or beyond 64 bits."""
    import polars as pl

    digits = pl.lit(values.str.extract(_WHOLE_AT_LAST, 1).cast(pl.Int64, strict=False))
    small = pl.lit((floats == floats.round()) & (floats.abs() <= EXACT))
    rounded = pl.when(small).then(pl.lit(floats.cast(pl.Int64, strict=False)))
    made = pl.select(pl.coalesce(digits, rounded)).to_series().alias(values.name)
    return made if made.null_count() == values.null_count() else None


def far_and_fraction(values: pl.Series) -> tuple[str, str] | None:
    """Of texts that are numbers each: a whole number beyond a float, and what beside it is none; None without both."""
    import polars as pl

    known = values.drop_nulls().str.strip_chars() if values.dtype == pl.String else values.clear().cast(pl.String)
    if known.head(_FIRST).cast(pl.Float64, strict=False).null_count():
        return None
    floats = known.cast(pl.Float64, strict=False)
    whole = known.str.contains(_WHOLE_AT_LAST)
    far, other = known.filter(whole & (floats.abs() > EXACT)), known.filter(~whole)
    return (far[0], other[0]) if len(far) and len(other) and not floats.null_count() else None
