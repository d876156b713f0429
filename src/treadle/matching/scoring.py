"""Pairs scored: their levels counted to learn the weights, and the weights of a pair added up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.matching.blocks import Pairing, Pairs, all_pairs
from treadle.matching.comparing import EQUAL, Field
from treadle.matching.weights import Patterns, Weights, learn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from treadle.matching.blocks import Index

    Floats = NDArray[np.float64]

DRAWN, SEED = 1_000_000, 1969
"""Pairs that are drawn at random, and from where: of equal rows the same are drawn."""
SHAPE = 3.0
"""Rows that speak for the mean share of a value."""


@dataclass(frozen=True, eq=False)
class Compared:
    """All pairs of the blocks; `pattern`: the number of the levels of each, in `levels`."""

    pairs: Pairs
    pattern: NDArray[np.int32]
    levels: NDArray[np.uint8]
    by_block: Floats

    @property
    def patterns(self) -> Patterns:
        import numpy as np

        counts = np.bincount(self.pattern, minlength=len(self.levels)).astype(np.float64)
        return Patterns(self.levels, counts, self.by_block)


def compare_all(fields: Sequence[Field], pairing: Pairing, progress: Callable[[float, float, str], None]) -> Compared:
    """The levels of every pair."""
    import numpy as np

    keys: list[NDArray[np.int64]] = []
    known: dict[int, Floats] = {}
    parts, done = list[Pairs](), 0
    for part in pairing:
        key = _key(fields, part.left, part.right)
        each, back = np.unique(key, return_inverse=True)
        for block in range(len(pairing.blocks)):
            counts = np.bincount(back, pairing.within(block, part.left, part.right), minlength=len(each))
            for name, count in zip(each.tolist(), counts.tolist(), strict=True):
                known.setdefault(name, np.zeros(len(pairing.blocks)))[block] += count
        parts.append(part)
        keys.append(key)
        done += len(part)
        progress(done, max(pairing.most, done), "pairs compared")
    names = np.array(sorted(known), dtype=np.int64)
    pattern = [np.searchsorted(names, key).astype(np.int32) for key in keys]
    none = np.zeros(0, np.int32)
    return Compared(
        Pairs(*(np.concatenate([none, *(getattr(p, of) for p in parts)]) for of in ("left", "right", "block"))),
        np.concatenate([none, *pattern]),
        _levels(fields, names),
        np.array([known[name] for name in names.tolist()]).reshape(len(names), len(pairing.blocks)),
    )


def _key(fields: Sequence[Field], left: Index, right: Index) -> NDArray[np.int64]:
    """The levels of each pair as one number."""
    import numpy as np

    key = np.zeros(len(left), np.int64)
    for field in fields:
        key = key * len(field.levels) + field.compare(left, right)
    return key


def _levels(fields: Sequence[Field], keys: NDArray[np.int64]) -> NDArray[np.uint8]:
    import numpy as np

    found = np.zeros((len(keys), len(fields)), np.uint8)
    for n, field in reversed(list(enumerate(fields))):
        found[:, n] = keys % len(field.levels)
        keys = keys // len(field.levels)
    return found


def weigh(fields: Sequence[Field], compared: Compared, pairing: Pairing) -> Weights:
    """The weights, learned from the pairs of the blocks and from pairs drawn at random."""
    import numpy as np

    distinct, rows = pairing.distinct, len(pairing.distinct)
    sizes = np.bincount(distinct[distinct >= 0]).astype(np.float64)
    pairs = rows * (rows - 1) / 2 - float((sizes * (sizes - 1) / 2).sum())
    left, right = _drawn(distinct)
    drawn = [_counted(field, left, right, distinct, pairs) for field in fields]
    return learn(fields, compared.patterns, drawn, [block.fields for block in pairing.blocks], max(pairs, 1.0))


def _drawn(distinct: Index) -> tuple[Index, Index]:
    """Pairs of rows, any with any; all of them where these are few."""
    import numpy as np

    rows = len(distinct)
    if rows * (rows - 1) // 2 <= DRAWN:
        left, right = all_pairs(np.zeros(rows, np.int32))
    else:
        random = np.random.default_rng(SEED)
        left, right = (random.integers(rows, size=DRAWN, dtype=np.int32) for _ in range(2))
    fine = (left != right) & ((distinct[left] < 0) | (distinct[left] != distinct[right]))
    return left[fine], right[fine]


def _counted(field: Field, left: Index, right: Index, distinct: Index, pairs: float) -> Floats:
    """Pairs at each level, missing first; how many are equal is known of all pairs, however few it is."""
    import numpy as np

    counts = np.bincount(field.compare(left, right), minlength=len(field.levels)).astype(np.float64)
    there = field.codes >= 0
    equal = _equal(field.codes[there])
    for source in np.unique(distinct[distinct >= 0]):
        equal -= _equal(field.codes[there & (distinct == source)])
    share = equal / max(pairs, 1.0) * counts.sum()
    counts[-1] = max(counts[-1] + counts[EQUAL] - share, 0.0)
    counts[EQUAL] = share
    return counts


def _equal(codes: NDArray[np.int64]) -> float:
    import numpy as np

    counts = np.bincount(codes).astype(np.float64)
    return float((counts * (counts - 1) / 2).sum())


@dataclass(frozen=True, eq=False)
class Weigher:
    """The weight of any pair of rows, in bits."""

    fields: Sequence[Field]
    weights: Weights

    def __call__(self, left: Index, right: Index) -> Floats:
        import numpy as np

        whole = np.zeros(len(left))
        for n, field in enumerate(self.fields):
            levels = field.compare(left, right)
            whole += np.array(self.weights.fields[n].bits)[levels] + self.rarity(n, levels, left)
        return whole

    def of(self, compared: Compared, least: float) -> tuple[NDArray[np.int64], Floats]:
        """Which of the pairs weigh at least so much, and their weights."""
        import numpy as np

        bits = [np.array(each.bits) for each in self.weights.fields]
        whole = sum((each[compared.levels[:, n]] for n, each in enumerate(bits)), np.zeros(len(compared.levels)))
        more = sum((self._most(n) * (compared.levels[:, n] == EQUAL) for n in range(len(bits))), np.zeros(len(whole)))
        chosen = np.flatnonzero((whole + more >= least)[compared.pattern])
        left, levels = compared.pairs.left[chosen], compared.levels[compared.pattern[chosen]]
        found = whole[compared.pattern[chosen]]
        for n in range(len(bits)):
            found += self.rarity(n, levels[:, n], left)
        enough = found >= least
        return chosen[enough], found[enough]

    def rarity(self, n: int, levels: NDArray[np.uint8], left: Index) -> Floats:
        """What equal values say more, or less, since theirs is rarer, or more common, than others."""
        import numpy as np

        field, found = self.fields[n], np.zeros(len(left))
        if len(field.counts):
            equal = levels == EQUAL
            found[equal] = self._rare(n)[field.codes[left[equal]]]
        return found

    def _rare(self, n: int) -> Floats:
        """For each value of a field how much rarer it is than the mean, in bits, of rows besides the two themselves.

        A share of which few rows tell is drawn to the mean, as by a Gamma prior of shape `SHAPE`.
        """
        import numpy as np

        counts, u = self.fields[n].counts, self.weights.fields[n].u[0]
        share = (np.maximum(counts - 2, 0) + SHAPE) / (counts.sum() + SHAPE / u)
        found: Floats = np.log2(u / share)
        return found

    def _most(self, n: int) -> float:
        """The most that the rarest value can say more."""
        return float(self._rare(n).max()) if len(self.fields[n].counts) else 0.0
