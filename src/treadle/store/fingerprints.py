"""Rows named by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def fingerprint(frame: pl.DataFrame) -> str:
    """SHA-256 over the names, types and values of the columns: equal for equal rows, however they lie in memory."""
    total = hashlib.sha256(f"{frame.height}".encode())
    for column in frame.iter_columns():
        total.update(f"{column.name}\0{column.dtype}\0".encode())
        for content in _plain_bytes(column):
            total.update(content)
    return total.hexdigest()


def _plain_bytes(column: pl.Series) -> Iterator[bytes | memoryview]:
    """The values as plain bytes. What lies under a NULL is no value, so it is not hashed."""
    import io

    import polars as pl

    missing = column.is_null()
    if missing.any():
        yield missing.to_numpy().tobytes()
    dtype = column.dtype
    if dtype.is_nested() or dtype == pl.Null:
        import msgspec

        yield msgspec.json.encode(column.to_list(), enc_hook=str)
    elif dtype in (pl.String, pl.Binary) or dtype.is_decimal():  # NumPy has no numbers of 128 bits
        buffer = io.BytesIO()
        filled = (
            column.fill_null("" if dtype == pl.String else b"" if dtype == pl.Binary else 0)
            .rechunk()
            .alias("")
            .to_frame()
        )
        filled.write_ipc_stream(buffer, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
        yield buffer.getbuffer()
    else:
        plain = column.to_physical() if dtype != pl.Boolean else column.cast(pl.UInt8)
        yield plain.fill_null(0).to_numpy().tobytes()
