"""Which of five ways to meet a conflict fits a situation, with the reasons for it and against it.

That there are five, by how far one insists on one's own and how far one goes to meet the other, is of Blake and Mouton
(1964) and Thomas and Kilmann (1974). Their instrument asks a person 30 questions about what they are used to, and is
sold by its publisher (https://www.themyersbriggs.com/tki). Nothing of it is here: this asks about the situation, in
words of its own, and advises by reasons that are all shown.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Way = Literal["insist", "solve together", "meet halfway", "let it rest", "give way"]
WAYS: tuple[Way, ...] = ("insist", "solve together", "meet halfway", "let it rest", "give way")
MEANS: dict[Way, str] = {
    "insist": "stand by your own, and use what you may to have it so",
    "solve together": "lay open what both need, and look for what gives both of it",
    "meet halfway": "each gives something up, and both can live with it",
    "let it rest": "do nothing for now, and say when you come back to it",
    "give way": "let the other have it, and say that you do",
}


class Situation(Struct, frozen=True):
    """`mine`, `theirs`: what hangs on it for either; `time`: until something must be done; `power`: what I may decide,
    beside the other; `relation`: whether we go on working together."""

    mine: Literal["high", "low"]
    theirs: Literal["high", "low"]
    time: Literal["short", "enough"]
    power: Literal["more", "equal", "less"]
    relation: Literal["lasting", "passing"]


class Reason(Struct, frozen=True):
    way: str
    weight: int
    text: str


class Ranked(Struct, frozen=True):
    """`score`: the sum of the weights of its reasons."""

    way: str
    means: str
    score: int
    speaks_for: list[str]
    speaks_against: list[str]


class Advice(Struct, frozen=True):
    """All five, the best first; `note`: what would change it."""

    ranked: list[Ranked]
    note: str


_REASONS: dict[tuple[str, str], tuple[tuple[Way, int, str], ...]] = {
    ("mine", "high"): (
        ("insist", 2, "much hangs on it for you"),
        ("solve together", 2, "what matters to you is worth the talk"),
        ("give way", -3, "you would pay for it"),
        ("let it rest", -2, "what matters to you stays undone"),
    ),
    ("mine", "low"): (
        ("insist", -2, "little hangs on it for you"),
        ("give way", 2, "it costs you little"),
        ("let it rest", 1, "it can wait, for all that you lose"),
    ),
    ("theirs", "high"): (
        ("solve together", 2, "it matters to them, so that a victory would not last"),
        ("give way", 1, "it does much for them"),
        ("insist", -1, "they will not forget it soon"),
        ("let it rest", -1, "they will not let it rest"),
    ),
    ("theirs", "low"): (
        ("insist", 1, "they lose little"),
        ("let it rest", 1, "they will hardly ask for it"),
        ("solve together", -1, "they will hardly take the time"),
    ),
    ("time", "short"): (
        ("solve together", -2, "to find what serves both takes longer than there is"),
        ("meet halfway", 2, "it is quickly found"),
        ("insist", 1, "it is quick"),
        ("let it rest", -1, "it will be decided without you"),
    ),
    ("time", "enough"): (
        ("solve together", 1, "there is time to find out what both need"),
        ("let it rest", 1, "more will be known later"),
    ),
    ("power", "more"): (
        ("insist", 1, "you may decide it"),
        ("solve together", 1, "who could decide alone, and asks, is believed"),
    ),
    ("power", "equal"): (
        ("meet halfway", 2, "neither can have it alone"),
        ("insist", -1, "you cannot decide it alone"),
    ),
    ("power", "less"): (
        ("insist", -3, "you cannot have it so against them"),
        ("give way", 1, "it may be had anyway"),
        ("let it rest", 1, "a better moment, or somebody at your side, may come"),
    ),
    ("relation", "lasting"): (
        ("solve together", 2, "you will need each other again"),
        ("give way", 1, "it will be remembered"),
        ("insist", -1, "it will be remembered"),
    ),
    ("relation", "passing"): (
        ("insist", 1, "you will hardly meet again"),
        ("solve together", -1, "the trust that it builds is used once"),
    ),
}


def advise(situation: Situation) -> Advice:
    """The five ways in the order of what speaks for them; of equal ones the one that leaves more open comes first.

    >>> advise(Situation("high", "high", "enough", "equal", "lasting")).ranked[0].way
    'solve together'
    """
    said = [
        Reason(way, weight, text)
        for part in Situation.__struct_fields__
        for way, weight, text in _REASONS[part, getattr(situation, part)]
    ]
    order = ("solve together", "meet halfway", "give way", "let it rest", "insist")
    ranked = sorted((_ranked(way, said) for way in WAYS), key=lambda each: (-each.score, order.index(each.way)))
    return Advice(ranked, _note(ranked[0], situation))


def _ranked(way: Way, said: list[Reason]) -> Ranked:
    mine = [reason for reason in said if reason.way == way]
    return Ranked(
        way,
        MEANS[way],
        sum(reason.weight for reason in mine),
        [reason.text for reason in mine if reason.weight > 0],
        [reason.text for reason in mine if reason.weight < 0],
    )


def _note(best: Ranked, situation: Situation) -> str:
    if situation.mine == "high" and best.way in ("give way", "let it rest"):
        return "what matters to you is not lost by that: name a day, or a third person, and say so now"
    if best.way == "insist" and situation.relation == "lasting":
        return "say why you insist, and what you will do for them another time"
    if best.way == "solve together":
        return "if it is not found by a day that you both name, bring it before somebody: treadle decide mediate"
    return "ask again when what hangs on it, the time, or who may decide has changed"
