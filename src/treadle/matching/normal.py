"""Texts as they are compared: written in one way, so that what a person would call the same is the same.

Unicode Standard Annex 15 (normal forms); letters are folded to lower case as its chapter 3.13 has it, for the letters
whose folding is longer or other than their lower case. What is plain ASCII is spared what it does not need.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_MARKS = "[\u0300-\u036f]"
"""Combining marks of Latin, Greek and Cyrillic. Those of other scripts are vowels and stay."""
_FOLDED = {"ß": "ss", "ς": "σ", "ı": "i", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"}
"""Small letters that no normal form takes apart."""


def plain(texts: pl.Series) -> pl.Series:
    """For exact keys: compatibility forms are one (NFKC), in lower case, blanks single and none at the ends."""
    return _or_missing(_replaced(_in_parts(texts, _composed), r"\s\s+|[^\S ]", " "))


def folded(texts: pl.Series) -> pl.Series:
    """For likeness and blocks: letters and digits alone, without accents, in lower case, words one blank apart.

    >>> import polars as pl
    >>> folded(pl.Series(["  Éva  O’Neill-Großmann ", "-"])).to_list()
    ['eva o neill grossmann', None]
    """
    return _or_missing(_replaced(_in_parts(texts, _taken_apart), r"  +|[^\p{L}\p{M}\p{N} ]+ *", " "))


def _composed(texts: pl.Series) -> pl.Series:
    found = texts.str.normalize("NFKC").str.to_lowercase().str.normalize("NFKC")
    return found.str.replace_all("ß", "ss", literal=True).str.replace_all("ς", "σ", literal=True)


def _taken_apart(texts: pl.Series) -> pl.Series:
    found = texts.str.normalize("NFKD").str.to_lowercase().str.normalize("NFKD").str.replace_all(_MARKS, "")
    return found.str.replace_many(list(_FOLDED), list(_FOLDED.values())).str.normalize("NFC")


def _in_parts(texts: pl.Series, other: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """In lower case; what is not ASCII as `other` writes it."""
    strange = (texts.str.len_bytes() != texts.str.len_chars()).fill_null(False)
    found = texts.str.to_lowercase()
    return found.scatter(strange.arg_true(), other(texts.filter(strange))) if strange.any() else found


def _replaced(texts: pl.Series, pattern: str, by: str) -> pl.Series:
    """Once more for what such a sign begins or a run of them leaves: one blank at most."""
    for _ in range(2):
        wrong = texts.str.contains(pattern).fill_null(False)
        if not wrong.any():
            break
        texts = texts.scatter(wrong.arg_true(), texts.filter(wrong).str.replace_all(pattern, by))
    return texts


def _or_missing(texts: pl.Series) -> pl.Series:
    return texts.str.strip_chars().replace("", None)
