"""What a column is like, so far as that tells it from others: its name, type, levels, range, form, and unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from treadle import expr
from treadle.profiling import unit_of

if TYPE_CHECKING:
    import polars as pl

_ROWS, _LEVELS, _FORMS = 20_000, 2_000, 12
_AT = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Described:
    """`levels`: distinct values as text, of a column with few of them; `spread`: quantiles of numbers, and of times in
    seconds; `forms`: the commonest forms of texts, `AA-999`. None, or empty, where nothing is known of values.
    """

    name: str
    type: expr.Type | None
    levels: frozenset[str] | None = None
    spread: tuple[float, ...] = ()
    forms: frozenset[str] = frozenset()
    unit: str = ""
    missing: float = 0.0


def described(rows: pl.DataFrame, names: Iterable[str] | None = None) -> list[Described]:
    """What the columns of a table are like; of more than 20,000 rows, so many drawn evenly. Lists are left out."""
    if rows.height > _ROWS:
        rows = rows.gather_every(-(-rows.height // _ROWS))
    types = expr.column_types(rows)
    return [_of(rows.get_column(name), types[name]) for name in (names or rows.columns) if name in types]


def stated(types: Mapping[str, expr.Type | None], levels: Mapping[str, Iterable[str]]) -> list[Described]:
    """What a contract says of columns: their types, and values that are allowed."""
    return [
        Described(name, kind, frozenset(map(str, levels[name])) if name in levels else None, unit=_unit(name))
        for name, kind in types.items()
    ]


def _of(values: pl.Series, kind: expr.Type) -> Described:
    known = values.drop_nulls()
    if known.dtype.is_float():
        known = known.filter(known.is_finite())
    missing = 1 - len(known) / max(1, len(values))
    unit = _unit(values.name)
    if not len(known):
        return Described(values.name, None, unit=unit, missing=missing)
    if kind in ("int", "float", "date", "timestamp"):
        return Described(values.name, kind, _few(known), _spread(known), unit=unit, missing=missing)
    forms = frozenset[str]()
    if kind == "str":
        unit = unit or unit_of(values.name, known.alias("value").value_counts(sort=True, name="rows"))
        made = known.cast(str_type()).str.slice(0, 40)
        for sign, pattern in (("9", r"\d+"), ("A", r"\p{Lu}+"), ("a", r"\p{Ll}+")):
            made = made.str.replace_all(pattern, sign)
        forms = frozenset(made.alias("form").value_counts(sort=True, name="rows").head(_FORMS)["form"].to_list())
    return Described(values.name, kind, _few(known), forms=forms, unit=unit, missing=missing)


def _unit(name: str) -> str:
    """The unit that a name ends with, or is."""
    return unit_of(name, None) or unit_of(f"in_{name}", None)


def str_type() -> pl.DataType:
    return expr.to_polars_type("str")


def _few(known: pl.Series) -> frozenset[str] | None:
    """The distinct values, where they are levels and do not merely name the rows."""
    if known.dtype.is_float() or known.dtype.is_temporal():
        return None
    found = known.unique()
    return frozenset(map(str, found.to_list())) if len(found) <= _LEVELS else None


def _spread(known: pl.Series) -> tuple[float, ...]:
    sorted_ = known.sort()
    return tuple(_number(sorted_[round(at * (len(sorted_) - 1))]) for at in _AT)


def _number(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return float(value.toordinal() - 719_163) * 86_400
    return float(value)  # type: ignore[arg-type]
