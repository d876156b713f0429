"""Who owns a file by CODEOWNERS, as GitHub reads it: the last pattern that fits counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
_LONGEST = 3 * 1024 * 1024
"""Bytes; a larger one is not read, as GitHub does not."""


class Owned(Struct, frozen=True):
    """A pattern, and who owns what fits it; nobody, where the line names nobody."""

    pattern: str
    owners: tuple[str, ...]


def read_owners(folder: Path) -> tuple[Path, tuple[Owned, ...]] | None:
    """The repository that the folder is in, and what its CODEOWNERS says; None where there is none."""
    for root in (folder, *folder.parents):
        if not (root / ".git").exists():
            continue
        for place in PLACES:
            file = root / place
            if file.is_file() and file.stat().st_size <= _LONGEST:
                return root, parse(file.read_text(encoding="utf-8", errors="replace"))
        return None
    return None


def parse(text: str) -> tuple[Owned, ...]:
    found = []
    for line in text.splitlines():
        words = re.split(r"(?<!\\)\s+", re.sub(r"(^|\s)#.*", "", line).strip())
        if words[0] and not words[0].startswith(("!", "[")):
            found.append(Owned(words[0].replace("\\ ", " "), tuple(words[1:])))
    return tuple(found)


def owners_of(path: str, owned: Sequence[Owned]) -> tuple[str, ...]:
    """`path`: from the repository's root on, with slashes.

    >>> rules = parse("* @ada" + chr(10) + "contracts/ lin@shop.example" + chr(10) + "/docs/*.md @bo # pages")
    >>> owners_of("contracts/orders.yaml", rules), owners_of("docs/a/b.md", rules), owners_of("docs/b.md", rules)
    (('lin@shop.example',), ('@ada',), ('@bo',))
    """
    for each in reversed(owned):
        if re.fullmatch(_expression(each.pattern), path):
            return each.owners
    return ()


def _expression(pattern: str) -> str:
    """A pattern of .gitignore as CODEOWNERS takes it: with a slash within it is of the root, a folder is all in it."""
    anchored = "/" in pattern.rstrip("/")
    parts = re.split(r"(/\*\*/|\*\*/|/\*\*|\*|\?)", pattern.strip("/"))
    meant = {"/**/": "/(?:.*/)?", "**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
    inside = "".join(meant.get(part, re.escape(part)) for part in parts)
    below = "(?:/.*)" if pattern.endswith("/") else "" if pattern.endswith("/*") else "(?:/.*)?"
    return ("" if anchored else "(?:.*/)?") + inside + below


def person_of(owner: str, people: Sequence[str]) -> str:
    """Whom of the project an owner is, @name or an address; empty for nobody of it."""
    name = owner.removeprefix("@").partition("@")[0].casefold()
    return next((person for person in people if person.casefold() == name), "")
