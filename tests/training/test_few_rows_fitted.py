"""Rows too few to hold any back are fitted by the simplest family that there is; a constant is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from treadle.scoring import task_of
from treadle.training import fit_few, too_few
from treadle.training.families import Constant, Linear


def test_the_simplest_family_is_taken_wherever_it_stands(table, spec):
    rows, project = table(30), spec(families=("lightgbm", "linear"))
    made = fit_few(rows, project)
    assert isinstance(made.estimator, Linear) and made.calibrator == task_of("classification").plain()
    assert np.isfinite(made.predict(rows.frame)).all()
    assert not isinstance(fit_few(rows, spec(families=("lightgbm",))).estimator, Linear)


def test_a_label_that_is_always_the_same_is_told(table, spec):
    rows, project = replace(table(80, kind="regression"), label=np.full(80, 2.5)), spec("regression")
    assert too_few(rows, project) and not too_few(table(80, kind="regression"), project)
    made = fit_few(rows, project)
    assert isinstance(made.estimator, Constant) and made.predict(rows.frame).tolist() == [2.5] * 80
