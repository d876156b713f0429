"""The prediction ledger: closed journal segments become rows of Delta tables, each exactly once.

1. A segment is read whole and turned into a frame.
2. The frame is appended in one transaction that also records the segment's name.
3. Only then is the journal told that it was moved, or that it has lines that are no records.
A process killed between 2 and 3 leaves the segment; the next `collect` finds its name in the table and adds nothing.

`collect` writes; `read` and `find_prediction` do not: what is not in the tables yet they read where it lies.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from treadle.monitoring.found import FoundPrediction
from treadle.serving import records

if TYPE_CHECKING:
    import polars as pl

    from treadle.serving import Journal
    from treadle.store import TableNames, Tables

KINDS = ("predictions", "outcomes")
_NO_RECORD: tuple[type[Exception], ...] = (TypeError, ValueError, OverflowError, KeyError, AttributeError)
_NAMES = {"chosen": "prediction", "label_class": "label"}
"""Columns of names of classes, and the field of a record that they are of."""
_AS_JSON = ("record", "features", "probabilities", "quantiles")
_TOLD = {"predictions": "answered", "outcomes": "told"}
"""When a line came, by the server's clock: the order of those alone that were kept before lines had numbers."""


def collect(tables: Tables, names: TableNames, journal: Journal) -> dict[str, int]:
    """Move closed segments of `journal` into the tables of predictions and outcomes; rows moved by kind."""
    moved = {}
    for kind in KINDS:
        moved[kind] = 0
        closed, _live = journal.segments(kind)
        for segment in closed:
            found = list(journal.lines(segment))
            frame = _whole(kind, [line for line in found if not isinstance(line, bytes)])
            if frame.height:
                tables.append(names.ledger(kind), frame, once=segment.name)
            if frame.height == len(found):
                journal.moved(segment)
            else:
                journal.damaged(segment)
            moved[kind] += frame.height
    return moved


def read(tables: Tables, names: TableNames, journal: Journal, kind: str) -> pl.DataFrame:
    """All rows of a kind: what is in the table, and what is still in the journal. Nothing is moved or written.

    One row an id: the last that was told, by its number, for predictions and outcomes alike, so that a correction
    counts and a replay that is played twice does not count twice.
    """
    import polars as pl

    # the journal before the table: what another process moves between the two is then seen twice, and not never
    parts = [_whole(kind, list(records(journal, kind)))]
    if tables.exists(names.ledger(kind)):
        parts.insert(0, tables.scan(names.ledger(kind)).collect())
    # what has no number was kept before there were any, and is older than all that has one
    frame = pl.concat(parts, how="diagonal_relaxed").sort("seq", _TOLD[kind], nulls_last=False, maintain_order=True)
    return frame.unique("prediction_id", keep="last", maintain_order=True)


def answered(tables: Tables, names: TableNames, journal: Journal) -> list[float]:
    """When each prediction was answered, in seconds since 1970, in no order; also of what was asked twice."""
    import polars as pl

    when = [float(record["answered"]) for record in records(journal, "predictions") if _is_moment(record)]
    if tables.exists(names.ledger("predictions")):
        column = tables.scan(names.ledger("predictions")).select(pl.col("answered").dt.epoch("us")).collect()
        when += [each / 1e6 for each in column.to_series().drop_nulls().to_list()]
    return when


def number_of(record: dict[str, Any]) -> int | None:
    """The number of a journal's line, which no other line of the endpoint has; None where it has none."""
    number = record.get("seq")
    return number if type(number) is int and 0 <= number < 1 << 63 else None


def _is_moment(record: dict[str, Any]) -> bool:
    when = record.get("answered")
    return isinstance(when, float | int) and not isinstance(when, bool) and 0 <= when < 1e11


