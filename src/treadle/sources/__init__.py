"""Read rows from files (CSV, JSON, Parquet, Arrow, Delta, Excel; local, or objects in a store), databases, HTTP APIs.

It does not judge rows (contracts do), and neither keeps nor changes what it reads.
"""

from treadle.sources.dialects import Dialect
from treadle.sources.files import Reading, Table, find_own, read_own, tabled, whole_ending
from treadle.sources.opening import Found, find, read
from treadle.sources.reader import Reader, Wanted
from treadle.sources.typing import Note
from treadle.sources.words import Words, words_of

__all__ = [
    "Dialect",
    "Found",
    "Note",
    "Reader",
    "Reading",
    "Table",
    "Wanted",
    "Words",
    "find",
    "find_own",
    "read",
    "read_own",
    "tabled",
    "whole_ending",
    "words_of",
]
