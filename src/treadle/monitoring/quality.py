"""Realised quality: late labels joined to predictions by id, measured by day of the prediction's `at`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from treadle.monitoring.found import Day
from treadle.scoring.bootstrap import LEAST_BLOCKS, draws, of_score
from treadle.scoring.metrics import weighted
from treadle.scoring.quantiles import name_of, of_levels
from treadle.scoring.tasks import Task

if TYPE_CHECKING:
    import polars as pl

    Times = np.ndarray[tuple[int], np.dtype[np.datetime64]]

Array = np.ndarray[Any, Any]
_REPLICATES = 200
_SPREAD = "quantiles"  # which rows that were kept before there were any do not have
_LEAST = 10  # fewer labels a day than this have no interval worth a look


class Measured(Struct, frozen=True):
    """A metric with its 95 % interval, None where there is none; `note`: what to know of that interval."""

    value: float | None
    low: float | None
    high: float | None
    note: str = ""


_UNDEFINED = Measured(None, None, None)


def join_outcomes(predictions: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Every prediction, with its label where one is known; `day` by `at`, or by when it was answered."""
    import polars as pl

    frame = predictions.join(_told(outcomes), on="prediction_id", how="left", maintain_order="left")
    return frame.with_columns(
        pl.coalesce("at", "answered").dt.date().cast(pl.String).alias("day"),
        pl.coalesce("probability", "prediction").alias("score"),
    )


def _told(outcomes: pl.DataFrame) -> pl.DataFrame:
    """Labels as numbers and as names; those kept before there were names have none."""
    import polars as pl

    names = [] if "label_class" in outcomes.columns else [pl.lit(None, pl.String).alias("label_class")]
    return outcomes.with_columns(names).select("prediction_id", "label", "label_class", "known")


def with_label(joined: pl.DataFrame, task: Task) -> pl.DataFrame:
    """The rows whose label is known, and is one that the model knows; `label` holds it as the task numbers it."""
    import polars as pl

    told = joined.get_column("label").drop_nulls().unique().to_list()
    if not task.classes:
        refused = [each for each in told if task.label_of(each) is None]
        return joined.filter(pl.col("label").is_not_null() & ~pl.col("label").is_in(refused))
    meant = pl.Series([_class_of(each, task) for each in told], dtype=pl.Float64)
    by_number = pl.col("label").replace_strict(told, meant, default=None, return_dtype=pl.Float64)
    by_name = pl.col("label_class").replace_strict(
        task.classes, range(len(task.classes)), default=None, return_dtype=pl.Float64
    )
    number = pl.when(pl.col("label_class").is_null()).then(by_number).otherwise(by_name)
    return joined.with_columns(number.alias("label")).filter(pl.col("label").is_not_null())


def _class_of(told: float, task: Task) -> float | None:
    """The class that was told as a number; or as true or false, which were kept as 1 and 0 before names were."""
    found = task.label_of(told)
    return task.label_of(told == 1) if found is None and told in (0, 1) else found


def _labels_and_scores(known: pl.DataFrame, task: Task) -> tuple[Array, Array]:
    """Labels [rows], and what was predicted: [rows], or [rows, classes]."""
    y = known.get_column("label").to_numpy()
    if task.levels:
        return y, _quantiles(known, task.levels)
    if not task.classes:
        return y, known.get_column("score").to_numpy()
    told = [json.loads(text) if text else {} for text in known.get_column("probabilities")]
    p = np.array([[each.get(name, 0.0) for name in task.classes] for each in told], dtype=np.float64)
    return y, p.reshape(len(told), len(task.classes))


def _quantiles(known: pl.DataFrame, levels: tuple[float, ...]) -> Array:
    """What was answered, [rows, levels]; of what was answered by a model that told one number, that number."""
    told = known.get_column(_SPREAD) if _SPREAD in known.columns else [None] * known.height
    rows = []
    for text, one in zip(told, known.get_column("score"), strict=True):
        each = json.loads(text) if text else {}
        rows.append([each.get(name_of(level), one) for level in levels])
    return of_levels(np.array(rows, dtype=np.float64).reshape(len(rows), len(levels)), levels)


def by_day(joined: pl.DataFrame, metric: str, threshold: float, task: Task) -> list[Day]:
    """The metric of each day, with 95 % bootstrap intervals over its rows."""
    days = sorted(joined.group_by(["day"]), key=lambda item: str(item[0][0]))
    return [over(rows, str(day), metric, threshold, task, timed=False) for (day,), rows in days]


def over(rows: pl.DataFrame, day: str, metric: str, threshold: float, task: Task, *, timed: bool = True) -> Day:
    """These rows as one day, called `day`. `timed`: whether intervals may draw days."""
    known = with_label(rows, task)
    found = measure(known, metric, threshold, task, at=times(known) if timed else None)
    return Day(
        day=day,
        predictions=rows.height,
        labels=known.height,
        value=found.value,
        low=found.low,
        high=found.high,
        base=task.came_of(*_labels_and_scores(known, task)) if known.height else None,
        mean_prediction=_mean(rows, "score"),
        note=found.note,
    )


def times(known: pl.DataFrame) -> Times | None:
    """When each row was predicted for; None where the project, or a row, has no time."""
    import polars as pl

    if known.height == 0 or known["at"].null_count():
        return None
    return known.get_column("at").cast(pl.Datetime("us")).to_numpy()


def measure(known: pl.DataFrame, metric: str, threshold: float, task: Task, *, at: Times | None) -> Measured:
    """The metric over rows with a label, and its interval; None where these rows do not define it.

    Days are drawn where there are six or more of them. Of fewer, rows are, and the answer says so: an interval that
    knows nothing of how days differ is still wide enough to keep small numbers of rows from alarming anybody.
    """
    if known.height == 0:
        return _UNDEFINED
    y, p = _labels_and_scores(known, task)
    try:
        score = weighted(metric, y, p, task.rule(threshold))
        value = float(score(np.ones(len(y))))
    except (ValueError, ZeroDivisionError):
        return _UNDEFINED
    if not np.isfinite(value):
        return _UNDEFINED
    if known.height < _LEAST:
        return Measured(value, None, None)
    draw, note = draws(y, at), ""
    if draw.block.why:
        draw, note = draws(y, None), f"rows drawn singly: fewer than {LEAST_BLOCKS} days"
    with np.errstate(all="ignore"):
        drawn = [float(score(draw(i))) for i in range(_REPLICATES)]
    found = of_score(metric, y, p, task.rule(threshold), value, drawn, draw.block)
    return Measured(value, found.low, found.high, note)


def _mean(frame: pl.DataFrame, column: str) -> float | None:
    found = frame.get_column(column).mean()
    return None if found is None else float(found)  # type: ignore[arg-type]
