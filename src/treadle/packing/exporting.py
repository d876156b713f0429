"""A fitted model as one ONNX graph: float32 [rows, width] in, raw margins float32 [rows, outputs] out.

The graph ends before the link; the calibrator, which is data, makes a probability of the margin in float64. Each
family writes its own part of the graph; what it says is held to the model on real rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from treadle.errors import ModelError
from treadle.scoring.scorer import INPUT, OUTPUT, Scorer
from treadle.training import Fitted
from treadle.training.families import Graph

if TYPE_CHECKING:
    import polars as pl

TOLERANCE = 1e-5
"""The greatest difference a prediction may show, beside `Calibrator.scale`."""
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
    scorer = Scorer(graph, model.encoder, model.served_calibrator)
    ours, theirs = scorer.score_matrix(model.encoder.matrix(rows)), model.predict(rows)
    if len(ours) == 0:
        raise ModelError("the exported graph cannot be proven without rows", mend="give at least one real row")
    gap = np.abs(ours - theirs)
    scale = model.calibrator.scale(float(np.abs(theirs).max()), float(np.std(theirs, axis=0).max()))
    gap = gap if gap.ndim == 1 else gap.max(axis=1)
    worst = int(np.where(np.isnan(gap), np.inf, gap).argmax())
    if np.isnan(gap).any() or gap[worst] > TOLERANCE * scale:
        raise ModelError(
            f"the exported graph gives {ours[worst]} where the model gives {theirs[worst]} (row {worst})",
            where="export",
            mend="scale large features, or train another family: float32 cannot hold this model",
        )
    return float(gap.max())


def to_onnx(model: Fitted) -> bytes:
    """The graph, unproven."""
    from onnx import TensorProto, checker, helper

    width, outputs = model.encoder.width, model.calibrator.outputs
    graph = Graph(INPUT, width)
    last = model.estimator.graph(graph, np.arange(width), 1.0)
    graph.nodes[-1].output[0] = OUTPUT if graph.nodes[-1].output[0] == last else graph.nodes[-1].output[0]
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "treadle",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, width])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, outputs])],
            initializer=graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)],
        ir_version=_IR,
        producer_name="treadle",
    )
    checker.check_model(made)
    content: bytes = made.SerializeToString(deterministic=True)
    return content
