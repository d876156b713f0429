"""When an endpoint was asked: as it went, apart from history that was replayed, which has times of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from treadle.serving import records

if TYPE_CHECKING:
    from treadle.serving import Journal
    from treadle.store import TableNames, Tables

PLAYER = "replay"
"""The service in whose name `treadle replay` asks."""


class Moments(Struct, frozen=True):
    """In seconds since 1970, in no order. live: when each was answered, also of what was asked twice. played: of what
    was replayed, the time that each is of (`at`), once however often it was played. untold: replayed ones of no known
    time."""

    live: list[float]
    played: list[float]
    untold: int = 0


class Row(Struct, frozen=True):
    """As much of an answer as tells whether it was replayed, and of which time it is."""

    name: str
    answered: float
    at: float | None
    model: str
    client: str

    @property
    def is_played(self) -> bool:
        """By who asked; and by the name that a replay gives, as where it was given a token of somebody else."""
        return self.client == f"service:{PLAYER}" or (bool(self.model) and self.name.startswith(f"{self.model}/"))


def moments_of(tables: Tables, names: TableNames, journal: Journal) -> Moments:
    """Of the ledger and of what is still in the journal. It writes nothing."""
    live, played, untold = list[float](), dict[str, float](), 0
    for row in _rows(tables, names, journal):
        if not row.is_played:
            live.append(row.answered)
        elif row.at is None:
            untold += 1
        else:
            played[row.name] = row.at
    return Moments(live, list(played.values()), untold)


def played_between(tables: Tables, names: TableNames, journal: Journal, begin: float, end: float) -> tuple[int, int]:
    """How many were answered from `begin` to `end` (without), and how many of them were replayed."""
    found = [row.is_played for row in _rows(tables, names, journal) if begin <= row.answered < end]
    return len(found), sum(found)


def _rows(tables: Tables, names: TableNames, journal: Journal) -> Iterator[Row]:
    import polars as pl

    for record in records(journal, "predictions"):
        when = record.get("answered")
        if not isinstance(when, float | int) or isinstance(when, bool) or not 0 <= when < 1e11:
            continue
        told = [str(record.get(name) or "") for name in ("prediction_id", "model", "client")]
        yield Row(told[0], float(when), _seconds(record.get("at")), told[1], told[2])
    if not tables.exists(names.ledger("predictions")):
        return
    rows = tables.scan(names.ledger("predictions"))
    has = rows.collect_schema()
    # rows of before these were kept have no column of them
    text = [
        pl.col(name).cast(pl.String).fill_null("") if name in has else pl.lit("").alias(name)
        for name in ("prediction_id", "model", "client")
    ]
    at = pl.col("at").dt.epoch("us") / 1e6 if "at" in has else pl.lit(None, pl.Float64).alias("at")
    kept = rows.select(text[0], pl.col("answered").dt.epoch("us") / 1e6, at, *text[1:]).drop_nulls("answered")
    for row in kept.collect().iter_rows():
        yield Row(*row)


def _seconds(at: Any) -> float | None:
    """Of a time as the journal has it: text, in UTC where it says nothing else."""
    if not isinstance(at, str):
        return None
    try:
        found = datetime.fromisoformat(at)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
