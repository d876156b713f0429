"""A complaint turned into what I feel, when, why, and what I wish for: a statement about myself that can be answered.

The form is that of an I-message (Gordon 1970, "Parent Effectiveness Training"), with a wish at its end as in nonviolent
communication (Rosenberg 2003).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from treadle.talk.attacks import attacks
from treadle.talk.feedback import Remark

_THOUGHT = re.compile(r"^\W*(that|like|as if|as though|you|he|she|they|it)\b", re.IGNORECASE)
_DONE_TO_ME = re.compile(
    r"\b(ignored|attacked|betrayed|manipulated|used|cheated|bullied|disrespected|abandoned|misunderstood|neglected|"
    r"provoked|rejected|unheard|unsupported|insulted|blamed|pressured|overlooked|belittled|patronised|patronized)\b",
    re.IGNORECASE,
)
_ABSOLUTE = re.compile(r"\byou\s+(always|never|constantly)\b|\b(always|never|every single time)\b", re.IGNORECASE)
_AGAINST = re.compile(r"\b(stop|don't|do not|no longer|not to|never|quit)\b", re.IGNORECASE)
_THREAT = re.compile(r"\b(or else|otherwise i|or i will|or i'll)\b", re.IGNORECASE)


class Statement(Struct, frozen=True):
    """`feeling`: one word or two; `situation`: what happens, as a camera would see it; `effect`: what that does to me,
    or to the work; `wish`: what I would like instead."""

    feeling: str
    situation: str
    effect: str
    wish: str


class Composed(Struct, frozen=True):
    """The sentence, and what about its form to look at."""

    text: str
    remarks: list[Remark]


def composed(said: Statement, people: Sequence[str] = ()) -> Composed:
    """The statement in one piece, with what to look at in its form.

    >>> composed(Statement("tired", "the build breaks on Friday", "I mend it at night", "a freeze from Thursday")).text
    'I feel tired when the build breaks on Friday, because I mend it at night. I would like a freeze from Thursday.'
    """
    feeling = _begun(said.feeling, "i feel", "i am", "feeling")
    when = _begun(said.situation, "when")
    why = _begun(said.effect, "because", "since")
    wish = _begun(said.wish, "i would like", "i'd like", "i wish", "i want")
    text = f"I feel {feeling} when {when}, because {why}. I would like {wish}."
    return Composed(text, [*_attacked(said, people), *_formed(feeling, when, why, wish)])


def _attacked(said: Statement, people: Sequence[str]) -> list[Remark]:
    """Of a feeling it is no attack to say that one felt like a fool."""
    parts = {"situation": said.situation, "effect": said.effect, "wish": said.wish}
    return [
        Remark(part, each.words, each.why, each.instead, attack=True)
        for part, text in parts.items()
        for each in attacks(text, people)
    ]


def _formed(feeling: str, when: str, why: str, wish: str) -> list[Remark]:
    out = [Remark(part, "", "it says nothing", wanted) for part, text, wanted in (
        ("feeling", feeling, "name one: tired, worried, angry, glad, alone"),
        ("situation", when, "say what happens, as a camera would see it"),
        ("effect", why, "say what it does to you, or to the work"),
        ("wish", wish, "say what you would like to happen"),
    ) if not text]  # fmt: skip
    if _THOUGHT.match(feeling):
        out.append(
            Remark("feeling", feeling, "that is a thought, and not a feeling", "name one: tired, worried, angry")
        )
    elif found := _DONE_TO_ME.search(feeling):
        said = "it tells what others did, more than what you feel"
        out.append(Remark("feeling", found.group(), said, "name what is behind it: hurt, alone, angry, unsure"))
    if found := _ABSOLUTE.search(when):
        out.append(
            Remark("situation", found.group(), "one example is stronger than all times", "name the time you mean")
        )
    if found := _AGAINST.search(wish):
        out.append(Remark("wish", found.group(), "it says what should not be", "say what you would like in its place"))
    if found := _THREAT.search(wish):
        out.append(Remark("wish", found.group(), "a wish with a threat is none", "leave the threat away"))
    return out


def _begun(text: str, *beginnings: str) -> str:
    """The part alone, without the words that the form puts before it, and without a full stop."""
    said = " ".join(text.split()).rstrip(".!")
    for beginning in beginnings:
        if said.lower().replace("\u2019", "'").startswith(f"{beginning} "):
            return said[len(beginning) + 1 :]
    return said
