"""What the runner asks of a system, and how a system answers. Standard library only: every environment reads this.

A folder holds one run. The runner writes `task.json`, `train.parquet` (with the column `LABEL`) and `held_out.parquet`
(without); the worker answers with the files named below. The labels of the held-out rows never leave the runner.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

Kind = Literal["binary", "multiclass", "regression"]
LABEL = "label_"
"""0 and 1 (the rarer class) for binary, 0 to classes - 1 for multiclass, a number for regression."""
TASK, TRAIN, HELD_OUT = "task.json", "train.parquet", "held_out.parquet"
READY, FITTED, PREDICTIONS, TOLD = "ready", "fitted", "predictions.npy", "told.json"
"""`READY` appears when imports are done and rows are read, `FITTED` when fitting ended; the budget runs between."""


@dataclass(frozen=True)
class Task:
    """One system's work on one set. `time_column` names the column that the rows are ordered by, where there is one."""

    set_name: str
    system: str
    kind: Kind
    classes: int
    time_column: str | None
    budget_s: float
    seed: int
    threads: int

    def write(self, folder: Path) -> None:
        (folder / TASK).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> Task:
        return Task(**json.loads((folder / TASK).read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Told:
    """What a worker says of its run. `refused`: why the system cannot do such a task; all else is then empty."""

    fit_s: float = 0.0
    one_row_ms: float | None = None
    size_bytes: int | None = None
    version: str = ""
    note: str = ""
    refused: str = ""

    def write(self, folder: Path) -> None:
        (folder / TOLD).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> Told:
        return Told(**json.loads((folder / TOLD).read_text(encoding="utf-8")))


class NotSupported(Exception):
    """The system cannot do this kind of task at all."""


class System(Protocol):
    """Built with a task and its folder, which reads the rows; then called in this order.

    `fit` is all that the budget counts. `predictions` are float [rows] (the probability of class 1, or values) or
    [rows, classes]. `singles` gives, for each place among the held-out rows, a call that predicts this row alone, its
    raw values at hand. `size` writes what is needed to predict into `folder` and counts its bytes.
    """

    def fit(self) -> None: ...
    def predictions(self) -> Any: ...
    def singles(self, places: list[int]) -> list[Callable[[], object]]: ...
    def size(self, folder: Path) -> int: ...
    def note(self) -> str: ...