def _whole(kind: str, found: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows of all lines that are records of this kind; what is JSON and still none is left out, line by line."""
    import polars as pl

    wrong: tuple[type[Exception], ...] = (*_NO_RECORD, pl.exceptions.PolarsError)
    try:
        return _frame(kind, found)
    except wrong:
        good = []
        for record in found:
            with contextlib.suppress(*wrong):
                good.append(_frame(kind, [record]))
        return pl.concat(good) if good else _frame(kind, [])


def _frame(kind: str, found: list[dict[str, Any]]) -> pl.DataFrame:
    import polars as pl

    types: dict[str, Any]
    if kind == "outcomes":
        types = {"label": pl.Float64, "label_class": pl.String, "known": pl.String, "told": pl.Float64}
    else:
        types = {
            "answered": pl.Float64,
            "at": pl.String,
            "model": pl.String,
            "prediction": pl.Float64,
            "probability": pl.Float64,
            "threshold": pl.Float64,
            "chosen": pl.String,
            "probabilities": pl.String,
            "quantiles": pl.String,
            "record": pl.String,
            "features": pl.String,
            "client": pl.String,
        }
    types = {"seq": pl.Int64, "prediction_id": pl.String, **types}
    columns = {name: [_cell(name, row.get(_NAMES.get(name, name))) for row in found] for name in types}
    frame = pl.DataFrame(columns, schema=types)
    return frame.with_columns(
        *(_moment(name) for name in ("answered", "told") if name in types),
        *(pl.col(name).str.to_datetime(time_unit="us", time_zone="UTC") for name in ("at", "known") if name in types),
    )


def _moment(name: str) -> pl.Expr:
    """Seconds since 1970 as a time."""
    import polars as pl

    return pl.from_epoch((pl.col(name) * 1e6).cast(pl.Int64), time_unit="us").dt.replace_time_zone("UTC").alias(name)


def _cell(name: str, value: Any) -> Any:
    """A value as its column keeps it: what a model was asked and saw is text, a truth value is a number."""
    if name in _AS_JSON:
        return None if value is None else _json(value)
    if name in _NAMES:
        return value if isinstance(value, str) else None
    if name in _NAMES.values() and isinstance(value, str):
        return None  # the name of a class stands in a column of its own
    return float(value) if isinstance(value, bool | int) and name != "seq" else value


def _json(value: Any) -> str:
    import msgspec

    return msgspec.json.encode(value).decode()


def find_prediction(tables: Tables, table: str, journal: Journal, wanted: str) -> FoundPrediction | None:
    """The last prediction with an id, in the journal or in the table; None if there is none. Nothing is written."""
    import polars as pl

    found = [r for r in records(journal, "predictions") if r.get("prediction_id") == wanted]
    if tables.exists(table):
        found += tables.scan(table).filter(pl.col("prediction_id") == wanted).collect().to_dicts()
    return _found(max(found, key=_place)) if found else None


def _found(record: dict[str, Any]) -> FoundPrediction:
    """Of the journal's line, or of the table's row."""
    answered, at = record["answered"], record.get("at")
    if isinstance(answered, float | int):
        answered = datetime.fromtimestamp(answered, UTC)
    return FoundPrediction(
        prediction_id=record["prediction_id"],
        model=record["model"],
        prediction=_prediction(record),
        probability=record.get("probability"),
        threshold=record.get("threshold"),
        answered=answered.isoformat(),
        at=at.isoformat() if isinstance(at, datetime) else at or "",
        record=record["record"] if isinstance(record["record"], str) else _json(record["record"]),
        features=record["features"] if isinstance(record["features"], str) else _json(record["features"]),
    )


def _prediction(record: dict[str, Any]) -> float | str:
    """A number, or the name of one of several classes: where it stands depends on whether it was moved already."""
    named, found = record.get("chosen"), record["prediction"]
    if found is None or isinstance(found, str):
        return str(named if found is None else found)
    return float(found)


def _place(record: dict[str, Any]) -> tuple[int, float]:
    when = record["answered"]
    return record.get("seq") or 0, when if isinstance(when, float | int) else when.timestamp()
