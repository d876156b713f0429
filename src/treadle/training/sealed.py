"""Which rows are sealed, told without showing them, so that looks at them are counted for as long as a project lives.

Rows are named by their key, and where a table has none by the content of the raw row: never by their features, their
place or the plan, so that a look at the same rows with other features is still a look at the same rows. (A raw row
without a key is another row once a column is added to its table: give the source a key.)

Test sets change as data come in, so being equal is not enough. The sketch holds the smallest hashes of the rows
(bottom-k, Broder 1997; Cohen and Kaplan 2007): a fair sample that picks the same rows from every set, so that two sets
can be held against each other and the share of one that lies in the other be estimated from two short lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.training.splits import Split
from treadle.training.table import TrainingTable

if TYPE_CHECKING:
    import polars as pl

SKETCH = 256
"""Hashes kept: a share of one half is told to within some 0.03, and a common part of 1 % is seen 9 times in 10."""


class SealedRows(Struct, frozen=True):
    """A set of sealed rows: the digest of all of them, their number, and the `SKETCH` smallest row hashes in order."""

    digest: str
    rows: int
    sketch: tuple[str, ...]

    def overlap(self, other: SealedRows) -> float:
        """The share of these rows, from 0 to 1, that lies in `other` too: exact where both sets are small.

        An estimate from the rows that both sketches can speak of. It is 0 where they speak of none, as when one set
        is hundreds of times the other.

        >>> few, more = (sealed_rows(map(str, range(n))) for n in (100, 200))
        >>> few.overlap(more), more.overlap(few)
        (1.0, 0.5)
        """
        if self.digest == other.digest:
            return 1.0
        reach = min((s.sketch[-1] for s in (self, other) if s.rows > len(s.sketch)), default="~")
        mine = {name for name in self.sketch if name <= reach}
        return len(mine.intersection(other.sketch)) / len(mine) if mine else 0.0


def sealed_ids(table: TrainingTable, parts: Split, raw: pl.DataFrame | None = None) -> SealedRows:
    """The test rows of `parts`. `raw`: for a table without a key, the raw rows that those of `table` were made of."""
    if raw is not None:
        return sealed_rows(_contents(raw[parts.test]))
    return sealed_rows(str(table.ids[int(row)]) for row in parts.test)


def sealed_digest(table: TrainingTable, parts: Split, raw: pl.DataFrame | None = None) -> str:
    """The digest of the test rows alone: equal when, and only when, they are the same rows."""
    return sealed_ids(table, parts, raw).digest


def sealed_rows(names: Iterable[str]) -> SealedRows:
    """A set of rows by their names, in any order. Rows of one name are told apart by how often it came before."""
    seen: Counter[str] = Counter()
    hashes = []
    for name in names:
        seen[name] += 1
        hashes.append(blake2b(f"{seen[name]}:{name}".encode(), digest_size=8).hexdigest())
    hashes.sort()
    whole = blake2b("\n".join(hashes).encode(), digest_size=32).hexdigest()
    return SealedRows(whole, len(hashes), tuple(hashes[:SKETCH]))


def _contents(raw: pl.DataFrame) -> Iterator[str]:
    """What stands in each row, whatever the order of its columns."""
    columns = sorted(raw.columns)
    return (repr(list(zip(columns, row, strict=True))) for row in raw.select(columns).iter_rows())
