"""When an endpoint was asked: as it went, apart from history that was replayed, which has times of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from treadle.monitoring.ledger import number_of
from treadle.serving import records

if TYPE_CHECKING:
    import polars as pl

    from treadle.serving import Journal
    from treadle.store import TableNames, Tables

PLAYER = "replay"
"""The service in whose name `treadle replay` asks."""
_TEXTS = ("prediction_id", "model", "client")


class Moments(Struct, frozen=True):
    """In seconds since 1970, in no order. live: when each was answered, also of what was asked twice. played: of what
    was replayed, the time that each is of (`at`), once however often it was played. untold: replayed ones of no known
    time."""

    live: list[float]
    played: list[float]
    untold: int = 0


def moments_of(tables: Tables, names: TableNames, journal: Journal) -> Moments:
    """Of the ledger and of what is still in the journal. It writes nothing."""
    import polars as pl

    rows = _rows(tables, names, journal)
    live = rows.filter(~pl.col("played")).get_column("answered").to_list()
    played = rows.filter("played")
    of_time = played.drop_nulls("at").unique("prediction_id", keep="last")
    return Moments(live, of_time.get_column("at").to_list(), played.get_column("at").null_count())


def played_between(tables: Tables, names: TableNames, journal: Journal, begin: float, end: float) -> tuple[int, int]:
    """How many were answered from `begin` to `end` (without), and how many of them were replayed."""
    import polars as pl

    found = _rows(tables, names, journal).filter(pl.col("answered").is_between(begin, end, closed="left"))
    return found.height, int(found.get_column("played").sum())


def _rows(tables: Tables, names: TableNames, journal: Journal) -> pl.DataFrame:
    """When each was answered, and of which time it is, in seconds since 1970; and whether it was replayed: by who
    asked, and by the name that a replay gives, as where it was given a token of somebody else."""
    import polars as pl

    parts = [_in_journal(journal)]
    if tables.exists(names.ledger("predictions")):
        kept = tables.scan(names.ledger("predictions"))
        has = kept.collect_schema()
        # rows of before these were kept have no column of them
        times = [
            pl.col(name).dt.epoch("us") / 1e6 if name in has else pl.lit(None, pl.Float64).alias(name)
            for name in ("answered", "at")
        ]
        texts = [pl.col(n).cast(pl.String) if n in has else pl.lit(None, pl.String).alias(n) for n in _TEXTS]
        number = pl.col("seq").cast(pl.Int64) if "seq" in has else pl.lit(None, pl.Int64).alias("seq")
        parts.append(kept.select(number, *times, *texts).collect())
    # what is moved between the two looks is in both
    once = pl.col("seq").is_null() | pl.col("seq").is_first_distinct()
    rows = pl.concat(parts).filter(once).drop_nulls("answered").with_columns(pl.col(*_TEXTS).fill_null(""))
    named = (pl.col("model") != "") & pl.col("prediction_id").str.starts_with(pl.col("model") + "/")
    return rows.with_columns(((pl.col("client") == f"service:{PLAYER}") | named).alias("played"))


def _in_journal(journal: Journal) -> pl.DataFrame:
    import polars as pl

    found = list[tuple[int | float | str | None, ...]]()
    for record in records(journal, "predictions"):
        when = record.get("answered")
        if isinstance(when, float | int) and not isinstance(when, bool) and 0 <= when < 1e11:
            texts = [str(record.get(name) or "") for name in _TEXTS]
            found.append((number_of(record), float(when), _seconds(record.get("at")), *texts))
    schema = {"seq": pl.Int64, "answered": pl.Float64, "at": pl.Float64, **dict.fromkeys(_TEXTS, pl.String)}
    return pl.DataFrame(found, schema=schema, orient="row")


def _seconds(at: Any) -> float | None:
    """Of a time as the journal has it: text, in UTC where it says nothing else."""
    if not isinstance(at, str):
        return None
    try:
        found = datetime.fromisoformat(at)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
