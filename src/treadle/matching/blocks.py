"""Which pairs of rows are compared: those that are equal in a block's expressions.

A block of more rows than is allowed is cut, and said: its rows are put in the order of their fields, and each is
compared with the next few alone (the sorted neighbourhood of Hernández and Stolfo, 1995).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle import expr
from treadle.errors import DataError
from treadle.matching.coding import coded, together

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from treadle.matching.coding import Codes
    from treadle.spec.entities import Matching

    Index = NDArray[np.int32]

NEIGHBOURS = 20
"""With so many that follow it a row of a block that is too large is compared."""
MOST_PAIRS = 300_000_000
"""More are refused before they are formed."""
CHUNK = 4_000_000
"""Pairs that are formed at a time."""


@dataclass(frozen=True)
class Block:
    """One way to form pairs. `codes`: rows with equal numbers are together; `fields`: what its expressions read."""

    text: str
    fields: frozenset[str]
    codes: Codes


@dataclass(frozen=True)
class Cut:
    """A block that was too large: rows that are equal in `text`, and how many."""

    text: str
    rows: int

    def said(self) -> str:
        return (
            f"{self.rows:,} rows are equal in {self.text}: each was compared with the next {NEIGHBOURS} in the order "
            "of its fields alone"
        )


def blocks_of(name: str, match: Matching, folded: pl.DataFrame) -> list[Block]:
    """The blocks of an entity over its rows. `folded`: the fields as `normal.folded` writes them.

    Raises:
        SpecError: an expression does not fit the fields.
    """
    types, found = expr.column_types(folded), list[Block]()
    for index, said in enumerate(match.block):
        texts = (said,) if isinstance(said, str) else said
        parsed = [expr.parse(text, types, where=f"entities.{name}.match.block[{index}]") for text in texts]
        codes = [coded(folded.select(expr.to_polars(each).alias("block")).to_series()) for each in parsed]
        fields = frozenset(column for each in parsed for column in each.columns)
        found.append(Block(", ".join(texts), fields, together(codes)))
    return found


@dataclass(frozen=True, eq=False)
class _Sorted:
    """The rows of a block side by side: `order` names them, `reach` is with how many of those that follow each is
    paired. `place`: where each row stands, and `cut` whether its block was too large."""

    order: Index
    reach: Index
    place: Index
    cut: NDArray[np.bool_]
    cuts: tuple[Cut, ...]


def _sorted(block: Block, rank: Index, largest: int) -> _Sorted:
    import numpy as np

    rows = len(block.codes)
    order = np.lexsort((rank, block.codes)).astype(np.int32)
    order = order[np.searchsorted(block.codes[order], 0) :]
    codes = block.codes[order]
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    sizes = np.diff(np.append(starts, len(codes)))
    size, end = np.repeat(sizes, sizes), np.repeat(starts + sizes, sizes)
    reach = end - np.arange(len(codes)) - 1
    large = size > largest
    reach = np.where(large, np.minimum(reach, NEIGHBOURS), reach).astype(np.int32)
    place, cut = np.full(rows, -1, np.int32), np.zeros(rows, bool)
    place[order], cut[order] = np.arange(len(order)), large
    cuts = tuple(Cut(block.text, int(n)) for n in np.sort(sizes[sizes > largest])[::-1])
    return _Sorted(order, reach, place, cut, cuts)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of rows by their numbers, `left` below `right`, each once; `block` is the first that forms it."""

    left: Index
    right: Index
    block: Index

    def __len__(self) -> int:
        return len(self.left)


