"""A generalised additive model: the sum of one curve a column, each a function in steps that can be drawn and read.

Boosted trees of few leaves that each ask one column alone (Lou, Caruana and Gehrke 2012, "Intelligible models for
classification and regression"; Nori et al. 2019, "InterpretML", whose explainable boosting machine takes the columns in
turn). LightGBM grows them, held to one column a tree by its interaction constraints; it takes the column that helps
most, of a random part of all. What is kept are no trees but their sums by column: the curves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from treadle.training.families.beside import Beside
from treadle.training.families.family import (
    UNKNOWN,
    Array,
    Estimator,
    Footprint,
    Graph,
    Inputs,
    Kept,
    Params,
    Sample,
    product,
)
from treadle.training.families.lightgbm import LightGBMFamily, nodes_of
from treadle.training.families.trees import Node, floor32, tree_ensemble

LOWEST = float(np.finfo(np.float32).min)
"""No number is at or below it, so that this question is answered "yes" by a missing value alone."""


class Curve(NamedTuple):
    """What a column adds to the margins: `values[k]` where `k` of `edges` are below the value, so that an edge belongs
    to the step that ends at it; the last of `values` where the value is missing.

    `edges`: float32 [steps - 1], increasing. `values`: float64 [steps + 1, outputs].
    """

    edges: Array
    values: Array

    def place(self, x: Array) -> Array:
        """The row of `values` for each of `x`, float32 [rows]."""
        return np.where(np.isnan(x), len(self.values) - 1, np.searchsorted(self.edges, x, side="left"))

    @property
    def flat(self) -> bool:
        return not self.edges.size and not self.values.any()

    def tree(self, column: int) -> list[Node]:
        """The curve as one balanced tree, missing values sent the way to a step of equal values where there is one."""
        steps, missing = self.values[:-1], self.values[-1]
        alike = np.flatnonzero((steps == missing).all(axis=1))
        nodes: list[Node] = []
        if not len(alike):  # missing values have a leaf of their own
            nodes += [Node(column, LOWEST, 1, 2, True), _leaf(missing)]
        self._branch(nodes, column, 0, len(steps), int(alike[0]) if len(alike) else -1)
        return nodes

    def _branch(self, nodes: list[Node], column: int, low: int, high: int, missing: int) -> int:
        """Add the steps from `low` up to `high`; where their root stands."""
        here = len(nodes)
        if high - low == 1:
            nodes.append(_leaf(self.values[low]))
            return here
        middle = (low + high) // 2
        nodes.append(Node())
        left = self._branch(nodes, column, low, middle, missing)
        right = self._branch(nodes, column, middle, high, missing)
        nodes[here] = Node(column, float(self.edges[middle - 1]), left, right, 0 <= missing < middle)
        return here


def _leaf(values: Array) -> Node:
    return Node(value=float(values[0]) if len(values) == 1 else tuple(map(float, values)))


class _Step(NamedTuple):
    """One tree that was grown: which column it asks, and what it adds by the parts of `at`, or where it is missing."""

    column: int
    at: Array
    values: Array
    missing: float


@dataclass(frozen=True, eq=False)
class _Growth:
    """The trees in the order in which they were grown, and on which grid by column they are summed up.

    `counts`: by column, how much the training rows weigh in each step and, last, where the value is missing.
    """

    steps: tuple[_Step, ...]
    edges: tuple[Array, ...]
    counts: tuple[Array, ...]
    outputs: int

    def summed(self, rounds: int) -> tuple[Array, tuple[Curve, ...]]:
        """The base, and of each column the curve, whose mean over the training rows is zero."""
        base = np.zeros(self.outputs)
        whole = [np.zeros((len(edges) + 2, self.outputs)) for edges in self.edges]
        for number, step in enumerate(self.steps[: rounds * self.outputs]):
            output = number % self.outputs
            if step.column < 0:
                base[output] += step.missing
                continue
            edges, values = self.edges[step.column], whole[step.column]
            values[:-2, output] += step.values[np.searchsorted(step.at, edges, side="left")]
            values[-2:, output] += (step.values[-1], step.missing)
        curves = []
        for edges, values, counts in zip(self.edges, whole, self.counts, strict=True):
            mean = np.average(values, axis=0, weights=counts)
            base += mean
            values -= mean
            turns = np.flatnonzero((values[:-2] != values[1:-1]).any(axis=1))
            curves.append(Curve(edges[turns], values[[*turns, len(edges), len(edges) + 1]]))
        return base, tuple(curves)


@dataclass(frozen=True, eq=False)
class Additive:
    """Margin = base + the sum over columns of what their curves say. `base`: float64 [outputs]."""

    base: Array
    curves: tuple[Curve, ...]
    rounds: int
    growth: _Growth | None = None
    """What `cut` goes back to. A restored one has its curves alone, and stays as it is."""

    @property
    def most_rounds(self) -> int:
        return self.rounds if self.growth is None else len(self.growth.steps) // self.growth.outputs

    def cut(self, rounds: int) -> Additive:
        if self.growth is None:
            return self
        base, curves = self.growth.summed(rounds)
        return replace(self, base=base, curves=curves, rounds=rounds)

    def margin(self, x: Array) -> Array:
        out = np.repeat(self.base[None, :], len(x), axis=0)
        for column, curve in enumerate(self.curves):
            if not curve.flat:
                out += curve.values[curve.place(x[:, column])]
        return out

    def kept(self) -> Kept:
        packed = {
            "sizes": np.array([len(curve.edges) for curve in self.curves], dtype="<i4").tobytes(),
            "edges": b"".join(curve.edges.astype("<f4").tobytes() for curve in self.curves),
            "values": b"".join(curve.values.astype("<f8").tobytes() for curve in self.curves),
        }
        numbers = {"base": tuple(map(float, self.base))}
        return Kept(AdditiveFamily.name, numbers=numbers, packed=packed, rounds=int(self.rounds))

    @classmethod
    def restore(cls, kept: Kept) -> Additive:
        base = np.array(kept.numbers["base"])
        sizes = np.frombuffer(kept.packed["sizes"], dtype="<i4")
        ends = np.cumsum(sizes)
        edges = np.split(np.frombuffer(kept.packed["edges"], dtype="<f4").astype(np.float32), ends[:-1])
        whole = np.frombuffer(kept.packed["values"], dtype="<f8").astype(np.float64).reshape(-1, len(base))
        values = np.split(whole, np.cumsum(sizes + 2)[:-1])
        return cls(base, tuple(map(Curve, edges, values)), kept.rounds)

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        trees = [curve.tree(column) for column, curve in enumerate(self.curves) if not curve.flat]
        base = tuple(map(float, self.base))
        return tree_ensemble(graph, trees or [[_leaf(np.zeros(len(base)))]], columns, len(base), weight, base)


class AdditiveFamily(LightGBMFamily):
    """Search: leaves of a tree, shrinkage, sampling, penalties; early stopping by the metric."""

    name = "additive"
    native = False
    pairs = False
    why = "one curve a column, to be drawn and read; no column changes what another says"
    MOST_ROUNDS: ClassVar[int] = 4000

    def defaults(self) -> Params:
        return {
            "leaves": 4,
            "rate": 0.08,
            "least_rows": 50,
            "columns": 0.5,
            "rows": 0.8,
            "l2": 1.0,
            "even_classes": False,
        }

    def footprint(self, params: Params, rows: int, inputs: Inputs = UNKNOWN) -> Footprint:
        return Footprint(10.0, 0.1)  # its trees are summed to one curve a column

    def suggest(self, trial: Any) -> Params:
        even = trial.suggest_categorical("additive.even_classes", [False, True]) if self.weight_option else False
        return {
            "leaves": trial.suggest_int("additive.leaves", 2, 8),
            "rate": trial.suggest_float("additive.rate", 0.02, 0.2, log=True),
            "least_rows": trial.suggest_int("additive.least_rows", 2, 500, log=True),
            "columns": trial.suggest_float("additive.columns", 0.1, 1.0),
            "rows": trial.suggest_float("additive.rows", 0.5, 1.0),
            "l2": trial.suggest_float("additive.l2", 0.01, 100.0, log=True),
            "even_classes": even,
        }

    def fit(
        self,
        rows: Sample,
        params: Params,
        valid: Sample | None = None,
        *,
        metric: str = "",
        seconds: float = float("inf"),
    ) -> Estimator:
        if len(self.task.levels) > 1:
            each = seconds / len(self.task.levels)
            return Beside.of(
                [one.fit(rows, params, valid, metric=metric, seconds=each) for one in self.each_quantile()]
            )
        alone = [[column] for column in range(rows.x.shape[1])]
        booster, rounds = self.grown(rows, {**params, "alone": alone}, valid, metric, seconds)
        told = booster.dump_model(num_iteration=-1)
        steps = tuple(_step(nodes_of(tree["tree_structure"])) for tree in told["tree_info"])
        weight = product(rows.weight, self.weights(rows.y, params, rows.weight))
        growth = _growth(steps, rows.x, weight, int(told["num_tree_per_iteration"]))
        return Additive(np.empty(0), (), 0, growth).cut(rounds)

    def settings(self, params: Params, rows: int, metric: str) -> Params:
        return super().settings(params, rows, metric) | {"interaction_constraints": params["alone"]}

    def restore(self, kept: Kept) -> Estimator:
        return Beside.restore(kept, self.restore) if kept.family == Beside.name else Additive.restore(kept)


def _step(tree: list[Node]) -> _Step:
    """A tree of one column, told by the parts that its thresholds make."""
    if tree[0].feature < 0:
        return _Step(-1, np.empty(0, dtype=np.float32), np.empty(0), float(tree[0].value))  # type: ignore[arg-type]
    tree = [node._replace(threshold=floor32(node.threshold)) for node in tree]
    at = np.unique([np.float32(node.threshold) for node in tree if node.feature >= 0])
    # each threshold stands for the part that ends at it; nothing ends the last one
    ways = [*map(float, at), float("inf"), float("nan")]
    told = np.array([_ends_at(tree, value) for value in ways])
    return _Step(tree[0].feature, at, told[:-1], float(told[-1]))


def _ends_at(tree: list[Node], value: float) -> float:
    node = tree[0]
    while node.feature >= 0:
        left = value <= node.threshold or (math.isnan(value) and node.missing_left)
        node = tree[node.left if left else node.right]
    return float(node.value)  # type: ignore[arg-type]


def _growth(steps: Sequence[_Step], x: Array, weight: Array | None, outputs: int) -> _Growth:
    edges, counts = [], []
    for column in range(x.shape[1]):
        asked = [step.at for step in steps if step.column == column]
        edges.append(np.unique(np.concatenate(asked)) if asked else np.empty(0, dtype=np.float32))
        blank = Curve(edges[-1], np.zeros((len(edges[-1]) + 2, 1)))
        counts.append(np.bincount(blank.place(x[:, column]), weights=weight, minlength=len(blank.values)) * 1.0)
    return _Growth(tuple(steps), tuple(edges), tuple(counts), outputs)
