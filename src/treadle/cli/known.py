"""Which commands there are, without the operations: kept in `commands.json`, so that a command imports its own alone.

Written by `make docs` from the operations. It says what it was made of; where that is otherwise by now, as while an
operation is written, all are imported and asked.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import msgspec
from msgspec import Struct

FILE = Path(__file__).with_name("commands.json")
_REGISTERS = re.compile(rb'^(?:@operation|group\(|    ").*', re.MULTILINE)
_OPERATIONS = Path(__file__).parents[1] / "api"


class Command(Struct, frozen=True):
    """name: the words as they are typed. module: that of `treadle.api` which registers it. text: its first line."""

    name: str
    module: str
    text: str


class Commands(Struct, frozen=True):
    """made_of: the digest of what registers them. groups: first words of several commands, to what these are about."""

    made_of: str
    groups: dict[str, str]
    commands: tuple[Command, ...]


def commands() -> Commands:
    """Those that are kept, where they are of the operations that are here; else made from these."""
    try:
        kept = msgspec.json.decode(FILE.read_bytes(), type=Commands)
    except (OSError, msgspec.MsgspecError):
        return made()
    return kept if kept.made_of == _digest() else made()


def made() -> Commands:
    from treadle.api import GROUPS, OPERATIONS

    found = (
        Command(each.name, each.body.__module__.rpartition(".")[2], each.doc.splitlines()[0])
        for each in OPERATIONS.values()
    )
    return Commands(_digest(), dict(sorted(GROUPS.items())), tuple(sorted(found, key=lambda each: each.name)))


def _digest() -> str:
    """Of the lines that register operations and describe them; what these do may change."""
    total = hashlib.sha256()
    for file in sorted(_OPERATIONS.glob("*.py")):
        total.update(b"\n".join([file.name.encode(), *_REGISTERS.findall(file.read_bytes()), b""]))
    return total.hexdigest()
