"""Read rows from files: CSV, JSON Lines, Parquet, Delta."""

from treadle.sources.files import Reading, find, read, read_own, scan

__all__ = ["Reading", "find", "read", "read_own", "scan"]
