"""What a model is about to cost who serves it, counted from its settings."""

from __future__ import annotations

import numpy as np
import pytest

from treadle.scoring.tasks import task_of
from treadle.training.families import Footprint, Inputs, Sample, known


def test_a_tree_costs_its_questions_and_its_leaves():
    assert Footprint.of_trees(100, 16) == pytest.approx((3.0 + 100 * 5 * 0.012, 100 * 32 * 6e-6))
    assert Footprint.of_trees(100, 16, sets=True) == pytest.approx((3.0 + 100 * 5 * 0.025, 100 * 32 * 11e-6))
    assert Footprint.of_trees(10, 1).row_us == pytest.approx(3.0 + 10 * 2 * 0.012), "a stump asks once"
    assert Footprint.of_columns(50) == pytest.approx((50 * 0.11, 0.0))


def test_footprints_add_up_and_may_be_as_large_as_the_limit():
    one, most = Footprint(2.0, 3.0), Footprint(4.0, 6.0)
    assert one.beside(one) == most and most.within(most) and one.within(most)
    assert not Footprint(4.1, 6.0).within(most) and not Footprint(4.0, 6.1).within(most)


def test_a_network_costs_its_weights_and_a_row_meets_but_some_of_a_table():
    mlp, embeddings = (known()[name](task_of("classification")) for name in ("mlp", "embeddings"))
    shape = {"width": 10, "depth": 2, "embedding": 4, "pieces": 5}
    assert mlp.footprint(shape, 100, Inputs(7)) == Footprint.of_numbers(8 * 10 + 11 * 10 + 11)
    met = (3 * 6 + 2 * 4 + 1) * 10 + 11 * 10 + 11
    found = embeddings.footprint(shape, 100, Inputs(5, (30, 2)))
    assert found.mb == pytest.approx(Footprint.of_numbers(met + 34 * 4).mb)
    few = embeddings.footprint(shape, 100, Inputs(5, (3, 2)))
    assert few.row_us == found.row_us and few.mb < found.mb
    assert mlp.footprint({**shape, "width": 20}, 100, Inputs(7)).mb > mlp.footprint(shape, 100, Inputs(7)).mb


def test_codes_are_counted_by_their_levels():
    x = np.array([[0.5, 2.0, -1.0], [0.1, 0.0, -1.0]], dtype=np.float32)
    assert Inputs.of(Sample(x, np.zeros(2), None, (1, 2))) == Inputs(3, (3, 0))
