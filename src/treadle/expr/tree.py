"""The typed tree that an expression becomes, between the parser and the three back ends."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from treadle.expr.table import Function
from treadle.expr.types import Type


@dataclass(frozen=True)
class Node:
    """One operation. `op` is "column", "literal", "cast" or the name of a function of the table.

    value: the column's name, the literal's Python value, or the type that is cast to.
    """

    op: str
    type: Type
    args: tuple[Node, ...] = ()
    value: Any = None


@dataclass(frozen=True)
class Expression:
    """A checked expression: its text, its type, and the columns that it reads."""

    text: str
    type: Type
    columns: tuple[str, ...]
    tree: Node

    def __str__(self) -> str:
        return self.text


def column(name: str, kind: Type) -> Expression:
    """A column alone, whatever its name."""
    return Expression(f'"{name.replace(chr(34), chr(34) * 2)}"', kind, (name,), Node("column", kind, value=name))


@dataclass(frozen=True)
class Aggregate:
    """An aggregate over rows: `argument` is None for count(*)."""

    function: str
    argument: Expression | None
    text: str
    type: Type


@functools.cache
def functions() -> dict[str, Function]:
    """All functions and operators of the language, by name."""
    from treadle.expr import functions_logic, functions_numbers, functions_text, functions_time

    found = (
        *functions_numbers.FUNCTIONS,
        *functions_logic.FUNCTIONS,
        *functions_text.FUNCTIONS,
        *functions_time.FUNCTIONS,
    )
    return {function.name: function for function in found}
