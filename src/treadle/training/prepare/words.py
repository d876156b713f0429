"""Which words of free text get a column: those that part the rows best, whatever the label.

A word weighs as many rows as have it, times the logarithm of how rare it is (Spärck Jones 1972, "A statistical
interpretation of term specificity"), so that neither what all texts say nor what one says takes the room. No label has
a part in it, and no word is kept that few rows have: it could name someone.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from treadle.scoring.steps import Words, words_of
from treadle.training.prepare.preparation import Preparation, Prepared
from treadle.training.table import FeatureColumn, TrainingTable

MOST_WORDS = 64
"""Columns of a text."""
LEAST_ROWS, LEAST_SHARE, MOST_SHARE = 10, 0.005, 0.9
"""How many rows must have a word, as a number and as a share, and what share may have it."""
LEAST_TEXTS, LEAST_LENGTH = 50, 3
"""Free text is what has so many different values, of so many words in the middle; all else is a name."""
_LOOKED_AT = 2000


class WordsPreparation(Preparation):
    """`features: plain+words`."""

    name = "words"

    def offers(self, table: TrainingTable) -> bool:
        return any(is_free(table, feature) for feature in table.features)

    def fit(
        self, table: TrainingTable, features: tuple[FeatureColumn, ...], *, linear: bool, seed: int
    ) -> list[Prepared]:
        fitted = (_fit(table, feature.name, linear) for feature in features if is_free(table, feature))
        return [Prepared(step) for step in fitted if step.words]


def is_free(table: TrainingTable, feature: FeatureColumn) -> bool:
    """Whether a feature is text that somebody wrote, by some of the rows."""
    if feature.type != "str":
        return False
    series = table.frame.get_column(feature.name).drop_nulls()
    some = series.gather_every(max(1, len(series) // _LOOKED_AT)).unique().to_list()
    return len(some) >= LEAST_TEXTS and float(np.median([len(words_of(text)) for text in some])) >= LEAST_LENGTH


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
