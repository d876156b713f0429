"""Which words of free text get a column: those that part the rows best, whatever the label.

A word weighs as many rows as have it, times the logarithm of how rare it is (Spärck Jones 1972, "A statistical
interpretation of term specificity"), so that neither what all texts say nor what one says takes the room. No label has
a part in it, and no word is kept that few rows have: it could name someone.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from treadle.scoring.steps import Words, words_of
from treadle.training.prepare.preparation import Preparation, Prepared
from treadle.training.table import FeatureColumn, TrainingTable

if TYPE_CHECKING:
    import polars as pl

MOST_WORDS = 64
"""Columns of a text."""
LEAST_ROWS, LEAST_SHARE, MOST_SHARE = 10, 0.005, 0.9
"""How many rows must have a word, as a number and as a share, and what share may have it."""
LEAST_TEXTS, LEAST_LENGTH, LEAST_WORDS = 50, 3, 8
"""Free text is what has so many different values, of so many words in the middle, of which so many come again but not
everywhere; all else is a name."""
_LOOKED_AT = 2000


class WordsPreparation(Preparation):
    """`features: plain+words`."""

    name = "words"

    def offers(self, table: TrainingTable) -> bool:
        return any(f.type == "str" and is_free_text(table.frame.get_column(f.name)) for f in table.features)

    def fit(
        self, table: TrainingTable, features: tuple[FeatureColumn, ...], *, linear: bool, seed: int
    ) -> list[Prepared]:
        texts = [f.name for f in features if f.type == "str" and is_free_text(table.frame.get_column(f.name))]
        fitted = (_fit(table, name, linear) for name in texts)
        return [Prepared(step) for step in fitted if step.words]


def is_free_text(series: pl.Series) -> bool:
    """Whether a column of text is what somebody wrote: long enough, and of words that come again. Some rows tell."""
    known = series.drop_nulls()
    texts = known.gather_every(max(1, len(known) // _LOOKED_AT)).unique().to_list()
    if len(texts) < LEAST_TEXTS:
        return False
    said = [words_of(text) for text in texts]
    if float(np.median([len(words) for words in said])) < LEAST_LENGTH:
        return False
    count = Counter(word for words in said for word in words)
    again = sum(max(3, LEAST_SHARE * len(said)) <= n <= MOST_SHARE * len(said) for n in count.values())
    return again >= LEAST_WORDS


def _fit(table: TrainingTable, name: str, linear: bool) -> Words:
    texts, rows = table.frame.get_column(name).to_list(), len(table)
    often = Counter(texts)
    count: Counter[str] = Counter()
    for text, times in often.items():
        for word in words_of(text) if text else ():
            count[word] += times
    least = max(LEAST_ROWS, LEAST_SHARE * rows)
    known = {word: n for word, n in count.items() if least <= n <= MOST_SHARE * rows}
    best = sorted(known, key=lambda word: (-known[word] * np.log(rows / known[word]), word))[:MOST_WORDS]
    words = tuple(sorted(best))
    share = np.array([known[word] / rows for word in words])
    spread = np.sqrt(share * (1 - share))
    there, absent = ((1 - share) / spread, -share / spread) if linear else (np.ones(len(words)), np.zeros(len(words)))
    return Words(name, words, tuple(map(float, there)), tuple(map(float, absent)))
