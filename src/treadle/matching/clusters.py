"""Groups of rows that are one thing, from pairs of rows that are the same, and guarded against chains.

What is joined by pairs alone grows in chains: A is like B, B like C, and C is nothing like A. So no two rows of a group
may weigh less than `perhaps`: groups are merged by the strongest pairs first, and a pair that would bring two such rows
together is cut (complete linkage, Sørensen 1948, with a limit). Exact keys and persons are not asked so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.errors import DataError
from treadle.matching.blocks import MOST_PAIRS, pairs_in_parts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from treadle.matching.blocks import Index

    Floats = NDArray[np.float64]

LARGEST = 1_000
"""Rows of a group whose pairs are all weighed; one that is larger is cut at its weakest pairs until it is not."""
PERSON, EXACT, LIKE = 0, 1, 2
"""Why two rows are the same, the firmest first."""


@dataclass(frozen=True, eq=False)
class Links:
    """Pairs of rows that are the same, by `why`, each once. `bits`: how much each weighs; `by`: the number of the block
    that formed it, or of the exact key; -1 for what a person said."""

    left: Index
    right: Index
    why: NDArray[np.int8]
    bits: Floats
    by: Index

    def of(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Links:
        ends = self.left[chosen], self.right[chosen]
        return Links(*ends, self.why[chosen], self.bits[chosen], self.by[chosen])

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, eq=False)
class Guard:
    """What may not be in one group: pairs that a person split, two rows of a source in which nothing comes twice
    (`distinct`: the number of such a source, else -1), and, by `weigh`, rows that weigh less than `least`. `where`:
    what an error names."""

    split: frozenset[tuple[int, int]]
    distinct: Index
    least: float
    weigh: Callable[[Index, Index], Floats]
    where: str = ""


@dataclass(frozen=True, eq=False)
class Grouped:
    """`group`: of each row the first row of its group, by number. `notes`: what a person should know."""

    group: Index
    notes: tuple[str, ...]


def components(rows: int, left: Index, right: Index) -> Index:
    """Of each row the first row that it is connected with: labels that sink, with pointers that jump."""
    import numpy as np

    label = np.arange(rows, dtype=np.int32)
    while True:
        before = label.copy()
        low = np.minimum(label[left], label[right])
        for ends in (left, right):
            np.minimum.at(label, before[ends], low)
            np.minimum.at(label, ends, low)
        while not np.array_equal(label, jumped := label[label]):
            label = jumped
        if np.array_equal(before, label):
            return label


def group(rows: int, links: Links, guard: Guard) -> Grouped:
    """Which rows are one thing.

    Raises:
        DataError: so much hangs together that too many pairs would have to be weighed.
    """
    import numpy as np

    links, notes = _lightened(rows, links)
    label = components(rows, links.left, links.right)
    size = np.bincount(label, minlength=rows)
    many = size[label] > 1
    doubtful = np.zeros(rows, bool)
    doubtful[label[_clashing(label, many, guard)]] = True
    for one, other in guard.split:
        doubtful[label[one]] |= label[one] == label[other]
    far = _far(label, size, links, guard)
    doubtful[label[far[0]]] = True
    if doubtful.any():
        label = _merged(label, doubtful, links, guard, far)
    return Grouped(label, notes)


def _far(label: Index, size: NDArray[np.int64], links: Links, guard: Guard) -> tuple[Index, Index]:
    """Pairs of rows of one group that weigh less than they may. Groups that no likeness holds together are not asked:
    exact keys and persons put rows together whatever they weigh."""
    import numpy as np

    alike = np.zeros(len(label), bool)
    alike[label[links.left[links.why == LIKE]]] = True
    asked = alike & (size > 2) & (size <= LARGEST)
    pairs = int((size[asked] * (size[asked] - 1) // 2).sum())
    if pairs > MOST_PAIRS:
        raise DataError(
            f"{pairs:,} pairs of rows that hang together would be weighed, and at most {MOST_PAIRS:,} are",
            where=guard.where,
            mend="compare more fields, or raise `same`, so that fewer are alike",
        )
    firm, none = links.of(links.why != LIKE), np.zeros(0, np.int32)
    left, right = [none], [none]
    for one, other in pairs_in_parts(np.where(asked[label], label, -1).astype(np.int32)):
        far = (guard.weigh(one, other) < guard.least) & ~_among(firm, one, other, len(label))
        left.append(one[far])
        right.append(other[far])
    return np.concatenate(left), np.concatenate(right)


def _clashing(label: Index, many: NDArray[np.bool_], guard: Guard) -> NDArray[np.int64]:
    """Rows that are in a group with another one of their source, in which nothing comes twice."""
    import numpy as np

    asked = np.flatnonzero(many & (guard.distinct >= 0))
    both = label[asked].astype(np.int64) * (int(guard.distinct.max(initial=0)) + 1) + guard.distinct[asked]
    _, back, counts = np.unique(both, return_inverse=True, return_counts=True)
    found: NDArray[np.int64] = asked[counts[back] > 1]
    return found


def _among(links: Links, left: Index, right: Index, rows: int) -> NDArray[np.bool_]:
    """Which pairs are linked."""
    import numpy as np

    return np.isin(left.astype(np.int64) * rows + right, links.left.astype(np.int64) * rows + links.right)


def _lightened(rows: int, links: Links) -> tuple[Links, tuple[str, ...]]:
    """Without the weakest half of the links of groups that are too large, again and again, while there are such."""
    import numpy as np

    notes = list[str]()
    while True:
        label = components(rows, links.left, links.right)
        size = np.bincount(label, minlength=rows)
        inside = (size[label[links.left]] > LARGEST) & (links.why == LIKE)
        drop = np.zeros(len(links), bool)
        for root in np.unique(label[links.left[inside]]).tolist():
            own = inside & (label[links.left] == root)
            middle = float(np.median(links.bits[own]))
            weak = own & (links.bits <= middle) & (links.bits < links.bits[own].max())
            drop |= weak
            if weak.any():
                notes.append(
                    f"{size[root]:,} rows hung together: the weakest {int(weak.sum()):,} pairs of them were cut"
                )
        if not drop.any():
            whole = size[size > LARGEST]
            notes += [f"{n:,} rows are one, too many to be held to each other: look at what they share" for n in whole]
            return links, tuple(notes)
        links = links.of(~drop)


def _merged(label: Index, doubtful: NDArray[np.bool_], links: Links, guard: Guard, far: tuple[Index, Index]) -> Index:
    """The doubtful groups, put together once more, the strongest pairs first. far: pairs that weigh too little.

    Group by group, since what is known of a pair here takes more than in an array of all.
    """
    import numpy as np

    mine = links.of(doubtful[label[links.left]])
    mine = mine.of(np.lexsort((mine.right, mine.left, -mine.bits, mine.why)))
    roots, apart = np.unique(label[doubtful[label]]), dict[int, list[tuple[int, int]]]()
    for pair in guard.split:
        apart.setdefault(int(label[pair[0]]), []).append(pair)
    found = label.copy()
    places = (_places(each, roots) for each in (label, label[mine.left], label[far[0]]))
    for root, rows, own, weak in zip(roots.tolist(), *places, strict=True):
        unlike = zip(far[0][weak].tolist(), far[1][weak].tolist(), strict=True)
        made = _Merging(rows.tolist(), guard.distinct, apart.get(root, []), unlike)
        for n in own.tolist():
            made.merge(int(mine.left[n]), int(mine.right[n]), int(mine.why[n]))
        for members in made.members.values():
            found[members] = min(members)
    return found


def _places(label: Index, roots: Index) -> list[NDArray[np.int64]]:
    """For each root where it stands, in order."""
    import numpy as np

    order = np.argsort(label, kind="stable")
    first, end = (np.searchsorted(label[order], roots, side=side) for side in ("left", "right"))
    return [order[a:b] for a, b in zip(first.tolist(), end.tolist(), strict=True)]


class _Merging:
    """Groups that grow pair by pair, the smaller one into the larger: a pair costs what is known of the smaller, and
    not all pairs of two groups. Each is known by one of its rows."""

    def __init__(
        self, rows: list[int], distinct: Index, apart: Iterable[tuple[int, int]], unlike: Iterable[tuple[int, int]]
    ) -> None:
        self.home = {row: row for row in rows}
        self.members = {row: [row] for row in rows}
        self.sources = {row: {int(distinct[row])} if distinct[row] >= 0 else set[int]() for row in rows}
        self.apart, self.unlike = self._foes(apart), self._foes(unlike)

    def merge(self, one: int, other: int, why: int) -> None:
        small, large = sorted((self.home[one], self.home[other]), key=lambda group: len(self.members[group]))
        if small == large or not self._may(small, large, why):
            return
        for row in self.members[small]:
            self.home[row] = large
        self.members[large] += self.members.pop(small)
        for known in (self.sources, self.apart, self.unlike):
            known[large] |= known.pop(small)

    def _may(self, small: int, large: int, why: int) -> bool:
        """A split holds against all. Persons alone may put two rows of a distinct source together."""
        if self._at_odds(self.apart, small, large):
            return False
        if why == PERSON:
            return True
        if self.sources[small] & self.sources[large]:
            return False
        return why == EXACT or not self._at_odds(self.unlike, small, large)

    def _at_odds(self, foes: dict[int, set[int]], one: int, other: int) -> bool:
        few, home = (one, other) if len(foes[one]) <= len(foes[other]) else (other, one)
        return any(self.home.get(row) == home for row in foes[few])

    def _foes(self, pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
        """Rows that must not come to the rows of each group."""
        found = {row: set[int]() for row in self.home}
        for one, other in pairs:
            for row, foe in ((one, other), (other, one)):
                if row in found:
                    found[row].add(foe)
        return found
