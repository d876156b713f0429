"""Whether one system is better than another beyond noise: the difference of their errors on rows that are drawn again.

Rows are drawn anew in runs of neighbours (moving blocks; Kuensch 1989) where they have an order in time, and one by one
elsewhere; both systems are judged on the same rows each time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.automl.results import Key
from benchmarks.automl.scores import METRICS, error, score
from benchmarks.automl.task import Kind

Array = np.ndarray[Any, Any]
DRAWS, BLOCKS, LEAST_DRAWN = 500, 50, 10
"""How often rows are drawn; into how many runs rows in order of time are cut."""


class Paired(msgspec.Struct, frozen=True):
    """How much less error the first system makes, as a share of the second's: the estimate, and 95 % of the draws."""

    set_name: str
    less: float
    low: float
    high: float

    @property
    def said(self) -> str:
        word = "better" if self.low > 0 else "worse" if self.high < 0 else "no difference beyond noise"
        return f"{self.set_name:15s} {self.less:+.1%} error ({self.low:+.1%} to {self.high:+.1%}): {word}"


class Kept:
    """Predictions of each run, beside the labels of the rows that they are of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _file(self, key: Key) -> Path:
        return self.folder / f"{key.set_name}-{key.system}-{key.seed}-{key.budget_s:g}.npz"

    def put(self, key: Key, truth: Array, predictions: Array) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(self._file(key), truth=truth, predictions=predictions)

    def get(self, key: Key) -> tuple[Array, Array] | None:
        file = self._file(key)
        if not file.exists():
            return None
        with np.load(file) as found:
            return found["truth"], found["predictions"]


def paired(kept: Kept, ours: Key, theirs: Key, kind: Kind, *, in_time: bool) -> Paired | None:
    """None where the predictions of one of the two were not kept."""
    mine, other = kept.get(ours), kept.get(theirs)
    if mine is None or other is None:
        return None
    truth, metric = mine[0], METRICS[kind]
    if not np.array_equal(truth, other[0]):
        raise SystemExit(f"{ours.set_name}: {ours.system} and {theirs.system} were not judged on the same rows")

    classes = mine[1].shape[1] if mine[1].ndim == 2 else 2

    def less(rows: Array) -> float:
        errors = [error(metric, score(kind, truth[rows], said[rows].copy(), classes)) for said in (other[1], mine[1])]
        return 1 - errors[1] / errors[0]

    chance, drawn = np.random.default_rng(0), list[float]()
    for _ in range(DRAWS):
        rows = _drawn(len(truth), chance, in_time)
        if kind == "binary" and len(np.unique(truth[rows])) < 2:
            continue
        drawn.append(less(rows))
    if len(drawn) < LEAST_DRAWN:
        return None
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Paired(ours.set_name, less(np.arange(len(truth))), float(low), float(high))


def _drawn(count: int, chance: np.random.Generator, in_time: bool) -> Array:
    if not in_time:
        return chance.integers(0, count, count)
    length = max(1, count // BLOCKS)
    begins = chance.integers(0, count - length + 1, -(-count // length))
    return (begins[:, None] + np.arange(length)).ravel()[:count]
