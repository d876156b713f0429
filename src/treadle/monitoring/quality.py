"""Realised quality: late labels joined to predictions by id, measured by day of the prediction's `at`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from treadle.monitoring.found import Day
from treadle.training.bootstrap import draws, of_score
from treadle.training.metrics import weighted

if TYPE_CHECKING:
    import polars as pl

_REPLICATES = 200
_LEAST = 10  # fewer labels a day than this have no interval worth a look


def join_outcomes(predictions: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Every prediction, with its label where one is known; `day` by `at`, or by when it was answered."""
    import polars as pl

    frame = predictions.join(
        outcomes.select("prediction_id", "label", "known"), on="prediction_id", how="left", maintain_order="left"
    )
    return frame.with_columns(
        pl.coalesce("at", "answered").dt.date().cast(pl.String).alias("day"),
        pl.coalesce("probability", "prediction").alias("score"),
    )


def by_day(joined: pl.DataFrame, metric: str, threshold: float) -> list[Day]:
    """The metric of each day, with 95 % bootstrap intervals over its rows."""
    import polars as pl

    days = []
    for (day,), rows in sorted(joined.group_by(["day"]), key=lambda item: str(item[0][0])):
        known = rows.filter(pl.col("label").is_not_null())
        value, low, high = measure(known, metric, threshold, at=None)
        days.append(
            Day(
                day=str(day),
                predictions=rows.height,
                labels=known.height,
                value=value,
                low=low,
                high=high,
                base=_mean(known, "label"),
                mean_prediction=_mean(rows, "score"),
            )
        )
    return days


def measure(
    known: pl.DataFrame, metric: str, threshold: float, *, at: np.ndarray[tuple[int], np.dtype[np.datetime64]] | None
) -> tuple[float | None, float | None, float | None]:
    """The metric over rows with a label, and its interval; None where these rows do not define it."""
    if known.height == 0:
        return None, None, None
    y, p = known.get_column("label").to_numpy(), known.get_column("score").to_numpy()
    try:
        score = weighted(metric, y, p, threshold)
        value = float(score(np.ones(len(y))))
    except (ValueError, ZeroDivisionError):
        return None, None, None
    if not np.isfinite(value):
        return None, None, None
    if known.height < _LEAST:
        return value, None, None
    draw = draws(y, at)
    with np.errstate(all="ignore"):
        drawn = [float(score(draw(i))) for i in range(_REPLICATES)]
    found = of_score(metric, y, p, threshold, value, drawn, draw.block)
    return value, found.low, found.high


def _mean(frame: pl.DataFrame, column: str) -> float | None:
    found = frame.get_column(column).mean()
    return None if found is None else float(found)  # type: ignore[arg-type]
