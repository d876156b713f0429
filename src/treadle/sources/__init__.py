"""Read rows from files: CSV, JSON Lines, Parquet, Delta.

It does not judge rows (contracts do), and neither keeps nor changes what it reads.
"""

from treadle.sources.dialects import Dialect
from treadle.sources.files import Reading, dialect, find, find_own, read, read_own, scan, whole_ending

__all__ = ["Dialect", "Reading", "dialect", "find", "find_own", "read", "read_own", "scan", "whole_ending"]
