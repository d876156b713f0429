"""Patterns that mean the same in RE2 (online), in Rust (Polars, batch) and in DuckDB, in time linear in the text.

Python's own `re` tries again and again: `^(a+)+$` over forty letters takes longer than the world is old. RE2 and Rust
read a text once, whatever the pattern. The language has what both have. Where they read a pattern differently, RE2's
meaning holds: `\\d`, `\\w`, `\\s` and `\\b` are about ASCII, and `$` without `(?m)` is the very end. Such parts are
written out before either sees them.
"""

from __future__ import annotations

import functools
import re
from typing import Any

LONGEST_LIKE = 1000
"""Characters of a LIKE pattern; both engines compile as many."""
_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\x0c\r ", "D": r"\x00-/:-\x{10FFFF}"}
_CLASSES["W"] = r"\x00-/:-@\[-\^`\{-\x{10FFFF}"
_CLASSES["S"] = r"\x00-\x08\x0b\x0e-\x1f!-\x{10FFFF}"
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
_TOKEN = re.compile(
    r"\\(?P<escape>x[0-9A-Fa-f]{2}|.)|(?P<open>\[\^?\]?)|(?P<many>\{\d+(?:,\d*)?\}|[*+?])|(?P<flags>\(\?[a-zA-Z-]+[:)])"
    r"|(?P<name>\(\?P<\w+>)|(?P<plain>.)",
    re.DOTALL,
)
_IN_CLASS = re.compile(r"\[:(?P<name>\^?\w+):\]|\\(?P<escape>x[0-9A-Fa-f]{2}|.)|(?P<plain>.)", re.DOTALL)
_ESCAPES = "nrtfva"


@functools.cache
def row_pattern(pattern: str) -> Any:
    """The pattern compiled by RE2, for texts in UTF-8.

    Raises:
        ValueError: it is no pattern, or means different things in the engines.
    """
    return _compiled(_translated(pattern, rust=False))


@functools.cache
def rust_pattern(pattern: str) -> str:
    """The pattern's text for Polars.

    Raises:
        ValueError: as above.
    """
    import polars as pl

    row_pattern(pattern)
    made = _translated(pattern, rust=True)
    try:
        pl.Series([""]).str.contains(made)
    except pl.exceptions.ComputeError as bad:
        raise ValueError(str(bad).splitlines()[0]) from bad
    return made


@functools.cache
def like_row_pattern(like: str) -> Any:
    """A LIKE pattern compiled by RE2."""
    return _compiled(like_pattern(like))


def like_pattern(like: str) -> str:
    """A LIKE pattern as a regular expression, the same for both engines."""
    body = "".join(".*" if c == "%" else "." if c == "_" else _literal(c) for c in like)
    return f"(?s)\\A(?:{body})\\z"


def _literal(character: str) -> str:
    return "\\" + character if character in r"\.+*?()|[]{}^$#&-~" else character


def _compiled(made: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(made, options)
    except re2.error as bad:
        told = bad.args[0]
        raise ValueError(told.decode(errors="replace") if isinstance(told, bytes) else str(told)) from bad


def _translated(pattern: str, *, rust: bool) -> str:
    out: list[str] = []
    place, repeated = 0, 0
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
            out.append(_escape(found["escape"], rust))
        elif kind == "flags":
            flags = text[2:-1]
            if set(flags) - set("ims-"):
                raise ValueError(f"of flags there are i, m and s, found {text}")
            if "m" in flags and text.endswith(":"):
                raise ValueError("the flag m stands at the beginning: (?m)")
            out.append(text)
        elif text == "{":
            raise ValueError("a { that repeats nothing must be written \\{")
        elif text == "(" and pattern.startswith("?", place) and not pattern.startswith("?:", place):
            raise ValueError("look-around and named references are not available")
        else:
            out.append(text)
    return "".join(out)


def _escape(letter: str, rust: bool) -> str:
    if letter in _CLASSES:
        return f"[{_CLASSES[letter]}]"
    if letter == "b":
        return r"(?-u:\b)" if rust else r"\b"
    if letter == "B":  # RE2 finds it within a character of several bytes
        raise ValueError(r"\B is not available: engines disagree on it beside letters that are not ASCII")
    if letter == "z":
        return r"\z"
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
