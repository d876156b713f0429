"""Whether a file says what the record has, whatever else it looks like: of what may be edited, line by line."""

from __future__ import annotations

from treadle.filing.front import ENTRY, Filed
from treadle.filing.pages import Page

EDITED = {"note": ("title", "tags", "source", "on"), "action": ("state", "owner", "due"), "minutes": ()}
"""Lines that may be edited, by kind; the text may be, but for actions."""
_TOLD = ("by",)
LISTS = ("tags", "on")


def listed(value: str) -> tuple[str, ...]:
    return tuple(part for each in value.split(",") if (part := each.strip()))


def changed(page: Page, found: Filed) -> list[str]:
    """Lines that may be edited and were."""
    out = []
    for name in EDITED.get(page.kind, ()):
        if name not in found.head:
            continue
        was, now = page.head[name], found.head[name]
        if name in LISTS:
            differ = [each.casefold() for each in listed(was)] != [each.casefold() for each in listed(now)]
        else:
            differ = " ".join(was.split()) != " ".join(now.split())
        out += [name] if differ else []
    return out


def text_changed(page: Page, found: Filed) -> bool:
    return found.text.strip() != page.text.strip()


def is_same(page: Page, found: Filed) -> bool:
    """Also of a file that was taken: its own lines of who wrote it, and from what, are then those of before."""
    if page.kind not in EDITED or changed(page, found) or text_changed(page, found):
        return False
    past = found.head.get(ENTRY) != page.head[ENTRY]
    free = (*EDITED[page.kind], *_TOLD, *((ENTRY, "version", "because") if past else ()))
    kept = [name for name in page.head if name in found.head and name not in free]
    return all(found.head[name] == " ".join(page.head[name].split()) for name in kept)
