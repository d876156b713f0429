"""Treadle's trainer on the same task: the one module here that knows its interface.

The search's own sealed test part is as small as it may be (`LEAST_TEST`), as the held-out rows judge here. Rows are
scored alone by the exported graph, from raw values, as a server does it; the size is what a bundle needs to predict,
as it lies there, packed.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import polars as pl

import treadle.training.portfolio as portfolio
from benchmarks.automl.sets import HOME
from benchmarks.automl.task import HELD_OUT, LABEL, TRAIN, NotSupported, Task
from treadle.packing import export
from treadle.scoring import Scorer
from treadle.spec.brief import Brief, People
from treadle.spec.project import Predict, ProjectSpec, Source, Split, Train
from treadle.training import FeatureColumn, TrainingTable, train

ORDERS = "orders.json"
LEAST_TEST = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Shares of a test part that are tried: by time, the first whose rows have both classes."""
PROOF_ROWS = 1000
_METRICS = {"binary": "roc_auc", "regression": "rmse", "multiclass": "log_loss"}
_KINDS: dict[str, Any] = {"binary": "classification", "regression": "regression", "multiclass": "multiclass"}


class Ours:
    def __init__(self, task: Task, folder: Path) -> None:
        if task.kind not in _METRICS:
            raise NotSupported(f"no {task.kind} yet")
        self.task = task
        rows = _in_utc(pl.read_parquet(folder / TRAIN))
        self.held_out = _in_utc(pl.read_parquet(folder / HELD_OUT))
        self.table = table_of(rows, task)

    def fit(self) -> None:
        _take_order_without(self.task.set_name)
        self.share = _least_share(self.table, self.task)
        spec = spec_of(self.task, self.share)
        self.model, _, self.found = train(self.table, spec, deadline_s=self.task.budget_s, threads=self.task.threads)

    def predictions(self) -> Any:
        return self.model.predict(self.held_out)

    def singles(self, places: list[int]) -> list[Callable[[], object]]:
        graph = export(self.model, self.table.frame.head(PROOF_ROWS))
        scorer = Scorer(graph, self.model.encoder, self.model.served_calibrator)
        records = self.held_out.select(self.model.encoder.inputs)[places].rows()
        return [partial(scorer.score, record) for record in records]

    def size(self, folder: Path) -> int:
        file = folder / "model.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:  # as a bundle is written
            packed.writestr("model.onnx", export(self.model, self.table.frame.head(PROOF_ROWS)))
            packed.writestr("encoder.json", msgspec.json.encode(self.model.encoder))
            packed.writestr("calibrator.json", msgspec.json.encode(self.model.served_calibrator))
        return file.stat().st_size

    def note(self) -> str:
        return f"{self.model.summary.family}, {len(self.found.trials)} trials, own test part {self.share:g}"


def _take_order_without(name: str) -> None:
    """The first settings in the order that was learned without this set, where `learn choose` has written it."""
    file = Path(os.environ.get(HOME, "")) / "learned" / ORDERS
    orders = msgspec.json.decode(file.read_bytes()) if file.is_file() else {}
    if name in orders:
        portfolio.PORTFOLIO = (*((family, params) for family, params in orders[name]), *portfolio.STATED)


def _in_utc(frame: pl.DataFrame) -> pl.DataFrame:
    times = [name for name, kind in frame.schema.items() if kind == pl.Datetime and kind.time_zone is None]  # type: ignore[attr-defined]
    return frame.with_columns(pl.col(name).cast(pl.Datetime("us")).dt.replace_time_zone("UTC") for name in times)


def table_of(rows: pl.DataFrame, task: Task) -> TrainingTable:
    label = rows.get_column(LABEL).cast(pl.Float64).to_numpy()
    classes = tuple(map(str, range(int(label.max()) + 1))) if task.kind == "multiclass" else ()
    frame = rows.drop(LABEL)
    features = tuple(
        FeatureColumn(name, _type(kind), "request")
        for name, kind in frame.schema.items()
        if frame.get_column(name).null_count() < frame.height
    )
    at = None if task.time_column is None else _times(frame.get_column(task.time_column))
    return TrainingTable(frame, label, at, None, range(frame.height), features, classes=classes)


def _type(kind: pl.DataType) -> Any:
    if kind == pl.Boolean:
        return "bool"
    if kind.is_integer():
        return "int"
    if kind.is_float():
        return "float"
    return {pl.Datetime: "timestamp", pl.Date: "date"}.get(kind.base_type(), "str")


def _times(column: pl.Series) -> np.ndarray[Any, Any]:
    """When each row happened; a set that counts days as whole numbers gets days from 1970 on."""
    if column.dtype.is_numeric():
        return column.cast(pl.Int64).to_numpy().astype("datetime64[D]").astype("datetime64[us]")
    return column.dt.replace_time_zone(None).cast(pl.Datetime("us")).to_numpy()


def _least_share(table: TrainingTable, task: Task) -> float:
    if table.at is None or task.kind == "regression":
        return LEAST_TEST[0]  # a stratified part takes at least one row of each class
    for share in LEAST_TEST:
        later = table.label[table.at >= np.sort(table.at)[int(len(table) * (1 - share))]]
        if later.min() != later.max():
            return share
    return LEAST_TEST[-1]


def spec_of(task: Task, share: float) -> ProjectSpec:
    drawn: Literal["random", "stratified"] = "random" if task.kind == "regression" else "stratified"
    return ProjectSpec(
        project="bench",
        brief=Brief(people=People(owner="bench")),
        sources={"rows": Source(read=TRAIN)},
        predict=Predict(
            name="label",
            each="rows",
            at=task.time_column,
            label=LABEL,
            kind=_KINDS[task.kind],
            metric=_METRICS[task.kind],
            split=Split(by="time" if task.time_column else drawn, test=share),
        ),
        train=Train(seed=task.seed),
    )
