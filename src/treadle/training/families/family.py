"""What a family of models is, and what a fitted one can do."""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from msgspec import Struct

from treadle.scoring.quantiles import weighted_quantiles
from treadle.scoring.tasks import Task
from treadle.training.cores import MOST_THREADS

Array = np.ndarray[Any, Any]
Params = dict[str, Any]
Clock = Any

_QUESTION_US, _SET_US, _COLUMN_US = 0.012, 0.025, 0.11
"""What a question of a tree takes, about an amount and about a set of levels, and what a column takes to be encoded:
measured on 300 trees of 31 leaves, and on 220 columns, on one core of a busy cloud machine."""
_NETWORK_US, _WEIGHT_US = 9.0, 0.00015
"""What a network takes, and what each of its weights does: of up to 370,000 weights, on such a machine."""


class Kept(Struct, frozen=True):
    """A fitted estimator as data: which family it is of, what is text of it, and its numbers."""

    family: str
    text: str = ""
    numbers: dict[str, tuple[float, ...]] = {}
    packed: dict[str, bytes] = {}
    """Many numbers, little-endian; of which type, the family knows."""
    shapes: dict[str, tuple[int, ...]] = {}
    rounds: int = 0
    parts: tuple[Kept, ...] = ()


class Estimator(Protocol):
    """What a fitted model does. `x` is float32 [rows, width]; margins are float64 [rows, outputs]."""

    @property
    def rounds(self) -> int:
        """Steps that it was grown by, where it grows; else 0."""

    @property
    def most_rounds(self) -> int:
        """How far `cut` can go: what it was grown to before it was found to be enough."""

    def cut(self, rounds: int) -> Estimator:
        """It with so many rounds; itself, where it does not grow."""

    def margin(self, x: Array) -> Array:
        """Raw margins."""

    def kept(self) -> Kept:
        """All of it, as data."""

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        """Add its nodes to `graph`, reading `columns` of its input; the name of the result, `weight` times margins."""


