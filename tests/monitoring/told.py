"""Rows to train on and to ask about; predictions and outcomes, written to a journal as a server writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from treadle.serving import Journal, Writer
from treadle.serving.messages import Answered, Told
from treadle.training import FeatureColumn

START = datetime(2024, 3, 1, 12, tzinfo=UTC)
ROWS = 600
FEATURES = (
    FeatureColumn("amount", "float"),
    FeatureColumn("city", "str"),
    FeatureColumn("vip", "bool"),
    FeatureColumn("when", "timestamp"),
    FeatureColumn("day", "date", "row"),
)


def frame_of(seed: int, rows: int = ROWS) -> pl.DataFrame:
    """Rows one an hour, from a Monday on; `amount` is missing in one of ten."""
    random = np.random.default_rng(seed)
    at = np.datetime64("2024-01-01", "us") + np.arange(rows) * np.timedelta64(3_600_000_000, "us")
    amount = random.normal(size=rows)
    return pl.DataFrame(
        {
            "amount": [None if gone else float(x) for x, gone in zip(amount, random.random(rows) < 0.1, strict=True)],
            "city": random.choice(["Oslo", "東京", "ü"], rows, p=[0.6, 0.3, 0.1]),
            "vip": random.random(rows) < 0.3,
            "when": pl.Series(at).dt.replace_time_zone("UTC"),
            "day": pl.Series(at).cast(pl.Date),
        }
    )


def answered(
    identity: str,
    score: float,
    *,
    at: datetime | None = START,
    second: float = 0.0,
    model: str = "shop:1",
    threshold: float | None = 0.5,
    record: Any = None,
    features: Any = (),
) -> Answered:
    """A prediction; `threshold` None: a regressor's. `second`: when it was answered, after START and `at`."""
    return Answered(
        identity,
        max(START, at or START).timestamp() + second,
        at,
        model,
        score if threshold is None else score >= threshold,
        None if threshold is None else score,
        threshold,
        record or {},
        list(features),
    )


def told(identity: str, label: bool | float, *, second: float = 0.0, known: datetime | None = None) -> Told:
    return Told(identity, label, known or START + timedelta(days=1), START.timestamp() + second)


def write(journal: Journal, *records: Answered | Told, close: bool = True) -> Writer:
    """One segment of the kind that the records are; closed, so that it can be moved."""
    writer = journal.writer("outcomes" if isinstance(records[0], Told) else "predictions")
    for record in records:
        writer.add(record)
    writer.flush()
    if close:
        writer.close()
    return writer
