"""Make the columns of the target out of the rows of a source, a column at a time, each value by itself.

No value looks at another row, so rows that come in parts are mapped as they would be together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from treadle import expr
from treadle.errors import DataError, closest, nearest
from treadle.mapping.converting import Missed, Place, converted, is_changed
from treadle.mapping.instants import instants_in, unmarked
from treadle.mapping.paths import Found, NotMade, NotThere, find, root_of
from treadle.mapping.rates import Rates

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import Mapped

_SHOWN = 12


@dataclass(frozen=True, eq=False)
class Applied:
    """The table, the values that are missing in it since they could not be converted, and the columns of the source
    that were left out, in words."""

    rows: pl.DataFrame
    missed: tuple[Missed, ...] = ()
    left: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing of it that a person should know."""
        return tuple(each.said for each in self.missed) + ((self.left,) if self.left else ())


def apply(
    rows: pl.DataFrame,
    columns: Mapping[str, Mapped],
    *,
    keep: bool,
    rates: Mapping[str, Rates],
    where: str = "",
    partly: bool = False,
    before: int = 0,
) -> Applied:
    """The rows with the columns of the target, in its order, and after them (`keep`) those that nothing is said of.

    A column that another one is made of (`from`) is not kept; those that expressions and currencies look at are.
    partly: what a column is made of may be missing; then there is no such column, or it is as the rows have it.
    before: rows of the table that came before these, where it comes in parts.

    Raises:
        NotThere: a column is made of one that the source has not.
        NotMade: a value cannot be converted, and the rule is to refuse it; values are of a type that has no unit,
            currency or zone. All columns of which that is so are told, as those are that are not there.
        SpecError: an expression, or a unit, is none.
        DataError: a column that is made has the name of another one that is kept.
    """
    places = {name: Place(name, mapped, _under(where, name)) for name, mapped in columns.items()}
    instants, rows = instants_in(rows), unmarked(rows)
    types = expr.column_types(rows) if any(mapped.expression for mapped in columns.values()) else {}
    schema = rows.schema  # asked for once: it is made anew each time
    if partly:
        places = {name: place for name, place in places.items() if not _missing(place, schema)}
    taken: dict[str, pl.Expr] = {}
    used, zoned = set[str](), set[str]()
    gone, unfit = list[NotThere](), list[NotMade]()
    for name, place in places.items():
        try:
            found = _values(place, schema, types)
            taken[name] = found.values.alias(name)
            used.add(found.column)  # of an expression none
            if place.mapped.origin in instants or found.zoned:
                zoned.add(name)
        except NotThere as bad:
            gone.append(bad)
    for each in gone:
        each.rows = rows.drop(used - {""})
    _raise_all(gone)
    made, missed = _selected(rows, taken, where), list[Missed]()
    changed: dict[str, pl.Series] = {}
    for place in filter(is_changed, places.values()):
        try:
            values, known = made.get_column(place.target), place.target in zoned
            changed[place.target], told = converted(values, place, rows, rates, before, instants=known)
            missed += told
        except DataError as bad:
            unfit.append(NotMade(bad.what, place.target, where=bad.where, mend=bad.mend))
    _raise_all(unfit)
    made = made.with_columns(changed.values()) if changed else made
    return _with_the_rest(rows, made, used, keep or partly, where, missed)


def _raise_all(wrong: Sequence[NotMade]) -> None:
    if wrong:
        wrong[0].others = tuple(wrong[1:])
        raise wrong[0]


def _under(where: str, name: str) -> str:
    return f"{where}.map.{name}" if where else f"map.{name}"


def _values(place: Place, schema: pl.Schema, types: Mapping[str, expr.Type]) -> Found:
    """The column that is taken for it, if it is one, and how its values are read."""
    missing = _missing(place, schema)
    if missing:
        what = f'the source has no column "{missing[0]}"'
        near = _near(missing[0], schema)
        mend = nearest(near or missing[0], schema)
        raise NotThere(what, place.target, missing[0], where=place.where, mend=mend, gone=True, near=near)
    if place.mapped.expression is not None:
        parsed = expr.parse(place.mapped.expression, types, where=f"{place.where}.expression")
        return Found("", expr.to_polars(parsed))
    return find(place.mapped.origin or "", schema, place.target, place.where)


def _missing(place: Place, schema: pl.Schema) -> list[str]:
    """What it is made of and is not there, by the columns that these begin in."""
    mapped, money = place.mapped, place.mapped.currency
    named = expr.names_in(mapped.expression) if mapped.expression is not None else ()
    beside = [each for each in (money.column, money.on) if each] if money is not None else []
    lost = [mapped.origin] if mapped.origin is not None and not root_of(mapped.origin, schema) else []
    return [*lost, *(each for each in (*named, *beside) if each not in schema)]


def _near(origin: str, schema: pl.Schema) -> str:
    """The column that was probably meant, where there is one: of `itmes[0].sku` it is `items`."""
    return closest(origin, schema) or closest(re.split(r"[.\[]", origin)[0], schema)


def _selected(rows: pl.DataFrame, taken: Mapping[str, pl.Expr], where: str) -> pl.DataFrame:
    import polars as pl

    if not taken:
        return pl.DataFrame()
    try:
        made = rows.select(taken.values())
    except pl.exceptions.PolarsError as bad:
        raise DataError(f"the columns cannot be made: {str(bad).splitlines()[0]}", where=where) from bad
    # an expression of constants alone is one value
    return made if made.height == rows.height else rows.select(_each(rows, each) for each in taken.values())


def _each(rows: pl.DataFrame, values: pl.Expr) -> pl.Series:
    made = rows.select(values).to_series()
    return made if len(made) == rows.height else made.new_from_index(0, rows.height)


def _with_the_rest(
    rows: pl.DataFrame, made: pl.DataFrame, used: set[str], keep: bool, where: str, missed: list[Missed]
) -> Applied:
    """After the columns that were made, those of the source that nothing was made of."""
    import polars as pl

    left = [name for name in rows.columns if name not in used]
    if not keep:
        return Applied(made, tuple(missed), f"not mapped, and left out: {_few(left)}" if left else "")
    for name in left:
        if name in made.columns:
            raise DataError(
                f'a column "{name}" is made, and the source has another one that is called so and is kept',
                where=_under(where, name),
                mend=f"map that one to a name of its own (given_{name}: {name}), or write unmapped: drop",
            )
    kept = [rows.get_column(name) for name in left]
    # an empty table has no rows, and none can be put beside it
    return Applied(made.hstack(kept) if made.width else pl.DataFrame(kept), tuple(missed))


def added_up(parts: Iterable[Applied]) -> tuple[str, ...]:
    """What is to be said of a table that came in these parts, in their order: what `notes` says of the whole."""
    found: dict[tuple[str, int], Missed] = {}
    columns: tuple[str, ...] = ()
    left = ""
    for part in parts:
        columns, left = tuple(part.rows.columns), part.left
        for one in part.missed:
            first = found.get((one.column, one.reason))
            found[one.column, one.reason] = one if first is None else replace(first, count=first.count + one.count)
    ordered = sorted(found.values(), key=lambda one: (columns.index(one.column), one.reason))
    return tuple(one.said for one in ordered) + ((left,) if left else ())


def _few(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