class Pairing:
    """All pairs of several blocks, each once."""

    def __init__(self, blocks: Sequence[Block], rank: Index, distinct: Index, largest: int, where: str) -> None:
        """rank: the order of the rows by their fields. distinct: of rows of which no two are one thing, the number of
        their source; else -1.

        Raises:
            DataError: there are too many.
        """
        self.blocks, self.distinct = blocks, distinct
        self._sorted = [_sorted(block, rank, largest) for block in blocks]
        self.cuts = tuple(cut for each in self._sorted for cut in each.cuts)
        self.most = sum(int(each.reach.sum(dtype="int64")) for each in self._sorted)
        if self.most > MOST_PAIRS:
            by = ", ".join(
                f"{each.text}: {int(s.reach.sum(dtype='int64')):,}"
                for each, s in zip(blocks, self._sorted, strict=True)
            )
            raise DataError(
                f"{self.most:,} pairs would be compared, and at most {MOST_PAIRS:,} are ({by})",
                where=where,
                mend="write blocks of fewer rows, such as [postcode, born], or lower largest_block",
            )

    def __iter__(self) -> Iterator[Pairs]:
        """In parts of at most `CHUNK` pairs, and those of one row."""
        for number, found in enumerate(self._sorted):
            yield from self._of(number, found)

    def _of(self, number: int, found: _Sorted) -> Iterator[Pairs]:
        import numpy as np

        for left, right in _in_parts(found):
            fresh = np.ones(len(left), bool)
            for earlier in range(number):
                fresh &= ~self._formed(earlier, left, right)
            fresh &= (self.distinct[left] < 0) | (self.distinct[left] != self.distinct[right])
            left, right = left[fresh], right[fresh]
            if len(left):
                yield Pairs(np.minimum(left, right), np.maximum(left, right), np.full(len(left), number, np.int32))

    def _formed(self, number: int, left: Index, right: Index) -> NDArray[np.bool_]:
        """Which pairs a block forms."""
        import numpy as np

        found = self._sorted[number]
        near = np.abs(found.place[left] - found.place[right]) <= NEIGHBOURS
        same = self.within(number, left, right)
        formed: NDArray[np.bool_] = same & (near | ~found.cut[left])
        return formed

    def within(self, number: int, left: Index, right: Index) -> NDArray[np.bool_]:
        """Which pairs are equal in a block's expressions."""
        codes = self.blocks[number].codes
        same: NDArray[np.bool_] = (codes[left] >= 0) & (codes[left] == codes[right])
        return same


def _in_parts(found: _Sorted) -> Iterator[tuple[Index, Index]]:
    """Each row with those that follow it within its reach, at most `CHUNK` pairs at a time, and those of one row."""
    import numpy as np

    total, first = np.cumsum(found.reach, dtype=np.int64), 0
    while first < len(found.order):
        before = int(total[first - 1]) if first else 0
        last = max(int(np.searchsorted(total, before + CHUNK, side="right")), first + 1)
        yield _side_by_side(found.order, found.reach, first, last)
        first = last


def _side_by_side(order: Index, reach: Index, first: int, last: int) -> tuple[Index, Index]:
    """Each of the rows from `first` to `last` with those that follow within its reach."""
    import numpy as np

    here = reach[first:last].astype(np.int64)
    start = np.repeat(np.arange(first, last), here)
    offset = np.arange(len(start)) - np.repeat(np.cumsum(here) - here, here) + 1
    return order[start], order[start + offset]


def all_pairs(groups: Index) -> tuple[Index, Index]:
    """Every pair of rows of one group. groups: the number of each row's group, -1 for none."""
    import numpy as np

    found = _whole_groups(groups)
    left, right = _side_by_side(found.order, found.reach, 0, len(found.order))
    return np.minimum(left, right), np.maximum(left, right)


def pairs_in_parts(groups: Index) -> Iterator[tuple[Index, Index]]:
    """As `all_pairs`, at most `CHUNK` at a time, and those of one row."""
    import numpy as np

    for left, right in _in_parts(_whole_groups(groups)):
        yield np.minimum(left, right), np.maximum(left, right)


def _whole_groups(groups: Index) -> _Sorted:
    import numpy as np

    each = Block("", frozenset(), groups.astype(np.int64))
    return _sorted(each, np.arange(len(groups), dtype=np.int32), len(groups))
