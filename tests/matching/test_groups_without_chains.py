"""Rows are grouped by pairs, and no two rows that are nothing alike come into one group by others between them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import DataError
from treadle.matching import blocks, clusters
from treadle.matching.clusters import EXACT, LIKE, PERSON, Guard, Links, components, group

Pair = tuple[int, int]


def links(pairs: Iterable[tuple[int, int, int, float]]) -> Links:
    """left, right, why, bits."""
    each = sorted(pairs)
    ends = np.array([pair[:2] for pair in each], dtype=np.int32).reshape(-1, 2)
    why, bits = np.array([pair[2] for pair in each], dtype=np.int8), np.array([pair[3] for pair in each], dtype=float)
    return Links(ends[:, 0], ends[:, 1], why, bits, np.zeros(len(each), np.int32))


def grouped(
    rows: int,
    pairs: Iterable[tuple[int, int, int, float]],
    *,
    far: Iterable[Pair] = (),
    split: Iterable[Pair] = (),
    distinct: list[int] | None = None,
) -> list[int]:
    """The group of each row; `far`: pairs that weigh less than they may."""
    unlike = set(far)

    def weigh(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.array([-9.0 if pair in unlike else 9.0 for pair in zip(left.tolist(), right.tolist(), strict=True)])

    own = np.array(distinct or [-1] * rows, dtype=np.int32)
    return group(rows, links(pairs), Guard(frozenset(split), own, 0.0, weigh)).group.tolist()


@given(st.integers(1, 40), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=60))
def test_components_are_those_of_a_search(rows: int, pairs: list[Pair]) -> None:
    known = [(a % rows, b % rows) for a, b in pairs]
    left, right = (np.array([pair[n] for pair in known], dtype=np.int32) for n in (0, 1))
    near: dict[int, set[int]] = {row: {row} for row in range(rows)}
    for a, b in known:
        near[a].add(b)
        near[b].add(a)
    wanted = []
    for row in range(rows):
        seen, waiting = {row}, [row]
        while waiting:
            fresh = near[waiting.pop()] - seen
            seen |= fresh
            waiting += fresh
        wanted.append(min(seen))
    assert components(rows, left, right).tolist() == wanted


def test_a_long_chain_is_one_component_whatever_its_order() -> None:
    order = np.random.default_rng(1).permutation(5_000).astype(np.int32)
    assert not components(5_000, order[:-1], order[1:]).any()


def test_a_chain_is_cut_at_its_weakest_pair() -> None:
    chain = [(0, 1, LIKE, 9.0), (1, 2, LIKE, 5.0), (2, 3, LIKE, 8.0)]
    assert grouped(4, chain) == [0, 0, 0, 0]
    assert grouped(4, chain, far=[(0, 3)]) == [0, 0, 2, 2]
    assert grouped(4, chain, far=[(0, 2)]) == [0, 0, 2, 2]


def test_exact_keys_are_not_asked_how_alike_rows_are() -> None:
    assert grouped(3, [(0, 1, EXACT, np.inf), (1, 2, EXACT, np.inf)], far=[(0, 1), (0, 2), (1, 2)]) == [0, 0, 0]
    both = [(0, 1, EXACT, np.inf), (1, 2, LIKE, 4.0)]
    assert grouped(3, both, far=[(0, 1)]) == [0, 0, 0]
    assert grouped(3, both, far=[(0, 2)]) == [0, 0, 2]


def test_rows_that_no_likeness_holds_together_are_not_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[Pair]()

    def weigh(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        asked.extend(zip(left.tolist(), right.tolist(), strict=True))
        return np.full(len(left), 9.0)

    pairs = [(0, 1, EXACT, np.inf), (0, 2, PERSON, np.inf), (3, 4, EXACT, np.inf), (4, 5, LIKE, 5.0)]
    guard = Guard(frozenset(), np.full(6, -1, np.int32), 0.0, weigh, "entities.e")
    assert group(6, links(pairs), guard).group.tolist() == [0, 0, 0, 3, 3, 3]
    assert sorted(asked) == [(3, 4), (3, 5), (4, 5)]
    monkeypatch.setattr(clusters, "MOST_PAIRS", 2)
    with pytest.raises(DataError, match="e: 3 pairs of rows that hang together would be weighed, and at most 2"):
        group(6, links(pairs), guard)


def test_a_group_is_weighed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "CHUNK", 2)
    chain = [(n, n + 1, LIKE, 9.0 - n) for n in range(5)]
    for far in combinations(range(6), 2):
        if far[1] - far[0] > 1:
            assert grouped(6, chain, far=[far]) == [0] * far[1] + [far[1]] * (6 - far[1])


def test_a_split_holds_against_all() -> None:
    for why in (EXACT, LIKE):
        assert grouped(3, [(0, 1, why, 9.0), (1, 2, why, 9.0)], split=[(0, 2)]) == [0, 0, 2]
    assert grouped(2, [(0, 1, EXACT, 9.0)], split=[(0, 1)]) == [0, 1]


def test_of_a_source_in_which_nothing_comes_twice_the_strongest_row_is_taken() -> None:
    own = [0, 0, 1]
    assert grouped(3, [(0, 2, LIKE, 5.0), (1, 2, LIKE, 7.0)], distinct=own) == [0, 1, 1]
    assert grouped(3, [(0, 2, PERSON, np.inf), (1, 2, PERSON, np.inf)], distinct=own) == [0, 0, 0]


def test_of_pairs_that_weigh_the_same_the_first_rows_count() -> None:
    assert grouped(3, [(0, 2, LIKE, 5.0), (1, 2, LIKE, 5.0)], far=[(0, 1)]) == [0, 1, 0]


def test_a_group_that_is_too_large_is_cut_at_its_weakest_pairs_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "LARGEST", 4)
    chain = [(n, n + 1, LIKE, 1.0 if n == 3 else 9.0 - n / 10) for n in range(7)]
    own = np.full(8, -1, np.int32)
    found = group(8, links(chain), Guard(frozenset(), own, 0.0, lambda left, right: np.full(len(left), 9.0)))
    assert max(np.bincount(found.group)) <= 4
    assert found.notes[0].startswith("8 rows hung together: the weakest")
    assert grouped(4, chain[:3], far=[(0, 2)]) == [0, 0, 2, 2], "one that is just as large as it may be is asked"
    alike = [(n, n + 1, LIKE, 5.0) for n in range(7)]
    found = group(8, links(alike), Guard(frozenset(), own, 0.0, lambda left, right: np.full(len(left), 9.0)))
    assert found.group.tolist() == [0] * 8 and "8 rows are one, too many to be held" in found.notes[0]


@given(st.data())
def test_no_group_holds_two_rows_that_may_not_be_together(data: st.DataObject) -> None:
    rows = data.draw(st.integers(2, 9))
    every = [(a, b) for a in range(rows) for b in range(a + 1, rows)]
    chosen = data.draw(st.lists(st.sampled_from(every), unique=True))
    pairs = [(a, b, LIKE, float(data.draw(st.integers(1, 5)))) for a, b in chosen]
    far, split = (set(data.draw(st.lists(st.sampled_from(every), unique=True, max_size=5))) for _ in range(2))
    far -= set(chosen)  # what links two rows weighs enough
    found = grouped(rows, pairs, far=far, split=split)
    assert all(found[a] != found[b] for a, b in far | split)
    whole = components(rows, *(np.array([p[n] for p in pairs], dtype=np.int32) for n in (0, 1)))
    assert all(whole[row] == whole[found[row]] and found[row] <= row for row in range(rows))


def pair_by_pair(
    rows: int, pairs: list[tuple[int, int, int, float]], far: set[Pair], split: set[Pair], own: list[int]
) -> list[int]:
    """The strongest first, each held to every pair of two groups."""
    groups = [{row} for row in range(rows)]
    for left, right, why, _ in sorted(pairs, key=lambda each: (each[2], -each[3], each[0], each[1])):
        one, other = (next(group for group in groups if row in group) for row in (left, right))
        across = {(min(a, b), max(a, b)) for a in one for b in other}
        twice = {own[row] for row in one} & {own[row] for row in other} - {-1}
        if one is other or across & split or (why != PERSON and (twice or (why == LIKE and across & far))):
            continue
        groups = [group for group in groups if group not in (one, other)] + [one | other]
    return [min(next(group for group in groups if row in group)) for row in range(rows)]


@given(st.data())
def test_pairs_join_groups_as_if_every_two_rows_were_asked(data: st.DataObject) -> None:
    rows = data.draw(st.integers(3, 9))
    every = [(a, b) for a in range(rows) for b in range(a + 1, rows)]
    chosen = data.draw(st.lists(st.sampled_from(every), unique=True, min_size=1))
    pairs = [
        (a, b, data.draw(st.sampled_from((PERSON, EXACT, LIKE))), float(data.draw(st.integers(1, 5))))
        for a, b in chosen
    ]
    far, split = (set(data.draw(st.lists(st.sampled_from(every), unique=True, max_size=5))) for _ in range(2))
    own = data.draw(st.lists(st.integers(-1, 2), min_size=rows, max_size=rows))
    far -= {(a, b) for a, b, why, _ in pairs if why != LIKE}
    known = links(pairs)
    every_row = np.zeros(rows, np.int32)
    left, right = (np.array([pair[n] for pair in sorted(far)], dtype=np.int32) for n in (0, 1))
    guard = Guard(frozenset(split), np.array(own, np.int32), 0.0, lambda left, right: np.zeros(len(left)))
    found = clusters._merged(every_row, np.ones(rows, bool), known, guard, (left, right))
    assert found.tolist() == pair_by_pair(rows, pairs, far, split, own)


def test_a_large_group_is_put_together_once_more_without_asking_all_of_its_pairs() -> None:
    rows = 60_000  # all pairs of them were hours
    pairs = [(0, row, EXACT, np.inf) for row in range(1, rows)]
    found = np.array(grouped(rows, pairs, split=[(7, rows - 1)]))
    assert not found[:-1].any() and found[-1] == rows - 1
