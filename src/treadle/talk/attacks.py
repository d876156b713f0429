"""Whether a sentence attacks a person, where it could be about the work: by rules that are read here, and by no model.

A word is no attack. "A stupid bug" is about a bug and "you are stupid" about a person, so most rules want both somebody
who is meant (you, a name, whoever wrote this) and what no work can answer: a trait, a worth, a motive. What the rules
get wrong was measured on sentences that were written before them (docs/talk.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

MOST = 20_000
"""Characters that are looked at."""


class Attack(Struct, frozen=True):
    """`words`: what reads as an attack on a person; `why`, and how it may be said instead."""

    words: str
    why: str
    instead: str


class _Rule(Struct, frozen=True):
    """`found`: patterns, each of which is enough. `PEOPLE` stands for the names that are known."""

    why: str
    instead: str
    found: tuple[str, ...]


_INSULTS = (
    "idiots? morons? imbeciles? fools? clowns? losers? liars? cowards? frauds? jerks? bastards? assholes? bitch(?:es)? "
    "bully bullies donkeys? parasites? hypocrites? narcissists? psychopaths? sociopaths? buffoons? cretins? dunces? "
    "halfwits? nitwits? dimwits? simpletons? scumbags? scum creeps? weasels? crybaby crybabies brats? leech(?:es)? "
    "slackers? know-it-alls? yes-m[ae]n"
)
"""Said of persons alone. Where one is a part of another word (idiot-proof, a fool's errand) it is none."""
_ROLES = (
    "snakes? rats? pigs? bab(?:y|ies) child(?:ren)? amateurs? divas? failures? joke disgrace embarrassment burden "
    "nobody nothing bum genius(?:es)? monkeys? waste control.freak drama.queen dead.weight rock goldfish"
)
_TRAITS = (
    "lazy stupid dumb incompetent useless hopeless arrogant pathetic clueless dishonest toxic selfish childish "
    "unprofessional careless ignorant crazy insane dense hysterical worthless spineless brainless brain-dead thick "
    "disgusting jealous evil immature rude nasty mean weak weakest inferior mediocre untalented unfit incapable "
    "emotional blind ill slow.in.the.head full.of.(?:yourself|crap|it) too.old impossible terrible.(?:human|person) "
    "bad.person not.(?:a.real|smart|intelligent|clever|capable|good.enough|fit|made.for|cut.out) "
    "not.\\w+.(?:smart|intelligent)"
)
_OF_THE_PERSON = (
    "stupidity incompetence laziness ignorance arrogance cowardice vanity ego character personality attitude brain "
    "skull face accent looks age mother father kind smell voice"
)


def _any(words: str) -> str:
    return "(?:" + "|".join(word.replace(".", r"[\s-]+") for word in words.split()) + ")"


_WHO = r"(?:you|u|he|she|they|PEOPLE|whoever(?:\s+\w+){1,4}?|the\s+(?:author|person|one)\b(?:\s+\w+){0,4}?)"
_IS = (
    r"(?:\s+are|\s+is|['\u2019]re|['\u2019]s|\s+was|\s+were|\s+(?:has|have|had)\s+(?:always\s+)?been|\s+must\s+be|"
    r"\s+(?:looks?|acts?|behaves?)\s+like)"
)
_NO_CLAUSE = r"(?!that\b|which\b|if\b|when\b|because\b|about\b|to\b|with\b|who\b)"
_FEW = rf"(?:\s+{_NO_CLAUSE}[\w'\u2019-]+){{0,4}}?"
_END = r"(?![\w-]|['\u2019]s)"
"""Not the beginning of another word: idiot-proof, fool's."""
_ALL = r"\b(?:nobody|no\s+one|everyone|everybody|we\s+all|all\s+of\s+us)\s+(?:\w+\s+){0,5}?"
_RULES = (
    _Rule(
        "it says what a person is",
        "say what was done, where, and what came of it",
        (rf"\b{_WHO}{_IS}{_FEW}\s+(?:{_any(_TRAITS)}|{_any(_ROLES)}|{_any(_INSULTS)}){_END}",),
    ),
    _Rule(
        "it calls somebody a name",
        "say what was done, and what came of it",
        (rf"(?<![\w-]){_any(_INSULTS)}{_END}",),
    ),
    _Rule(
        "it asks whether a person is something, and means that they are",
        "ask what you do not know: how it came about",
        (rf"\b(?:are|were|is)\s+(?:you|he|she|they)\b(?:\s+\w+){{0,3}}?\s+(?:{_any(_TRAITS)}|{_any(_ROLES)}){_END}",),
    ),
    _Rule(
        "it is about a person's nature",
        "say what they did that you saw",
        (rf"\byour\s+(?:own\s+|whole\s+|thick\s+|stupid\s+|damn\s+)*{_any(_OF_THE_PERSON)}{_END}",),
    ),
    _Rule(
        "it judges a person for all time",
        "name the one time that you mean",
        (
            rf"\b{_WHO}\s+(?:never|always)\s+(?:\w+\s+)?(?:thinks?|listens?|learns?|lies?|ruins?|screws?|mess(?:es)?)\b",
            rf"\b{_WHO}\s+(?:never|always)\s+(?:\w+\s+)?(?:cares?|fails?|makes?\s+everything|amounts?)\b",
            rf"\b{_WHO}\s+(?:never|always)\s+do(?:es)?\s+(?:anything|everything|nothing)\b",
            r"\b(?:you|he|she|they)\s+will\s+never\s+(?:amount|learn|be|make|understand)\b",
        ),
    ),
    _Rule(
        "it denies what a person is worth or can do",
        "say what you need from them, and by when",
        (
            rf"\b{_WHO}\s+(?:do|does)\s+not\s+deserve\b",
            rf"\b{_WHO}\s+lacks?\s+(?:any|all|the)?\s*(?:talent|brains?|skills?|intelligence)\b",
            rf"\b{_WHO}\s+(?:has|have)\s+no\s+(?:talent|brains?|idea\s+what|clue|spine|shame|right)\b",
            rf"\b{_WHO}\s+(?:cannot|can't|can\s+not)\s+be\s+trusted\b",
            rf"\b{_WHO}\s+should\s+(?:not|never)\s+(?:be\s+allowed|have\s+been\s+hired)\b",
            rf"\b{_WHO}\s+should\s+be\s+(?:fired|shot|ashamed|sacked|locked)\b",
            rf"\b{_WHO}\s+(?:ruins?\s+(?:everything|good|the\s+team)|disgusts?\s+me|makes?\s+me\s+sick|smells?\b)",
            r"\b(?:not\s+here|never\s+been\s+(?:born|hired)|were\s+gone)\b(?=[.!]?\s*$)",
            r"\bwaste\s+of\s+(?:a\s+)?(?:salary|space|air)\b",
            r"\bwithout\s+a\s+brain\b|\bthick\s+skull\b",
            r"\b(?:because\s+of|thanks\s+to)\s+your\s+(?:uncle|father|mother|looks)\b",
        ),
    ),
    _Rule(
        "it sets all others against a person",
        "speak for yourself: what you saw, and what it did to you",
        (
            rf"{_ALL}(?:respects?|likes?|with|about|of|hates?|despises?)\s+you\b",
            r"\basked\s+for\s+the\s+opinion\s+of\s+a\s+failed\b",
            r"\b(?:everyone|everybody|we\s+all)\s+knows?\s+(?:that\s+)?(?:you|he|she|it)\b",
            r"\bbehind\s+your\s+back\b",
        ),
    ),
    _Rule(
        "it sends a person away, or silences them",
        "ask for what you want to happen instead",
        (
            r"\b(?:shut\s+up|get\s+lost|grow\s+up|grow\s+a\s+spine|go\s+back\s+to\s+where|keep\s+quiet)\b",
            r"\blearn\s+to\s+(?:read|write|think)\b",
            r"\b(?:(?:go\s+)?to\s+hell|screw\s+you|damn\s+you|fuck\s+(?:you|off)|piss\s+off)\b",
            r"\bi\s+hate\s+(?:you|him|her)\b",
            r"\b(?:try\s+(?:using|to\s+use)|use)\s+your\s+(?:head|brain)\b",
            r"\bstop\s+(?:being|acting\s+like)\s+(?:such\s+)?an?\b",
            r"\bdo\s+us\s+(?:all\s+)?a\s+favou?r\b",
        ),
    ),
    _Rule(
        "it threatens",
        "say what you will do within your own part, and whom you will ask to decide",
        (
            r"\b(?:regret\s+this|watch\s+your\s+back|pay\s+for\s+this|end\s+your\s+career|make\s+sure\s+that\s+you)\b",
            r"\b(?:hit|hurt|kill|destroy|ruin)\s+you\b",
        ),
    ),
    _Rule(
        "it mocks a person",
        "say what went wrong, and what would have helped",
        (
            r"\bwhat\s+is\s+wrong\s+with\s+(?:you|him|her)\b|\bdid\s+you\s+even\b",
            r"\bhow\s+can\s+any(?:body|one)\s+be\s+so\b",
            r"\bcall\s+(?:yourself|himself|herself)\b",
            r"\bwhat\s+kind\s+of\s+(?:person|engineer|manager|scientist)\b",
            r"\b(?:the|an?|my)\s+(?:intern|child|grandmother|grandma|monkey)\s+(?:\w+\s+){0,3}?(?:better|smarter)\b",
            r"\b(?:the|an?|my)\s+(?:intern|child|grandmother|grandma|monkey)\s+(?:\w+\s+){0,3}?your\s+job\b",
            r"\bpaid\s+to\s+think\b|\bthey\s+pay\s+you\b",
            r"\b(?:some|congratulations,?|such\s+a)\s+genius\b",
        ),
    ),
    _Rule(
        "it judges persons by a group",
        "speak of the one act that you mean",
        (
            r"\b(?:people\s+like\s+you|you\s+people|your\s+kind|bunch\s+of)\b",
            r"\b(?:women|men|girls|old\s+people|foreigners)\s+(?:cannot|can't|never)\b",
            r"\byou\s+(?:\w+\s+){0,5}?are\s+all\s+the\s+same\b",
        ),
    ),
    _Rule(
        "it claims to know a motive",
        "ask what they had in mind",
        (
            rf"\b{_WHO}\s+(?:clearly\s+|obviously\s+)?(?:only|just)\s+(?:cares?|got\s+(?:this|the|your)|want\w*)\b",
            r"\b(?:do(?:es)?\s+not|don't|doesn't)\s+care\s+about\s+(?:anybody|anyone|us)\b",
            r"\bon\s+purpose\s+to\s+hurt\b|\bout\s+to\s+(?:destroy|get|ruin|hurt)\b|\bsabotag\w+\s+us\b",
            r"\bslept\s+(?:her|his|their)\s+way\b",
            r"\bthinks?\s+that\s+(?:you|he|she|they)\s+(?:are|is)\s+(?:so|better)\b",
        ),
    ),
)


def attacks(text: str, people: Sequence[str] = ()) -> list[Attack]:
    """What in `text` reads as an attack on a person, in its order. `people`: names that may be meant.

    >>> [found.words for found in attacks("That is a stupid bug. You are stupid.")]
    ['You are stupid']
    """
    names = "|".join(re.escape(name) for name in people if name) or "(?!)"
    found: dict[tuple[int, int], Attack] = {}
    plain = text.replace("\u2019", "'")  # as word processors and telephones write it
    for rule in _RULES:
        pattern = "|".join(rule.found).replace("PEOPLE", names)
        for match in re.finditer(pattern, plain[:MOST], re.IGNORECASE):
            start, end = match.span()
            if all(end <= first or last <= start for first, last in found):
                found[start, end] = Attack(" ".join(text[start:end].split()), rule.why, rule.instead)
    return [found[span] for span in sorted(found)]
