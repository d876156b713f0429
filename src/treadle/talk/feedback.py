"""Feedback in three parts: what I saw, what it does, what I ask for. About work that can be pointed at.

The order is that of situation, behaviour and impact (Weitzel 2000, "Feedback That Works"), with a request at the end,
so that who gets it knows what to do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from treadle.talk.attacks import attacks

_ABSOLUTE = re.compile(
    r"\b(always|never|every\s*time|everyone|everybody|nobody|all the time|constantly)\b", re.IGNORECASE
)
_ASKS = re.compile(
    r"\?|\b(please|could|can|would|will|let us|let's|i ask|i need|i wish|i would like|i'd like|i want|by \w+)\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"^\W*(be|become|try to be|do)\s+(\w+\s+)?(better|nicer|more \w+|less \w+|careful)\W*$", re.IGNORECASE
)


class Feedback(Struct, frozen=True):
    """`saw`: what was done, where it can be seen; `effect`: what came of it; `request`: what should happen now."""

    saw: str
    effect: str
    request: str

    @property
    def text(self) -> str:
        return f"What I saw: {self.saw}\nWhat it does: {self.effect}\nWhat I ask for: {self.request}\n"


class Remark(Struct, frozen=True):
    """What a part may be said better by. `attack`: it reads as one on a person, and not as about the work."""

    part: str
    words: str
    why: str
    instead: str
    attack: bool = False


def checked(found: Feedback, people: Sequence[str] = ()) -> list[Remark]:
    """What to look at before it is said, attacks first; nothing of it forbids to say it.

    >>> [remark.part for remark in checked(Feedback("You are lazy.", "It is late.", "Could you send it by Friday?"))]
    ['saw']
    """
    parts = {"saw": found.saw, "effect": found.effect, "request": found.request}
    out = [
        Remark(part, each.words, each.why, each.instead, attack=True)
        for part, text in parts.items()
        for each in attacks(text, people)
    ]
    out += [Remark(part, "", "it says nothing", _WANTED[part]) for part, text in parts.items() if not text.strip()]
    out += [
        Remark(
            "saw", match.group(), "one example is stronger than all times", "name the time and the place that you mean"
        )
        for match in _ABSOLUTE.finditer(found.saw)
    ]
    if found.request.strip() and (_VAGUE.match(found.request) or not _ASKS.search(found.request)):
        out.append(Remark("request", found.request.strip(), "nobody could tell when it is done", _WANTED["request"]))
    return out


_WANTED = {
    "saw": "say what was done, and where it can be seen: a commit, a run, a page, a meeting",
    "effect": "say what came of it, for you, for others or for the work",
    "request": "ask for one thing that can be done, such as: could you add a test for it by Friday?",
}
