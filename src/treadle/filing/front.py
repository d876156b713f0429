"""A record as a file: lines `name: value` between two `---`, and Markdown below them.

The lines look like YAML and are not read as such: a value is the rest of its line, so that nothing in it is expanded,
built or run. The last of them is a digest of all else, by which a file that was edited is known from one that is old.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from treadle.errors import TeamError

_LINE = "---"
DIGEST, ENTRY = "digest", "entry"
MOST_BYTES = 1_000_000
MOST_LINES = 40
_NAME = re.compile(r"[a-z]{1,20}")


class Filed(Struct, frozen=True):
    """What a file says. `edited`: it is not what it was written as. `first`: the line in which its text begins."""

    head: Mapping[str, str]
    text: str
    edited: bool
    first: int = 1


def composed(head: Mapping[str, str], text: str) -> bytes:
    """
    >>> print(composed({"action": "3", "owner": ""}, "Ask the airline").decode())
    ---
    action: 3
    owner:
    digest: e99bec7eb91fddb00dc656c4add16afa
    ---
    Ask the airline
    <BLANKLINE>
    """
    lines = [f"{name}: {' '.join(value.split())}".rstrip() for name, value in head.items()]
    text = text.strip("\n")
    return "\n".join([_LINE, *lines, f"{DIGEST}: {_digest(lines, text)}", _LINE, text, ""]).encode()


def _digest(lines: list[str], text: str) -> str:
    return hashlib.sha256("\n".join([*lines, _LINE, text]).encode()).hexdigest()[:32]


def parsed(content: bytes, place: str) -> Filed:
    """
    Raises:
        TeamError: it is no text, or its lines above are none.
    """
    try:
        lines = content.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as bad:
        raise TeamError("it is no UTF-8", where=place, mend="save it as UTF-8") from bad
    if "\0" in content.decode("utf-8-sig"):
        raise TeamError("it has a NUL in it", where=place, mend="keep it to plain text")
    end = next((at for at, line in enumerate(lines[: MOST_LINES + 1]) if at and line.strip() == _LINE), None)
    if lines[0].strip() != _LINE or end is None:
        raise TeamError("it does not begin with lines between two ---", where=place, mend="write them as others have")
    head: dict[str, str] = {}
    for at, line in enumerate(lines[1:end], 2):
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name) or name in head:
            wrong = "stands there twice" if name in head else 'is no line "name: value"'
            raise TeamError(f'"{line.strip()[:60]}" {wrong}', where=f"{place}:{at}", mend="leave the lines as written")
        head[name] = value.strip()
    text = "\n".join(lines[end + 1 :])
    first = end + 2 + len(text) - len(text.lstrip("\n"))
    text = text.strip("\n")
    said = head.pop(DIGEST, "")
    plain = [f"{name}: {value}".rstrip() for name, value in head.items()]
    return Filed(head, text, said != _digest(plain, text), first)


def read_page(place: Path, named: str) -> Filed:
    """
    Raises:
        TeamError: it is no plain file, too large, or no record.
    """
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as bad:
        raise TeamError("it is no plain file that can be read", where=named, mend="take it out of the folder") from bad
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise TeamError("it is no plain file", where=named, mend="take it out of the folder")
        content = opened.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise TeamError(f"it has more than {MOST_BYTES:,} bytes", where=named, mend="no record is so long")
    return parsed(content, named)
