"""A small trained model of each kind, and its parts, made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from treadle.features import FeaturePlan
from treadle.models import Parts, new_key
from treadle.models.request import Asked, InputField, Inputs
from treadle.packing import Told, parts_of
from treadle.spec.brief import Brief, People
from treadle.spec.project import Predict, ProjectSpec, Source, Split, Train
from treadle.training import FeatureColumn, FittedModel, Refitted, TrainingTable, evaluate, train
from treadle.training import Split as Cut

ASKED = Asked(Inputs((InputField("amount", "float"),)), decision="Call a customer.")
PLAN = FeaturePlan(
    project="shop", each="s", each_types={"größe": "float"}, key=(), at=None, label="y", label_type="float",
    label_known=None, group=None, kind="classification", inputs=(), rows=(), views={}, lookup_streams={},
    arguments={}, lookups=(), windows=(), features=(),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Case:
    table: TrainingTable
    model: FittedModel
    cut: Cut
    parts: Parts
    key: str
    pack: Callable[..., Parts]
    """The parts again, of another table of the same rows; of another split of them; as of a model fitted on all; with
    other figures of its evaluation."""


def build(kind: str, family: str, n: int = 600) -> Case:
    random = np.random.default_rng(4)
    at = np.datetime64("2024-01-01", "us") + np.arange(n) * np.timedelta64(3_600_000_000, "us")
    amount, big = random.normal(size=n), random.normal(size=n) * 1e6
    city = random.choice(["Oslo", "東京", "ü"], n)
    drive = 2 * amount + (city == "ü") + big / 1e6 + random.normal(size=n)
    frame = pl.DataFrame(
        {
            "amount": pl.Series(amount).set(pl.Series(random.random(n) < 0.1), None),
            "big": big,
            "city": pl.Series(city),
            "when": pl.Series(at).dt.replace_time_zone("UTC"),
            "day": pl.Series(at).cast(pl.Date),
        }
    )
    features = (
        FeatureColumn("amount", "float"),
        FeatureColumn("big", "float", "window"),
        FeatureColumn("city", "str"),
        FeatureColumn("when", "timestamp"),
        FeatureColumn("day", "date", "row"),
    )
    label = drive * 50 + 1000 if kind == "regression" else (drive > 0).astype(float)
    table = TrainingTable(frame, label, at, at, [str(i) for i in range(n)], features)
    spec = ProjectSpec(
        project="p",
        brief=Brief(people=People(owner="ada")),
        sources={"s": Source(read="s.csv")},
        predict=Predict(name="y", each="s", at="when", label="y", kind=kind, split=Split(by="time", folds=2)),
        train=Train(search="none", families=(family,)),
    )
    model, cut, _ = train(table, spec)
    found = evaluate(model, table, cut, spec, replicates=40)
    told = Told("p:1", "2024-02-01T00:00:00Z", ASKED, PLAN, refs={"data": "abc"}, cost={"money": 0.01})

    def pack(rows: TrainingTable, parts: Cut = cut, refitted: Refitted | None = None, **figures: Any) -> Parts:
        judged = msgspec.structs.replace(found, **figures)
        return parts_of(model, judged, rows, parts, spec, msgspec.structs.replace(told, refitted=refitted))

    return Case(table, model, cut, pack(table), new_key(), pack)


@pytest.fixture(
    scope="session",
    params=[
        ("classification", "lightgbm"),
        ("classification", "linear"),
        ("regression", "lightgbm"),
        ("regression", "linear"),
    ],
    ids=lambda p: "-".join(p),
)
def case(request: pytest.FixtureRequest) -> Case:
    return build(*request.param)


@pytest.fixture(scope="session")
def binary() -> Case:
    return build("classification", "lightgbm")
