"""Rules in the making: each gets a name of its own, and its expression is parsed before it is taken."""

from __future__ import annotations

import math
from typing import Any

from msgspec import Struct

from treadle import expr
from treadle.contracts.document import Document
from treadle.contracts.rules import BATCH_KINDS, Bound, Foreign, Level, Metric, Rule, RuleKind, Sums, quoted
from treadle.errors import ExpressionError
from treadle.expr import Type


class Draft(Struct, frozen=True):
    """What a rule will say, see `Rule`. `columns`: those beside `column` and what its expressions read. `level`: where
    none is said, a row is set aside, and a batch refused."""

    kind: RuleKind
    column: str | None
    text: str
    expression: str | None = None
    columns: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    bound: Bound | None = None
    measure: str | None = None
    level: Level | None = None
    foreign: Foreign | None = None
    sums: Sums | None = None
    metric: Metric | None = None


class Builder:
    """Collects the rules of one contract."""

    def __init__(self, document: Document, columns: dict[str, Type | None]) -> None:
        self.document, self.columns = document, columns
        self.rules: list[Rule] = []
        self._names: set[str] = set()

    def add(self, node: Any, draft: Draft, *, at: str | None = None, name: str = "") -> None:
        """Add a rule that stands at `node`, or at the key `at` of it. `name`: what its author calls it."""
        where, column = self.document.at(node, at), draft.column
        read = dict.fromkeys([column] if column else [])
        read.update(dict.fromkeys(draft.columns))
        for text_of in (draft.expression, draft.measure):
            if text_of is not None:
                read.update(dict.fromkeys(self._checked(text_of, where, draft.kind in ("required", "null_share"))))
        self.rules.append(
            Rule(
                id=self._unique(name or (f"{column}_{draft.kind}" if column else draft.kind)),
                kind=draft.kind,
                column=column,
                text=draft.text,
                where=where,
                expression=draft.expression,
                columns=tuple(read),
                low=draft.low,
                high=draft.high,
                bound=draft.bound,
                measure=draft.measure,
                level=draft.level or ("stop" if draft.kind in BATCH_KINDS else "set_aside"),
                foreign=draft.foreign,
                sums=draft.sums,
                metric=draft.metric,
            )
        )

    def _checked(self, expression: str, where: str, any_type: bool) -> tuple[str, ...]:
        # NULL or not can be asked of a column whose type is not declared; anything else cannot
        types = {name: kind or "str" for name, kind in self.columns.items() if kind is not None or any_type}
        found = expr.parse(expression, types, where=where)
        if found.type not in ("bool", "null"):
            raise ExpressionError(
                f"a rule must be true or false, and this is of type {found.type}: {expression}",
                where=where,
                mend="compare it with something",
            )
        return found.columns

    def _unique(self, label: str) -> str:
        made, count = label, 2
        while made in self._names:
            made, count = f"{label}_{count}", count + 1
        self._names.add(made)
        return made

    def typed(self, column: str, node: Any, key: Any) -> Type:
        """The declared type of a column, which a rule at `node` needs."""
        kind = self.columns[column]
        if kind is None:
            raise self.document.error(node, key, f"{column} has no logicalType, and this rule needs one")
        return kind

    def matches(self, column: str, pattern: str) -> str:
        """An expression: the pattern occurs in the column's value."""
        return f"regexp_matches({quoted(column)}, {_text(pattern)})"

    def literal(self, value: Any, column: str, node: Any, key: Any) -> str:
        """A value of the file as a constant of the column's type."""
        kind = self.typed(column, node, key)
        if isinstance(value, bool):
            right, made = kind in ("bool", "str"), "true" if value else "false"
        elif isinstance(value, int | float):
            right = kind in ("int", "float", "str") and (isinstance(value, int) or math.isfinite(value))
            made = repr(int(value) if isinstance(value, int) else float(value))
        else:
            right, made = value is not None and kind in ("str", "date", "timestamp"), str(value)
        if not right:
            raise self.document.error(node, key, f"{value!r} is no value for {column}, which is of type {kind}")
        if kind in ("date", "timestamp"):
            return f"{kind} {_text(made)}"
        return _text(made) if kind == "str" else made


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
