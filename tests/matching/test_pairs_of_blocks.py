"""Pairs are formed by blocks, each once; a block that is too large is cut by a rule that is told."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import DataError
from treadle.matching import blocks
from treadle.matching.blocks import NEIGHBOURS, Block, Pairing, all_pairs


def formed(codes: list[list[int]], largest: int = 500, distinct: list[int] | None = None) -> list[tuple[int, int]]:
    rows = len(codes[0])
    made = [Block(f"b{n}", frozenset(), np.array(each, dtype=np.int64)) for n, each in enumerate(codes)]
    rank, own = np.arange(rows, dtype=np.int32), np.array(distinct or [-1] * rows, dtype=np.int32)
    found = Pairing(made, rank, own, largest, "here")
    return [pair for part in found for pair in zip(part.left.tolist(), part.right.tolist(), strict=True)]


@given(
    st.integers(1, 30).flatmap(
        lambda n: st.lists(st.lists(st.integers(-1, 4), min_size=n, max_size=n), min_size=1, max_size=3)
    )
)
def test_each_pair_that_a_block_holds_is_formed_once(codes: list[list[int]]) -> None:
    rows = range(len(codes[0]))
    wanted = [(a, b) for a, b in combinations(rows, 2) if any(each[a] == each[b] >= 0 for each in codes)]
    assert sorted(formed(codes)) == wanted


@given(st.lists(st.integers(-1, 3), min_size=2, max_size=60), st.lists(st.integers(-1, 1), min_size=60, max_size=60))
def test_two_rows_of_a_source_in_which_nothing_comes_twice_are_no_pair(codes: list[int], own: list[int]) -> None:
    found = formed([codes], distinct=own[: len(codes)])
    assert all(own[a] < 0 or own[a] != own[b] for a, b in found)
    assert len(found) == sum(
        codes[a] == codes[b] >= 0 and (own[a] < 0 or own[a] != own[b]) for a, b in combinations(range(len(codes)), 2)
    )


def test_a_block_that_is_too_large_is_cut_to_neighbours_and_no_other_loses_a_pair() -> None:
    rows = 100
    whole, small = [0] * rows, [n // 2 for n in range(rows)]
    small[0] = small[99] = 777  # far from one another in the large block
    found = formed([whole, small], largest=50)
    near = {(a, b) for a, b in combinations(range(rows), 2) if b - a <= NEIGHBOURS}
    assert len(found) == len(set(found)) and set(found) == near | {(0, 99)}


def test_the_last_neighbour_of_a_cut_block_is_no_new_pair_of_another() -> None:
    small = [-1] * 100
    small[0] = small[NEIGHBOURS] = small[NEIGHBOURS + 1] = 0
    found = formed([[0] * 100, small], largest=50)
    assert len(found) == len(set(found)) and (0, NEIGHBOURS + 1) in found


def test_what_is_cut_is_told() -> None:
    made = Block("zip", frozenset(), np.zeros(60, dtype=np.int64))
    cuts = Pairing([made], np.arange(60, dtype=np.int32), np.full(60, -1, np.int32), 50, "here").cuts
    assert [each.said() for each in cuts] == [
        "60 rows are equal in zip: each was compared with the next 20 in the order of its fields alone"
    ]


def test_too_many_pairs_are_refused_before_they_are_formed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST_PAIRS", 100)
    with pytest.raises(DataError, match="190 pairs would be compared, and at most 100"):
        formed([[0] * 20])


def test_pairs_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "CHUNK", 7)
    assert sorted(formed([[0] * 12])) == list(combinations(range(12), 2))


def test_all_pairs_of_groups() -> None:
    left, right = all_pairs(np.array([3, -1, 3, 3, 1], dtype=np.int32))
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 2), (0, 3), (2, 3)]


def test_pairs_of_groups_in_parts_are_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = np.array([5, 2, 5, 2, -1, 5, 5, 2], dtype=np.int32)
    wanted = zip(*(each.tolist() for each in all_pairs(groups)), strict=True)
    monkeypatch.setattr(blocks, "CHUNK", 2)
    parts = list(blocks.pairs_in_parts(groups))
    assert max(len(left) for left, _ in parts) <= 3
    assert sorted(pair for left, right in parts for pair in zip(left.tolist(), right.tolist(), strict=True)) == sorted(
        wanted
    )
