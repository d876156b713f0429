"""Mutual information over bins, held to the definition; and what chance shows, by drawing columns without relation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.profiling.relations import coded, told_by


def share(y: list[object], x: list[object]) -> tuple[float, float]:
    frame = pl.DataFrame({"y": y, "x": x})
    label, by = coded(frame, "y"), coded(frame, "x")
    assert label is not None and by is not None
    found = told_by(label, by)
    return found.share, found.chance


def test_a_copy_tells_all_and_a_constant_is_no_column() -> None:
    values: list[object] = ["a", "b"] * 500
    assert share(values, values)[0] == pytest.approx(1.0, abs=0.01)
    assert coded(pl.DataFrame({"x": ["a"] * 9}), "x") is None
    assert coded(pl.DataFrame({"x": [[1], [2]]}), "x") is None


def test_missing_values_can_tell() -> None:
    assert share([0, 1] * 500, [None, 3.5] * 500)[0] > 0.98


def test_it_is_the_mutual_information_by_its_definition() -> None:
    rows = [("a", "p")] * 30 + [("a", "q")] * 10 + [("b", "p")] * 15 + [("b", "q")] * 45
    joint = np.array([[0.3, 0.1], [0.15, 0.45]])
    py, px = joint.sum(1), joint.sum(0)
    told = float((joint * np.log(joint / np.outer(py, px))).sum())
    entropy = float(-(py * np.log(py)).sum())
    found, _ = share([a for a, _ in rows], [b for _, b in rows])
    assert found == pytest.approx((told - 1 / 200) / entropy, abs=1e-3)


@pytest.mark.parametrize(("levels", "rows"), [(2, 400), (10, 2000), (40, 5000)])
def test_without_relation_five_of_a_hundred_are_above_what_chance_shows(levels: int, rows: int) -> None:
    drawn, above = np.random.default_rng(levels), 0
    for _ in range(200):
        found, chance = share(drawn.integers(0, 2, rows).tolist(), drawn.integers(0, levels, rows).tolist())
        above += found > chance
    assert 2 <= above <= 22


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.one_of(st.none(), st.floats())), min_size=2, max_size=50))
def test_a_share_is_a_share(rows: list[tuple[str, float | None]]) -> None:
    frame = pl.DataFrame({"y": [a for a, _ in rows], "x": pl.Series([b for _, b in rows], dtype=pl.Float64)})
    label, by = coded(frame, "y"), coded(frame, "x")
    if label is not None and by is not None:
        assert 0 <= told_by(label, by).share <= 1


def test_what_is_missing_is_no_rare_text() -> None:
    common, rare = [chr(65 + n) for n in range(15)] * 10, [f"rare {n}" for n in range(30)]
    found = coded(pl.DataFrame({"x": [None, *common, *rare]}), "x")
    assert found is not None and found.bins == 17 and found.codes[0] not in found.codes[1:]
    assert len(set(found.codes[-30:].tolist())) == 1
