"""The weights of Fellegi and Sunter, learned without labels: held to a textbook and to what they were drawn from."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from matching_people import entity, rows_of, tables

from treadle.matching import FieldWeights, Weights, explain, reconcile
from treadle.matching.comparing import Field
from treadle.matching.scoring import Weigher
from treadle.matching.weights import Patterns, _em, _posterior, learn


def made(name: str, levels: int, weights: tuple[float, ...] = ()) -> Field:
    none = np.zeros(0)
    names = ("missing", "equal", *(f"level {n}" for n in range(levels - 2)), "unlike")
    return Field(name, "exact", names, weights, none.astype(np.int64), lambda a, b: a, none)  # type: ignore[arg-type, return-value]


def by_hand(patterns: list[tuple[tuple[int, ...], float]], m: list[list[float]], u: list[list[float]], share: float):
    """One round of EM as the textbook has it, over one pattern after the other."""
    sums, whole = [[0.0] * len(each) for each in m], 0.0
    for levels, count in patterns:
        same, other = share, 1 - share
        for field, level in enumerate(levels):
            if level:
                same, other = same * m[field][level - 1], other * u[field][level - 1]
        weight = count * same / (same + other)
        whole += weight
        for field, level in enumerate(levels):
            if level:
                sums[field][level - 1] += weight
    return sums, whole


def test_rounds_of_em_are_those_of_the_textbook(monkeypatch: pytest.MonkeyPatch) -> None:
    from treadle.matching import weights

    monkeypatch.setattr(weights, "FEW", 0.0)
    monkeypatch.setattr(weights, "ROUNDS", 3)
    patterns = [((1, 1), 80.0), ((1, 2), 15.0), ((2, 1), 10.0), ((2, 2), 400.0), ((0, 1), 5.0), ((1, 0), 7.0)]
    m, u = [[0.9, 0.1], [0.8, 0.2]], [[0.05, 0.95], [0.1, 0.9]]
    levels = np.array([each for each, _ in patterns], dtype=np.uint8)
    counts = np.array([count for _, count in patterns])
    fields = [made("a", 2), made("b", 2)]
    found = Patterns(levels, counts, counts[:, None])
    ours = _em(fields, found, counts, [0, 1], [np.array(x) for x in m], [np.array(x) for x in u])
    share = 0.1
    for _ in range(3):
        sums, whole = by_hand(patterns, m, u, share)
        m, share = [[value / sum(each) for value in each] for each in sums], whole / counts.sum()
    assert [each.tolist() for each in ours] == [pytest.approx(each) for each in sums]


def test_what_the_pairs_were_drawn_from_is_found_again() -> None:
    """Two blocks, each formed by one of four fields; 2 % of the pairs are the same."""
    random, rows = np.random.default_rng(3), 200_000
    m = np.array([0.95, 0.9, 0.85, 0.7])
    u = np.array([0.01, 0.02, 0.05, 0.1])
    same = random.random(rows) < 0.02
    equal = random.random((rows, 4)) < np.where(same[:, None], m, u)
    levels = np.where(equal, 1, 2).astype(np.uint8)
    formed = equal[:, 0] | equal[:, 1]
    each, back = np.unique(levels[formed], axis=0, return_inverse=True)
    counts = np.bincount(back).astype(float)
    by_block = np.stack([np.bincount(back, equal[formed][:, n], minlength=len(each)) for n in (0, 1)], axis=1)
    drawn = [np.array([0.0, equal[:, n].sum(), rows - equal[:, n].sum()]) for n in range(4)]
    fields = [made(name, 2) for name in "abcd"]
    found = learn(fields, Patterns(each, counts, by_block), drawn, [frozenset("a"), frozenset("b")], rows)
    assert [w.m[0] for w in found.fields] == pytest.approx(m, abs=0.02)
    assert [w.u[0] for w in found.fields] == pytest.approx(u, abs=0.004)
    assert found.prior == pytest.approx(same.mean(), rel=0.05)
    for one, p, q in zip(found.fields, m, u, strict=True):
        assert one.bits[0] == 0.0 and one.bits[1] == pytest.approx(log2(p / q), abs=0.35)


def test_bits_and_probabilities_are_one_thing() -> None:
    weights = Weights(0.001, ())
    bits = np.array([weights.bits_of(p) for p in (0.5, 0.9, 0.999)])
    assert _posterior(bits, 0.001) == pytest.approx([0.5, 0.9, 0.999])
    assert weights.bits_of(0.5) == pytest.approx(log2(999))


def test_stated_weights_are_taken_as_they_are() -> None:
    said = entity(
        match={
            "compare": {
                "name": {"by": "jaro_winkler", "at": [0.9], "weights": [8, 5, -4]},
                "zip": {"by": "exact", "weights": [6, -1]},
            },
            "block": ["zip", "substr(name, 1, 2)"],
        }
    )
    frames, _ = tables(60)
    rows = rows_of(said, frames)
    found = reconcile("customer", said, rows)
    assert found.weights is not None
    assert [each.bits for each in found.weights.fields] == [(0.0, 8.0, 5.0, -4.0), (0.0, 6.0, -1.0)]
    assert not any(each.m or each.u for each in found.weights.fields)
    told = explain("customer", said, rows, found.weights, "crm:1", "crm:1")
    assert told.weight == 14 and [each.level for each in told.fields] == ["equal", "equal"]
    assert told.prior == pytest.approx(-found.weights.bits_of(0.5), abs=1e-3)


def test_a_rare_value_says_more_by_how_much_rarer_it_is() -> None:
    """12 rows, of which 10 say a and 2 say b; equal by chance in a tenth of the pairs."""
    levels = ("missing", "equal", "unlike")
    codes, counts = np.array([0] * 10 + [1] * 2), np.array([10.0, 2.0])
    field = Field("x", "exact", levels, (), codes, lambda a, b: a, counts)  # type: ignore[arg-type, return-value]
    weights = Weights(0.01, (FieldWeights("x", "exact", levels, (0.0, 3.0, -2.0), (0.8, 0.2), (0.1, 0.9)),))
    weigher = Weigher([field], weights)
    left, right = np.array([0, 10], dtype=np.int32), np.array([1, 11], dtype=np.int32)
    # a: (10 - 2 + 3) of 12 + 3 / 0.1 rows; b: the two themselves do not count
    wanted = [3 + log2(0.1 / (11 / 42)), 3 + log2(0.1 / (3 / 42))]
    assert weigher(left, right).tolist() == pytest.approx(wanted)
