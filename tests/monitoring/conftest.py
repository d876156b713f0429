"""A small model in a bundle, whose reference drift is measured against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from told import FEATURES, ROWS, frame_of

from treadle.backends.embedded import DeltaTables, FolderJournal
from treadle.features import FeaturePlan
from treadle.models import Bundle, new_key
from treadle.models.request import Asked, Inputs
from treadle.packing import Told, parts_of
from treadle.spec.brief import Brief, People
from treadle.spec.project import Predict, ProjectSpec, Source, Split, Train
from treadle.training import TrainingTable, evaluate, train


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    frame, random = frame_of(4), np.random.default_rng(5)
    drive = 2 * frame["amount"].fill_null(0.0).to_numpy() + (frame["city"] == "東京").to_numpy()
    label = (drive + random.normal(size=ROWS) > 0.5).astype(float)
    at = frame["when"].dt.replace_time_zone(None).to_numpy()
    table = TrainingTable(frame, label, at, at, [str(i) for i in range(ROWS)], FEATURES)
    spec = ProjectSpec(
        project="shop",
        brief=Brief(people=People(owner="ada")),
        sources={"s": Source(read="s.csv")},
        predict=Predict(name="y", each="s", at="when", label="y", split=Split(by="time", folds=2)),
        train=Train(search="none", families=("linear",)),
    )
    model, cut, _ = train(table, spec)
    judged = evaluate(model, table, cut, spec, replicates=40)
    plan = FeaturePlan(
        project="shop", each="s", each_types={}, key=(), at=None, label="y", label_type="float", label_known=None,
        group=None, kind="classification", inputs=(), rows=(), views={}, lookup_streams={}, arguments={}, lookups=(),
        windows=(), features=FEATURES,
    )  # fmt: skip
    told = Told("shop:1", "2024-02-01T00:00:00Z", Asked(Inputs(())), plan, refs={}, cost={})
    parts = parts_of(model, judged, table, cut, spec, told)
    path = tmp_path_factory.mktemp("bundle") / "shop.treadle"
    Bundle.write(path, parts, new_key())
    return Bundle.open(path, None)


@pytest.fixture
def tables(tmp_path: Path) -> DeltaTables:
    return DeltaTables(tmp_path / "tables")


@pytest.fixture
def journal(tmp_path: Path) -> FolderJournal:
    return FolderJournal(tmp_path / "journal")
