"""What parts of the project file may not say, where `planning` would not see it by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle.errors import SpecError, nearest
from treadle.expr import Expression
from treadle.spec import duration


def check_known(name: str, known: Mapping[str, Any], where: str, noun: str) -> None:
    if name not in known:
        raise SpecError(f'there is no {noun} "{name}"', where=where, mend=nearest(name, known))


def check_some(names: tuple[str, ...], where: str) -> None:
    if not names:
        raise SpecError("at least one is wanted here", where=where, mend="name one, or leave the whole part out")


def check_derived(name: str, found: Expression, key: str, where: str) -> None:
    """A derived column has a type of columns, and does not stand for the key that rows are kept by."""
    if found.type in ("interval", "null"):
        raise SpecError(f"a column cannot be of type {found.type}", where=where, mend="cast it: cast(x as TYPE)")
    if name == key and (found.tree.op, found.tree.value) != ("column", key):
        raise SpecError(
            f"rows are kept by the source's own {key}", where=where, mend="give the derived column another name"
        )


def length_us(text: str, where: str) -> int:
    """A length of time in microseconds, longer than nothing."""
    try:
        found = round(duration(text).total_seconds() * 1e6)
    except SpecError as bad:
        raise SpecError(bad.what, where=where, mend=bad.mend) from bad
    if not found:
        raise SpecError(f'"{text}" is no time at all', where=where, mend="give a length such as 1h")
    return found
