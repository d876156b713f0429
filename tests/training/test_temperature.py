"""Of several classes one temperature makes probabilities that can be believed, where the margins need it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from treadle.scoring import Calibrator
from treadle.scoring.tasks.multiclass import Multiclass
from treadle.training.calibrate import choose_classes

Array = np.ndarray[Any, Any]


def drawn(scale: float, rows: int = 6000, classes: int = 4) -> tuple[Array, Array, Array]:
    """Labels drawn from the softmax of margins; what is told of the margins is `scale` times them."""
    random = np.random.default_rng(2)
    margins = random.normal(scale=1.5, size=(rows, classes))
    p = Calibrator("softmax", offsets=(0.0,) * classes).vector(margins)
    label = (p.cumsum(axis=1) < random.random((rows, 1))).sum(axis=1).astype(float)
    return margins * scale, label, np.arange(rows) % 4


@pytest.mark.parametrize("scale", [0.5, 2.5])
def test_margins_that_are_too_bold_or_too_meek_get_the_temperature_that_they_need(scale: float) -> None:
    margins, label, fold = drawn(scale)
    found, losses = choose_classes(margins, label, fold)
    assert found.kind == "softmax" and found.a == pytest.approx(1 / scale, rel=0.12)
    assert losses["temperature"] < losses["none"]
    p = found.vector(margins)
    right = (p.argmax(axis=1) == label).mean()
    assert p.max(axis=1).mean() == pytest.approx(right, abs=0.02)


def test_margins_that_are_right_are_left_alone() -> None:
    margins, label, fold = drawn(1.0)
    assert choose_classes(margins, label, fold)[0] == Calibrator("softmax", offsets=(0.0,) * 4)


def test_a_temperature_changes_no_decision_and_needs_no_folds() -> None:
    margins, label, fold = drawn(3.0, rows=500)
    found, losses = choose_classes(margins, label, np.zeros_like(fold))
    assert (found.vector(margins).argmax(axis=1) == margins.argmax(axis=1)).all()
    assert set(losses) == {"none", "temperature"} and all(map(np.isfinite, losses.values()))


def test_it_cannot_run_away_on_labels_that_are_all_told_or_all_mistaken() -> None:
    label = np.arange(60) % 3.0
    told = 40.0 * np.eye(3)[label.astype(int)]
    for margins in (told, -told):
        found, _ = choose_classes(margins, label, np.arange(60) % 4)
        assert 0.2 <= found.a <= 5.0 and np.isfinite(found.vector(margins)).all()


def test_a_class_of_few_rows_has_the_floor_of_the_model_that_knows_only_shares() -> None:
    label = np.array([0.0] * 60 + [1.0] * 38 + [2.0])
    margins = np.zeros((99, 4)) - 80.0 * (np.arange(4) > 1)
    found, _ = choose_classes(margins, label, np.arange(99) % 4)
    p = found.vector(margins)
    assert p.sum(axis=1) == pytest.approx(1.0) and found.least == (0.0, 0.0, 0.5 / 101, 0.5 / 101)
    baseline = Multiclass(tuple("abcd")).plain().vector(Multiclass(tuple("abcd")).constant(label)[None, :])
    assert p[0, 3] >= baseline[0, 3] * (1 - 1e-12), "a class that no training row has"
    assert p[0, 2] >= baseline[0, 2] / 3 * (1 - 1e-12)
    served = found.classes()(margins[0].tolist())
    assert served == pytest.approx(tuple(p[0]), abs=1e-15)
    assert -np.log(served[3]) < 6


def test_classes_of_many_rows_have_no_floor() -> None:
    margins, label, fold = drawn(2.5)
    assert choose_classes(margins, label, fold)[0].least == ()
