"""Sums that balance. Numbers are added exactly: whole numbers and decimals as they are, others to nine digits after the
point, so that a tenth ten times is one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from treadle import expr
from treadle.contracts.beside import Beside
from treadle.contracts.rules import Rule, Sums
from treadle.contracts.told import Told
from treadle.errors import SpecError

if TYPE_CHECKING:
    import polars as pl

_DIGITS = 9
_MOST = 10.0**27
"""What a sum may come to, so that it and its nine digits fit into the 38 of a decimal."""
_LEFT, _RIGHT = "\x00left", "\x00right"
_SHOWN = 3


class _TooLarge(Exception):
    """The numbers cannot be added exactly."""


def balance(frame: pl.DataFrame, rule: Rule, given: Mapping[str, str], beside: Beside | None) -> Told:
    """Whether the sums are equal. given: for columns that were cast, the column with their values from before."""
    import polars as pl

    sums = rule.sums
    assert sums is not None
    if sums.source and (beside is None or sums.source not in beside.others):
        return Told(None, f"the rows of {sums.source} are not at hand")
    try:
        left = _totals(frame, _of(frame, sums.left, given, rule), sums.by, _LEFT)
        if isinstance(sums.right, float):
            right = left.with_columns(pl.lit(_plain(sums.right)).alias(_RIGHT)).drop(_LEFT)
        else:
            right = _right(frame, sums, given, beside, rule)
        return _compared(left, right, sums, rule)
    except (_TooLarge, pl.exceptions.PolarsError):
        return Told(False, "the numbers are too large to be added exactly: 27 digits before the point are the most")


def _right(
    frame: pl.DataFrame, sums: Sums, given: Mapping[str, str], beside: Beside | None, rule: Rule
) -> pl.DataFrame:
    if not sums.source:
        return _totals(frame, _of(frame, str(sums.right), given, rule), sums.by, _RIGHT)
    assert beside is not None
    other, where = beside.others[sums.source], rule.where
    beside.refuse_unknown(sums.source, (str(sums.right), *sums.by), where)
    values = other[str(sums.right)]
    if not values.dtype.is_numeric() and values.null_count() < len(values):
        raise SpecError(f"{sums.right} of {sums.source} is of type {values.dtype}, and no number", where=where)
    return _totals(other, values, sums.by, _RIGHT)


def _of(frame: pl.DataFrame, text: str, given: Mapping[str, str], rule: Rule) -> pl.Series:
    """The values of an expression; of a column of decimals the very decimals that were given."""
    import polars as pl

    found = expr.parse(text, expr.column_types(frame), where=rule.where)
    if len(found.columns) == 1 and text.strip().strip('"').replace('""', '"') == found.columns[0]:
        raw = given.get(found.columns[0], found.columns[0])
        if isinstance(frame.schema[raw], pl.Decimal):
            return frame[raw]
    return frame.select(expr.to_polars(found).alias("value")).to_series()


def _totals(frame: pl.DataFrame, values: pl.Series, by: tuple[str, ...], name: str) -> pl.DataFrame:
    import polars as pl

    exact = _exact(values).alias(name)
    if not by:
        known = exact.drop_nulls()
        return pl.DataFrame(
            [pl.Series(name, [known.sum() if len(known) else None], dtype=pl.Decimal(38, _scale(exact)))]
        )
    # a group without any number has none, and not 0
    sums = pl.when(pl.col(name).count() > 0).then(pl.col(name).sum())
    return frame.select(by).with_columns(exact).group_by(by).agg(sums.alias(name))


def _exact(values: pl.Series) -> pl.Series:
    """As decimals.

    Raises:
        _TooLarge: their sum might not fit.
    """
    import polars as pl

    if isinstance(values.dtype, pl.Decimal):
        return values.cast(pl.Decimal(38, max(values.dtype.scale, _DIGITS)))
    if values.dtype.is_float():
        known = values.cast(pl.Float64)
        values = known.set(~known.is_finite(), None)
    largest = max((abs(float(each)) for each in (values.min(), values.max()) if each is not None), default=0.0)  # type: ignore[arg-type]
    if largest * max(len(values), 1) >= _MOST:
        raise _TooLarge
    return _decimals(values) if values.dtype.is_float() else values.cast(pl.Decimal(38, _DIGITS))


def _decimals(values: pl.Series) -> pl.Series:
    """Of floats, the shortest decimals that are read as them: 16777216.03 is that, and not 16777216.030000002."""
    import polars as pl

    return values.cast(pl.Float64).cast(pl.String).cast(pl.Decimal(38, _DIGITS))


def _scale(values: pl.Series) -> int:
    return int(getattr(values.dtype, "scale", _DIGITS) or 0)


def _plain(value: float) -> Decimal:
    if abs(value) >= _MOST:
        raise _TooLarge
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-_DIGITS))


def _compared(left: pl.DataFrame, right: pl.DataFrame, sums: Sums, rule: Rule) -> Told:
    import polars as pl

    within = _plain(sums.within)
    if not sums.by:
        one, other = left[_LEFT][0], right[_RIGHT][0]
        if one is None and (other is None or isinstance(sums.right, float)):
            return Told(False, "there is no number to add up")
        one, other = one or Decimal(0), other or Decimal(0)
        if abs(one - other) <= within:
            return Told(True)
        return Told(False, f"{_shown(one)} is not {_shown(other)}: they are {_shown(abs(one - other))} apart")
    for name in sums.by:
        kinds = {expr.polars_type(side.schema[name]) for side in (left, right)} - {"null"}
        if len(kinds) > 1:
            raise SpecError(f"{name} is of another type in {sums.source or 'the rows'}", where=rule.where)
    if not left[_LEFT].count() and (isinstance(sums.right, float) or not right[_RIGHT].count()):
        return Told(False, "there is no number to add up")
    both = left.join(right, on=sums.by, how="full", coalesce=True, nulls_equal=True)
    zero = pl.lit(Decimal(0))
    both = both.with_columns(pl.col(_LEFT).fill_null(zero), pl.col(_RIGHT).fill_null(zero))
    both = both.with_columns((pl.col(_LEFT) - pl.col(_RIGHT)).abs().alias("\x00apart"))
    wrong = both.filter(pl.col("\x00apart") > pl.lit(within)).sort("\x00apart", descending=True)
    if not wrong.height:
        return Told(True)
    some = [
        f"{', '.join('NULL' if each is None else str(each) for each in row[:-3])}: "
        f"{_shown(row[-3])} is not {_shown(row[-2])}"
        for row in wrong.select(*sums.by, _LEFT, _RIGHT, "\x00apart").head(_SHOWN).iter_rows()
    ]
    return Told(False, f"{wrong.height:,} of {both.height:,} groups differ; most, {'; '.join(some)}", wrong.height)


def _shown(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
