"""Pairs of rows that are the same, or perhaps: by exact keys, by their weights, and by what persons said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.matching.blocks import Block, Pairing, all_pairs, blocks_of
from treadle.matching.clusters import EXACT, LIKE, PERSON, Guard, Links
from treadle.matching.coding import coded, together
from treadle.matching.decisions import Decision
from treadle.matching.prepared import Prepared
from treadle.matching.scoring import Weigher, compare_all, weigh
from treadle.matching.weights import Weights

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from treadle.matching.blocks import Index
    from treadle.spec import Entity

    Floats = NDArray[np.float64]

Progress = Callable[[float, float, str], None]
COMMON = 100
"""Rows that are equal in an exact key, from which on it is said that they are."""
NO_PAIRS = "no two rows are equal in any block, so that none were compared"
FEW = 64
"""Rows that are equal in an exact key, up to which each is linked with each; of more, each with the first."""


@dataclass(frozen=True, eq=False)
class Weighed:
    """Pairs that weigh at least `perhaps`; from `same` on they are the same. Both limits are in bits."""

    links: Links
    blocks: tuple[str, ...]
    weigh: Callable[[Index, Index], Floats]
    weights: Weights | None
    same: float
    perhaps: float
    pairs: int
    notes: tuple[str, ...]


def weighed(name: str, entity: Entity, ready: Prepared, progress: Progress) -> Weighed:
    """The pairs of the blocks, compared and weighed; none where the entity compares nothing."""
    import numpy as np

    if not entity.match.compare or not len(ready.rows):
        none = np.zeros(0, np.int32)
        links = Links(none, none, np.zeros(0, np.int8), np.zeros(0), none)
        return Weighed(links, (), lambda left, right: np.zeros(len(left)), None, 0.0, -np.inf, 0, ())
    blocks = blocks_of(name, entity.match, ready.folded)
    where = f"entities.{name}.match.block"
    pairing = Pairing(blocks, ready.rank, ready.distinct, entity.match.largest_block, where)
    compared = compare_all(ready.fields, pairing, progress)
    weights = weigh(ready.fields, compared, pairing)
    weigher = Weigher(ready.fields, weights)
    same, perhaps = (weights.bits_of(each) for each in (entity.match.same, entity.match.perhaps))
    chosen, bits = weigher.of(compared, perhaps)
    pairs = compared.pairs
    like = np.full(len(chosen), LIKE, np.int8)
    links = Links(pairs.left[chosen], pairs.right[chosen], like, bits, pairs.block[chosen])
    return Weighed(
        links,
        tuple(block.text for block in blocks),
        weigher,
        weights,
        same,
        perhaps,
        len(pairs),
        (*[cut.said() for cut in pairing.cuts], *(_guessed(weights, blocks) if len(pairs) else [NO_PAIRS])),
    )


def _guessed(weights: Weights, blocks: Sequence[Block]) -> list[str]:
    """Fields whose weights no block could teach, since each is formed by them."""
    fixed = [each.field for each in weights.fields if each.m and all(each.field in block.fields for block in blocks)]
    return [
        f"{field} stands in every block, so that its weights are guessed: add a block without it" for field in fixed
    ]


def exact_links(entity: Entity, ready: Prepared) -> tuple[Links, tuple[str, ...]]:
    """Rows that are equal in an exact key; and what to say of keys that very many share."""
    import numpy as np

    none, notes = np.zeros(0, np.int32), list[str]()
    left, right, by = [none], [none], [none]
    for number, said in enumerate(entity.match.exact):
        names = (said,) if isinstance(said, str) else said
        codes = together([coded(ready.plain[name]) for name in names])
        counts = np.bincount(codes[codes >= 0], minlength=1)
        few = (codes >= 0) & (counts[codes] <= FEW)
        pairs = all_pairs(np.where(few, codes, -1))
        many = np.flatnonzero((codes >= 0) & ~few)
        _, first, back = np.unique(codes[many], return_index=True, return_inverse=True)
        star = many[first][back]
        left += [pairs[0], star[star != many].astype(np.int32)]
        right += [pairs[1], many[star != many].astype(np.int32)]
        by.append(np.full(len(left[-1]) + len(left[-2]), number, np.int32))
        for count in np.sort(counts[counts > COMMON])[::-1].tolist():
            notes.append(f"{count:,} rows are equal in the exact key {', '.join(names)}, and are one")
    one, other = np.concatenate(left), np.concatenate(right)
    why, bits = np.full(len(one), EXACT, np.int8), np.full(len(one), np.inf)
    return Links(one, other, why, bits, np.concatenate(by)), tuple(notes)


def said_links(ready: Prepared, decisions: Sequence[Decision]) -> tuple[Links, tuple[str, ...]]:
    """Rows that persons said are the same; and which of all that they spoke of are not there any more."""
    import numpy as np

    pairs, gone = dict[tuple[int, int], None](), list[str]()
    for each in decisions:
        found = [ready.number_of(record) for record in (each.one, each.other) if record]
        if None in found:
            gone.append(f"{each.said()}: there is no such row any more")
        elif each.done == "joined":
            one, other = sorted(int(number) for number in found if number is not None)
            pairs[(one, other)] = None
    both = np.array(list(pairs), dtype=np.int32).reshape(-1, 2)
    why = np.full(len(both), PERSON, np.int8)
    nobody = np.full(len(both), -1, np.int32)
    return Links(both[:, 0], both[:, 1], why, np.full(len(both), np.inf), nobody), tuple(gone)


def split_pairs(ready: Prepared, decisions: Sequence[Decision]) -> frozenset[tuple[int, int]]:
    """Rows that persons said are not the same, the smaller number first."""
    found = set[tuple[int, int]]()
    for each in decisions:
        if each.done == "split":
            one, other = ready.number_of(each.one), ready.number_of(each.other)
            if one is not None and other is not None:
                found.add((min(one, other), max(one, other)))
    return frozenset(found)


def all_of(several: Sequence[Links], rows: int) -> Links:
    """The links of all, each pair once by its firmest reason, in order."""
    import numpy as np

    left, right, why, bits, by = (np.concatenate([getattr(each, of) for each in several]) for of in _PARTS)
    both = left.astype(np.int64) * max(rows, 1) + right
    order = np.lexsort((why, both))
    first = np.ones(len(order), bool)
    first[1:] = both[order][1:] != both[order][:-1]
    return Links(left, right, why, bits, by).of(order[first])


_PARTS = ("left", "right", "why", "bits", "by")


def links_table(
    entity: Entity, links: Links, found: Weighed, ready: Prepared, guard: Guard, group: Index
) -> pl.DataFrame:
    """A line a pair: `one`, `other`, `rule`, `by` which block or key, `weight` in bits, `probability`, what was `done`.

    `done`: they are the `same`; `perhaps`; `cut`, since others that they would bring together are not; or `split`.
    """
    import numpy as np
    import polars as pl

    rows, like = len(ready.rows), links.why == LIKE
    both = links.left.astype(np.int64) * max(rows, 1) + links.right
    split = np.isin(both, np.array([a * rows + b for a, b in guard.split], dtype=np.int64))
    done = np.select(
        [group[links.left] == group[links.right], split, like & (links.bits < found.same)],
        ["same", "split", "perhaps"],
        "cut",
    )
    prior = found.weights.bits_of(0.5) if found.weights is not None else 0.0
    odds = np.exp2(np.clip(prior - links.bits, -1000, 1000))
    keys = [each if isinstance(each, str) else ", ".join(each) for each in entity.match.exact]
    texts = pl.Series([*found.blocks, *keys, None], dtype=pl.String)
    by = np.where(links.why == EXACT, links.by + len(found.blocks), links.by)
    names = ready.rows.frame["record"]
    return pl.DataFrame(
        {
            "one": names.gather(links.left),
            "other": names.gather(links.right),
            "rule": pl.Series(np.array(["said", "exact", "alike"])[links.why], dtype=pl.String),
            "by": texts.gather(np.where(by < 0, len(texts) - 1, by)),
            "weight": pl.Series(np.where(like, links.bits, np.nan), nan_to_null=True, dtype=pl.Float64).round(3),
            "probability": pl.Series(np.where(like, 1 / (1 + odds), 1.0), dtype=pl.Float64).round(6),
            "done": pl.Series(done, dtype=pl.String),
        }
    )
