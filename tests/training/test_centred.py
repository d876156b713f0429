"""Labels far from zero: what is learned, exported and served of them is what is learned of them near zero."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from treadle.errors import ModelError
from treadle.packing.exporting import prove, to_onnx
from treadle.scoring import task_of
from treadle.scoring.calibrator import Calibrator
from treadle.scoring.scorer import Scorer
from treadle.training import train
from treadle.training.families import Centred, Sample, families, learn, left_out, restore
from treadle.training.families.centred import FAR, centre_of

FAR_OFF = 2e8
KINDS = ("regression", "quantiles")


def both(table, spec, kind, **train_settings):
    """The same rows learned near zero, and far off."""
    near, project = table(400, kind="regression"), spec(kind, trials=2, **train_settings)
    far = replace(near, label=near.label + FAR_OFF)
    return near, [train(rows, project)[0] for rows in (near, far)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_far_off_is_learned_as_what_lies_near(table, spec, kind):
    rows, (near, far) = both(table, spec, kind, families=("lightgbm",))
    gap = np.abs(np.asarray(far.predict(rows.frame)) - FAR_OFF - np.asarray(near.predict(rows.frame)))
    # leaves of a quantile are values of single rows, which change places by the last bit of a label
    assert gap.mean() < (0.05 if kind == "quantiles" else 0.02) * rows.label.std()
    assert far.summary.out_of_fold == pytest.approx(near.summary.out_of_fold, rel=0.05)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", ["lightgbm", "linear"])
def test_its_bundle_says_what_it_says(table, spec, kind, family):
    if family == "linear" and kind == "quantiles":
        family = "additive"
    rows, (_, far) = both(table, spec, kind, families=(family,))
    graph = to_onnx(far)
    assert prove(graph, far, rows.frame) < 1e-3 * rows.label.std()
    scorer = Scorer(graph, far.encoder, far.served_calibrator)
    told = np.array([scorer.score(values) for values in rows.frame.select(far.encoder.inputs).iter_rows()])
    assert np.abs(told - far.predict(rows.frame)).max() < 1e-3 * rows.label.std()


def test_a_graph_that_loses_the_spread_of_labels_is_no_export(table, spec):
    rows, (_, far) = both(table, spec, "regression", families=("lightgbm",))
    other = to_onnx(replace(far, estimator=far.estimator.cut(1)))
    assert far.estimator.rounds > 1
    with pytest.raises(ModelError, match="float32 cannot hold"):
        prove(other, far, rows.frame)


def test_differences_are_held_to_the_spread_of_amounts():
    for task in (task_of("regression"), task_of("quantiles")):
        scale = task.plain().scale
        assert (scale(1e8, 1.0), scale(3e-9, 1e-9), scale(5.0, 0.0)) == (100.0, 3e-9, 5.0)
    for task in (task_of("classification"), task_of("multiclass", ("a", "b"))):
        assert task.plain().scale(0.9, 0.3) == 1.0
    assert task_of("counts").plain().scale(1e4, 1.0) == 1e4 and task_of("counts").plain().scale(0.01, 1e-9) == 0.01


def test_only_what_lies_far_for_its_spread_is_centred():
    assert centre_of(np.array([FAR - 0.1, FAR + 1.9])) == FAR + 0.9
    assert centre_of(np.array([FAR - 1.1, FAR + 0.9])) == 0.0
    assert centre_of(np.array([-1e9, -1e9 + 1])) == pytest.approx(-1e9 + 0.5)
    assert centre_of(np.array([7.0, 7.0])) == 0.0
    assert centre_of(np.array([1e6, 1e6 + 2]), np.array([3.0, 1.0])) == 1e6 + 0.5


def test_a_centred_estimator_is_kept_cut_and_counts_by_its_share_of_a_blend():
    task = task_of("regression")
    family = families("lightgbm", task, threads=1)[0]
    random = np.random.default_rng(2)
    x = random.normal(size=(300, 3)).astype(np.float32)
    y = 1e7 + x[:, 0]
    held = Sample(x[200:], y[200:])
    found = learn(family, Sample(x[:200], y[:200]), {**family.defaults(), "least_rows": 5}, held, metric="rmse")
    assert isinstance(found, Centred) and found.rounds > 1 and left_out(found) == pytest.approx(1e7, abs=1)
    again = restore(msgspec.json.decode(msgspec.json.encode(found.kept()), type=type(found.kept())), task)
    assert (again.margin(x) == found.margin(x)).all()
    one = found.cut(1)
    assert one.rounds == 1 and left_out(one) == left_out(found) and (one.margin(x) != found.margin(x)).any()
    assert learn(family, Sample(x, x[:, 0].copy()), family.defaults() | {"rounds": 3}).margin(
        x
    ).mean() == pytest.approx(0, abs=1)


def test_only_amounts_can_be_shifted():
    assert Calibrator("identity").shifted(5.0).scalar(1.5) == 6.5
    assert Calibrator("identity").shifted(5.0).vector(np.array([[1.5]])).tolist() == [6.5]
    quantiles = Calibrator("rearranged", offsets=(0.0, 1.0), levels=(0.1, 0.9)).shifted(2.0)
    assert quantiles.offsets == (2.0, 3.0)
    plain = Calibrator("sigmoid")
    assert plain.shifted(0.0) is plain
    with pytest.raises(AssertionError):
        plain.shifted(1.0)


def test_ten_standard_deviations_are_far():
    spread = np.array([-1.0, 1.0] * 50)
    assert centre_of(spread + 9.9) == 0.0 and centre_of(spread + 10.1) == pytest.approx(10.1)
    assert centre_of(spread - 9.9) == 0.0 and centre_of(spread - 10.1) == pytest.approx(-10.1)


@pytest.mark.parametrize("kind", ["classification", "counts"])
def test_only_amounts_are_centred_and_what_is_centred_has_its_seconds(kind):
    asked = []

    class Told:
        task = task_of(kind)

        def fit(self, rows, params, valid=None, **options):
            asked.append((float(rows.y.mean()), options))
            return "fitted"

    rows = Sample(np.zeros((4, 1), np.float32), np.array([50.0, 51.0, 49.0, 50.0]))
    assert learn(Told(), rows, {}, metric="m", seconds=3.0) == "fitted" and asked == [
        (50.0, {"metric": "m", "seconds": 3.0})
    ]
    asked.clear()
    Told.task = task_of("regression")
    made = learn(Told(), rows, {}, metric="m", seconds=3.0)
    assert isinstance(made, Centred) and made.centre == 50.0 and asked == [(0.0, {"metric": "m", "seconds": 3.0})]
