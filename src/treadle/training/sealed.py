"""Which rows are sealed, told without showing them, so that looks at them are counted for as long as a workspace lives.

Each row has two names, and both are kept with every look, all rows of them (8 bytes a row and name):

- by key: the key of its source, in one project. It is the same row when columns are added, or values corrected;
- by content: what stands in the raw row, whatever the project, its source and its key are called.

Neither follows from features, place or plan, so a look at the same rows with other features, or in a project of
another name, is still a look at the same rows. (A row without a key is another row once a column is added: give the
source a key.) Names are 64-bit hashes: among a million rows, two of one hash are a matter of one in ten million.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from treadle.training.splits import Split

if TYPE_CHECKING:
    import polars as pl

Hashes = np.ndarray[Any, np.dtype[np.uint64]]
COUNTS_FROM, LEAST = 0.01, 2
"""The share of these rows, and how many of them at the least, that earlier looks must have seen to make a look."""
_ODD, _FIRST, _SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


@dataclass(frozen=True, eq=False)
class SealedRows:
    """A set of sealed rows: the digest of all of them, and the names of each, row by row. `keys` is None without
    a key."""

    digest: str
    keys: Hashes | None
    contents: Hashes

    @property
    def rows(self) -> int:
        return len(self.contents)

    @property
    def key_file(self) -> bytes | None:
        """The names by key as they are kept: in order, 8 bytes each, the smallest byte first."""
        return None if self.keys is None else _packed(self.keys)

    @property
    def content_file(self) -> bytes:
        return _packed(self.contents)


@dataclass(frozen=True, eq=False)
class Look:
    """The names of the rows that an earlier look saw, in order; None where it kept none."""

    keys: Hashes | None
    contents: Hashes | None

    @classmethod
    def read(cls, key_file: bytes | None, content_file: bytes | None) -> Look:
        """From the files that `SealedRows` gave."""
        files = (
            None if f is None else np.frombuffer(f, dtype="<u8").astype(np.uint64) for f in (key_file, content_file)
        )
        return cls(*files)


def sealed_ids(raw: pl.DataFrame, parts: Split, key: Sequence[str] = (), scope: str = "") -> SealedRows:
    """The test rows of `parts`. `raw`: what its rows were made of, in their order; `scope`: where keys are unique."""
    test = raw[parts.test]
    contents = _named(test, "row")
    keys = _named(test.select(key), "\n".join([scope, *sorted(key)])) if key else None
    return SealedRows(blake2b(_packed(contents if keys is None else keys), digest_size=32).hexdigest(), keys, contents)


def times_opened(rows: SealedRows, earlier: Iterable[Look]) -> int:
    """How often `rows` are open, this time too, if `earlier` are all looks until now.

    It is one more than the greatest number of looks that 1 % of the rows, and no fewer than two, have each been in.
    So looks at small shares add up as soon as they meet again, and one row that turns up everywhere counts for none.
    The same `Look` given twice is two looks, and held against the rows once.
    """
    if rows.rows == 0:
        return 1
    seen = np.zeros(rows.rows, dtype=np.int64)
    for look, times in Counter(earlier).items():
        seen += times * seen_by(rows, look)
    need = min(rows.rows, max(LEAST, int(np.ceil(rows.rows * COUNTS_FROM))))
    return 1 + int(np.sort(seen)[-need])


def _packed(names: Hashes) -> bytes:
    return np.sort(names).astype("<u8").tobytes()


def seen_by(rows: SealedRows, look: Look) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which of `rows` were in that look, by either name; in the order in which `rows` were named."""
    found = np.zeros(rows.rows, dtype=bool)
    for names, known in ((rows.keys, look.keys), (rows.contents, look.contents)):
        if names is not None and known is not None and len(known):
            place = np.searchsorted(known, names)
            found |= known[np.minimum(place, len(known) - 1)] == names
    return found


def _named(rows: pl.DataFrame, salt: str) -> Hashes:
    """A hash of each row, whatever the order of its columns; equal rows are told apart by how often they came before.

    The same on every machine and with every release of what it is computed with.
    """
    total = np.full(rows.height, _text(salt), dtype=np.uint64)
    for column in rows.iter_columns():
        total += _mixed(_values(column) ^ _text(column.name))
    order = np.argsort(total, kind="stable")
    first = np.append(True, total[order][1:] != total[order][:-1])[: rows.height]
    place = np.arange(rows.height)
    before = np.empty(rows.height, dtype=np.uint64)
    before[order] = place - np.maximum.accumulate(np.where(first, place, 0))
    return _mixed(total + before * _ODD)


def _values(column: pl.Series) -> Hashes:
    """A hash of each value. A whole number is the same one as an integer, a decimal or a float."""
    import polars as pl

    kind, missing = column.dtype, column.is_null().to_numpy()
    if kind.is_temporal():
        column, kind = column.to_physical(), pl.Int64()
    if kind.is_float() or kind.is_decimal():
        real = column.cast(pl.Float64).fill_null(0.0).to_numpy()
        whole = (np.abs(real) < 2.0**62) & (np.floor(real) == real)
        bits = np.where(whole, np.where(whole, real, 0).astype(np.int64).view(np.uint64), _mixed(real.view(np.uint64)))
    elif kind.is_integer():
        bits = column.fill_null(0).to_numpy().astype(np.uint64 if kind == pl.UInt64 else np.int64).view(np.uint64)
    elif kind == pl.Boolean:
        bits = column.fill_null(False).to_numpy().astype(np.uint64) + _text("bool")
    else:
        texts = column.to_list() if kind == pl.String else map(repr, column.to_list())
        hashed: dict[str | None, int] = {None: 0}
        bits = np.array([hashed.get(t) or hashed.setdefault(t, _hash(t or "")) for t in texts], dtype=np.uint64)
    return _mixed(np.where(missing, _text("null"), bits))


def _text(text: str) -> np.uint64:
    return np.uint64(_hash(text))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _mixed(bits: Hashes) -> Hashes:
    """Every bit of the outcome depends on every bit given (splitmix64; Steele, Lea and Flood 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    mixed: Hashes = bits ^ (bits >> np.uint64(31))
    return mixed
