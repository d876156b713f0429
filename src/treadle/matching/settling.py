"""One row a thing, of the rows that tell of it: for each field the value that its rule chooses, and a line on why.

Of values that a rule holds for equal the first row's counts: that of the source that stands first in the project file,
and of that source the one with the smallest key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from treadle import expr
from treadle.errors import DataError
from treadle.matching.decisions import Decision
from treadle.spec.drawn import ID
from treadle.spec.entities import Rule, Settling

if TYPE_CHECKING:
    import polars as pl

    from treadle.matching.blocks import Index
    from treadle.spec import Entity

_THING = "\x00thing"
"""Beside the fields, of which none is called so."""
SEPARATOR = " | "
"""Between the values that did not count, as ``web:3=Ann | web:9=Anna``."""


def settle(
    entity: Entity,
    members: pl.DataFrame,
    folded: pl.DataFrame,
    group: Index,
    decisions: Sequence[Decision],
    where: str,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The settled rows, by `ID`; and the choices: a line for each field of a thing whose rows say unlike values, or of
    which a person said the value.

    members: `ID`, `record`, `source` and the fields, in the order of the rows. folded: the fields as they are compared;
    equal ones are one value, though they be written otherwise. group: of each row the number of its thing.
    """
    import polars as pl

    whole = members.select(pl.Series("thing", group), pl.int_range(pl.len(), dtype=pl.Int32).alias("row"))
    things = whole.group_by("thing").agg(pl.len().cast(pl.Int64).alias("rows")).sort("thing")
    rows = things.select(members[ID].gather(things["thing"]).alias(ID), "rows", pl.col("thing").alias(_THING))
    choices = [_no_choices()]
    for field in entity.fields:
        rule = entity.settle.get(field, entity.otherwise)
        there = _there(whole, members, folded, field, rule, entity)
        won = _won(there, rule)
        lines = _choices(there, won, members, field, rule_said(rule))
        won, set_lines = _set(won, members, group, field, decisions, where)
        choices += [lines.join(set_lines.select("thing"), on="thing", how="anti"), set_lines]
        values = won.select(pl.col("thing").alias(_THING), pl.col("value").alias(field))
        rows = rows.join(values, on=_THING, how="left", maintain_order="left")
    told = pl.concat(choices).sort("thing", pl.col("field").cast(pl.Enum(entity.fields)))
    named = told.select(members[ID].gather(told["thing"]).alias(ID), *told.columns[1:])
    return rows.drop(_THING), named


def rule_said(rule: Rule) -> str:
    if not isinstance(rule, Settling):
        return rule
    return f"newest {rule.newest}" if rule.newest is not None else f"trusted {', '.join(rule.trusted)}"


def _rank(sources: tuple[str, ...]) -> pl.Expr:
    import polars as pl

    return pl.col("source").replace_strict(list(sources), list(range(len(sources))), return_dtype=pl.Int32)


def _there(
    whole: pl.DataFrame, members: pl.DataFrame, folded: pl.DataFrame, field: str, rule: Rule, entity: Entity
) -> pl.DataFrame:
    """The rows that have a value of a field: `value`, `same`, which is equal in what is one value, and `best`, by which
    the rule chooses: more is better."""
    import polars as pl

    found = whole.with_columns(
        members[field].alias("value"),
        pl.coalesce(folded[field], members[field]).alias("same"),
    )
    if isinstance(rule, Settling) and rule.newest is not None:
        return found.with_columns(members[rule.newest].alias("best")).drop_nulls("value")
    if isinstance(rule, Settling):
        first = tuple(dict.fromkeys((*rule.trusted, *entity.sources)))
        best = -members.select(_rank(first)).to_series()
        return found.with_columns(best.alias("best")).drop_nulls("value")
    found = found.drop_nulls("value")
    if rule == "longest":
        return found.with_columns(pl.col("value").cast(pl.String).str.len_chars().cast(pl.Int64).alias("best"))
    return found.with_columns(pl.len().over("thing", "same").cast(pl.Int64).alias("best"))


