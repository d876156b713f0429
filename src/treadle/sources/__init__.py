"""Read rows from files: CSV, JSON, Parquet, Arrow, Delta, Excel; one file, those of a pattern, those of a folder.

It does not judge rows (contracts do), and neither keeps nor changes what it reads.
"""

from treadle.sources.dialects import Dialect
from treadle.sources.files import Reading, Table, find, find_own, read, read_own, scan, tabled, whole_ending
from treadle.sources.typing import Note
from treadle.sources.words import Words, words_of

__all__ = [
    "Dialect",
    "Note",
    "Reading",
    "Table",
    "Words",
    "find",
    "find_own",
    "read",
    "read_own",
    "scan",
    "tabled",
    "whole_ending",
    "words_of",
]
