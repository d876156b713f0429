"""Small tables to train on: with time or without, with every type of feature, with gaps and odd text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from treadle.spec.brief import Brief, Mistakes, People
from treadle.spec.project import Predict, ProjectSpec, Source, Split, Train
from treadle.training import FeatureColumn, TrainingTable

FEATURES = (
    FeatureColumn("amount", "float", "request"),
    FeatureColumn("count", "int", "window"),
    FeatureColumn("flag", "bool", "request"),
    FeatureColumn("city", "str", "request"),
    FeatureColumn("when", "timestamp", "request"),
    FeatureColumn("day", "date", "row"),
)


def build(n: int = 600, *, timed: bool = True, kind: str = "classification", seed: int = 1) -> TrainingTable:
    """Rows whose label follows `amount` and `city`, one an hour from a Monday."""
    random = np.random.default_rng(seed)
    at = np.datetime64("2024-01-01T00:00:00", "us") + np.arange(n) * np.timedelta64(3600, "s").astype("timedelta64[us]")
    amount = random.normal(size=n)
    city = random.choice(["Oslo", "Köln", "東京", "a'b\"c", ""], n)
    count = random.integers(0, 9, n)
    drive = 1.5 * amount + np.where(city == "Köln", 1.0, -0.5) + 0.2 * count + random.normal(size=n)
    label = drive * 10 if kind == "regression" else (drive > 0.8).astype(float)
    frame = pl.DataFrame(
        {
            "amount": pl.Series(np.where(random.random(n) < 0.1, np.nan, amount)).fill_nan(None),
            "count": count,
            "flag": random.random(n) < 0.5,
            "city": pl.Series([None if random.random() < 0.05 else str(c) for c in city]),
            "when": pl.Series(at).dt.replace_time_zone("UTC"),
            "day": pl.Series(at).cast(pl.Date),
        }
    )
    return TrainingTable(
        frame,
        label,
        at if timed else None,
        at + np.timedelta64(2, "h") if timed else None,
        [f"r{i}" for i in range(n)],
        FEATURES,
    )


def project(kind: str = "classification", *, by: str = "time", trials: int = 4, **train: object) -> ProjectSpec:
    return ProjectSpec(
        project="t",
        brief=Brief(decision="Act.", mistakes=Mistakes(missed=5, false_alarm=1), people=People(owner="ada")),
        sources={"rows": Source(read="rows.csv")},
        predict=Predict(
            name="y",
            each="rows",
            at="when" if by == "time" else None,
            label="y",
            kind=kind,
            split=Split(by=by, test=0.25, folds=3, gap="3h" if by == "time" else "0d"),
        ),
        # two, so that the number of trials does not hang on how many families there are
        train=Train(trials=trials, **{"families": ("linear", "lightgbm"), **train}),
    )


@pytest.fixture
def table() -> Callable[..., TrainingTable]:
    return build


@pytest.fixture
def spec() -> Callable[..., ProjectSpec]:
    return project
