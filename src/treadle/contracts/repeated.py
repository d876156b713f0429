"""Which rows of a table that comes in parts repeat a unique value.

Nearly all values of a key stand once. So their hashes are looked at first, where these fit into memory, and values are
compared only of rows whose hash stands more than once: in memory where they are few, and else in buckets on the disk,
one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle import expr
from treadle.contracts.repeats import repeats
from treadle.contracts.rules import Contract, Rule
from treadle.store import Buckets, buckets_for, owned

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from treadle.contracts.parted import Parts

    Marks = np.ndarray[Any, np.dtype[np.bool_]]

_ROW = "\x00row"
_HELD = 1 << 27  # bytes of values, or of their hashes, that are looked at together
_HASH = 8


def repeated(parts: Parts, contract: Contract, rule: Rule, folder: Path) -> Marks:
    """True for rows that repeat an earlier one's values in the rule's columns, none of which is missing; a byte a row.

    folder: a path for the buckets, where nothing is.
    """
    import numpy as np

    marks = np.zeros(parts.rows, dtype=np.bool_)
    names = list(rule.columns)
    rows = _known(parts, contract, names)
    if parts.rows * _HASH <= _HELD:
        alike = _standing_twice(rows, names, parts.rows)
        if not len(alike):
            return marks
        rows = _hashed_to(alike, _known(parts, contract, names), names)
    for known in _together(rows, names, buckets_for(parts.rows), folder):
        again = known.filter(repeats(known.select(names)))  # equal values lie in their order
        marks[again[_ROW].to_numpy()] = True
    return marks


def _standing_twice(rows: Iterator[pl.DataFrame], names: list[str], most: int) -> pl.Series:
    """The hashes that stand more than once: of all values that are repeated, and seldom of two that are not equal."""
    import numpy as np
    import polars as pl

    hashes, count = np.empty(most, dtype=np.uint64), 0
    for part in rows:
        hashes[count : count + part.height] = part[names].hash_rows(0).to_numpy()
        count += part.height
    hashes = hashes[:count]
    hashes.sort()
    return pl.Series(np.unique(hashes[1:][hashes[1:] == hashes[:-1]]))


def _hashed_to(hashes: pl.Series, rows: Iterator[pl.DataFrame], names: list[str]) -> Iterator[pl.DataFrame]:
    return (owned(part.filter(part[names].hash_rows(0).is_in(hashes.implode()))) for part in rows)


def _together(parts: Iterator[pl.DataFrame], names: list[str], count: int, folder: Path) -> Iterator[pl.DataFrame]:
    """All rows, cut so that equal values are never apart: as one, or bucket by bucket."""
    import polars as pl

    held, size, buckets = list[pl.DataFrame](), 0, None
    for part in parts:
        held.append(part)
        size += int(part.estimated_size())
        if size > _HELD:
            buckets = buckets or Buckets(folder, count)
            while held:
                buckets.add_by(held.pop(0), names)
    if buckets is None:
        yield pl.concat(held)
        return
    for number in range(buckets.count):
        yield buckets.bucket(number)
    buckets.remove()


def _known(parts: Parts, contract: Contract, names: list[str]) -> Iterator[pl.DataFrame]:
    """The values as they are declared, of rows in which none is missing, with the row's number."""
    import numpy as np
    import polars as pl

    values = []
    for name in names:
        made = expr.as_declared(name, parts.schema[name], contract.columns[name]) if name in contract.columns else None
        values.append(made[0].alias(name) if made is not None else pl.col(name))
    at = 0
    for part in parts.read(names):
        rows = part.select(values)
        rows = rows.hstack([pl.Series(_ROW, np.arange(at, at + rows.height))])
        at += rows.height
        if any(rows[name].null_count() for name in names):
            rows = rows.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in names))
        yield rows
