"""How much memory a frame keeps from being used again: of texts also what it shares with rows that it has not."""

from __future__ import annotations

import polars as pl


def held(frame: pl.DataFrame) -> int:
    """Bytes of its buffers, each once."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.newest())
    buffers = {
        buffer.address: buffer.size
        for column in table.columns
        for chunk in column.chunks
        for buffer in chunk.buffers()
        if buffer is not None
    }
    return sum(buffers.values())
