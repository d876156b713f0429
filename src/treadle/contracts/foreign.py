"""Foreign keys: rows whose values do not stand in the source that they point to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle import expr
from treadle.contracts.beside import Beside
from treadle.contracts.rules import Foreign, Rule
from treadle.errors import SpecError, nearest

if TYPE_CHECKING:
    import polars as pl

_HIT, _ROW = "\x00hit", "\x00row"
_COMPARED: dict[frozenset[str], expr.Type] = {frozenset(("int", "float")): "float"}


def dangling(frame: pl.DataFrame, rule: Rule, beside: Beside, bad: pl.Series) -> pl.Series:
    """True in rows that fail the foreign key. `bad`: rows that are set aside for another reason.

    A key that points into its own source may point to any row that is kept; where its own row is set aside, so are
    those that point to it.

    Raises:
        SpecError: the other source has no such column, or one of another type.
    """
    import polars as pl

    key = rule.foreign
    assert key is not None
    if key.source == beside.source:
        return _within(frame, rule, key, beside, bad)
    beside.refuse_unknown(key.source, key.columns, rule.where)
    there = beside.others[key.source]
    here, other = _alike(frame.select(rule.columns), there, rule, key)
    hit = here.join(
        other.unique().with_columns(pl.lit(True).alias(_HIT)), on=here.columns, how="left", maintain_order="left"
    )[_HIT]
    return _failing(here, hit.fill_null(False), key)


def _failing(here: pl.DataFrame, hit: pl.Series, key: Foreign) -> pl.Series:
    """As SQL's MATCH SIMPLE: with a missing part a key points nowhere, which is no fault unless nulls are refused."""
    import polars as pl

    known = here.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    return ~hit & known if not key.nulls else ~(hit & known)


def _alike(here: pl.DataFrame, there: pl.DataFrame, rule: Rule, key: Foreign) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both sides under the same names and types."""
    left, right = [], []
    for number, (name, other) in enumerate(zip(rule.columns, key.columns, strict=True)):
        known = _kinds(here.schema[name], there.schema[other])
        target = known[0] if len(known) == 1 else _COMPARED.get(frozenset(map(str, known)))
        if target is None:
            said = [str(frame.schema[each]) for frame, each in ((here, name), (there, other))]
            raise SpecError(
                f"{name} is of type {said[0]}, and {other} of {key.source} of type {said[1]}: none can be in the other",
                where=rule.where,
                mend="declare both with one logicalType",
            )
        dtype = expr.to_polars_type(target)
        left.append(_as(here[name], dtype).alias(f"{number}"))
        right.append(_as(there[other], dtype).alias(f"{number}"))
    return type(here)(left), type(there)(right)


def _kinds(*dtypes: pl.DataType) -> list[expr.Type | None]:
    """The types of the language, each once; a column without any value goes with all."""
    import polars as pl

    return list(dict.fromkeys(expr.polars_type(each) for each in dtypes if each != pl.Null)) or ["str"]


def _as(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    import polars as pl

    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is None:
        values = values.dt.replace_time_zone("UTC")
    return values.cast(dtype)


def _within(frame: pl.DataFrame, rule: Rule, key: Foreign, beside: Beside, bad: pl.Series) -> pl.Series:
    import polars as pl

    for name in key.columns:
        if name not in frame.columns:
            raise SpecError(f'{key.source} has no column "{name}"', where=rule.where, mend=nearest(name, frame.columns))
    here, own = _alike(frame.select(rule.columns), frame.select(key.columns), rule, key)
    there = own.filter(~bad)
    if beside.kept is not None:
        there = pl.concat([there, _alike(frame.select(rule.columns), beside.kept, rule, key)[1]])
    hit = here.join(
        there.unique().with_columns(pl.lit(True).alias(_HIT)), on=here.columns, how="left", maintain_order="left"
    )[_HIT]
    failing = _failing(here, hit.fill_null(False), key)
    fresh = (failing & ~bad).arg_true().to_list()
    if not fresh:
        return failing
    more = _fallen(here.rows(), own.rows(), Counter(there.rows()), set((bad | failing).arg_true().to_list()), fresh)
    return failing | pl.Series(range(frame.height), dtype=pl.Int64).is_in(list(more))


def _fallen(
    here: Sequence[tuple[object, ...]],
    own: Sequence[tuple[object, ...]],
    left: Counter[tuple[object, ...]],
    gone: set[int],
    fresh: list[int],
) -> set[int]:
    """The rows that point to a row that is gone, to one that points to it, and so on. `left`: how many rows have each
    key; `fresh`: those that have just gone."""
    pointing: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row, value in enumerate(here):
        pointing[value].append(row)
    more = set[int]()
    while fresh:
        row = fresh.pop()
        left[own[row]] -= 1
        if left[own[row]] > 0:
            continue
        for child in pointing[own[row]]:
            if child not in gone and None not in here[child]:
                gone.add(child)
                more.add(child)
                fresh.append(child)
    return more
