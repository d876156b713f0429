"""How much each level of each field says for two rows being the same, learned from the rows without labels.

The model of Fellegi and Sunter (1969): a field's level is as likely as `m` says among pairs that are the same, and as
`u` among those that are not; its weight is log2(m/u), in bits, and weights add up. As Splink does it (Linacre and
others, 2022): `u` from pairs drawn at random, `m` by expectation-maximisation over the pairs of each block, where the
fields that the block is formed by are left out. Then `u` is freed of the pairs that are the same, and the share of
these among all pairs is that which the weights themselves give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.matching.comparing import EQUAL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from treadle.matching.comparing import Field

    Floats = NDArray[np.float64]

ROUNDS, CLOSE = 200, 1e-6
"""Rounds of EM at most, and the change of a probability below which it is done."""
PASSES = 3
"""How often `u` is freed of what is the same, and `m` learned anew."""
LEAST = 1e-9
"""No probability is less: a level that was never seen is unlikely, and not impossible."""
FEW = 0.5
"""Pairs added to each level, so that what was not seen has a probability."""


class FieldWeights(Struct, frozen=True):
    """What the levels of a field say. `bits` are for `levels` in their order, the first of which, missing, is 0; `m`
    and `u` are empty where the project file states the weights."""

    field: str
    by: str
    levels: tuple[str, ...]
    bits: tuple[float, ...]
    m: tuple[float, ...] = ()
    u: tuple[float, ...] = ()


class Weights(Struct, frozen=True):
    """`prior`: the share of the pairs that could be formed at all that are the same."""

    prior: float
    fields: tuple[FieldWeights, ...]

    def bits_of(self, probability: float) -> float:
        """The weight from which two rows are the same with this probability, by Bayes' rule."""
        from math import log2

        return log2(probability / (1 - probability)) - log2(self.prior / (1 - self.prior))


@dataclass(frozen=True, eq=False)
class Patterns:
    """Pairs counted by their levels. `levels`: a row a pattern, a column a field; `counts`: of each pattern;
    `by_block`: of each pattern in each block, where a pair counts in every block that it is of."""

    levels: NDArray[np.uint8]
    counts: Floats
    by_block: Floats

    def at(self, field: Field, column: int, weights: Floats) -> Floats:
        """The weights of the patterns, added up by the level of a field, from equal values on."""
        import numpy as np

        found = np.bincount(self.levels[:, column], weights=weights, minlength=len(field.levels))
        return found[EQUAL:].astype(np.float64)


def learn(
    fields: Sequence[Field], found: Patterns, drawn: Sequence[Floats], used: Sequence[frozenset[str]], pairs: float
) -> Weights:
    """The weights of all levels.

    drawn: for each field how many of pairs drawn at random are at each level, missing first. used: the fields of each
    block. pairs: how many could be formed of all rows.
    """
    u = [_shares(each[EQUAL:]) for each in drawn]
    m = [_first(len(each)) for each in u]
    prior = 1 / max(pairs, 2.0)
    for _ in range(PASSES):
        m = _sessions(fields, found, m, u, used)
        bits = [_bits(*each) for each in zip(fields, m, u, strict=True)]
        prior, same = _prior(found, bits, pairs, prior)
        u = [_freed(whole, found.at(f, n, same), pairs) for n, (f, whole) in enumerate(zip(fields, drawn, strict=True))]
    return Weights(prior, tuple(_weights(*each) for each in zip(fields, m, u, strict=True)))


def _weights(field: Field, m: Floats, u: Floats) -> FieldWeights:
    import numpy as np

    bits = tuple(np.round(_bits(field, m, u), 9).tolist())
    learned = () if field.weights else (tuple(m.tolist()), tuple(u.tolist()))
    return FieldWeights(field.name, field.by, field.levels, bits, *learned)


