"""What a model is about to cost who serves it, counted from its settings."""

from __future__ import annotations

import pytest

from treadle.training.families import Footprint


def test_a_tree_costs_its_questions_and_its_leaves():
    assert Footprint.of_trees(100, 16) == pytest.approx((3.0 + 100 * 5 * 0.012, 100 * 32 * 6e-6))
    assert Footprint.of_trees(100, 16, sets=True) == pytest.approx((3.0 + 100 * 5 * 0.025, 100 * 32 * 11e-6))
    assert Footprint.of_trees(10, 1).row_us == pytest.approx(3.0 + 10 * 2 * 0.012), "a stump asks once"
    assert Footprint.of_columns(50) == pytest.approx((50 * 0.11, 0.0))


def test_footprints_add_up_and_may_be_as_large_as_the_limit():
    one, most = Footprint(2.0, 3.0), Footprint(4.0, 6.0)
    assert one.beside(one) == most and most.within(most) and one.within(most)
    assert not Footprint(4.1, 6.0).within(most) and not Footprint(4.0, 6.1).within(most)
