"""Regular expressions that mean the same in Python, in Polars (Rust) and in DuckDB (RE2).

The language has what all three have. Where they read a pattern differently, RE2's meaning holds: `\\d`, `\\w`, `\\s`
and `\\b` are about ASCII, and `$` without `(?m)` is the very end. Such parts are written out before Python and Rust see
them.
"""

from __future__ import annotations

import functools
import re
from typing import Any

_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\x0c\r ", "D": r"\x00-/:-\U0010FFFF"}
_CLASSES["W"] = r"\x00-/:-@\[-\^`\{-\U0010FFFF"
_CLASSES["S"] = r"\x00-\x08\x0b\x0e-\x1f!-\U0010FFFF"
_NAMED = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "0-9A-Za-z",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\t\n\x0b\x0c\r ",
    "punct": r"!-/:-@\[-`\{-~",
    "xdigit": "0-9A-Fa-f",
    "word": "0-9A-Za-z_",
}
_WORD = "[0-9A-Za-z_]"
_EDGE = {
    "b": f"(?:(?<!{_WORD})(?={_WORD})|(?<={_WORD})(?!{_WORD}))",
    "B": f"(?:(?<!{_WORD})(?!{_WORD})|(?<={_WORD})(?={_WORD}))",
}
_TOKEN = re.compile(
    r"\\(?P<escape>x[0-9A-Fa-f]{2}|.)|(?P<open>\[\^?\]?)|(?P<many>\{\d+(?:,\d*)?\}|[*+?])|(?P<flags>\(\?[a-zA-Z-]+[:)])"
    r"|(?P<name>\(\?P<\w+>)|(?P<plain>.)",
    re.DOTALL,
)
_IN_CLASS = re.compile(r"\[:(?P<name>\^?\w+):\]|\\(?P<escape>x[0-9A-Fa-f]{2}|.)|(?P<plain>.)", re.DOTALL)
_ESCAPES = "nrtfva"


@functools.cache
def python_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern for Python.

    Raises:
        ValueError: it is no pattern, or means different things in the three engines.
    """
    return _compiled(_translated(pattern, python=True))


@functools.cache
def rust_pattern(pattern: str) -> str:
    """The pattern's text for Polars.

    Raises:
        ValueError: as above.
    """
    import polars as pl

    python_pattern(pattern)
    made = _translated(pattern, python=False)
    try:
        pl.Series([""]).str.contains(made)
    except pl.exceptions.ComputeError as bad:
        raise ValueError(str(bad).splitlines()[0]) from bad
    return made


def _compiled(made: str) -> re.Pattern[str]:
    try:
        return re.compile(made)
    except (re.error, OverflowError, RecursionError) as bad:
        raise ValueError(str(bad)) from bad


def _translated(pattern: str, *, python: bool) -> str:
    out: list[str] = []
    place, lines, repeated = 0, False, 0
    while place < len(pattern):
        found = _TOKEN.match(pattern, place)
        if found is None:
            raise ValueError("it ends in a backslash")
        place = found.end()
        kind, text = found.lastgroup, found[0]
        if kind == "many":
            repeated += 1
            if repeated > (2 if text == "?" else 1):
                raise ValueError(f"the repetition {text} follows another")
            out.append(text)
            continue
        repeated = 0
        if kind == "open":
            made, place = _class(pattern, found.start())
            out.append(made)
        elif kind == "escape":
            out.append(_escape(found["escape"], python))
        elif kind == "flags":
            flags = text[2:-1]
            if set(flags) - set("ims-"):
                raise ValueError(f"of flags there are i, m and s, found {text}")
            if "m" in flags and text.endswith(":"):
                raise ValueError("the flag m stands at the beginning: (?m)")
            lines = lines or "m" in flags.partition("-")[0]
            out.append(text)
        elif text == "$" and python and not lines:
            out.append(r"\Z")
        elif text == "{":
            raise ValueError("a { that repeats nothing must be written \\{")
        elif text == "(" and pattern.startswith("?", place) and not pattern.startswith("?:", place):
            raise ValueError("look-around and named references are not available")
        else:
            out.append(text)
    return "".join(out)


def _escape(letter: str, python: bool) -> str:
    if letter in _CLASSES:
        return f"[{_CLASSES[letter]}]"
    if letter in _EDGE:
        return _EDGE[letter] if python else f"(?-u:\\{letter})"
    if letter == "z":
        return r"\Z" if python else r"\z"
    if letter in "A" or letter in _ESCAPES or len(letter) > 1 or not (letter.isalnum() or letter == "_"):
        # an escaped character of another alphabet is itself, which Rust does not take
        return f"\\{letter}" if letter.isascii() and letter not in "\"' ,:;<=>@`!%/\n\t\r" else letter
    raise ValueError(f"\\{letter} is not available")


def _class(pattern: str, start: int) -> tuple[str, int]:
    """A bracketed class from `start`, written out, and where it ends."""
    place = start + 1
    out = ["["]
    if pattern.startswith("^", place):
        out.append("^")
        place += 1
    first = True
    while place < len(pattern):
        if pattern[place] == "]" and not first:
            return "".join(out) + "]", place + 1
        found: Any = _IN_CLASS.match(pattern, place)
        if found is None:
            break
        first, place = False, found.end()
        out.append(_member(found))
    raise ValueError("a [ is not closed")


def _member(found: re.Match[str]) -> str:
    name, letter, plain = found["name"], found["escape"], found["plain"]
    if name is not None:
        if name not in _NAMED:
            raise ValueError(f"there is no class [:{name}:]")
        return _NAMED[name]
    if letter is not None:
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter in _ESCAPES or len(letter) > 1:
            return f"\\{letter}"
        if letter.isalnum():
            raise ValueError(f"\\{letter} is not available in a class")
        return f"\\{letter}" if letter in r"\]^-[&~" else letter
    # set operations of one engine are plain characters in the others
    return f"\\{plain}" if plain in "[&~]" else plain
