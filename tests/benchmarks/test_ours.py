"""Treadle's trainer as the comparison runs it, in the process itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from benchmarks.automl import worker
from benchmarks.automl.ours import ORDERS, Ours
from benchmarks.automl.scores import score
from benchmarks.automl.sets import HOME
from benchmarks.automl.task import HELD_OUT, LABEL, PREDICTIONS, TRAIN, Kind, Task, Told

from treadle.training import portfolio

ROWS = 400


def prepare(folder: Path, kind: Kind, *, timed: bool, rare: bool = False) -> np.ndarray:
    """A task whose label follows a number and a text; the labels of its held-out rows."""
    random = np.random.default_rng(1)
    amount, city = random.normal(size=ROWS), random.choice(["Oslo", "Rome"], ROWS)
    drive = amount + (city == "Oslo") + random.normal(size=ROWS) / 2
    label = drive if kind == "regression" else (drive > (2 if rare else 0.5)).astype(int)
    at = [datetime(2024, 1, 1) + timedelta(hours=hour) for hour in range(ROWS)]
    frame = pl.DataFrame({"amount": amount, "count": random.integers(0, 9, ROWS), "city": city, "at": at, "none": None})
    frame = frame.with_columns(pl.col("none").cast(pl.Float64))
    frame[:300].with_columns(pl.Series(LABEL, label[:300])).write_parquet(folder / TRAIN)
    frame[300:].write_parquet(folder / HELD_OUT)
    Task("some", "ours", kind, 2, "at" if timed else None, 1.0, 0, 2).write(folder)
    return label[300:]


@pytest.mark.parametrize(
    ("kind", "timed", "least", "most"),
    [("binary", False, 0.85, 1.0), ("binary", True, 0.85, 1.0), ("regression", True, 0.0, 0.9)],
)
def test_it_fits_predicts_and_tells_its_size(
    tmp_path: Path, kind: Kind, timed: bool, least: float, most: float
) -> None:
    truth = prepare(tmp_path, kind, timed=timed)
    worker.main(tmp_path)
    told = Told.read(tmp_path)
    assert not told.refused and told.one_row_ms and told.size_bytes and told.size_bytes > 300
    assert "own test part 0.0" in told.note and "not measured" not in told.note
    assert least < score(kind, truth, np.load(tmp_path / PREDICTIONS), 2) < most


def test_its_own_test_part_by_time_is_the_smallest_with_both_classes(tmp_path: Path) -> None:
    prepare(tmp_path, "binary", timed=True, rare=True)
    ours = Ours(Task.read(tmp_path), tmp_path)
    ours.fit()
    later = ours.table.label[int(len(ours.table) * (1 - ours.share)) :]
    assert 0 < later.sum() < len(later) and ours.share > 0.001
    assert ours.table.names == ("amount", "count", "city", "at")  # an empty column is no feature


def test_a_set_is_judged_with_the_order_that_was_learned_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portfolio, "PORTFOLIO", portfolio.PORTFOLIO)
    prepare(tmp_path, "binary", timed=False)
    (tmp_path / "learned").mkdir()
    told = {"some": [["linear", {"c": 0.125}]], "other": [["linear", {"c": 0.5}]]}
    (tmp_path / "learned" / ORDERS).write_bytes(msgspec.json.encode(told))
    monkeypatch.setenv(HOME, str(tmp_path))
    ours = Ours(Task.read(tmp_path), tmp_path)
    ours.fit()
    assert ours.found.trials[0].params["c"] == 0.125


def test_several_classes_get_a_probability_each(tmp_path: Path) -> None:
    prepare(tmp_path, "multiclass", timed=False)
    ours = Ours(Task.read(tmp_path), tmp_path)
    ours.fit()
    told = ours.predictions()
    assert told.shape == (ROWS - 300, 2) and np.allclose(told.sum(axis=1), 1)