@dataclass
class Graph:
    """An ONNX graph while it is made. `x` names the input, float32 [rows, width]."""

    x: str
    width: int
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def name(self, what: str) -> str:
        """A name that no other part of the graph has."""
        return f"{what}{len(self.nodes)}_{len(self.constants)}"

    def constant(self, what: str, values: Array) -> str:
        from onnx import numpy_helper

        name = self.name(what)
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def add(self, kind: str, inputs: list[str], what: str, **attributes: Any) -> str:
        from onnx import helper

        name = self.name(what)
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def columns(self, columns: Array) -> str:
        """The input's `columns`; all of it as it is."""
        if len(columns) == self.width and (columns == np.arange(self.width)).all():
            return self.x
        places = self.constant("columns", np.asarray(columns, dtype=np.int64))
        return self.add("Gather", [self.x, places], "picked", axis=1)


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows to fit on, or to be stopped by: float32 [rows, width], labels, and weights where rows do not count alike."""

    x: Array
    y: Array
    weight: Array | None = None
    categories: tuple[int, ...] = ()
    """Columns that hold codes of levels, -1 for one that is not known, and no amounts."""

    def __len__(self) -> int:
        return len(self.y)

    def at(self, places: Array, counts: Array | None = None) -> Sample:
        """The rows at these places. `counts`: how many times as much each counts; None for once."""
        weight = product(None if self.weight is None else self.weight[places], counts)
        return Sample(self.x[places], self.y[places], weight, self.categories)


class Inputs(NamedTuple):
    """What rows are encoded to, for a family whose size follows from it."""

    width: int = 0
    levels: tuple[int, ...] = ()
    """Of each column of codes, how many there are."""

    @classmethod
    def of(cls, rows: Sample) -> Inputs:
        return cls(rows.x.shape[1], tuple(1 + int(rows.x[:, column].max(initial=-1.0)) for column in rows.categories))


UNKNOWN = Inputs()


class Footprint(NamedTuple):
    """What a model is about to cost who serves it: microseconds a row on a slow core, and MB of a bundle."""

    row_us: float = 3.0
    mb: float = 0.05

    @classmethod
    def of_trees(cls, trees: int, leaves: int, *, sets: bool = False) -> Footprint:
        """Of so many trees; with `sets`, some of whose questions are about sets of levels."""
        asked = trees * (1 + math.log2(max(leaves, 2)))
        return cls(3.0 + asked * (_SET_US if sets else _QUESTION_US), trees * 2 * leaves * (11e-6 if sets else 6e-6))

    @classmethod
    def of_numbers(cls, numbers: int) -> Footprint:
        """Of a network with so many weights, each of which a row meets."""
        return cls(_NETWORK_US + numbers * _WEIGHT_US, numbers * 4e-6)

    @classmethod
    def of_columns(cls, width: int) -> Footprint:
        """Of so many columns that a row is encoded to, and that a member of a blend picks for itself."""
        return cls(_COLUMN_US * width, 0.0)

    def within(self, most: Footprint) -> bool:
        return self.row_us <= most.row_us and self.mb <= most.mb

    def beside(self, other: Footprint) -> Footprint:
        return Footprint(self.row_us + other.row_us, self.mb + other.mb)


class Fixed:
    """Of estimators that do not grow step by step."""

    rounds = most_rounds = 0

    def cut(self, rounds: int) -> Any:
        return self


class Family(ABC):
    """Contract: `fit` is deterministic for equal inputs and seed, uses at most `threads` threads, fewer on a busy
    machine, and ends near `deadline` (by `clock`) with what it has by then.

    One file a family, found by name: in this folder, or by the entry point `treadle.families`.
    """

    name: ClassVar[str]
    encoding: ClassVar[str] = "trees"
    """Which columns it takes: `trees` (numbers as they are, NaN for missing) or `linear` (filled and scaled)."""
    releasable: ClassVar[bool] = True
    """Whether it may be served: it has a graph, and keeps no training row."""
    native: ClassVar[bool] = False
    """Whether it takes codes of levels as categories."""
    quantiles: ClassVar[bool] = False
    """Whether it can be fitted to quantiles."""
    class_by_class: ClassVar[bool] = False
    """Whether a fit takes as many times as long as there are classes."""
    pairs: ClassVar[bool] = True
    """Whether columns that are made of two features are of use to it."""
    why: ClassVar[str] = ""
    """What it is good for, in half a sentence."""
    gpu: ClassVar[bool] = False
    """Whether it fits on a GPU where it finds one."""
    extra: ClassVar[str] = ""
    """The extra, and the module, that it fits with, where that does not come with Treadle."""

    def __init__(self, task: Task, *, weight_option: bool = False, threads: int = MOST_THREADS, seed: int = 7) -> None:
        self.task, self.weight_option, self.threads, self.seed = task, weight_option, threads, seed

    @classmethod
    def installed(cls) -> bool:
        """Whether it can fit here. What was fitted elsewhere is restored and exported without the extra."""
        return not cls.extra or find_spec(cls.extra) is not None

    def takes(self, rows: int, width: int) -> bool:
        """Whether it is of use for a table of such a size."""
        return True

    @abstractmethod
    def defaults(self) -> Params:
        """Settings that are good without search."""

    @abstractmethod
    def suggest(self, trial: Any) -> Params:
        """Settings drawn from an Optuna trial."""

    @abstractmethod
    def fit(
        self,
        rows: Sample,
        params: Params,
        valid: Sample | None = None,
        *,
        metric: str = "",
        seconds: float = float("inf"),
    ) -> Estimator:
        """Fit; with `valid`, stop early by it. Without, `params["rounds"]` says how long. Ends near `seconds`."""

    @abstractmethod
    def restore(self, kept: Kept) -> Estimator:
        """What `Estimator.kept` gave, as an estimator that predicts the same to the last bit."""

    def paced(self, params: Params, per_round: float, seconds: float) -> Params:
        """`params` such that a fit of `seconds` gets somewhere, where a round takes `per_round` of them."""
        return params

    def hastened(self, params: Params, times: float) -> Params:
        """`params` with their rounds, for a fit that may take no more than one in so many `times` of what it would."""
        return params

    def used(self, params: Params, rows: int) -> Params:
        """`params` as a fit on so many rows goes by them."""
        return dict(params)

    def footprint(self, params: Params, rows: int, inputs: Inputs = UNKNOWN) -> Footprint:
        """What a fit of `params`, with the rounds that they came to, on so many rows will cost who serves it.

        Counted and not timed: what is chosen by it has to be the same on every machine.
        """
        return Footprint()

    def base(self, y: Array, weight: Array | None) -> Array:
        """`Task.constant` of rows that do not count alike: where a model that grows may start."""
        if weight is None:
            return self.task.constant(y)
        if self.task.levels:
            return weighted_quantiles(y, self.task.levels, weight)
        if not self.task.stratifies:
            mean = float(np.average(y, weights=weight))
            return np.array([np.log(max(mean, 1e-9)) if self.task.plain().kind == "exponential" else mean])
        counts = np.bincount(y.astype(np.int64), weights=weight / weight.mean(), minlength=max(2, self.task.outputs))
        margins: Array = np.log((counts + 0.5) / (counts + 0.5).sum())
        return margins if self.task.outputs > 1 else np.diff(margins)

    def weights(self, y: Array, params: Params, weight: Array | None = None) -> Array | None:
        """Row weights that even out the classes by the square root of their odds, where `params` ask for it.

        `weight`: of the rows that do not count alike, by which their share is taken; it is not in what comes back.
        """
        if not params.get("even_classes") or not self.task.decides:
            return None
        share = float(y.mean() if weight is None else np.average(y, weights=weight))
        return np.where(y > 0.5, np.sqrt((1 - share) / share), 1.0)


FASTEST = 0.3
"""The greatest rate of boosting that is worth having."""


def in_bigger_steps(params: Params, times: float) -> Params:
    """Rounds of boosting so many `times` fewer and larger, up to `FASTEST`: about as much is learned, less finely."""
    rate = max(min(params["rate"] * times, FASTEST), params["rate"])
    rounds = max(1, round(params["rounds"] * params["rate"] / rate))
    return {**params, "rate": rate, "rounds": rounds}


def polite_threads() -> None:
    """Let waiting OpenMP threads spin for microseconds, then sleep.

    By default they spin for milliseconds, and on a machine with other work the spinning thread keeps the one it waits
    for from running: fits of half a second took half a minute. Never spinning makes large fits three times slower.
    OpenMP reads this once, when the library that brings it is loaded; a setting of the user's stands.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def product(rows_weight: Array | None, own: Array | None) -> Array | None:
    """Two kinds of row weights at once."""
    if rows_weight is None or own is None:
        return own if rows_weight is None else rows_weight
    both: Array = rows_weight * own
    return both
