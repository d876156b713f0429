"""Few rows out of many, kept without the many."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def owned(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows in memory of their own: for such as wait for others while what they were picked out of goes.

    A text in Polars is a view into a buffer that it shares with its neighbours. Rows that are filtered or gathered
    share it further, so that ten of them hold all texts of the million that they were picked out of, and no size that
    is asked of them says so. What is written once has the texts that are there, and no other.
    """
    import polars as pl

    file = io.BytesIO()
    rows.write_ipc(file)
    return pl.read_ipc(file.getvalue())
