"""What a writer of tables weighs when it chooses how rows are compressed."""

from __future__ import annotations

from msgspec import Struct

CODECS = ("snappy", "lz4", "zstd-1", "zstd-3", "zstd-7", "zstd-12", "zstd-17")
"""What can be asked for, the quickest first; the first is what writers of Parquet do unasked."""


class Keeping(Struct, frozen=True):
    """Bytes are kept for `months` and read `reads` times; prices are those of the price book. What is kept cheapest, or
    for next to nothing more and is quicker, is chosen among what writes at least `mb_second` million bytes of rows a
    second of CPU, so that nobody waits for a cent. `codec`: one of `CODECS`, to choose it oneself."""

    codec: str = ""
    months: float = 12.0
    reads: float = 20.0
    mb_second: float = 40.0
    storage_gb_month: float = 0.023
    cpu_hour: float = 0.0336

    def costs(self, size: int, write: float, read: float) -> float:
        """Of `size` bytes that took so many CPU-seconds to write and to read.

        >>> round(Keeping(months=10, reads=0).costs(2**30, 0, 0), 4)
        0.23
        """
        seconds = write + self.reads * read
        return size / 2**30 * self.storage_gb_month * self.months + seconds / 3600 * self.cpu_hour
