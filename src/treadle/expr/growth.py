"""How long a text an expression can make, from how long a text: refused when it is read, and not when memory ends.

Whoever writes an expression decides how it grows, so that it can be told from the expression alone; the texts of
records cannot break it. The rule is of batch and online alike, and costs nothing in either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from treadle.expr.tree import Node

MOST_TIMES, MOST_CHARACTERS = 1_000, 100_000
TOO_LONG = f"a text may become {MOST_TIMES:,} times as long as a column, and {MOST_CHARACTERS:,} characters more"
GROWING = frozenset({"||", "concat", "repeat", "replace", "lpad", "rpad", "regexp_replace"})
_CAST = 40
"""No number, time or truth value is longer as text."""


@dataclass(frozen=True)
class Growth:
    """At most `times` the length of the longest column, and so many characters more."""

    times: int
    more: int

    @property
    def fits(self) -> bool:
        return self.times <= MOST_TIMES and self.more <= MOST_CHARACTERS


COLUMN = Growth(1, 0)
NOTHING = Growth(0, 0)


def growth(node: Node, grown: Mapping[str, Growth]) -> Growth:
    """The growth of a text; `grown` are the columns that are themselves made by expressions."""
    if node.type != "str":
        return NOTHING
    if node.op == "column":
        return grown.get(node.value, COLUMN)
    if node.op == "literal":
        return Growth(0, len(node.value or ""))
    if node.op == "cast":
        return Growth(0, _CAST)
    parts = [growth(arg, grown) for arg in node.args]
    if node.op in ("||", "concat"):
        shown = [_as_text(arg, part) for arg, part in zip(node.args, parts, strict=True)]
        return Growth(sum(part.times for part in shown), sum(part.more for part in shown))
    if node.op in ("case", "coalesce", "nullif", "greatest", "least"):
        return Growth(max(part.times for part in parts), max(part.more for part in parts))
    return _of_function(node, parts[0])


def _as_text(node: Node, found: Growth) -> Growth:
    return found if node.type == "str" else Growth(0, _CAST)


def _of_function(node: Node, text: Growth) -> Growth:
    constants = [arg.value for arg in node.args]
    match node.op:
        case "repeat":
            count = max(constants[1], 0)
            return Growth(text.times * count, text.more * count)
        case "replace":
            longer = max(-(-len(constants[2]) // len(constants[1])), 1) if constants[1] else 1
            return Growth(text.times * longer, text.more * longer)
        case "lpad" | "rpad":
            return Growth(text.times, max(text.more, constants[1]))
        case "regexp_replace":
            return Growth(text.times, text.more + len(constants[2]))
    return text