def _first(levels: int) -> Floats:
    """Where EM begins: most pairs that are the same are equal, and the less alike the fewer."""
    import numpy as np

    found = np.array([0.9, *(0.1 * 0.5**n for n in range(1, levels))])
    shares: Floats = found / found.sum()
    return shares


def _shares(counts: Floats) -> Floats:
    import numpy as np

    shares: Floats = np.maximum((counts + FEW) / (counts + FEW).sum(), LEAST)
    return shares


def _freed(drawn: Floats, same: Floats, pairs: float) -> Floats:
    """`u` without the pairs that are the same, which are among all that can be drawn."""
    import numpy as np

    each = pairs / max(float(drawn.sum()), 1.0)
    left = np.maximum(drawn[EQUAL:] * each - same, FEW * each)
    shares: Floats = np.maximum(left / left.sum(), LEAST)
    return shares


def _bits(field: Field, m: Floats, u: Floats) -> Floats:
    import numpy as np

    said = np.array(field.weights) if field.weights else np.log2(m / u)
    return np.concatenate([[0.0], said])


def _sum(found: Patterns, bits: Sequence[Floats], columns: Sequence[int]) -> Floats:
    import numpy as np

    whole = np.zeros(len(found.levels))
    for each, column in zip(bits, columns, strict=True):
        whole += each[found.levels[:, column]]
    return whole


def _prior(found: Patterns, bits: Sequence[Floats], pairs: float, prior: float) -> tuple[float, Floats]:
    """The share of all pairs that are the same, as the weights give it; and how many of each pattern are.

    Pairs that no block forms are taken to be none of these.
    """
    whole = _sum(found, bits, range(len(bits)))
    same = found.counts * _posterior(whole, prior)
    for _ in range(ROUNDS):
        now = min(max(float(same.sum()) / pairs, LEAST / max(pairs, 1.0)), 1 - LEAST)
        same = found.counts * _posterior(whole, now)
        if abs(now - prior) <= CLOSE * prior:
            return now, same
        prior = now
    return prior, same


def _sessions(
    fields: Sequence[Field],
    found: Patterns,
    m: Sequence[Floats],
    u: Sequence[Floats],
    used: Sequence[frozenset[str]],
) -> list[Floats]:
    """`m` of each field: of the pairs that are the same in all blocks that leave it free."""
    import numpy as np

    sums = [np.zeros(len(each)) for each in m]
    for block, own in enumerate(used):
        free = [n for n, field in enumerate(fields) if field.name not in own]
        counts = found.by_block[:, block]
        if free and counts.sum() > 0:
            for n, each in zip(free, _em(fields, found, counts, free, m, u), strict=True):
                sums[n] += each
    return [_shares(total) if total.sum() > 0 else m[n] for n, total in enumerate(sums)]


def _em(
    fields: Sequence[Field],
    found: Patterns,
    counts: Floats,
    free: Sequence[int],
    m: Sequence[Floats],
    u: Sequence[Floats],
) -> list[Floats]:
    """How many of the pairs of one block that are the same are at each level of each free field.

    Dempster, Laird and Rubin (1977), with `u` fixed.
    """
    import numpy as np

    now, share = [m[n] for n in free], 0.1
    for _ in range(ROUNDS):
        bits = [_bits(fields[n], each, u[n]) for n, each in zip(free, now, strict=True)]
        same = counts * _posterior(_sum(found, bits, free), share)
        before, now = now, [_shares(found.at(fields[n], n, same)) for n in free]
        share = float(np.clip(same.sum() / counts.sum(), LEAST, 1 - LEAST))
        if max(float(np.abs(a - b).max()) for a, b in zip(before, now, strict=True)) < CLOSE:
            break
    return [found.at(fields[n], n, same) for n in free]


def _posterior(bits: Floats, prior: float) -> Floats:
    import numpy as np

    odds = np.exp2(np.clip(bits + np.log2(prior / (1 - prior)), -1000, 1000))
    found: Floats = odds / (1 + odds)
    return found
