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

MONEY = r"(?:[$€£¥₹]|USD|EUR|GBP|CHF|JPY|INR)"
_ALIKE = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
_WHOLE = r"^[+-]?\d+$"
_WHOLE_AT_LAST = r"^([+-]?\d+)(?:\.0*)?$"
"""A whole number, if with a point and zeros behind it."""
_WHOLE_BY_TENS = r"^[+-]?\d*(?:\.(\d*?)0*)?[eE]\+?(\d+)$"
"""With an exponent: the digits behind the point, zeros at last aside, and the exponent, which is not below zero."""
_FIRST = 1_000


class Signs(Struct, frozen=True):
    """What stands before decimals, and what may stand between thousands."""

    decimal: str = "."
    thousands: str = ", '\u00a0\u202f"

    @property
    def pattern(self) -> str:
        """A number: what stands before its digits, these, and what stands behind them."""
        point, between = re.escape(self.decimal), "".join(re.escape(sign) for sign in self.thousands)
        groups = rf"[1-9]\d{{0,2}}(?:[{between}]\d{{3}})+|" if between else ""
        body = rf"(?:{groups}\d+)(?:{point}\d*)?(?:[eE][+-]?\d+)?|{point}\d+"
        return rf"^\(?\s*[+-]?\s*({MONEY})?\s*[+-]?\s*({body})\s*(%|{MONEY})?\s*\)?$"


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
    """Each text that is a number, as Python writes it; NULL where it is none: one bracket alone, or two signs.

    >>> import polars as pl
    >>> plain(pl.Series(["$1,000", "(2.50)", "7%", "many"]), Signs()).to_list()
    ['1000', '-2.50', '7', None]
    """
    import polars as pl

    text = values.str.strip_chars()
    before, body, after = _parts(text, signs)
    opened = text.str.starts_with("(")
    fine = (opened == text.str.ends_with(")")) & (before.is_null() | after.is_null())
    body = pl.select(pl.when(pl.lit(fine)).then(pl.lit(body))).to_series()
    for sign in signs.thousands:
        body = body.str.replace_all(sign, "", literal=True)
    body = body.str.replace(signs.decimal, ".", literal=True) if signs.decimal != "." else body
    below = text.str.extract(r"^([^\d]*)", 1).str.contains(r"[-]").fill_null(False) | opened
    return pl.select(pl.when(below).then("-" + pl.lit(body)).otherwise(pl.lit(body))).to_series().alias(values.name)


def all_plain(values: pl.Series, signs: Signs) -> bool:
    """Whether each text has the shape of a number: what is none is told so long before its parts are taken out."""
    return bool(values.str.strip_chars().str.contains(signs.pattern).all())


def _parts(text: pl.Series, signs: Signs) -> list[pl.Series]:
    return text.str.extract_groups(signs.pattern).struct.unnest().get_columns()


def unlike(values: pl.Series, signs: Signs) -> tuple[str, str] | None:
    """Two numbers of a column that are no numbers of one kind: of two currencies, money and percent, or percent and
    none; None where there are no such. Zero is zero in percent too.

    >>> import polars as pl
    >>> unlike(pl.Series(["$5", "€6"]), Signs()), unlike(pl.Series(["$5", "6"]), Signs())
    (('$5', '€6'), None)
    """
    import polars as pl

    text = values.drop_nulls().str.strip_chars()
    if not text.str.contains(rf"%|{MONEY}").any():
        return None
    before, body, after = _parts(text, signs)
    sign = pl.select(pl.coalesce(pl.lit(before), pl.lit(after)).replace(_ALIKE)).to_series()
    if sign.null_count() == len(sign):
        return None
    first = sign.drop_nulls()[0]
    odd = (sign != first).fill_null(False)
    if first == "%":
        odd |= sign.is_null() & body.str.contains(r"[1-9]").fill_null(False)
    other = text.filter(odd)
    return (text.filter(sign == first)[0], other[0]) if len(other) else None


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
    return _exactly(values, made) if beyond(far).any() else made


def beyond(texts: pl.Series) -> pl.Series:
    """Which are whole numbers that a float does not tell apart."""
    import polars as pl

    digits = texts.str.extract(_WHOLE_AT_LAST, 1)
    whole = digits.cast(pl.Int64, strict=False)
    return digits.is_not_null() & ((whole > EXACT) | (whole < -EXACT)).fill_null(True)


def _exactly(values: pl.Series, floats: pl.Series) -> pl.Series | None:
    """Texts of numbers as whole numbers, to the last digit; None where one is not whole, or beyond 64 bits.

    Their digits tell: above 2^52 a float has no fraction, whatever was written.
    """
    import polars as pl

    digits = pl.lit(values.str.extract(_WHOLE_AT_LAST, 1).cast(pl.Int64, strict=False))
    behind = values.str.extract(_WHOLE_BY_TENS, 1).str.len_bytes().fill_null(0)
    tens = values.str.extract(_WHOLE_BY_TENS, 2).cast(pl.Int64, strict=False)
    exact = pl.lit((tens >= behind) & (floats.abs() <= EXACT))
    by_tens = pl.when(exact).then(pl.lit(floats.cast(pl.Int64, strict=False)))
    made = pl.select(pl.coalesce(digits, by_tens)).to_series().alias(values.name)
    return made if made.null_count() == values.null_count() else None


def far_and_fraction(values: pl.Series) -> tuple[str, str] | None:
    """Of texts that are numbers each: a whole number beyond a float, and what beside it is none; None without both."""
    import polars as pl

    known = values.drop_nulls().str.strip_chars() if values.dtype == pl.String else values.clear().cast(pl.String)
    for part in (known.head(_FIRST), known):  # what is no number is told cheaply
        if part.cast(pl.Float64, strict=False).null_count():
            return None
    far, other = known.filter(beyond(known)), known.filter(~known.str.contains(_WHOLE_AT_LAST))
    return (far[0], other[0]) if len(far) and len(other) else None
