"""Whether attacks on persons are told from sharp words about work, on sentences that were written before the rules.

The file has a sentence a line with what it is. Rules were corrected by the odd lines; the even ones measure them.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.talk import attacks
from treadle.talk.statements import Statement, composed

PEOPLE = ("lin", "bo", "grace", "max", "ada")
FILE = Path(__file__).parent / "feedback_sentences.tsv"
DOCS = Path(__file__).parents[2] / "docs" / "talk.md"


def sentences() -> list[tuple[str, str]]:
    return [tuple(line.split("\t")) for line in FILE.read_text("utf-8").splitlines()]  # type: ignore[misc]


def errors(rows: list[tuple[str, str]]) -> tuple[list[str], int, list[str], int]:
    """False alarms among sentences about work, and attacks that were missed; each with how many there are."""
    work = [text for kind, text in rows if kind == "work"]
    person = [text for kind, text in rows if kind == "person"]
    return (
        [text for text in work if attacks(text, PEOPLE)],
        len(work),
        [text for text in person if not attacks(text, PEOPLE)],
        len(person),
    )


def wilson(wrong: int, among: int) -> tuple[float, float]:
    """A 95 % interval of a share (Wilson 1927)."""
    z, share = 1.959964, wrong / among
    middle = (share + z * z / (2 * among)) / (1 + z * z / among)
    half = z / (1 + z * z / among) * math.sqrt(share * (1 - share) / among + z * z / (4 * among * among))
    return max(middle - half, 0.0), middle + half


def test_there_are_three_hundred_and_more_and_none_twice() -> None:
    rows = sentences()
    assert len(rows) >= 300 and len({text for _, text in rows}) == len(rows)
    assert min(sum(kind == wanted for kind, _ in rows) for wanted in ("work", "person")) >= 150


@pytest.mark.parametrize("half", [0, 1])
def test_few_are_taken_for_the_other_on_either_half(half: int) -> None:
    alarms, work, missed, person = errors(sentences()[half::2])
    assert len(alarms) <= 0.02 * work, alarms
    assert len(missed) <= 0.08 * person, missed


def test_the_rates_in_the_docs_are_those_that_are_measured() -> None:
    told = re.sub(r"\s+", " ", DOCS.read_text("utf-8"))
    for name, half in (("odd lines", 0), ("even lines", 1)):
        alarms, work, missed, person = errors(sentences()[half::2])
        shares = [
            f"{len(wrong)} of {among} ({100 * low:.1f} to {100 * high:.1f} %)"
            for wrong, among in ((alarms, work), (missed, person))
            for low, high in [wilson(len(wrong), among)]
        ]
        assert f"| {name} | {shares[0]} | {shares[1]} |" in told, (name, shares)


@pytest.mark.parametrize(
    "text",
    [
        "That is a stupid bug.",
        "The job is lazy and only reads what it needs.",
        "An idiot-proof form is a fool's errand.",
        "You are wrong about the cause.",
        "You are right, and the test is useless.",
        "The foolproof plan has a hole.",
        "Clownfish are not in the data.",
        "",
        "🙂" * 50,
    ],
)
def test_sharp_words_about_work_are_none(text: str) -> None:
    assert attacks(text, PEOPLE) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("You're lazy.", "You're lazy"),
        ("YOU ARE STUPID", "YOU ARE STUPID"),
        ("you   are\nreally very stupid", "you are really very stupid"),
        ("You\u2019re an idiot", "You\u2019re an idiot"),
        ("Lin is lazy.", "Lin is lazy"),
    ],
)
def test_attacks_are_found_however_they_are_written(text: str, words: str) -> None:
    assert [found.words for found in attacks(text, PEOPLE)] == [words]


def test_a_name_counts_where_it_is_known_and_may_hold_any_sign() -> None:
    assert attacks("Lin is lazy.") == []
    assert attacks("a.b+c is lazy.", ["a.b+c"]) and not attacks("axb+c is lazy.", ["a.b+c"])


def test_each_is_told_with_why_and_what_instead_in_their_order() -> None:
    found = attacks("Shut up. The test is flaky. You are a liar.")
    assert [each.words for each in found] == ["Shut up", "You are a liar"]
    assert all(each.why and each.instead for each in found)


@given(st.text(max_size=200))
def test_any_text_is_looked_at_and_what_is_found_stands_in_it(text: str) -> None:
    for found in attacks(text, PEOPLE):
        assert found.words.split()[0] in text


@pytest.mark.parametrize(
    "text",
    ["you " * 5000, "you are " * 3000, "whoever a b c d " * 1500, "your " * 4000, "a" * 20_000, "nobody " * 3000],
)
def test_long_texts_come_to_an_end(text: str) -> None:
    assert len(attacks(text, PEOPLE)) <= len(text)


def test_an_apostrophe_may_be_a_typographic_one():
    for text in ("You can't be trusted.", "She doesn't care about us."):
        (plain,), (other,) = (attacks(each, PEOPLE) for each in (text, text.replace("'", "\u2019")))
        assert other.words == plain.words.replace("'", "\u2019") and other.why == plain.why
    said = Statement("tired", "the build breaks", "I mend it", "I\u2019d like a freeze")
    assert composed(said).text.endswith("I would like a freeze.")
