"""Trees of any library as one node of a graph.

ONNX is float32, the libraries compare in float64. For a float32 value x and a threshold t, x <= t holds exactly when
x <= t', where t' is the greatest float32 that is not above t. So thresholds are rounded *down*, and every row takes
the same way through every tree; what is left is the rounding of sums. (One exception that no real table has met:
LightGBM takes numbers within 1e-35 of zero for zero.)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from treadle.training.families.family import Array, Graph


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
    nodes: dict[str, list[Any]] = {
        name: []
        for name in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing")
    }
    leaves: dict[str, list[Any]] = {"treeids": [], "nodeids": [], "ids": [], "weights": []}
    for number, tree in enumerate(trees):
        for place, node in enumerate(_chained(tree)):
            leaf = node.feature < 0
            nodes["treeids"].append(number)
            nodes["nodeids"].append(place)
            nodes["modes"].append("LEAF" if leaf else "BRANCH_EQ" if node.members else "BRANCH_LEQ")
            nodes["featureids"].append(0 if leaf else int(columns[node.feature]))
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
        [graph.x],
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


def _chained(tree: list[Node]) -> list[Node]:
    """A question of several members as a chain of questions of one, all of which lead to the same place: what the
    runtime takes for a set."""
    whole = list(tree)
    for place, node in enumerate(tree):
        if len(node.members) < 2:
            continue
        here, rest = place, node.members
        while len(rest) > 1:
            whole[here] = node._replace(members=rest[:1], right=len(whole))
            here, rest = len(whole), rest[1:]
            whole.append(node._replace(members=rest))
        whole[here] = node._replace(members=rest)
    return whole


def floor32(value: float) -> float:
    """The greatest float32 that is not above `value`.

    >>> floor32(0.1) <= 0.1 < floor32(0.1) + 1e-8
    True
    """
    with np.errstate(over="ignore"):  # LightGBM writes 1e300 for "anything": the next step down is the largest float32
        near = np.float32(value)
    return float(near if float(near) <= value else np.nextafter(near, np.float32(-np.inf)))
