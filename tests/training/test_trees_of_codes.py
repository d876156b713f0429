"""Trees that ask for sets of codes, as a graph: over all spans of codes, of columns that a blend picks for a member."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from treadle.packing.exporting import _IR, _ML_OPSET, _OPSET
from treadle.training.families.family import Graph
from treadle.training.families.trees import SPAN, Node, tree_ensemble

WIDTH = 5
COLUMNS = np.array([3, 0, 4])
"""Where the three columns of the trees stand among those of the graph."""


def tree(random: np.random.Generator, depth: int) -> list[Node]:
    """A whole tree; it asks of the first column for codes, of the others for amounts or codes."""
    made: list[Node] = []

    def grow(left: int) -> int:
        place = len(made)
        made.append(Node(value=float(random.normal())))
        if not left:
            return place
        feature = int(random.integers(0, 3))
        down, up = grow(left - 1), grow(left - 1)
        codes = feature == 0 or random.random() < 0.5
        members = tuple(map(int, random.permutation(3 * SPAN)[: random.integers(1, 40)])) if codes else ()
        threshold = 0.0 if codes else float(random.integers(0, 3 * SPAN)) + 0.5
        made[place] = Node(feature, threshold, down, up, members=members)
        return place

    grow(depth)
    return made


def told(nodes: list[Node], row: np.ndarray) -> float:
    node = nodes[0]
    while node.feature >= 0:
        value = row[COLUMNS[node.feature]]
        yes = value in node.members if node.members else value <= node.threshold
        node = nodes[node.left if yes else node.right]
    return float(node.value)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(4))
def test_a_graph_goes_the_ways_of_trees_that_ask_for_codes(seed: int) -> None:
    random = np.random.default_rng(seed)
    trees = [tree(random, 3) for _ in range(6)]
    edges = [-1, 0, 1, SPAN - 1, SPAN, SPAN + 1, 2 * SPAN - 1, 2 * SPAN, 3 * SPAN - 1, 3 * SPAN, 500]
    rows = random.integers(-1, 3 * SPAN + 2, (400, WIDTH)).astype(np.float32)
    rows[: len(edges)] = np.array(edges, dtype=np.float32)[:, None]
    graph = Graph("rows", WIDTH)
    last = tree_ensemble(graph, trees, COLUMNS, 1, 2.0)
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "trees",
            [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, WIDTH])],
            [helper.make_tensor_value_info(last, TensorProto.FLOAT, [None, 1])],
            initializer=graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)],
        ir_version=_IR,
    )
    found = onnxruntime.InferenceSession(made.SerializeToString()).run(None, {"rows": rows})[0]
    wanted = [2.0 * sum(told(nodes, row) for nodes in trees) for row in rows]
    assert found[:, 0] == pytest.approx(np.array(wanted), abs=1e-4) and len(set(np.round(wanted, 3))) > 20


@pytest.mark.parametrize("code", [0, SPAN - 1, SPAN, 2 * SPAN - 1, 2 * SPAN])
def test_a_code_alone_is_asked_for_in_its_own_span(code: int) -> None:
    graph = Graph("rows", WIDTH)
    tree_ensemble(graph, [[Node(0, 0.0, 1, 2, members=(code,)), Node(value=1.0), Node(value=0.0)]], COLUMNS, 1, 1.0)
    (first,) = [numpy_helper.to_array(each) for each in graph.constants if each.name.startswith("first")]
    assert first.tolist() == [1 - code // SPAN * SPAN]
