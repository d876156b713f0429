"""Read rows from files: CSV, JSON Lines, Parquet, Delta."""

from treadle.sources.files import Reading, file_digest, find, read, scan

__all__ = ["Reading", "file_digest", "find", "read", "scan"]
