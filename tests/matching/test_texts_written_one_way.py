"""What a person would call the same text is the same text."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.matching.normal import folded, plain


def one(texts: list[str | None]) -> list[str | None]:
    return folded(pl.Series(texts, dtype=pl.String)).to_list()


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("  Éva  O’Neill-Großmann ", "eva o neill grossmann"),
        ("E\u0301va", "eva"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("ﬁne", "fine"),
        ("हिन्दी", "हिन्दी"),
        ("한국", "한국"),
        ("a - - b", "a b"),
        ("a.b@x.de", "a b x de"),
        ("--", None),
        ("", None),
        (None, None),
    ],
)
def test_texts_are_folded(said: str | None, known: str | None) -> None:
    assert one([said]) == [known]


def test_an_exact_key_keeps_the_signs_that_tell_two_apart() -> None:
    said = ["A.B@x.de", "a-b@x.de", " a.b@X.DE\t", "é", "e\u0301", "e", "  "]
    assert plain(pl.Series(said)).to_list() == ["a.b@x.de", "a-b@x.de", "a.b@x.de", "é", "é", "e", None]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=8))
def test_folded_once_is_folded_and_each_text_is_folded_alone(texts: list[str]) -> None:
    made = one(texts)
    assert made == [one([text])[0] for text in texts]
    assert one(made) == made
    assert all(text is None or (text == text.strip() and "  " not in text) for text in made)
    assert one([unicodedata.normalize("NFD", text) for text in texts]) == made
