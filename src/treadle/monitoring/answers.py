"""How often each version answered, for whom, on which day: counted over the ledger and what is still in the journal."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from treadle.monitoring.ledger import number_of
from treadle.serving import records

if TYPE_CHECKING:
    from treadle.serving import Journal
    from treadle.store import TableNames, Tables


class Answers(Struct, frozen=True, order=True):
    """`client`: who asked, as the door knew them; "" where it was not kept."""

    day: str
    model: str
    client: str
    count: int


def answers_of(tables: Tables, names: TableNames, journal: Journal) -> list[Answers]:
    """By day, version and client; also of what was asked twice. It writes nothing."""
    import polars as pl

    found, seen = Counter[tuple[str, str, str]](), list[int]()
    for record in records(journal, "predictions"):
        seen += [] if (number := number_of(record)) is None else [number]
        if (day := _day(record)) is not None:
            found[day, str(record.get("model") or ""), str(record.get("client") or "")] += 1
    if tables.exists(names.ledger("predictions")):
        rows = tables.scan(names.ledger("predictions"))
        if "seq" in rows.collect_schema():  # what was moved since it was read is in both
            rows = rows.join(pl.LazyFrame({"seq": seen}, schema={"seq": pl.Int64}), on="seq", how="anti")
        # rows of before callers were kept have no column of them
        client = pl.col("client") if "client" in rows.collect_schema() else pl.lit(None, pl.String).alias("client")
        parts = (pl.col("answered").dt.strftime("%Y-%m-%d").alias("day"), pl.col("model"), client)
        counted = rows.select(parts).drop_nulls("day").group_by("day", "model", "client").len().collect()
        for day, model, asked, count in counted.iter_rows():
            found[day, model or "", asked or ""] += count
    return sorted(Answers(*key, count) for key, count in found.items())


def _day(record: dict[str, Any]) -> str | None:
    when = record.get("answered")
    if not isinstance(when, float | int) or isinstance(when, bool) or not 0 <= when < 1e11:
        return None
    return datetime.fromtimestamp(when, UTC).date().isoformat()
