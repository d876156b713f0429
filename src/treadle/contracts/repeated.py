"""Which rows of a table that comes in parts repeat a unique value, in memory that does not grow with the table.

Values go into buckets on the disk by their hash, as in a hash join that spills (DeWitt et al., "Implementation
techniques for main memory database systems", 1984): equal values lie in one bucket, and a bucket fits into memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle import expr
from treadle.contracts.rules import Contract, Rule

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from treadle.contracts.parted import Parts

    Marks = np.ndarray[Any, np.dtype[np.bool_]]

BUCKET = 1 << 21
"""Rows of a bucket, about."""
_ROW, _BUCKET = "\x00row", "\x00bucket"


def repeated(parts: Parts, contract: Contract, rule: Rule, folder: Path) -> Marks:
    """True for rows that repeat an earlier one's values in the rule's columns, none of which is missing; a byte a row.

    folder: an empty one, for the buckets.
    """
    import numpy as np
    import polars as pl

    marks = np.zeros(parts.rows, dtype=np.bool_)
    names = list(rule.columns)
    same = pl.col(names[0]) if len(names) == 1 else pl.struct(names)
    for bucket in _buckets(parts, contract, names, folder):
        again = bucket.filter(~same.is_first_distinct())  # rows of a bucket lie in their order
        marks[again[_ROW].to_numpy()] = True
    return marks


def _buckets(parts: Parts, contract: Contract, names: list[str], folder: Path) -> Iterator[pl.DataFrame]:
    import numpy as np
    import polars as pl

    count = -(-parts.rows // BUCKET) or 1
    files, ends = list[Path](), []
    for known in _known(parts, contract, names):
        place = (known.select(names).hash_rows(0) % count).alias(_BUCKET)
        laid = known.with_columns(place).sort(_BUCKET, maintain_order=True)
        files.append(folder / f"{len(files)}.arrow")
        ends.append(np.searchsorted(laid[_BUCKET].to_numpy(), np.arange(count + 1)))
        laid.drop(_BUCKET).write_ipc(files[-1])
    for bucket in range(count):
        slices = [
            pl.scan_ipc(file).slice(int(end[bucket]), int(end[bucket + 1] - end[bucket]))
            for file, end in zip(files, ends, strict=True)
        ]
        yield pl.concat(slices).collect()


def _known(parts: Parts, contract: Contract, names: list[str]) -> Iterator[pl.DataFrame]:
    """The values as they are declared, of rows in which none is missing, with the row's number."""
    import polars as pl

    values = []
    for name in names:
        made = expr.as_declared(name, parts.schema[name], contract.columns[name]) if name in contract.columns else None
        values.append(made[0].alias(name) if made is not None else pl.col(name))
    at = 0
    for part in parts.read(names):
        rows = part.select(values).with_columns(pl.Series(_ROW, range(at, at + part.height), dtype=pl.Int64))
        at += part.height
        yield rows.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in names))
