"""What a function of the language is: one record with its types and its three meanings.

The records stand in `functions_*.py`, one file a subject. Every record is run against DuckDB by a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from treadle.expr.types import Type

NUMBER: tuple[Type, ...] = ("int", "float")
TIME: tuple[Type, ...] = ("date", "timestamp")
ANY: tuple[Type, ...] = ("bool", "int", "float", "str", "date", "timestamp")
ORDERED: tuple[Type, ...] = ("int", "float", "str", "date", "timestamp", "bool")


@dataclass(frozen=True)
class Function:
    """One function or operator.

    arguments: what each place takes, a tuple of types; the last repeats when `many`; those from `optional` on may be
    left out. result: a type, or a rule over the argument types. polars: from Polars expressions to one.
    row: from Python values to one; with `strict`, never called with None, and any None gives None.
    sql: DuckDB text with {0}, {1} or {all}. literal: positions that must be written as constants.
    """

    name: str
    arguments: tuple[tuple[str, ...], ...]
    result: Type | Callable[[list[Type]], Type]
    polars: Callable[..., Any]
    row: Callable[..., Any]
    sql: str
    text: str
    many: bool = False
    optional: int | None = None
    strict: bool = True
    literal: tuple[int, ...] = ()
    same: bool = False
    """All arguments must be of one type; int and float together become float."""

    def result_type(self, types: list[Type]) -> Type:
        return self.result(types) if callable(self.result) else self.result

    def takes(self, position: int) -> tuple[str, ...]:
        return self.arguments[min(position, len(self.arguments) - 1)]

    @property
    def least(self) -> int:
        return len(self.arguments) if self.optional is None else self.optional

    @property
    def most(self) -> int | None:
        return None if self.many else len(self.arguments)


def wider(types: list[Type]) -> Type:
    """The common type: float if an int meets a float; else the first that is not the NULL literal."""
    known = [kind for kind in types if kind != "null"]
    if not known:
        return "null"
    return "float" if set(known) == {"int", "float"} else known[0]
