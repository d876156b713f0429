"""Trees of any library as plain numbers: walked, kept, restored and exported without the library that grew them.

The walk asks `x <= threshold` in float32, with thresholds rounded down as `trees` says; so it goes the way that the
library goes, and the graph too. Values of leaves are float32, their sums float64.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from treadle.training.families.family import Array, Graph, Kept
from treadle.training.families.trees import Node, tree_ensemble

_ROWS = 8192
"""Rows that are walked at a time: their columns stay near the processor."""


class Tree(NamedTuple):
    """One tree; node 0 is its root. A leaf has the feature -1; of a branch the value is not read."""

    feature: Array
    threshold: Array
    """As the library has them: float64 where it compares so."""
    left: Array
    right: Array
    missing_left: Array
    values: Array
    """[nodes, outputs], or [nodes, 1]."""


@dataclass(frozen=True, eq=False)
class TreeSum:
    """Margin = base + the sum over trees of the leaf's values; with `logs`, the logarithm of that (of two columns, how
    much the second's is above the first's).

    Where leaves have one value and there are more outputs, trees add in turn to one of them after the other.
    """

    family: str
    feature: Array
    threshold: Array
    left: Array
    right: Array
    missing_left: Array
    values: Array
    starts: Array
    """Where each tree begins; children are counted from there."""
    base: Array
    logs: bool = False
    rounds: int = 0
    most_rounds: int = 0

    @classmethod
    def of(cls, family: str, trees: list[Tree], base: Array, *, logs: bool = False, rounds: int = 0) -> TreeSum:
        """`base` [columns]: what every row has before the first tree. `rounds`: how many of the rounds to use."""
        whole = Tree(*(np.concatenate([np.asarray(tree[part]) for tree in trees]) for part in range(len(Tree._fields))))
        leaf = whole.feature < 0
        feature = np.where(leaf, -1, whole.feature).astype(np.int32)
        threshold = np.where(leaf, 0.0, whole.threshold)
        starts = np.cumsum([0, *(len(tree.feature) for tree in trees[:-1])]).astype(np.int32)
        values = whole.values.astype(np.float32).reshape(len(feature), -1)
        values[~leaf] = 0.0
        left, right = (np.where(leaf, 0, child).astype(np.int32) for child in (whole.left, whole.right))
        missing = np.where(leaf, False, whole.missing_left)
        base = np.asarray(base, dtype=np.float64)
        each = len(base) if values.shape[1] == 1 else 1
        grown = len(trees) // each if rounds else 0
        return cls(
            family, feature, floors32(threshold), left, right, missing, values, starts, base, logs, rounds, grown
        )

    @property
    def trees(self) -> int:
        """How many of its trees speak."""
        each = len(self.base) if self.values.shape[1] == 1 else 1
        return self.rounds * each if self.rounds else len(self.starts)

    def cut(self, rounds: int) -> TreeSum:
        return replace(self, rounds=rounds) if self.rounds else self

    def sums(self, x: Array) -> Array:
        """float64 [rows, columns]: before the logarithm, if there is one."""
        out = np.repeat(self.base[None, :], len(x), axis=0)
        for begin in range(0, len(x), _ROWS):
            part = np.ascontiguousarray(x[begin : begin + _ROWS], dtype=np.float32)
            told = out[begin : begin + _ROWS]
            for number, start in enumerate(self.starts[: self.trees]):
                values = self.values[self._leaves(part, int(start))]
                if values.shape[1] == 1:
                    told[:, number % len(self.base)] += values[:, 0]
                else:
                    told += values
        return out

    def _leaves(self, x: Array, start: int) -> Array:
        """The node at which each row ends, in the tree that begins at `start`."""
        place = np.full(len(x), start, dtype=np.intp)
        live, flat, width = np.arange(len(x)), x.ravel(), x.shape[1]
        while True:
            here = place[live]
            feature = self.feature[here]
            going = feature >= 0
            if not going.all():
                live, here, feature = live[going], here[going], feature[going]
            if not len(live):
                return place
            value = flat[live * width + feature]
            left = (value <= self.threshold[here]) | (np.isnan(value) & self.missing_left[here])
            place[live] = start + np.where(left, self.left[here], self.right[here])

    def margin(self, x: Array) -> Array:
        sums = self.sums(x)
        if not self.logs:
            return sums
        logs: Array = np.log(sums)
        return logs[:, 1:] - logs[:, :1] if logs.shape[1] == 2 else logs

    def kept(self) -> Kept:
        end = int(self.starts[self.trees]) if self.trees < len(self.starts) else len(self.feature)
        leaf = self.feature[:end] < 0
        branch = ~leaf
        packed = {
            "feature": self.feature[:end].astype("<i4").tobytes(),
            "threshold": self.threshold[:end][branch].astype("<f4").tobytes(),
            "left": self.left[:end][branch].astype("<i4").tobytes(),
            "right": self.right[:end][branch].astype("<i4").tobytes(),
            "missing_left": np.packbits(self.missing_left[:end][branch]).tobytes(),
            "values": self.values[:end][leaf].astype("<f4").tobytes(),
            "starts": self.starts[: self.trees].astype("<i4").tobytes(),
        }
        numbers = {"base": tuple(map(float, self.base)), "logs": (float(self.logs),)}
        shapes: dict[str, tuple[int, ...]] = {"values": (self.values.shape[1],)}
        return Kept(self.family, numbers=numbers, packed=packed, shapes=shapes, rounds=self.rounds)

    @classmethod
    def restore(cls, kept: Kept) -> TreeSum:
        feature = np.frombuffer(kept.packed["feature"], dtype="<i4").astype(np.int32)
        leaf = feature < 0
        branch, nodes = ~leaf, len(feature)

        def spread(name: str, kind: str) -> Array:
            out = np.zeros(nodes, dtype=kind[1:])
            out[branch] = np.frombuffer(kept.packed[name], dtype=kind)
            return out

        missing = np.zeros(nodes, dtype=bool)
        bits = np.frombuffer(kept.packed["missing_left"], dtype=np.uint8)
        missing[branch] = np.unpackbits(bits, count=int(branch.sum())).astype(bool)
        values = np.zeros((nodes, *kept.shapes["values"]), dtype=np.float32)
        values[leaf] = np.frombuffer(kept.packed["values"], dtype="<f4").reshape(-1, *kept.shapes["values"])
        return cls(
            kept.family,
            feature,
            spread("threshold", "<f4"),
            spread("left", "<i4"),
            spread("right", "<i4"),
            missing,
            values,
            np.frombuffer(kept.packed["starts"], dtype="<i4").astype(np.int32),
            np.array(kept.numbers["base"]),
            bool(kept.numbers["logs"][0]),
            kept.rounds,
            kept.rounds,
        )

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        trees = [self._nodes(number) for number in range(self.trees)]
        base = tuple(map(float, self.base))
        if not self.logs:
            return tree_ensemble(graph, trees, columns, len(base), weight, base)
        logs = graph.add("Log", [tree_ensemble(graph, trees, columns, len(base), 1.0, base)], "logs")
        if len(base) == 2:
            odds = graph.constant("odds", np.array([[-weight], [weight]], dtype=np.float32))
            return graph.add("MatMul", [logs, odds], "forest")
        return graph.add("Mul", [logs, graph.constant("weight", np.array([weight], dtype=np.float32))], "forest")

    def _nodes(self, number: int) -> list[Node]:
        begin = int(self.starts[number])
        end = int(self.starts[number + 1]) if number + 1 < len(self.starts) else len(self.feature)
        part = slice(begin, end)
        single = self.values.shape[1] == 1
        told = zip(
            self.feature[part].tolist(),
            self.threshold[part].tolist(),
            self.left[part].tolist(),
            self.right[part].tolist(),
            self.missing_left[part].tolist(),
            self.values[part].tolist(),
            strict=True,
        )
        return [Node(f, t, a, b, m, v[0] if single else tuple(v)) for f, t, a, b, m, v in told]


def floors32(thresholds: Array) -> Array:
    """Of each number the greatest float32 that is not above it."""
    with np.errstate(over="ignore"):
        near = thresholds.astype(np.float32)
        below: Array = np.nextafter(near, np.float32(-np.inf))
    floors: Array = np.where(near.astype(np.float64) <= thresholds, near, below)
    return floors
