"""Words as they are looked for: endings and accents do not count, whatever text comes, and both sides cut alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.evidence.usual import feature_lines, trial_words
from treadle.evidence.words import MOST_TERMS, excerpt, has, normal, terms_of, words_of


@pytest.mark.parametrize(
    ("alike", "unlike"),
    [
        (("encoding", "encodings", "Encode", "ENCODED"), "encoder"),
        (("tree", "trees", "TREES"), "treaty"),
        (("category", "categories"), "categorical"),
        (("région", "regions", "ＲＥＧＩＯＮ"), "regime"),
        (("Straße", "strasse", "STRASSE"), "strait"),
    ],
)
def test_words_that_are_one_to_who_looks_for_them(alike: tuple[str, ...], unlike: str) -> None:
    assert len({normal(word) for word in alike}) == 1
    assert normal(unlike) != normal(alike[0])


def test_short_words_keep_what_is_no_ending() -> None:
    assert [normal(word) for word in ("string", "red", "use", "gas", "class", "bus", "loss")] == [
        "string", "red", "use", "gas", "class", "bus", "loss",
    ]  # fmt: skip


def test_names_of_the_record_are_cut_into_their_words() -> None:
    assert words_of("average_precision of flights:3, 0.53") == ["averag", "precision", "of", "flight", "3", "0", "53"]


def test_quotation_marks_keep_words_together() -> None:
    assert terms_of('a "target encoding" b') == (("a",), ("target", "encod"), ("b",))
    assert has("the encoding of a target", terms_of('"target encoding"')) == 0
    assert has("target encodings", terms_of('"target encoding"')) == 1
    assert has("the encoding of a target", terms_of("target encoding")) == 2
    assert terms_of('an "open') == (("an",), ("open",)) and terms_of('" "') == ()
    assert len(terms_of(" ".join(f"w{number}" for number in range(100)))) == MOST_TERMS


@given(st.text())
def test_a_text_is_found_by_any_of_its_own_words(text: str) -> None:
    found = words_of(text)
    assert all(word.isalnum() and " " not in word for word in found)
    terms = tuple((word,) for word in found)
    assert has(text, terms) == len(terms)
    assert "\n" not in excerpt(text, terms)


@given(st.text(min_size=1), st.text(alphabet="abcdefg", min_size=3, max_size=9), st.integers(0, 2000))
def test_an_excerpt_shows_the_word_that_was_found(around: str, word: str, count: int) -> None:
    text = f"{'x ' * count}{word} {around}"
    shown = excerpt(text, ((normal(word),),))
    assert word in shown and len(shown) <= 190


def test_a_trial_is_found_by_what_the_field_calls_it() -> None:
    said = trial_words("lightgbm", {"text": "rates", "rate": 0.06, "even_classes": False})
    assert has(said, terms_of('"target encoding" "boosted trees"')) == 2
    assert has(said, terms_of("imbalance")) == 0 and "0.06" not in said
    assert has(trial_words("lightgbm", {"even_classes": True}), terms_of("imbalance")) == 1
    assert trial_words("made_up", {}) == "made_up"


def test_features_are_read_from_what_a_step_was_asked() -> None:
    plan = (
        b'{"plan": {"inputs": [{"name": "carrier"}, {"name": "tail", "feature": false}],'
        b' "rows": [{"name": "hour", "text": "hour(dep)"}], "lookups": [{"name": "weather", "on": ["origin"],'
        b' "take": ["temp"]}], "windows": [{"name": "late", "view": "arrivals", "on": "tail",'
        b' "lengths": [["12h", 1]], "takes": [{"name": "last", "function": "last"}]}]}}'
    )
    assert feature_lines(plan) == [
        "carrier",
        "hour: hour(dep)",
        "weather: lookup (join) of temp on origin",
        "late: rolling window of 12h over arrivals on tail: last (last)",
    ]
    for wrong in (b"", b"null", b"[1]", b'{"plan": 3}', b'{"plan": {"rows": [1]}}', b"{}"):
        assert feature_lines(wrong) == []
