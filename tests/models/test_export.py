"""The graph goes the way the model goes, for every float32, missing ones too; what differs is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import ModelError
from treadle.packing.exporting import export, prove, to_onnx
from treadle.scoring import task_of
from treadle.scoring.calibrator import Calibrator
from treadle.scoring.encoder import Encoder
from treadle.scoring.scorer import Scorer
from treadle.scoring.steps import Number
from treadle.training import Fitted
from treadle.training.families import Constant, Linear
from treadle.training.families.lightgbm import Trees
from treadle.training.families.trees import floor32


def test_equal_on_real_rows(case):
    assert prove(case.parts.onnx, case.model, case.table.frame) < 1e-5 * max(1, np.abs(case.table.label).max())


def test_equal_on_any_float32(case):
    random = np.random.default_rng(0)
    x = random.normal(size=(3000, case.model.encoder.width)).astype(np.float32) * 3
    if isinstance(case.model.estimator, Trees):
        # Values that lie on thresholds, on both sides of them, and at the limits of float32.
        x[random.random(x.shape) < 0.3] = np.nan
        x[random.random(x.shape) < 0.1] = 0.0
        x[random.random(x.shape) < 0.02] = 3e38
        edges = np.array(_thresholds(case.model.estimator), dtype=np.float32)
        up, down = np.nextafter(edges, np.float32(np.inf)), np.nextafter(edges, -np.float32(np.inf))
        near = np.concatenate([edges, up, down])
        x[:, :] = np.where(random.random(x.shape) < 0.3, random.choice(near, x.shape), x)
        x[np.abs(x) < 1e-34] = 0.0  # LightGBM takes these for zero, the graph does not
    margins = Scorer(case.parts.onnx, case.model.encoder, Calibrator("identity")).score_matrix(x)
    expected = case.model.estimator.margin(x)[:, 0]
    assert np.abs(margins - expected).max() <= 2e-5 * max(1.0, float(np.abs(expected).max()))


def _thresholds(trees):
    found = []

    def walk(node):
        if "left_child" in node:
            found.append(min(node["threshold"], 3e38))
            walk(node["left_child"])
            walk(node["right_child"])

    for tree in trees.booster.dump_model()["tree_info"]:
        walk(tree["tree_structure"])
    return found or [0.0]


@given(st.floats(-1e30, 1e30), st.floats(width=32, allow_nan=False))
def test_floor32_keeps_every_comparison(threshold, x):
    down = floor32(threshold)
    assert np.float32(down) == down and down <= threshold
    assert (x <= threshold) == (x <= down)


def test_another_model_is_refused(case):
    class Shifted:
        def margin(self, x):
            return case.model.estimator.margin(x) * 1.001

    other = replace(case.model, estimator=Shifted())
    with pytest.raises(ModelError, match="where the model gives"):
        prove(case.parts.onnx, other, case.table.frame)
    with pytest.raises(ModelError, match="without rows"):
        export(case.model, case.table.frame.head(0))


def test_a_constant_has_a_graph_too(case):
    """Whatever the row, missing values as well."""
    graph = to_onnx(replace(case.model, estimator=Constant(np.array([0.25]))))
    scorer = Scorer(graph, case.model.encoder, Calibrator("identity"))
    x = np.full((3, scorer.width), np.nan, dtype=np.float32)
    assert scorer.score_matrix(x).tolist() == [0.25] * 3 and scorer.score_row(x[0].tolist()) == 0.25


def test_rows_of_another_width_are_refused(binary):
    other = replace(binary.model, encoder=type(binary.model.encoder)(("a",), binary.model.encoder.steps[:1]))
    with pytest.raises(ModelError, match="columns"):
        Scorer(binary.parts.onnx, other.encoder, other.calibrator)
    for junk in (b"", b"not a graph", binary.parts.onnx[:100], b"location" + binary.parts.onnx):
        with pytest.raises(ModelError):
            Scorer(junk, binary.model.encoder, binary.model.calibrator)


def test_one_row_equals_many(case):
    scorer = Scorer(case.parts.onnx, case.model.encoder, case.model.calibrator)
    many = scorer.score_matrix(case.model.encoder.matrix(case.table.frame))
    one_by_one = [scorer.score(values) for values in case.table.frame.iter_rows()]
    # One row takes another path through the runtime, which may add up in another order.
    assert one_by_one == pytest.approx(list(many), rel=1e-5, abs=2e-6)
    told = scorer.score_rows(list(case.table.frame.iter_rows()))
    assert type(told[0]) is type(one_by_one[0]) and told == list(many)
    assert len(scorer.score_matrix(np.empty((0, scorer.width), np.float32))) == 0


@given(st.lists(st.floats(), min_size=5, max_size=5))
def test_a_row_is_rounded_as_a_matrix_is(binary, values):
    scorer = Scorer(binary.parts.onnx, binary.model.encoder, binary.model.calibrator)
    row = (values * scorer.width)[: scorer.width]
    scorer.score_row(row)
    with np.errstate(over="ignore"):
        assert scorer._in.tobytes() == np.array([row], dtype=np.float32).tobytes()


def test_odd_records_give_a_number(binary):
    scorer = Scorer(binary.parts.onnx, binary.model.encoder, binary.model.calibrator)
    for values in ((None,) * 5, (float("nan"), float("inf"), "never seen \x00 東", None, None)):
        assert 0 <= scorer.score(values) <= 1


def linear(*coef):
    """Of one number, with these slopes."""
    slopes = np.array([coef], dtype=np.float32)
    link = task_of("multiclass", ("a", "b", "c")) if len(coef) > 1 else task_of("regression")
    return Fitted(Encoder(("n",), (Number("n"),)), Linear(slopes, np.zeros(len(coef), np.float32)), link.plain())


def test_counts_are_held_to_the_largest_of_them_however_small_and_however_alike():
    """Of float32 margins near 9.2 counts near 10,000 are right to some thousandths, though they are all but equal."""
    rows = pl.DataFrame({"n": [-1.0, 0.0, 1.0]})
    encoder, link = Encoder(("n",), (Number("n"),)), task_of("counts").plain()

    def counts(mean, slope):
        told = Linear(np.array([[slope]], np.float32), np.array([np.log(mean)], np.float32))
        return Fitted(encoder, told, link)

    few, off = counts(0.005, 0.1), counts(0.005 + 9e-6, 0.1)
    assert prove(to_onnx(few), few, rows) < 1e-8
    with pytest.raises(ModelError, match="where the model gives"):
        prove(to_onnx(off), few, rows)
    alike, near, off = counts(1e4, 1e-4), counts(1e4 + 0.005, 1e-4), counts(1e4 + 0.2, 1e-4)
    assert 1e-3 < prove(to_onnx(near), alike, rows) < 0.01
    with pytest.raises(ModelError, match="where the model gives"):
        prove(to_onnx(off), alike, rows)


def test_what_is_no_number_is_no_equal():
    """One row of three: it is the one that is named."""
    rows = pl.DataFrame({"n": [1.0, None, 2.0]})
    with pytest.raises(ModelError, match=r"gives nan where the model gives nan \(row 1\)"):
        prove(to_onnx(linear(1.0)), linear(1.0), rows)


def test_classes_that_are_taken_for_one_another_are_found():
    """The first has its probability all the same."""
    rows = pl.DataFrame({"n": [1.0, -1.0]})
    assert prove(to_onnx(linear(0.0, 1.0, 2.0)), linear(0.0, 1.0, 2.0), rows) < 1e-6
    with pytest.raises(ModelError, match="where the model gives"):
        prove(to_onnx(linear(0.0, 1.0, 2.0)), linear(0.0, 2.0, 1.0), rows)
