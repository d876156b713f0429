"""How a command fails: one message on stderr, and with `--json` the same as one JSON object on stdout."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence

import click
import msgspec
from msgspec import UNSET, Struct, UnsetType

from treadle.errors import Fault, TreadleError

_RIGHT = "the account that runs this may not read or write it: `ls -ld` shows whose it is"
_ROOM = "make room on this disk, or raise the account's quota"
_MENDS = {
    errno.EACCES: _RIGHT,
    errno.EPERM: _RIGHT,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EROFS: "this disk is for reading alone: name another place",
    errno.ENOENT: "there is nothing at this place: check its name",
    errno.EISDIR: "this is a folder, and a file is wanted",
    errno.ENOTDIR: "a part of this path is a file, and a folder is wanted",
}
"""How to mend what the system refused, by its number."""
_MEND = "the system refused this: check this place and what else uses it"


class Failure(Struct, frozen=True):
    """What went wrong, where, and how to mend it; `faults`: each of several things that are wrong at once."""

    error: str
    where: str = ""
    mend: str = ""
    faults: tuple[Fault, ...] | UnsetType = UNSET


def failure_of(bad: BaseException) -> Failure:
    """An expected failure, as a program reads it."""
    if isinstance(bad, TreadleError):
        return Failure(bad.what, bad.where, bad.mend, bad.faults or UNSET)
    if isinstance(bad, click.ClickException):
        context = getattr(bad, "ctx", None)
        path = context.command_path if context else "treadle"
        return Failure(bad.format_message(), path, f"{path} --help says what it takes")
    if isinstance(bad, OSError):
        place = str(bad.filename) if bad.filename else "the system"
        return Failure(bad.strerror or str(bad), place, _MENDS.get(bad.errno or 0, _MEND))
    return Failure(str(bad))


def fail(failure: Failure, message: str, code: int) -> SystemExit:
    """Tell it, and what to exit with. `message`: in the words for a person; empty when they were told already."""
    if message:
        click.echo(message, err=True)
    if wants_json(sys.argv[1:]):
        click.echo(msgspec.json.encode(failure).decode())
    return SystemExit(code)


def wants_json(words: Sequence[str]) -> bool:
    """Whether `--json` was typed as an option. A command line that cannot be parsed has no better answer."""
    before = words[: words.index("--")] if "--" in words else words
    return "--json" in before
