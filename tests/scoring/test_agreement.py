"""Agreement of persons who labelled the same things, held to cases that others worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from treadle.scoring.agreement import NOTHING, alpha, kappa


def table(*counts: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """(one's label, other's label, how often)."""
    one = [first for first, _, often in counts for _ in range(often)]
    other = [second for _, second, often in counts for _ in range(often)]
    return np.array(one), np.array(other)


def codes(*rows: str) -> np.ndarray:
    """A labeller a line, a sign an item; a dot where nothing was said."""
    return np.array([[NOTHING if sign == "." else ord(sign) - ord("0") for sign in row] for row in rows])


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        # fifty proposals read by two, and two tables with the same share of agreement and unlike kappas
        (((0, 0, 20), (0, 1, 5), (1, 0, 10), (1, 1, 15)), 0.4),
        (((0, 0, 45), (0, 1, 15), (1, 0, 25), (1, 1, 15)), 0.1304),
        (((0, 0, 25), (0, 1, 35), (1, 0, 5), (1, 1, 35)), 0.2593),
    ],
)
def test_kappa_is_that_of_tables_worked_by_hand(counts: tuple[tuple[int, int, int], ...], told: float) -> None:
    found = kappa(*table(*counts), 2)
    assert found.value.value == pytest.approx(told, abs=5e-5)
    assert found.value.low < found.value.value < found.value.high


# the canonical data of Krippendorff (2011): four observers, twelve units, with gaps
FOUR = codes("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


@pytest.mark.parametrize(("scale", "told"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_that_of_krippendorffs_own_example(scale: str, told: float) -> None:
    found = alpha(FOUR, [0, 1, 2, 3, 4, 5], scale)  # type: ignore[arg-type]
    assert found.value.value == pytest.approx(told, abs=5e-4)
    assert found.items == 11  # one unit has a single label


def test_alpha_of_two_on_binary_and_on_nominal_data() -> None:
    both = codes("0100000010", "1110010000")
    assert alpha(both, [0, 1]).value.value == pytest.approx(0.095, abs=5e-4)
    letters = codes("001132224330", "101112224333")
    assert alpha(letters, range(5)).value.value == pytest.approx(0.692, abs=5e-4)


LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40)


@given(LABELS)
def test_kappa_is_that_of_another_library(pairs: list[tuple[int, int]]) -> None:
    one, other = (np.array(each) for each in zip(*pairs, strict=True))
    found = kappa(one, other, 4, replicates=10).value.value
    if len({*one, *other}) == 1:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(cohen_kappa_score(one, other))


@given(LABELS, st.sampled_from(["nominal", "ordinal", "interval"]))
def test_alpha_minds_neither_who_is_first_nor_the_order_of_items(pairs: list[tuple[int, int]], scale: str) -> None:
    both = np.array(pairs).T
    turned = (both, both[::-1], both[:, ::-1])
    values = [alpha(each, range(4), scale, replicates=10).value.value for each in turned]  # type: ignore[arg-type]
    assert values == pytest.approx([values[0]] * 3, nan_ok=True)
    assert math.isnan(values[0]) or values[0] <= 1 + 1e-12


THREE = st.tuples(*[st.one_of(st.none(), st.integers(-9, 9))] * 3)


@given(st.lists(THREE, min_size=1, max_size=12))
def test_alpha_of_amounts_is_that_of_all_pairs_of_them(rows: list[tuple[int | None, ...]]) -> None:
    numbers = [1e6 + n / 8 for n in range(19)]
    matrix = np.array([[NOTHING if n is None else n + 9 for n in row] for row in rows]).T
    items = [said for row in rows if len(said := [numbers[n + 9] for n in row if n is not None]) >= 2]
    every = [value for said in items for value in said]
    within = sum((a - b) ** 2 / (len(said) - 1) for said in items for a in said for b in said)
    chance = sum((a - b) ** 2 for a in every for b in every) / max(len(every) - 1, 1)
    found = alpha(matrix, numbers, "interval", replicates=10)
    assert found.items == len(items)
    if chance == 0:
        assert math.isnan(found.value.value)
    else:
        assert found.value.value == pytest.approx(1 - within / chance)
        equal = sum(((sum(a == b for a in said for b in said) - len(said)) / (len(said) - 1)) for said in items)
        assert found.alike == pytest.approx(equal / len(every))


def test_one_who_says_nothing_changes_nothing() -> None:
    silent = np.vstack([FOUR, np.full(12, NOTHING)])
    assert alpha(silent, range(6)) == alpha(FOUR, range(6))
    one, other = FOUR[0], FOUR[1]
    assert kappa(one, other, 6).items == 9


@pytest.mark.parametrize(
    ("matrix", "why"),
    [
        (codes("0000", "0000"), "one and the same"),
        (codes("0...", ".000"), "no item was labelled twice"),
        (np.empty((2, 0), dtype=np.int64), "no item was labelled twice"),
    ],
)
def test_where_there_is_nothing_to_tell_that_is_said(matrix: np.ndarray, why: str) -> None:
    if matrix.shape[1]:
        found = alpha(matrix, [0, 1]).value
        assert math.isnan(found.value) and why in found.why
    found = kappa(matrix[0], matrix[1], 2).value
    assert math.isnan(found.value) and found.low is None and why in found.why


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Two who are each right nine times in ten of two labels that are as frequent: kappa is 0.64 in the long run."""
    random, held = np.random.default_rng(4), 0
    for _ in range(60):
        truth = random.integers(0, 2, 80)
        one, other = (np.where(random.random(80) < 0.9, truth, 1 - truth) for _ in range(2))
        found = kappa(one, other, 2, replicates=400).value
        held += found.low <= 0.64 <= found.high
    assert held >= 51  # of 60 at 95 %: fewer but for one time in a thousand
