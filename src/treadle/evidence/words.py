"""Words as they are looked for: without capitals, accents and the usual endings, so that "encodings" finds "encode".

Ours and not those of a database, so that SQLite and PostgreSQL find the same, and what was found can be shown with the
words that fit. Plurals by the rules of the S stemmer (Harman, "How effective is suffixing?", 1991), then -ing, -ed and
-e. Text is cut into words where letters and digits end; a script that writes no blanks is one word between two signs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

_WORD = re.compile(r"[^\W_]+")
_MOST = 100_000
"""Characters of a text that are looked through: more than a long page has."""
_LEAST_STEM = 4
MOST_TERMS = 20

Term = tuple[str, ...]
"""Words that follow each other: one, or several of what was put into quotation marks."""


def normal(word: str) -> str:
    """
    >>> [normal(word) for word in ("Encodings", "encoded", "encode", "Régions", "rates", "ties", "gas", "string")]
    ['encod', 'encod', 'encod', 'region', 'rate', 'ty', 'gas', 'string']
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    plain = "".join(letter for letter in plain if letter.isalnum())
    return _without_ending(_singular(plain))


def _singular(word: str) -> str:
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return f"{word[:-3]}y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    return word[:-1] if word.endswith("s") and not word.endswith(("us", "ss", "as")) else word


def _without_ending(word: str) -> str:
    for ending in ("ing", "ed", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            return word[: -len(ending)]
    return word


def words_of(text: str) -> list[str]:
    """The words of a text in their order, each as it is looked for."""
    return [found for found in (normal(each) for each in _WORD.findall(text[:_MOST])) if found]


def terms_of(asked: str) -> tuple[Term, ...]:
    """What is looked for: each word, and what stands in quotation marks as one; each once.

    >>> terms_of('trees "target encoding"')
    (('tree',), ('target', 'encod'))
    """
    found: dict[Term, None] = {}
    for place, part in enumerate(asked.split('"')):
        inside = words_of(part)
        for term in ([tuple(inside)] if inside else []) if place % 2 else [(word,) for word in inside]:
            found[term] = None
    return tuple(found)[:MOST_TERMS]


def has(text: str, terms: Sequence[Term]) -> int:
    """How many of the terms stand in a text."""
    inside = f" {' '.join(words_of(text))} "
    return sum(f" {' '.join(term)} " in inside for term in terms)


def excerpt(text: str, terms: Sequence[Term], around: int = 90) -> str:
    """The part of a text in which the first of the terms stands, on one line."""
    start = next((at for word, at in _placed(text) if any(word == term[0] for term in terms)), 0)
    begin, end = max(0, start - around), start + around
    cut = " ".join(text[begin:end].split())
    return f"{'… ' if begin else ''}{cut}{' …' if end < len(text) else ''}"


def _placed(text: str) -> Iterator[tuple[str, int]]:
    for found in _WORD.finditer(text[:_MOST]):
        yield normal(found.group()), found.start()
