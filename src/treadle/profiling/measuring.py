"""A table measured: all rows go by once for what is simple, then each column alone for how its values are spread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import polars as pl
from msgspec import structs

from treadle.profiling import relations
from treadle.profiling.columns import Told, as_counted, first_pass, kind_of, numbers_of, texts_of, times_of, type_said
from treadle.profiling.distinct import hyperloglog
from treadle.profiling.drawing import draw
from treadle.profiling.found import ColumnProfile, Level, Pair, Personal, Profile
from treadle.profiling.personal import OF_MANY, masked, personal
from treadle.profiling.questions import questions
from treadle.profiling.rows import MOST_ROWS, duplicates, equal, names_each, pairs_that_name
from treadle.profiling.spread import LEVELS, MOST_LEVELS, Spread, of_numbers, of_texts, of_times
from treadle.profiling.units import unit_of

__all__ = ["LEVELS", "Asked", "Label", "profile"]
MOST_EXACT, MOST_TEXT, DRAWN = 10_000_000, 400_000_000, 100_000
"""Rows whose values are sorted, bytes of texts that are counted one by one, and texts that are drawn where there are
more: what holds one column within a few hundred MB."""
_NEARLY, _FEW, _LONG = 0.9, 20, 20_000_000
_AT_ONCE = 2
"""Columns that are measured side by side: much of what is asked of one is done by one core."""


@dataclass(frozen=True)
class Label:
    """What is predicted: how it is called, the expression that makes it, and the columns that it is made of."""

    name: str
    made: pl.Expr
    reads: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Asked:
    """What a profile is of, besides its rows. `like`: another profile, on whose bins this one is measured too.

    `say` is told what is looked at, while it goes on.
    """

    name: str
    bytes: int = 0
    snapshot: str = ""
    label: Label | None = None
    key: tuple[str, ...] = ()
    """What the project says names each row."""
    like: Profile | None = None
    say: Callable[[str], None] = lambda text: None


def profile(frame: pl.LazyFrame, asked: Asked) -> Profile:
    """The profile of a table, in memory that two columns of it need, and some 20,000 whole rows.

    Exact but where it says otherwise: of more than 10 million rows quantiles and counts of values are of a part drawn
    evenly, and texts with more than a million values are counted by HyperLogLog.
    """
    schema = frame.collect_schema()
    rows, told = first_pass(frame, schema)
    like = {column.name: column for column in asked.like.columns} if asked.like else {}
    columns = []
    with ThreadPoolExecutor(_AT_ONCE, "treadle-profile") as pool:
        items = enumerate(schema.items())
        waiting = [pool.submit(_column, frame, *item, told[number], rows, like.get(item[0])) for number, item in items]
        try:
            for number, column in enumerate(waiting):
                if number % 10 == 0 and rows * len(schema) > _LONG:
                    asked.say(f"{asked.name}: column {number + 1:,} of {len(schema):,}")
                columns.append(column.result())
        finally:
            pool.shutdown(cancel_futures=True)
    columns = [structs.replace(column, key=_is_key(frame, column, rows)) for column in columns]
    drawn = draw(frame, rows, relations.MOST_ROWS).collect(engine="streaming")
    columns, pairs, unpaired = _related(frame, schema, drawn, columns, asked.label)
    found = Profile(
        name=asked.name,
        rows=rows,
        columns=columns,
        drawn=min(rows, MOST_EXACT),
        related=drawn.height,
        duplicates=duplicates(frame, schema, rows),
        keys=_keys(frame, drawn, rows, columns),
        pairs=pairs,
        unpaired=unpaired,
        label=asked.label.name if asked.label else "",
        questions=[],
        bytes=asked.bytes,
        snapshot=asked.snapshot,
        stated=list(asked.key),
    )
    return structs.replace(found, questions=questions(found))


def _column(
    frame: pl.LazyFrame, name: str, dtype: pl.DataType, told: Told, rows: int, like: ColumnProfile | None
) -> ColumnProfile:
    kind, spread = kind_of(dtype), _spread(frame, name, dtype, told, rows, like)
    nested = kind in ("nested", "bytes")
    signs = personal(name, spread.counts) if kind not in ("bool", "empty") else []
    return ColumnProfile(
        name=name,
        type=type_said(dtype),
        kind=kind,
        missing=int(told["missing"]),
        distinct=0 if told["missing"] == rows else spread.distinct,
        distinct_how="unknown" if nested else spread.how,
        key=False,
        top=_shown(spread, signs),
        top_of=spread.top_of,
        numbers=numbers_of(told, spread.quantiles) if kind == "number" and spread.quantiles else None,
        texts=texts_of(told) if kind == "text" else None,
        times=spread.times,
        bins=spread.bins,
        parts=spread.parts,
        levels={} if _hides(spread, signs) else spread.levels,
        unit=unit_of(name, spread.counts) if kind in ("number", "text") else "",
        personal=signs,
        notes=_notes(kind, spread, rows),
    )


def _shown(spread: Spread, signs: list[Personal]) -> list[Level]:
    """The commonest values; masked where they may name people. What a few levels say of all names nobody."""
    return [Level(masked(each.value), each.rows) for each in spread.top] if _hides(spread, signs) else spread.top


def _hides(spread: Spread, signs: list[Personal]) -> bool:
    named = any(sign.share is not None or sign.what not in OF_MANY for sign in signs)
    return named or (bool(signs) and (spread.distinct or 0) > _FEW)


def _notes(kind: str, spread: Spread, rows: int) -> list[str]:
    """What is not exact, or was not asked."""
    if kind == "number" and not spread.distinct and spread.how == "exact" and rows:
        return ["no value is a finite number"]
    if kind in ("nested", "bytes"):
        return ["only missing values are told of lists, structs and bytes"]
    if spread.how == "about":
        left = ["how one time follows another is not told of so many"] if kind == "time" else []
        return [f"distinct values by HyperLogLog; the commonest of {spread.top_of:,} rows drawn evenly", *left]
    if rows > MOST_EXACT and kind != "empty":
        return [f"quantiles and the commonest values are of {MOST_EXACT:,} rows drawn evenly"]
    return []


def _spread(
    frame: pl.LazyFrame, name: str, dtype: pl.DataType, told: Told, rows: int, like: ColumnProfile | None
) -> Spread:
    kind, whole = kind_of(dtype), rows <= MOST_EXACT
    if kind in ("nested", "bytes"):
        return Spread(None, "unknown")
    if kind == "empty" or told["missing"] == rows:
        return Spread(0, "exact")
    edges = like.parts.edges if like is not None and like.parts is not None else None
    levels = list(like.levels) if like is not None and like.levels else None
    column = frame.select(as_counted(name, dtype))
    if kind == "text" and (told["about"] > MOST_LEVELS or (told["bytes"] or 0) > MOST_TEXT):
        drawn = draw(column, rows, DRAWN).collect(engine="streaming").to_series()
        return _about(of_texts(drawn, "about", levels), column)
    values = draw(column, rows, MOST_EXACT).collect(engine="streaming").to_series()
    if kind == "number":
        spread = of_numbers(values, "exact", edges)
    elif kind == "time":
        spread = of_times(values, "exact", edges, whole=whole)
        spread = spread if whole else replace(spread, times=times_of(told, dtype, rows))
    else:
        spread = of_texts(values.cast(pl.String), "exact", levels)
    # of a part, how many values there are is better told by all rows
    return spread if whole or kind == "bool" else _about(spread, column)


def _about(spread: Spread, column: pl.LazyFrame) -> Spread:
    """The same, with as many values as HyperLogLog tells of all rows."""
    return replace(spread, distinct=hyperloglog(column), how="about")


def _is_key(frame: pl.LazyFrame, column: ColumnProfile, rows: int) -> bool:
    if not _may_name(column) or column.distinct is None or rows < 2:
        return False
    if column.distinct_how == "exact":
        return column.distinct == rows
    return rows <= MOST_ROWS and column.distinct > _NEARLY * rows and names_each(frame, column.name, rows)


def _may_name(column: ColumnProfile) -> bool:
    """Whether it may be a key, or a part of one: an amount may never come twice, and names nothing."""
    return not column.missing and column.kind != "bool" and not column.type.startswith(("Float", "Decimal"))


def _keys(frame: pl.LazyFrame, drawn: pl.DataFrame, rows: int, columns: list[ColumnProfile]) -> list[list[str]]:
    single = [[column.name] for column in columns if column.key]
    if single:
        return single
    tried = [each for each in columns if _may_name(each) and (each.distinct or 0) > 1]
    tried.sort(key=lambda column: -(column.distinct or 0))
    return pairs_that_name(frame, drawn, rows, [column.name for column in tried])


def _related(
    frame: pl.LazyFrame, schema: pl.Schema, drawn: pl.DataFrame, columns: list[ColumnProfile], label: Label | None
) -> tuple[list[ColumnProfile], list[Pair], int]:
    """Each column with its relation to the label; the pairs that matter; and how many columns were not paired."""
    if drawn.height < 2:
        return columns, [], 0
    bins = {name: found for name in schema if (found := relations.coded(drawn, name)) is not None}
    same = equal(frame, schema, relations.alike(drawn))
    keys = {column.name for column in columns if column.key}
    # two keys tell each other by being keys
    paired = [each for each in bins.values() if each.name not in keys]
    pairs, left = relations.pairs(paired, same)
    if label is None:
        return columns, pairs, left
    told = drawn.with_columns(label.made.alias(label.name)).select(label.name).drop_nulls()
    rows = drawn.with_columns(label.made.alias(label.name))[label.name].is_not_null()
    known = drawn.filter(rows)
    target = relations.coded(told, label.name) if told.height > 1 else None
    if target is None:
        return columns, pairs, left
    made = []
    for column in columns:
        by = relations.coded(known, column.name) if column.name not in (label.name, *label.reads) else None
        made.append(structs.replace(column, relation=relations.told_by(target, by)) if by is not None else column)
    return made, pairs, left