def _won(there: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """The row whose value counts, for each thing that has one."""
    import polars as pl

    several = pl.len().over("thing") > 1
    alone, many = there.filter(~several), there.filter(several)
    many = many.sort("thing", "best", "row", descending=[False, True, False], nulls_last=True)
    won = many.unique("thing", keep="first", maintain_order=True)
    return pl.concat([alone, won]).select("thing", "row", "value", "same")


def _choices(there: pl.DataFrame, won: pl.DataFrame, members: pl.DataFrame, field: str, rule: str) -> pl.DataFrame:
    """A line for each thing whose rows say something else than what won."""
    import polars as pl

    lost = there.join(won.select("thing", pl.col("same").alias("won")), on="thing").filter(
        pl.col("same") != pl.col("won")
    )
    lost = lost.sort("thing", "row")
    said = pl.format("{}={}", members["record"].gather(lost["row"]), lost["value"].cast(pl.String))
    others = lost.select("thing", said.alias("other")).group_by("thing", maintain_order=True)
    found = others.agg(pl.col("other").str.join(SEPARATOR).alias("others")).join(won, on="thing", maintain_order="left")
    return found.select(
        "thing",
        pl.lit(field).alias("field"),
        pl.col("value").cast(pl.String),
        members["record"].gather(found["row"]).alias("record"),
        members["source"].gather(found["row"]).alias("source"),
        pl.lit(rule).alias("rule"),
        "others",
    )


def _no_choices() -> pl.DataFrame:
    import polars as pl

    texts = dict.fromkeys(("field", "value", "record", "source", "rule", "others"), pl.String())
    return pl.DataFrame(schema={"thing": pl.Int32(), **texts})


def _set(
    won: pl.DataFrame,
    members: pl.DataFrame,
    group: Index,
    field: str,
    decisions: Sequence[Decision],
    where: str,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """With the values that persons said in place of those that won, of each thing the last one; and their lines."""
    import polars as pl

    last: dict[int, Decision] = {}
    for each in decisions:
        row = members["record"].index_of(each.one) if each.done == "set" and each.field == field else None
        if row is not None:
            last[int(group[row])] = each
    if not last:
        return won, _no_choices()
    values = [as_value(each.value, members.schema[field], field, where) for each in last.values()]
    mine = pl.DataFrame({"thing": pl.Series(list(last), dtype=pl.Int32)}).with_columns(
        pl.Series("value", values, dtype=members.schema[field]),
        pl.Series("rule", [f"set by {each.by}: {each.reason}" for each in last.values()], dtype=pl.String),
    )
    before = mine.join(won, on="thing", how="left", suffix=" before", maintain_order="left")
    instead = pl.format("{}={}", members["record"].gather(before["row"]), pl.col("value before").cast(pl.String))
    lines = before.select(
        "thing",
        pl.lit(field).alias("field"),
        pl.col("value").cast(pl.String),
        pl.lit(None, pl.String).alias("record"),
        pl.lit(None, pl.String).alias("source"),
        "rule",
        instead.alias("others"),
    )
    kept = won.join(mine.select("thing"), on="thing", how="anti", maintain_order="left")
    return pl.concat([kept.select("thing", "value"), mine.select("thing", "value")]), lines


def as_value(text: str | None, dtype: pl.DataType, field: str, where: str) -> object:
    """A text as a value of a field's type; None for none.

    Raises:
        DataError: it is none.
    """
    import polars as pl

    if text is None or dtype == pl.String:
        return text
    try:
        return _parsed(pl.Series([text]), dtype)
    except pl.exceptions.PolarsError as bad:
        raise DataError(
            f"{text!r} is no value of {field}, which is {expr.polars_type(dtype)}",
            where=where,
            mend="write it as such: 12, 1.5, true, 2024-05-01, 2024-05-01T10:00:00",
        ) from bad


def _parsed(text: pl.Series, dtype: pl.DataType) -> object:
    import polars as pl

    if dtype == pl.Boolean:
        known: Mapping[str, bool] = {"true": True, "false": False}
        return text.replace_strict(known, return_dtype=pl.Boolean)[0]
    if isinstance(dtype, pl.Datetime):
        return text.str.to_datetime(time_unit="us", time_zone="UTC" if dtype.time_zone else None)[0]
    return text.str.to_date()[0] if dtype == pl.Date else text.cast(dtype)[0]
