"""How a command fails: one message on stderr, and with `--json` the same as one JSON object on stdout."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
import msgspec
from msgspec import UNSET, Struct, UnsetType

from treadle.errors import Fault, TreadleError


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
        return Failure(bad.strerror or str(bad), place, "check that the disk has room and may be written")
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
