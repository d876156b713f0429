"""Labels find their predictions by id, and the realised metric of a day is scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics
from told import START, answered, told, write

from treadle.backends.embedded import DeltaTables, FolderJournal
from treadle.monitoring.ledger import read
from treadle.monitoring.quality import by_day, join_outcomes, measure, with_label
from treadle.scoring import task_of
from treadle.scoring.bootstrap import draws
from treadle.store import TableNames

TASK = task_of("classification")
THRESHOLD = 0.4


def joined_of(tables: DeltaTables, journal: FolderJournal) -> pl.DataFrame:
    return join_outcomes(*(read(tables, TableNames("shop"), journal, kind) for kind in ("predictions", "outcomes")))


def labels_of(joined: pl.DataFrame) -> dict[str, float | None]:
    return dict(zip(joined["prediction_id"], joined["label"], strict=True))


def test_a_label_may_come_before_after_twice_or_for_nobody(tables: DeltaTables, journal: FolderJournal) -> None:
    write(journal, told("early", 1), told("nobody", 1), told("changed", 1, second=1))
    assert joined_of(tables, journal).height == 0
    write(journal, *(answered(i, 0.5) for i in ("early", "late", "changed", "never")))
    write(journal, told("late", 0), told("changed", 0, second=2))
    joined = joined_of(tables, journal)
    assert labels_of(joined) == {"early": 1.0, "late": 0.0, "changed": 0.0, "never": None}
    assert joined.height == 4


def days(
    tables: DeltaTables, journal: FolderJournal, metric: str, rows: int, threshold: float | None = THRESHOLD
) -> Any:
    """Three days of `rows` predictions each; the labels of the third are not known. (labels, scores, result)"""
    random = np.random.default_rng(7)
    score = random.random(3 * rows).round(2)  # with ties
    label = (random.random(3 * rows) < score).astype(float) if threshold else score * 3 + random.normal(size=3 * rows)
    at = [START + timedelta(days=i // rows) for i in range(3 * rows)]
    write(journal, *(answered(f"p{i}", float(score[i]), at=at[i], threshold=threshold) for i in range(3 * rows)))
    write(journal, *(told(f"p{i}", float(label[i])) for i in range(2 * rows)))
    task = TASK if threshold else task_of("regression")
    return label, score, by_day(joined_of(tables, journal), metric, THRESHOLD, task)


CLASSES: dict[str, Callable[[Any, Any], float]] = {
    "average_precision": metrics.average_precision_score,
    "roc_auc": metrics.roc_auc_score,
    "log_loss": metrics.log_loss,
    "brier": metrics.brier_score_loss,
    "accuracy": lambda y, p: metrics.accuracy_score(y, p >= THRESHOLD),
    "balanced_accuracy": lambda y, p: metrics.balanced_accuracy_score(y, p >= THRESHOLD),
    "precision": lambda y, p: metrics.precision_score(y, p >= THRESHOLD),
    "recall": lambda y, p: metrics.recall_score(y, p >= THRESHOLD),
    "f1": lambda y, p: metrics.f1_score(y, p >= THRESHOLD),
}
NUMBERS: dict[str, Callable[[Any, Any], float]] = {
    "rmse": metrics.root_mean_squared_error,
    "mae": metrics.mean_absolute_error,
    "mse": metrics.mean_squared_error,
    "r2": metrics.r2_score,
}


@pytest.mark.parametrize("metric", [*CLASSES, *NUMBERS])
def test_the_metric_of_a_day_is_that_of_scikit_learn_inside_its_interval(
    tables: DeltaTables, journal: FolderJournal, metric: str
) -> None:
    theirs = (CLASSES | NUMBERS)[metric]
    label, score, found = days(tables, journal, metric, 80, THRESHOLD if metric in CLASSES else None)
    assert [day.day for day in found] == ["2024-03-01", "2024-03-02", "2024-03-03"]
    for i, day in enumerate(found[:2]):
        y, p = label[80 * i : 80 * (i + 1)], score[80 * i : 80 * (i + 1)]
        assert (day.predictions, day.labels) == (80, 80)
        assert day.value == pytest.approx(theirs(y, p), abs=1e-12)
        assert day.low < day.value < day.high
        assert day.base == pytest.approx(y.mean()) and day.mean_prediction == pytest.approx(p.mean())
    unknown = found[2]
    assert (unknown.predictions, unknown.labels) == (80, 0)
    assert (unknown.value, unknown.low, unknown.high, unknown.base) == (None, None, None, None)
    assert unknown.mean_prediction == pytest.approx(score[160:].mean())


def test_more_labels_give_a_narrower_interval(tables: DeltaTables, tmp_path: Path) -> None:
    widths = []
    for rows in (20, 320):
        journal = FolderJournal(tmp_path / f"journal{rows}")
        _, _, found = days(DeltaTables(tmp_path / str(rows)), journal, "roc_auc", rows)
        widths.append(found[0].high - found[0].low)
    assert widths[1] < widths[0] / 2


def test_an_interval_covers_the_true_value_about_as_often_as_it_says() -> None:
    """The mean of squares of 60 draws: over 60 repetitions, 95 % intervals miss the true 1.0 a few times, not many."""
    random, missed = np.random.default_rng(3), 0
    for _ in range(60):
        rows = pl.DataFrame({"label": random.normal(size=60), "score": np.zeros(60)})
        found = measure(rows, "mse", 0.5, task_of("regression"), at=None)
        assert found.low is not None and found.high is not None
        missed += not found.low <= 1.0 <= found.high
    assert 1 <= missed <= 10


def test_few_labels_have_a_value_and_no_interval(tables: DeltaTables, journal: FolderJournal) -> None:
    _, _, found = days(tables, journal, "brier", 9)
    assert found[0].value is not None and (found[0].low, found[0].high) == (None, None)


def test_a_metric_that_a_day_does_not_define_is_none(tables: DeltaTables, journal: FolderJournal) -> None:
    write(journal, *(answered(f"p{i}", i / 20) for i in range(20)))
    write(journal, *(told(f"p{i}", False) for i in range(20)))
    (day,) = by_day(joined_of(tables, journal), "roc_auc", THRESHOLD, TASK)
    assert (day.labels, day.value, day.low, day.base) == (20, None, None, 0.0)
    (day,) = by_day(joined_of(tables, journal), "brier", THRESHOLD, TASK)
    assert day.value == pytest.approx(np.mean((np.arange(20) / 20) ** 2))


def test_outcomes_that_cannot_be_are_no_labels_though_they_are_in_the_ledger(
    tables: DeltaTables, journal: FolderJournal
) -> None:
    write(journal, *(answered(f"p{i}", 2.0, threshold=None) for i in range(4)))
    write(journal, told("p0", -3.0), told("p1", 0.0), told("p2", 4.0))
    joined = joined_of(tables, journal)
    for kind, kept in (("counts", [0.0, 4.0]), ("regression", [-3.0, 0.0, 4.0]), ("classification", [0.0])):
        assert sorted(with_label(joined, task_of(kind))["label"]) == kept


def test_a_day_is_that_of_the_prediction_else_of_the_answer(tables: DeltaTables, journal: FolderJournal) -> None:
    write(
        journal,
        answered("late at night", 0.5, at=START.replace(hour=23, minute=59)),
        answered("without a time", 0.5, at=None, second=86_400),
        answered("asked late", 0.5, at=START - timedelta(days=30), second=86_400),
    )
    found = by_day(joined_of(tables, journal), "brier", THRESHOLD, TASK)
    assert [day.day for day in found] == ["2024-01-31", "2024-03-01", "2024-03-02"]


def test_nothing_gives_no_days(tables: DeltaTables, journal: FolderJournal) -> None:
    assert by_day(joined_of(tables, journal), "brier", THRESHOLD, TASK) == []


def stormy(seed: int, days: int, rows: int) -> tuple[pl.DataFrame, Any]:
    """Squared errors of days that are alike and follow each other (sd 0.8, correlation 0.3), and when they were."""
    random = np.random.default_rng((seed, days))
    mood = np.zeros(days)
    for day in range(days):
        mood[day] = 0.3 * mood[day - 1] * (day > 0) + random.normal() * (0.91**0.5 if day else 1.0)
    member = np.repeat(np.arange(days), rows)
    frame = pl.DataFrame(
        {"label": random.normal(size=days * rows) + 0.8 * mood[member], "score": np.zeros(days * rows)}
    )
    return frame, np.datetime64("2024-03-01", "us") + member * np.timedelta64(86_400_000_000, "us")


def percentiles(rows: pl.DataFrame) -> tuple[float, float]:
    """The bare interval of rows drawn one by one."""
    squares = rows["label"].to_numpy() ** 2
    drawn = [float(draws(squares, None)(k) @ squares / len(squares)) for k in range(200)]
    return float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975))


@pytest.mark.parametrize("days", [1, 3, 5])
def test_fewer_than_six_days_are_drawn_by_rows_and_wider_and_say_so(days: int) -> None:
    """So what raises an alert now raised one before too: no window of few days has become quicker to alarm."""
    for seed in range(5):
        rows, at = stormy(seed, days, 15)
        found, (low, high) = measure(rows, "mse", 0.5, task_of("regression"), at=at), percentiles(rows)
        assert found.note == "rows drawn singly: fewer than 6 days"
        assert found.low is not None and found.high is not None and found.low < low < high < found.high


def test_six_days_are_drawn_as_days() -> None:
    rows, at = stormy(1, 6, 200)
    found, (low, high) = measure(rows, "mse", 0.5, task_of("regression"), at=at), percentiles(rows)
    assert found.note == "" and found.low is not None and found.high is not None
    assert found.high - found.low > 2 * (high - low)
    assert measure(rows, "mse", 0.5, task_of("regression"), at=None).note == "", (
        "without times there are no days that could be drawn"
    )


def test_a_week_of_days_raises_fewer_false_alarms_than_its_rows_did() -> None:
    """What is measured is as good as it must be (1.64): rows one by one said that it was worse in a third of weeks."""
    before = now = 0
    for seed in range(100):
        rows, at = stormy(seed, 7, 100)
        found = measure(rows, "mse", 0.5, task_of("regression"), at=at)
        before += percentiles(rows)[0] > 1.64
        now += found.low is not None and found.low > 1.64
    assert now <= 8 and now < before / 2, (now, before)
