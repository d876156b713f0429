"""What is done with the values of one column, in this order: their type, their zone, their unit or currency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle import expr
from treadle.errors import DataError
from treadle.mapping.offsets import Offsets, offsets_of
from treadle.mapping.rates import Rates
from treadle.mapping.units import between
from treadle.mapping.zones import placed

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import Exchange, Mapped

_WORDS = {
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "date": "date",
    "timestamp": "time",
    "str": "text",
}


@dataclass(frozen=True)
class Place:
    """Of a column in the project file; what it is called, and what it is made of."""

    target: str
    mapped: Mapped
    where: str

    @property
    def said(self) -> str:
        origin = self.mapped.origin
        return self.target if origin in (None, self.target) else f"{self.target} (from {origin})"


@dataclass(frozen=True)
class Missed:
    """Values of a column that could not be converted, for one reason: `what` is said of the first, in `row`, from 1."""

    column: str
    reason: int
    what: str
    row: int
    count: int

    @property
    def where_it_is(self) -> str:
        more = f", and {self.count - 1:,} more" if self.count > 1 else ""
        return f"{self.what} (row {self.row:,}{more})"

    @property
    def said(self) -> str:
        return f"{self.where_it_is}: missing here"


class _Told:
    """Values that could not be converted: refused, or missing from here on and told of. `before`: rows of the table
    that came before these."""

    def __init__(self, place: Place, before: int) -> None:
        self.place, self.before, self.missed = place, before, list[Missed]()

    def of(self, wrong: pl.Series, what: Callable[[int], str], mend: str, reason: int) -> None:
        """what: a sentence's end about the first row that is wrong, by its place from 0. reason: a number of its own
        for each that a column may have, rising in the order in which they are looked for."""
        count = int(wrong.sum())
        if not count:
            return
        first = int(wrong.arg_true()[0])
        said = f"{self.place.said}: {what(first)}"
        missed = Missed(self.place.target, reason, said, self.before + first + 1, count)
        if self.place.mapped.otherwise == "refuse":
            missing = "or write otherwise: missing, and let the contract say what is required"
            raise DataError(missed.where_it_is, where=self.place.where, mend=f"{mend}; {missing}")
        self.missed.append(missed)


def is_changed(place: Place) -> bool:
    """Whether values become others, beside being taken from where they stand."""
    mapped = place.mapped
    return any(each is not None for each in (mapped.type, mapped.zone, mapped.unit, mapped.currency))


def converted(
    values: pl.Series,
    place: Place,
    rows: pl.DataFrame,
    rates: Mapping[str, Rates],
    before: int = 0,
    *,
    instants: bool = False,
) -> tuple[pl.Series, list[Missed]]:
    """The values as the target has them, and those that are missing for it. before: rows that came before these.
    instants: they are times that came with a zone.

    Raises:
        DataError, SpecError: as `apply` does.
    """
    mapped, told = place.mapped, _Told(place, before)
    kind: expr.Type | None = mapped.type or ("timestamp" if mapped.zone else None)
    offsets = offsets_of(values) if kind == "timestamp" else None
    if kind is not None:
        values = _typed(values if offsets is None else offsets.local, kind, place, told, values)
    if mapped.zone is not None and not instants:
        values = _in_zone(values, place, told, offsets)
    if offsets is not None:
        values = offsets.taken_off(values)
    if mapped.unit is not None:
        linear = between(mapped.unit.origin, mapped.unit.to, f"{place.where}.unit")
        values = _finite(linear.of(_numbers(values, place, "a unit")), values, told, 3)
    if mapped.currency is not None:
        values = _exchanged(_numbers(values, place, "a currency"), mapped.currency, place, rows, rates, told)
    return values.alias(place.target), told.missed


def _typed(values: pl.Series, kind: expr.Type, place: Place, told: _Told, given: pl.Series) -> pl.Series:
    """given: the values as they are shown where they are wrong."""
    import polars as pl

    wanted = expr.to_polars_type(kind)
    if values.null_count() == len(values):
        return pl.Series(values.name, [None] * len(values), dtype=wanted)
    read = expr.as_declared(place.target, values.dtype, kind)
    if read is None:
        found = expr.polars_type(values.dtype)
        other = f"{_WORDS[found]}s" if found in _WORDS else str(values.dtype)
        raise DataError(
            f"{place.said} holds {other}, which are not read as {kind}", where=place.where, mend=_way(found, kind)
        )
    made, wrong = read
    frame = pl.DataFrame({place.target: values})
    if wrong is not None:
        bad = frame.select(wrong).to_series().fill_null(False)
        told.of(bad, lambda row: f"{_shown(given[row])} is no {_WORDS[kind]}", "correct it at the source", 0)
    return frame.select(made).to_series().cast(wanted)


def _way(found: str | None, kind: str) -> str:
    if kind == "str":
        return "write an expression that says how they are written, such as cast(round(x) as bigint)"
    return "name a column of another type" if found is None else "write an expression"


def _in_zone(values: pl.Series, place: Place, told: _Told, offsets: Offsets | None) -> pl.Series:
    """Of the clock; what says its offset from UTC itself is left as it is."""
    zone, said = str(place.mapped.zone), values
    if offsets is not None:
        values = values.set(offsets.minutes.is_not_null(), None)
    found = placed(values, zone, place.mapped.ambiguous)
    local = values.dt.replace_time_zone(None)
    twice = "write ambiguous: earlier, or later"
    told.of(found.twice, lambda row: f"clocks in {zone} showed {local[row]} twice", twice, 1)
    told.of(found.never, lambda row: f"clocks in {zone} never showed {local[row]}", "is it of that zone?", 2)
    return found.instants if offsets is None else said.zip_with(offsets.minutes.is_not_null(), found.instants)


def _numbers(values: pl.Series, place: Place, what: str) -> pl.Series:
    import polars as pl

    if values.null_count() == len(values):
        return pl.Series(values.name, [None] * len(values), dtype=pl.Float64)
    if not values.dtype.is_numeric():
        raise DataError(
            f"{place.said} has {what}, and holds {values.dtype}, such as {_shown(values.drop_nulls()[0])}",
            where=place.where,
            mend="write type: float, where it is a number written as text",
        )
    return values.cast(pl.Float64)


def _finite(made: pl.Series, values: pl.Series, told: _Told, reason: int) -> pl.Series:
    """Numbers that the conversion made too large for a float are none."""
    import polars as pl

    given = values.cast(pl.Float64, strict=False)
    wrong = (made.is_infinite() & ~given.is_infinite()).fill_null(False)
    told.of(wrong, lambda row: f"{values[row]} is too large to be converted", "correct it at the source", reason)
    return pl.select(pl.when(~wrong).then(pl.lit(made))).to_series() if wrong.any() else made


def _exchanged(
    values: pl.Series,
    money: Exchange,
    place: Place,
    rows: pl.DataFrame,
    rates: Mapping[str, Rates],
    told: _Told,
) -> pl.Series:
    import polars as pl

    days, table = _days(rows.get_column(money.on), place), rates[money.rates]
    if money.column is not None:
        codes = rows.get_column(money.column)
        if codes.dtype != pl.String and codes.null_count() < len(codes):
            raise DataError(
                f"{place.said}: {money.column} says the currency of each row, and holds {codes.dtype}",
                where=f"{place.where}.currency.column",
                mend="name a column of codes, such as EUR",
            )
        codes = codes.cast(pl.String).str.strip_chars().str.to_uppercase()
    else:
        codes = pl.Series("code", [money.origin]).new_from_index(0, len(rows))
    known = values.is_not_null() & ~values.is_nan().fill_null(False)
    told.of(known & codes.is_null(), lambda row: f"{values[row]:g} has no currency", f"give each a {money.column}", 4)
    told.of(known & days.is_null(), lambda row: f"{values[row]:g} has no day in {money.on}", "give each row a day", 5)
    per_unit = table.per_unit(codes, days, money.to)
    told.of(
        known & codes.is_not_null() & days.is_not_null() & per_unit.is_null(),
        lambda row: (
            f"{table.name} has no rate from {codes[row]} to {money.to} on or before {days[row]}: "
            f"{table.span(codes[row], money.to)}"
        ),
        f"add the rate to {table.name}",
        6,
    )
    return _finite((values * per_unit).alias(values.name), values, told, 7)


def _days(values: pl.Series, place: Place) -> pl.Series:
    """The day of each row, in UTC."""
    import polars as pl

    if values.dtype == pl.Date:
        return values
    if isinstance(values.dtype, pl.Datetime):
        return values.dt.date()
    if values.null_count() == len(values):
        return pl.Series(values.name, [None] * len(values), dtype=pl.Date)
    raise DataError(
        f"{place.said}: {values.name} says the day of each row, and holds {values.dtype}, such as "
        f"{_shown(values.drop_nulls()[0])}",
        where=f"{place.where}.currency.on",
        mend=f"name a column of days or times; of a text say how it is written: date_format: {{{values.name}: ...}}",
    )


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
