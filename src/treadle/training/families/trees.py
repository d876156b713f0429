"""Trees of any library as one node of a graph.

ONNX is float32, the libraries compare in float64. For a float32 value x and a threshold t, x <= t holds exactly when
x <= t', where t' is the greatest float32 that is not above t. So thresholds are rounded *down*, and every row takes
the same way through every tree; what is left is the rounding of sums. (One exception that no real table has met:
LightGBM takes numbers within 1e-35 of zero for zero.)

A set of codes is written as a chain of questions for one each, for ONNX has no other word for it. The runtime takes
such a chain for one question where all its codes are 1 to 32: as bits of one number. So the codes are counted from 1
again in each `SPAN` of them, as columns of their own, and a set asks once for each span that it has members in:
on a table with levels of 190 routes one row takes 0.6 of the time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from treadle.training.families.family import Array, Graph

SPAN = 32
"""Codes that the runtime takes into one question."""


class Node(NamedTuple):
    """A question `x[feature] <= threshold`, or whether it is one of `members`, or a leaf with a value (or one for each
    output)."""

    feature: int = -1
    threshold: float = 0.0
    left: int = 0
    right: int = 0
    missing_left: bool = False
    value: float | tuple[float, ...] = 0.0
    members: tuple[int, ...] = ()


def tree_ensemble(
    graph: Graph,
    trees: list[list[Node]],
    columns: Array,
    outputs: int,
    weight: float,
    base: tuple[float, ...] = (),
) -> str:
    """The sum of `base` and `trees`, times `weight`: each tree adds to all outputs, or in turn to one of them after
    the other."""
    x, trees = _spanned(graph, trees, columns)
    nodes: dict[str, list[Any]] = {
        name: []
        for name in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing")
    }
    leaves: dict[str, list[Any]] = {"treeids": [], "nodeids": [], "ids": [], "weights": []}
    for number, tree in enumerate(trees):
        for place, node in enumerate(tree):
            leaf = node.feature < 0
            nodes["treeids"].append(number)
            nodes["nodeids"].append(place)
            nodes["modes"].append("LEAF" if leaf else "BRANCH_EQ" if node.members else "BRANCH_LEQ")
            nodes["featureids"].append(0 if leaf else node.feature)
            nodes["values"].append(0.0 if leaf else float(node.members[0]) if node.members else floor32(node.threshold))
            nodes["truenodeids"].append(node.left)
            nodes["falsenodeids"].append(node.right)
            nodes["missing"].append(int(node.missing_left))
            if leaf:
                told = node.value if isinstance(node.value, tuple) else (node.value,)
                first = 0 if isinstance(node.value, tuple) else number % outputs
                for output, value in enumerate(told):
                    leaves["treeids"].append(number)
                    leaves["nodeids"].append(place)
                    leaves["ids"].append(first + output)
                    leaves["weights"].append(value * weight)
    start = {"base_values": [value * weight for value in base]} if any(base) else {}
    return graph.add(
        "TreeEnsembleRegressor",
        [x],
        "trees",
        domain="ai.onnx.ml",
        n_targets=outputs,
        post_transform="NONE",
        aggregate_function="SUM",
        nodes_treeids=nodes["treeids"],
        nodes_nodeids=nodes["nodeids"],
        nodes_featureids=nodes["featureids"],
        nodes_values=nodes["values"],
        nodes_modes=nodes["modes"],
        nodes_truenodeids=nodes["truenodeids"],
        nodes_falsenodeids=nodes["falsenodeids"],
        nodes_missing_value_tracks_true=nodes["missing"],
        target_treeids=leaves["treeids"],
        target_nodeids=leaves["nodeids"],
        target_ids=leaves["ids"],
        target_weights=leaves["weights"],
        **start,
    )


def _spanned(graph: Graph, trees: list[list[Node]], columns: Array) -> tuple[str, list[list[Node]]]:
    """The trees as questions about the graph's own columns, and about spans of codes that are joined to them."""
    asked = sorted({(q.feature, code // SPAN) for tree in trees for q in tree for code in q.members})
    x = graph.x
    if asked:
        places = graph.constant("coded", np.array([columns[feature] for feature, _ in asked], dtype=np.int64))
        first = graph.constant("first", np.array([1 - SPAN * span for _, span in asked], dtype=np.float32))
        codes = graph.add("Add", [graph.add("Gather", [graph.x, places], "codes", axis=1), first], "counted")
        x = graph.add("Concat", [graph.x, codes], "wide", axis=1)
    column_of = {which: graph.width + place for place, which in enumerate(asked)}

    def told(tree: list[Node]) -> list[Node]:
        whole = [q if q.feature < 0 or q.members else q._replace(feature=int(columns[q.feature])) for q in tree]
        for place, q in enumerate(tree):
            here = place
            for last, code in zip(range(len(q.members))[::-1], sorted(q.members), strict=True):
                one = q._replace(feature=column_of[q.feature, code // SPAN], members=(code % SPAN + 1,))
                whole[here] = one._replace(right=len(whole)) if last else one
                if last:
                    here = len(whole)
                    whole.append(q)
        return whole

    return x, [told(tree) for tree in trees]


def floor32(value: float) -> float:
    """The greatest float32 that is not above `value`.

    >>> floor32(0.1) <= 0.1 < floor32(0.1) + 1e-8
    True
    """
    with np.errstate(over="ignore"):  # LightGBM writes 1e300 for "anything": the next step down is the largest float32
        near = np.float32(value)
    return float(near if float(near) <= value else np.nextafter(near, np.float32(-np.inf)))
