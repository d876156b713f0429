"""A fitted model as one ONNX graph: float32 [rows, width] in, raw margin float32 [rows, 1] out.

The graph ends before the sigmoid; the calibrator, which is data, makes a probability of the margin in float64.

ONNX is float32, LightGBM compares in float64. For a float32 value x and a threshold t, x <= t holds exactly when
x <= t', where t' is the greatest float32 that is not above t. So thresholds are rounded *down*, and every row takes
the same way through every tree; what is left is the rounding of sums, which `export` holds to a bound. (One exception
that no real table has met: LightGBM takes numbers within 1e-35 of zero for zero.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from treadle.errors import ModelError
from treadle.scoring.scorer import INPUT, OUTPUT, Scorer
from treadle.training import Fitted, Linear, Trees

if TYPE_CHECKING:
    import polars as pl

Array = np.ndarray[Any, Any]
TOLERANCE = 1e-5
"""The greatest difference a prediction may show; for regression relative to the largest value."""
_OPSET, _ML_OPSET, _IR = 17, 3, 8


def export(model: Fitted, rows: pl.DataFrame) -> bytes:
    """The graph of `model`, proven on `rows`: real rows with all its features.

    Raises:
        ModelError: an estimator that has no graph, or a prediction that differs by more than `TOLERANCE`.
    """
    graph = to_onnx(model)
    prove(graph, model, rows)
    return graph


def prove(graph: bytes, model: Fitted, rows: pl.DataFrame) -> float:
    """The largest difference between the graph's predictions and the model's over `rows`."""
    scorer = Scorer(graph, model.encoder, model.calibrator)
    ours, theirs = scorer.score_matrix(model.encoder.matrix(rows)), model.predict(rows)
    if len(ours) == 0:
        raise ModelError("the exported graph cannot be proven without rows", mend="give at least one real row")
    gap = np.abs(ours - theirs)
    scale = max(1.0, float(np.abs(theirs).max()))
    worst = int(np.nanargmax(gap)) if not np.isnan(gap).all() else 0
    if np.isnan(gap).any() or gap[worst] > TOLERANCE * scale:
        raise ModelError(
            f"the exported graph gives {ours[worst]:.8g} where the model gives {theirs[worst]:.8g} (row {worst})",
            where="export",
            mend="scale large features, or train another family: float32 cannot hold this model",
        )
    return float(gap.max())


def to_onnx(model: Fitted) -> bytes:
    """The graph, unproven."""
    from onnx import TensorProto, checker, helper

    estimator, width = model.estimator, model.encoder.width
    nodes: list[Any]
    constants: list[Any] = []
    if isinstance(estimator, Trees):
        nodes = [_trees(estimator)]
    elif isinstance(estimator, Linear):
        nodes, constants = _linear(estimator)
    else:
        raise ModelError(
            f"a {type(estimator).__name__} cannot be exported",
            where="export",
            mend="train one of the families: linear, lightgbm",
        )
    graph = helper.make_graph(
        nodes,
        "treadle",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, 1])],
        initializer=constants,
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=_IR, producer_name="treadle")
    checker.check_model(made)
    content: bytes = made.SerializeToString(deterministic=True)
    return content


def _linear(estimator: Linear) -> tuple[list[Any], list[Any]]:
    from onnx import helper, numpy_helper

    coef = np.asarray(estimator.coef, dtype=np.float32).reshape(-1, 1)
    offset = np.array([estimator.intercept], dtype=np.float32)
    node = helper.make_node("Gemm", [INPUT, "coef", "offset"], [OUTPUT])
    return [node], [numpy_helper.from_array(coef, "coef"), numpy_helper.from_array(offset, "offset")]


def _trees(estimator: Trees) -> Any:
    from onnx import helper

    dump = estimator.booster.dump_model(num_iteration=estimator.rounds)
    nodes: dict[str, list[Any]] = {
        name: []
        for name in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing")
    }
    leaves: dict[str, list[Any]] = {"treeids": [], "nodeids": [], "ids": [], "weights": []}
    for number, tree in enumerate(dump["tree_info"]):
        _tree(number, tree["tree_structure"], nodes, leaves)
    return helper.make_node(
        "TreeEnsembleRegressor",
        [INPUT],
        [OUTPUT],
        domain="ai.onnx.ml",
        n_targets=1,
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
    )


def _tree(number: int, root: dict[str, Any], nodes: dict[str, list[Any]], leaves: dict[str, list[Any]]) -> None:
    """Number the nodes of one tree from its root, first left then right, and add them."""
    waiting = [root]
    places = {id(root): 0}
    for node in waiting:  # grows as it is walked
        for side in ("left_child", "right_child"):
            if side in node:
                places[id(node[side])] = len(waiting)
                waiting.append(node[side])
    for place, node in enumerate(waiting):
        leaf = "left_child" not in node
        nodes["treeids"].append(number)
        nodes["nodeids"].append(place)
        nodes["modes"].append("LEAF" if leaf else "BRANCH_LEQ")
        nodes["featureids"].append(0 if leaf else node["split_feature"])
        nodes["values"].append(0.0 if leaf else floor32(node["threshold"]))
        nodes["truenodeids"].append(0 if leaf else places[id(node["left_child"])])
        nodes["falsenodeids"].append(0 if leaf else places[id(node["right_child"])])
        nodes["missing"].append(0 if leaf else int(_missing_left(node)))
        if leaf:
            for name, value in (("treeids", number), ("nodeids", place), ("ids", 0), ("weights", node["leaf_value"])):
                leaves[name].append(value)


def _missing_left(node: dict[str, Any]) -> bool:
    """Which way LightGBM sends NaN: by its default side, or, where it saw no missing value in training, as zero."""
    if node["decision_type"] != "<=":
        raise ModelError(f'a split of type "{node["decision_type"]}" cannot be exported', where="export")
    if node["missing_type"] == "NaN":
        return bool(node["default_left"])
    return bool(node["threshold"] >= 0.0)


def floor32(value: float) -> float:
    """The greatest float32 that is not above `value`.

    >>> floor32(0.1) <= 0.1 < floor32(0.1) + 1e-8
    True
    """
    with np.errstate(over="ignore"):  # LightGBM writes 1e300 for "anything": the next step down is the largest float32
        near = np.float32(value)
    return float(near if float(near) <= value else np.nextafter(near, np.float32(-np.inf)))
