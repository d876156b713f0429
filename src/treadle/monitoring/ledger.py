"""The prediction ledger: closed journal segments become rows of Delta tables, each exactly once.

1. A segment is read whole and turned into a frame.
2. The frame is appended in one transaction that also records the segment's name.
3. Only then is the segment deleted.
A process killed between 2 and 3 leaves the segment; the next `collect` finds its name in the table and adds nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle.serving.journal import records, segments

if TYPE_CHECKING:
    import polars as pl

    from treadle.store import Tables

KINDS = ("predictions", "outcomes")


def collect(tables: Tables, prefix: str, journal: Path) -> dict[str, int]:
    """Move closed segments of `journal` into `{prefix}predictions` and `{prefix}outcomes`; rows moved by kind."""
    moved = {}
    for kind in KINDS:
        moved[kind] = 0
        closed, _live = segments(journal, kind)
        for segment in closed:
            frame = _frame(kind, [segment])
            if frame.height:
                tables.append(f"{prefix}{kind}", frame, once=segment.stem)
            segment.unlink(missing_ok=True)
            moved[kind] += frame.height
    return moved


def read(tables: Tables, prefix: str, journal: Path, kind: str) -> pl.DataFrame:
    """All rows of a kind: what is in the table, and what a running server has written but not yet closed.

    One row an id: the newest, for predictions and outcomes alike, so that a correction counts and a
    replay that is played twice does not count twice.
    """
    import polars as pl

    collect(tables, prefix, journal)
    _closed, live = segments(journal, kind)
    parts = [_frame(kind, live)]
    if tables.exists(f"{prefix}{kind}"):
        parts.insert(0, tables.scan(f"{prefix}{kind}").collect())
    frame = pl.concat(parts, how="diagonal_relaxed") if parts else _frame(kind, [])
    return frame.unique("prediction_id", keep="last", maintain_order=True)


def _frame(kind: str, paths: list[Path]) -> pl.DataFrame:
    import polars as pl

    found: list[dict[str, Any]] = []
    for path in paths:
        found.extend(records(path))
    time = pl.Datetime("us", "UTC")
    if kind == "outcomes":
        frame = pl.DataFrame(
            {
                "prediction_id": [r["prediction_id"] for r in found],
                "label": [float(r["label"]) for r in found],
                "known": [r["known"] for r in found],
            },
            schema={"prediction_id": pl.String, "label": pl.Float64, "known": pl.String},
        )
        return frame.with_columns(pl.col("known").str.to_datetime(time_unit="us", time_zone="UTC"))
    frame = pl.DataFrame(
        {
            "prediction_id": [r["prediction_id"] for r in found],
            "answered": [r["answered"] for r in found],
            "at": [r["at"] for r in found],
            "model": [r["model"] for r in found],
            "prediction": [float(r["prediction"]) for r in found],
            "probability": [r["probability"] for r in found],
            "threshold": [r["threshold"] for r in found],
            "record": [_json(r["record"]) for r in found],
            "features": [_json(r["features"]) for r in found],
        },
        schema={
            "prediction_id": pl.String,
            "answered": pl.Float64,
            "at": pl.String,
            "model": pl.String,
            "prediction": pl.Float64,
            "probability": pl.Float64,
            "threshold": pl.Float64,
            "record": pl.String,
            "features": pl.String,
        },
    )
    return frame.with_columns(
        pl.from_epoch((pl.col("answered") * 1e6).cast(pl.Int64), time_unit="us").dt.replace_time_zone("UTC"),
        pl.col("at").str.to_datetime(time_unit="us", time_zone="UTC").cast(time),
    )


def _json(value: Any) -> str:
    import msgspec

    return msgspec.json.encode(value).decode()


def find_prediction(tables: Tables, table: str, journal: Path, wanted: str) -> dict[str, Any] | None:
    """One prediction by id, in the table or in the segments not yet moved; None if there is none."""
    import polars as pl

    closed, live = segments(journal, "predictions")
    for path in [*live, *closed]:
        for record in records(path):
            if record["prediction_id"] == wanted:
                return record
    if not tables.exists(table):
        return None
    rows = tables.scan(table).filter(pl.col("prediction_id") == wanted).collect().to_dicts()
    return rows[-1] if rows else None
