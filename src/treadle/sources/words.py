"""Columns of numbers in which a few words stand for a missing value: "unknown", "n/a", "-"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from treadle.sources.dates import form_of
from treadle.sources.figures import Signs, numbers, plain, signs_of, unlike
from treadle.sources.formats import GUESSED

if TYPE_CHECKING:
    import polars as pl

    from treadle.sources.files import Reading, Table

_MOSTLY = 0.5
"""The share of numbers above which a column was meant to be such."""
MOST_WORDS = 0.2
"""The share of words in a column of numbers above which it is left as text."""
MOST_DIFFERENT = 20
"""Different words above which they name things: ticket numbers, of which some have letters."""


class Words(Struct, frozen=True):
    """`words`: those of the column that are no numbers, the commonest first; `count` of `known` values are such.

    `why`: why they are not taken for missing values all the same; empty where they are.
    """

    column: str
    words: tuple[str, ...]
    count: int
    known: int
    why: str = ""

    @property
    def numbers(self) -> bool:
        """Whether the rest are numbers, and the words stand for missing values."""
        return not self.why


def words_of(table: Table, reading: Reading) -> list[Words]:
    """The words among the numbers of each column of text; of those alone that are mostly numbers.

    Where a file has types of its own, what it calls text is text.
    """
    signs = signs_of(table.dialect is not None and table.dialect.decimal_comma, reading.layout.thousands)
    found = [_words(c, signs) for c in table.frame.iter_columns() if c.dtype.base_type().__name__ == "String"]
    words = [each for each in found if each is not None]
    if reading.format in GUESSED:
        return words
    return [replace(each, why=f"{reading.format} calls the column text") for each in words]


def _words(column: pl.Series, signs: Signs) -> Words | None:
    known = column.drop_nulls()
    if not len(known) or form_of(known) is not None:
        return None
    figures = plain(known, signs)
    odd = known.filter(figures.is_null()).str.strip_chars()
    if not len(odd) or len(odd) > (1 - _MOSTLY) * len(known) or numbers(figures) is None:
        return None
    if unlike(known.filter(figures.is_not_null()), signs) is not None:
        return None
    different = odd.alias("word").value_counts().sort(["count", "word"], descending=[True, False])
    words = tuple(different.get_column("word").to_list())
    why = ""
    if len(odd) > MOST_WORDS * len(known):
        why = f"more than {MOST_WORDS:.0%} are"
    elif len(words) > MOST_DIFFERENT:
        why = f"more than {MOST_DIFFERENT} are different"
    elif not all(words):
        why = "some are blanks"
    return Words(column.name, words[:MOST_DIFFERENT], len(odd), len(known), why)
