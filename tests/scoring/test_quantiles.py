"""Quantiles know their levels wherever rows are picked, and are measured as scikit-learn measures them."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import SpecError
from treadle.scoring import Calibrator, metrics
from treadle.scoring.quantiles import Quantiles, inside, name_of, of_levels
from treadle.scoring.tasks import LabelQuantiles, task_of

LEVELS = (0.1, 0.5, 0.9)
RANDOM = np.random.default_rng(3)
LABEL = RANDOM.normal(5, 3, 400)
TOLD = of_levels(np.sort(RANDOM.normal(5, 3, (400, 3)), axis=1), LEVELS)
WEIGHT = RANDOM.integers(0, 4, 400).astype(np.float64)


@pytest.mark.parametrize("weight", [np.ones(400), WEIGHT])
def test_the_pinball_loss_is_that_of_scikit_learn(weight: np.ndarray) -> None:
    from sklearn.metrics import mean_pinball_loss

    theirs = [
        mean_pinball_loss(LABEL, np.asarray(TOLD)[:, k], alpha=level, sample_weight=weight)
        for k, level in enumerate(LEVELS)
    ]
    assert metrics.weighted("pinball", LABEL, TOLD)(weight) == pytest.approx(np.mean(theirs), rel=1e-12)


def test_coverage_and_width_are_of_the_outer_two() -> None:
    plain = np.asarray(TOLD)
    held = (plain[:, 0] <= LABEL) & (plain[:, 2] >= LABEL)
    assert metrics.weighted("coverage", LABEL, TOLD)(WEIGHT) == pytest.approx(np.average(held, weights=WEIGHT))
    assert metrics.weighted("width", LABEL, TOLD)(WEIGHT) == pytest.approx(
        np.average(plain[:, 2] - plain[:, 0], weights=WEIGHT)
    )
    assert np.isnan(metrics.weighted("pinball", LABEL, TOLD)(np.zeros(400)))
    with pytest.raises(SpecError, match="rmse"):
        metrics.weighted("rmse", LABEL, TOLD)


def test_a_label_on_the_edge_is_held_though_float32_rounded_it() -> None:
    y = np.array([0.1, 0.3, -1e9])
    told = of_levels(np.column_stack([y, y]).astype(np.float32).astype(np.float64), (0.1, 0.9))
    assert not inside(y, np.asarray(told)).all()  # float32 is further off than text is
    assert inside(y, np.column_stack([y, y])).all() and not inside(y + 1, np.column_stack([y, y]))[:2].any()


def test_levels_stay_with_parts_of_the_rows() -> None:
    rows = np.flatnonzero(LABEL > 5)
    for part in (TOLD[rows], TOLD[LABEL > 5], TOLD[:10], np.asanyarray(TOLD, dtype=np.float64)[rows]):
        assert isinstance(part, Quantiles) and part.levels == LEVELS
    assert type(np.asarray(TOLD)) is np.ndarray


@given(st.lists(st.lists(st.floats(-1e30, 1e30), min_size=3, max_size=3), min_size=1, max_size=8))
def test_quantiles_never_cross_and_one_row_is_as_many(rows: list[list[float]]) -> None:
    made = Calibrator("rearranged", offsets=(-1.0, 0.0, 2.5), levels=LEVELS)
    told = made.vector(np.array(rows))
    assert told.levels == LEVELS and (np.diff(np.asarray(told), axis=1) >= 0).all()
    assert [made.each()(row) for row in rows] == [tuple(row) for row in told.tolist()]
    again = msgspec.json.decode(msgspec.json.encode(made), type=Calibrator)
    assert again == made and again.several and again.outputs == 3


def test_rearranged_quantiles_are_no_worse() -> None:
    """As Chernozhukov and others show: putting crossed quantiles in order never costs."""
    crossed = RANDOM.normal(5, 3, (400, 3))
    before = of_levels(crossed, LEVELS)
    after = task_of("quantiles", levels=LEVELS).link(crossed)
    assert metrics.weighted("pinball", LABEL, after)(WEIGHT) <= metrics.weighted("pinball", LABEL, before)(WEIGHT)


def test_an_answer_names_its_levels() -> None:
    task = task_of("quantiles", levels=(0.025, 0.4, 0.975))
    found = task.decided((1.0, 2.0, 3.0), None)
    assert task.one_each(np.array([[1.0, 2.0, 3.0]])).tolist() == [2.0], "that nearest to the half is watched too"
    assert found.prediction == 2.0 and found.quantiles == {"p2.5": 1.0, "p40": 2.0, "p97.5": 3.0}
    assert [name_of(level) for level in (0.1, 0.29, 0.999, 1 / 3)] == ["p10", "p29", "p99.9", "p33.3333"]
    one = LabelQuantiles((0.9,))
    assert one.METRICS == ("pinball",) and LabelQuantiles().METRICS == ("pinball", "coverage", "width")
    assert one.decided((4.0,), None).quantiles == {"p90": 4.0} and one != task and one == LabelQuantiles((0.9,))
    assert LabelQuantiles().levels == LEVELS and len({one, LabelQuantiles((0.9,))}) == 1
