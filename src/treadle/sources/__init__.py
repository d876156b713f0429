"""Read rows from files: CSV, JSON Lines, Parquet, Delta.

It does not judge rows (contracts do), and neither keeps nor changes what it reads.
"""

from treadle.sources.files import Reading, find, read, read_own, scan

__all__ = ["Reading", "find", "read", "read_own", "scan"]
