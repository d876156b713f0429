"""Read rows from files (CSV, JSON, Parquet, Arrow, Delta, Excel; local, or objects in a store), databases, HTTP APIs.

It does not judge rows (contracts do), and neither keeps nor changes what it reads.
"""

from treadle.sources.again import as_they_came, unkept
from treadle.sources.databases import Declared, own_declared, own_rows, own_tables
from treadle.sources.dialects import Dialect, decimals_of, dialect_of, in_utf8
from treadle.sources.exactness import EXACT, are_whole
from treadle.sources.expected import expected
from treadle.sources.figures import Signs, digits, signs_of
from treadle.sources.files import Reading, Table, find_own, read_own, tabled, whole_ending
from treadle.sources.formats import ENDINGS, ending_of
from treadle.sources.found import Found
from treadle.sources.increments import HOW_ZONES, Known, Newer, definition_of, find_new, refuse_increment
from treadle.sources.known_files import FileAsSeen, files_read, files_there, lost_files
from treadle.sources.laid import LaidParts, Scratch
from treadle.sources.limits import most_bytes
from treadle.sources.looking import Look, look
from treadle.sources.mapped import MappedRows, RatesRead, mapped, mapped_own, notes_of, read_rates
from treadle.sources.mapped_parts import MappedParts, mapped_parts_of
from treadle.sources.merging import Batch, Before, ColumnsChanged, Merged, batch, merged, together
from treadle.sources.opening import find, read
from treadle.sources.parts import FileParts, parts_of
from treadle.sources.reader import Reader, Wanted
from treadle.sources.room import ALONE, Kept, Room, Share
from treadle.sources.typing import Note, as_guessed
from treadle.sources.words import Words, words_of

__all__ = [
    "HOW_ZONES",
    "ALONE",
    "ENDINGS",
    "EXACT",
    "Batch",
    "Before",
    "ColumnsChanged",
    "Declared",
    "Dialect",
    "FileAsSeen",
    "FileParts",
    "Found",
    "Kept",
    "Known",
    "LaidParts",
    "Look",
    "MappedParts",
    "MappedRows",
    "Merged",
    "Newer",
    "Note",
    "Reader",
    "Reading",
    "RatesRead",
    "Room",
    "Scratch",
    "Share",
    "Signs",
    "Table",
    "Wanted",
    "Words",
    "are_whole",
    "as_guessed",
    "as_they_came",
    "batch",
    "decimals_of",
    "definition_of",
    "dialect_of",
    "digits",
    "ending_of",
    "expected",
    "files_read",
    "files_there",
    "find",
    "find_new",
    "find_own",
    "in_utf8",
    "look",
    "mapped",
    "mapped_own",
    "mapped_parts_of",
    "notes_of",
    "lost_files",
    "merged",
    "most_bytes",
    "own_declared",
    "own_rows",
    "own_tables",
    "parts_of",
    "read",
    "read_own",
    "read_rates",
    "refuse_increment",
    "signs_of",
    "tabled",
    "together",
    "unkept",
    "whole_ending",
    "words_of",
]
OPEN = ("asking", "calling")
