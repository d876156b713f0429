"""Foreign keys: rows whose values do not stand in the source that they point to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle import expr
from treadle.contracts.beside import Beside
from treadle.contracts.rules import Foreign, Rule
from treadle.errors import SpecError, nearest

if TYPE_CHECKING:
    import polars as pl

_HIT = "\x00hit"
_COMPARED: dict[frozenset[str], expr.Type] = {frozenset(("int", "float")): "int"}
"""As what values of two types are compared: whole numbers as they are, since a float is one number for several."""


def dangling(frame: pl.DataFrame, rule: Rule, beside: Beside) -> pl.Series:
    """True in rows that fail a foreign key into another source.

    Raises:
        SpecError: the other source has no such column, or one of another type.
    """
    key = rule.foreign
    assert key is not None
    beside.refuse_unknown(key.source, key.columns, rule.where)
    here, other = _alike(frame, [beside.others[key.source]], rule, key)
    return _failing(frame.select(rule.columns), _hit(here, other), key)


def dangling_within(frame: pl.DataFrame, rules: Sequence[Rule], beside: Beside, bad: pl.Series) -> dict[str, pl.Series]:
    """By rule, True in rows that fail it: of all foreign keys into the own source at once. `bad`: rows that are set
    aside for another reason.

    Such a key may point to any row that is kept; where a row is set aside, by whichever of them, so are those that
    point to it. Soft ones set nothing aside, and are asked of what is kept in the end.

    Raises:
        SpecError: there is no such column, or one of another type.
    """
    import polars as pl

    hard = {rule.id: _own_key(frame, rule, beside, bad) for rule in rules if not rule.soft}
    found, gone = {name: each.failing for name, each in hard.items()}, bad
    for failing in found.values():
        gone = gone | failing
    fresh = (gone & ~bad).arg_true().to_list()
    if fresh:
        more = _fallen(list(hard.values()), set(gone.arg_true().to_list()), fresh)
        rows = pl.Series(range(frame.height), dtype=pl.Int64)
        for (name, failing), fallen in zip(found.items(), more, strict=True):
            found[name] = failing | rows.is_in(list(fallen))
            gone = gone | found[name]
    return found | {rule.id: _own_key(frame, rule, beside, gone).failing for rule in rules if rule.soft}


def _hit(here: pl.DataFrame, there: pl.DataFrame) -> pl.Series:
    import polars as pl

    known = there.unique().with_columns(pl.lit(True).alias(_HIT))
    return here.join(known, on=here.columns, how="left", maintain_order="left")[_HIT].fill_null(False)


def _failing(given: pl.DataFrame, hit: pl.Series, key: Foreign) -> pl.Series:
    """As SQL's MATCH SIMPLE: with a missing part a key points nowhere, which is no fault unless nulls are refused."""
    import polars as pl

    known = given.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    return ~hit & known if not key.nulls else ~(hit & known)


def _alike(here: pl.DataFrame, there: Sequence[pl.DataFrame], rule: Rule, key: Foreign) -> list[pl.DataFrame]:
    """The columns that point, and those that each of the others has for it, under the same names and types."""
    made: list[list[pl.Series]] = [[] for _ in range(1 + len(there))]
    for number, (name, other) in enumerate(zip(rule.columns, key.columns, strict=True)):
        columns = [here[name], *(frame[other] for frame in there)]
        known = _kinds(*(each.dtype for each in columns))
        target = known[0] if len(known) == 1 else _COMPARED.get(frozenset(map(str, known)))
        if target is None:
            odd = next((each for each in columns if len(_kinds(columns[0].dtype, each.dtype)) > 1), columns[-1])
            raise SpecError(
                f"{name} is of type {columns[0].dtype}, and {other} of {key.source} of type {odd.dtype}: none can be "
                "in the other",
                where=rule.where,
                mend="declare both with one logicalType",
            )
        for side, values in zip(made, columns, strict=True):
            side.append(_as(values, target).alias(f"{number}"))
    return [type(here)(side) for side in made]


def _kinds(*dtypes: pl.DataType) -> list[expr.Type | None]:
    """The types of the language, each once; a column without any value goes with all."""
    import polars as pl

    return list(dict.fromkeys(expr.polars_type(each) for each in dtypes if each != pl.Null)) or ["str"]


def _as(values: pl.Series, target: expr.Type) -> pl.Series:
    import polars as pl

    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is None:
        values = values.dt.replace_time_zone("UTC")
    if target == "int" and expr.polars_type(values.dtype) == "float":
        return whole(values)
    return values.cast(expr.to_polars_type(target))


def whole(values: pl.Series) -> pl.Series:
    """Numbers as whole ones of 64 bits; missing where they are none.

    >>> import polars as pl
    >>> whole(pl.Series([7.0, 7.5, 1e300, None])).to_list()
    [7, None, None, None]
    """
    import polars as pl

    made = values.cast(pl.Int64, strict=False)
    same = made.cast(values.dtype, strict=False) == values
    return made.set(~same.fill_null(False), None)


@dataclass(frozen=True, eq=False)
class _Own:
    """A key into its own source. `here`: what each row points to, and `own`: as what it is pointed to itself; `there`:
    as what those are that are kept so far; `failing`: the rows that point to none of these."""

    here: pl.DataFrame
    own: pl.DataFrame
    there: pl.DataFrame
    failing: pl.Series


def _own_key(frame: pl.DataFrame, rule: Rule, beside: Beside, bad: pl.Series) -> _Own:
    import polars as pl

    key = rule.foreign
    assert key is not None
    for name in key.columns:
        if name not in frame.columns:
            raise SpecError(f'{key.source} has no column "{name}"', where=rule.where, mend=nearest(name, frame.columns))
    kept = [beside.kept] if beside.kept is not None and {*key.columns} <= {*beside.kept.columns} else []
    here, own, *others = _alike(frame, [frame, *kept], rule, key)
    there = pl.concat([own.filter(~bad), *others])
    return _Own(here, own, there, _failing(frame.select(rule.columns), _hit(here, there), key))


def _fallen(keys: Sequence[_Own], gone: set[int], fresh: list[int]) -> list[set[int]]:
    """By key the rows that point to a row that is gone, to one that points to it, and so on. `fresh`: those that have
    just gone."""
    own, left = [each.own.rows() for each in keys], [Counter(each.there.rows()) for each in keys]
    pointing, more = [_pointing(each.here) for each in keys], [set[int]() for _ in keys]
    while fresh:
        row = fresh.pop()
        for mine, count, to, found in zip(own, left, pointing, more, strict=True):
            count[mine[row]] -= 1
            for child in to[mine[row]] if count[mine[row]] <= 0 else ():
                if child not in gone:
                    gone.add(child)
                    found.add(child)
                    fresh.append(child)
    return more


def _pointing(here: pl.DataFrame) -> dict[tuple[object, ...], list[int]]:
    """The rows that point to each key; with a missing part one points nowhere."""
    found: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row, value in enumerate(here.rows()):
        if None not in value:
            found[value].append(row)
    return found
