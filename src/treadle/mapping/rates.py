"""Amounts of money in another currency, by a table of dated rates: the last one on or before the day of each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.errors import DataError, nearest

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = ("day", "from", "to", "rate")
_MEND = "a line says that one unit of `from` was worth `rate` of `to` from `day` on: 2024-05-02,USD,EUR,0.93"


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates that were read and hold together: `day`, `from`, `to`, `rate`; `name`: of their file."""

    name: str
    frame: pl.DataFrame

    def per_unit(self, codes: pl.Series, days: pl.Series, to: str) -> pl.Series:
        """What one unit of each of `codes` was worth in `to` on each of `days`; missing where no rate tells it.

        A rate of the other way counts as its inverse, where there is none of this way on that day.
        """
        import polars as pl

        asked = pl.DataFrame({"code": codes, "day": days})
        pairs = asked.unique().drop_nulls().sort("day")
        found = pairs.join_asof(self._into(to), on="day", by="code", strategy="backward", check_sortedness=False)
        found = found.with_columns(
            rate=pl.when(pl.col("code") == to).then(pl.lit(1.0)).otherwise(pl.col("rate"))  # on any day
        )
        joined = asked.join(found.select("code", "day", "rate"), on=["code", "day"], how="left", maintain_order="left")
        return joined.get_column("rate")

    def _into(self, to: str) -> pl.DataFrame:
        import polars as pl

        this, other = self.frame.filter(pl.col("to") == to), self.frame.filter(pl.col("from") == to)
        there = this.select("day", "rate", code="from", turned=pl.lit(0))
        back = other.select("day", rate=1 / pl.col("rate"), code="to", turned=pl.lit(1))
        both = pl.concat([there, back]).sort("turned", "day", maintain_order=True)
        return both.unique(["code", "day"], keep="first", maintain_order=True).sort("day").select("code", "day", "rate")

    def span(self, code: str, to: str) -> str:
        """From when to when there are rates of a currency, in words."""
        import polars as pl

        days = self._into(to).filter(pl.col("code") == code).get_column("day")
        return f"its rates of {code} begin on {days.min()!s}" if len(days) else f"it has no rate of {code} in {to}"


def rates_of(frame: pl.DataFrame, name: str, where: str) -> Rates:
    """The rates of a table with the columns `day`, `from`, `to` and `rate`, in any order.

    Raises:
        DataError: a column is missing; there is no rate; a day, a currency or a rate is none; two differ of one day.
    """
    import polars as pl

    for column in _COLUMNS:
        if column not in frame.columns:
            near = nearest(column, frame.columns)
            raise DataError(f'{name} has no column "{column}"', where=where, mend=f"{near}; {_MEND}" if near else _MEND)
    if not frame.height:
        raise DataError(f"{name} holds no rate", where=where, mend=_MEND)
    made = frame.select(
        _day(frame, name, where),
        *(pl.col(code).cast(pl.String).str.strip_chars().str.to_uppercase() for code in ("from", "to")),
        _rate(frame, name, where),
    )
    for code in ("from", "to"):
        wrong = made.get_column(code).str.contains(r"^[A-Z]{3}$").fill_null(False)
        _refuse(frame, ~wrong, code, f"is no currency in {name}", where)
    _refuse(frame, made.get_column("day").is_null(), "day", f"is no day in {name}", where)
    _refuse(frame, made.get_column("from") == made.get_column("to"), "to", f"is what it is from in {name}", where)
    once = made.unique(maintain_order=True)
    twice = once.filter(pl.struct("day", "from", "to").is_duplicated())
    if twice.height:
        day, one, other, first = twice.row(0)
        second = twice.filter(day=day, to=other, **{"from": one}).row(1)[3]
        raise DataError(
            f"{name} has two rates from {one} to {other} on {day}: {first:g} and {second:g}",
            where=where,
            mend="keep the one that counts",
        )
    return Rates(name, once.sort("day"))


def _day(frame: pl.DataFrame, name: str, where: str) -> pl.Expr:
    import polars as pl

    kind = frame.schema["day"]
    if kind == pl.Date:
        return pl.col("day")
    if isinstance(kind, pl.Datetime):
        return pl.col("day").dt.date()
    like = frame.get_column("day").drop_nulls().head(1).to_list()
    raise DataError(
        f"{name}: `day` holds no days{f', such as {like[0]!r}' if like else ''}",
        where=where,
        mend="write each day as 2024-05-31",
    )


def _rate(frame: pl.DataFrame, name: str, where: str) -> pl.Expr:
    import polars as pl

    if not frame.schema["rate"].is_numeric():
        like = frame.get_column("rate").drop_nulls().head(1).to_list()
        said = f", such as {like[0]!r}" if like else ""
        raise DataError(f"{name}: `rate` holds no numbers{said}", where=where, mend="write each rate as 0.93")
    rates = frame.get_column("rate").cast(pl.Float64)
    _refuse(frame, ~(rates.is_finite() & (rates > 0)).fill_null(False), "rate", f"is no rate above 0 in {name}", where)
    return pl.col("rate").cast(pl.Float64)


def _refuse(frame: pl.DataFrame, wrong: pl.Series, column: str, said: str, where: str) -> None:
    if wrong.any():
        row = int(wrong.arg_true()[0])
        raise DataError(f"{frame[column][row]!r} in row {row + 1:,} {said}", where=where, mend=_MEND)
