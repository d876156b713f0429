"""What a name may be. Names of projects, endpoints, sources and views become folders, tables and addresses."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from msgspec import Meta

_DEVICE = r"(?:[cC][oO][nN]|[pP][rR][nN]|[aA][uU][xX]|[nN][uU][lL]|[cC][oO][mM][0-9]|[lL][pP][tT][0-9])"
LONGEST = 64
"""Signs of a name."""
IDENTIFIER = rf"^(?!{_DEVICE}$)[A-Za-z0-9][A-Za-z0-9_-]{{0,{LONGEST - 1}}}$"
"""ASCII letters, digits, _ and -, begun with a letter or digit, at most 64; not a device of Windows (`con`, `nul`)."""
SERVED = rf"{IDENTIFIER.removesuffix('$')}(?:\.[A-Za-z0-9][A-Za-z0-9_-]{{0,63}})?$"
"""Of a target's endpoint: as others, or with a dot, which one alone may have (`treadle.spec.targets`)."""
ACTOR = r"^[\w.@+-]{1,64}$"
FEATURE = r"^(?!\s*$)[^\x00-\x1f\x7f-\x9f]{1,128}$"
"""Features are named in reports and not on disks: any characters but control characters, up to 128."""

_KEPT = "; con, prn, aux, nul, com1 and lpt1 are reserved on Windows"
_RULE = "use ASCII letters, digits, _ and -, begin with a letter or digit, at most 64 characters"
Identifier = Annotated[str, Meta(pattern=IDENTIFIER, title="name", description=f"A name: {_RULE}.")]
_SERVED = f"{_RULE}; or write PROJECT.TARGET, the name that it has if none is given"
ServedName = Annotated[str, Meta(pattern=SERVED, title="name", description=f"A name: {_SERVED}.")]
Actor = Annotated[str, Meta(pattern=ACTOR, title="person", description="Letters, digits and . _ @ + -, up to 64.")]
FeatureName = Annotated[
    str, Meta(pattern=FEATURE, title="feature", description="Up to 128 characters; no control characters.")
]
CURRENCY = "^[A-Z]{3}$"
RULES = {
    CURRENCY: "write three capital letters, such as EUR",
    IDENTIFIER: f"{_RULE}{_KEPT}",
    SERVED: f"{_SERVED}{_KEPT}",
    ACTOR: "use letters, digits and . _ @ + -, up to 64",
    FEATURE: "use up to 128 characters",
}
"""How to mend what a pattern refuses."""


def is_identifier(text: str) -> bool:
    """Whether `text` may name a project, an endpoint, a source, a view or a label.

    >>> is_identifier("flights-2013"), is_identifier("../flights"), is_identifier("NUL")
    (True, False, False)
    """
    return matches(IDENTIFIER, text)


def matches(pattern: str, text: str) -> bool:
    """Whether all of `text` matches. `$` alone would let a line break at the end pass."""
    return re.fullmatch(pattern.removeprefix("^").removesuffix("$"), text) is not None


def identifier_from(text: str, default: str = "project") -> str:
    """A valid name made from any text, in lower case: what is no letter of ASCII becomes `-`.

    >>> identifier_from("Größe & Co"), identifier_from("../../etc"), identifier_from("nul"), identifier_from("税")
    ('gr-e-co', 'etc', 'nul-project', 'project')
    """
    made = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")[:LONGEST].rstrip("-_")
    if not made:
        return default
    return made if is_identifier(made) else f"{made}-{default}"


def control_character(text: str) -> str:
    """The first character in `text` that no file name, address or page should hold, as U+0000; "" if there is none.

    >>> control_character("a\\x00b"), control_character("two\\nlines")
    ('U+0000', '')
    """
    for character in text:
        if character not in "\t\n\r" and unicodedata.category(character) in ("Cc", "Cs"):
            return f"U+{ord(character):04X}"
    return ""
