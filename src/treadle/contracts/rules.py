"""What a contract is once it is read: its rules, and the types of its columns."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from msgspec import Struct

from treadle.expr import Type

RuleKind = Literal[
    "type",
    "required",
    "null_share",
    "range",
    "set",
    "regex",
    "length",
    "unique",
    "expression",
    "foreign_key",
    "row_count",
    "freshness",
    "sums",
    "moved",
]
BATCH_KINDS = ("null_share", "row_count", "freshness", "sums", "moved")
"""Kinds that speak of the whole table and not of single rows."""
Level = Literal["warn", "set_aside", "stop"]
"""What a row, or a batch, that fails a rule comes to: it is kept and told of; it is set aside; the batch is refused."""
Metric = Literal["psi", "jensenShannon", "meanChange", "missingChange", "distinctChange", "rowCountChange"]
"""What a batch is held to beside the last good snapshot."""


class Bound(Struct, frozen=True):
    """What a count, or with `percent` a share of the rows, has to keep."""

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    percent: bool = False

    def holds(self, count: float, rows: int) -> bool:
        """Does `count` of `rows` rows keep the bound? Of no rows the share is zero."""
        value = count if not self.percent else 100 * count / rows if rows else 0.0
        if self.low is not None and (value < self.low or (self.low_open and value == self.low)):
            return False
        return self.high is None or not (value > self.high or (self.high_open and value == self.high))

    def text(self, noun: str) -> str:
        """In words: `at least 3 rows`, `at most 5 % missing values`."""
        noun = f"% {noun}" if self.percent else noun
        if self.low is not None and self.low == self.high:
            return f"exactly {number(self.low)} {noun}"
        parts = []
        if self.low is not None:
            parts.append(f"{'more than' if self.low_open else 'at least'} {number(self.low)}")
        if self.high is not None:
            parts.append(f"{'less than' if self.high_open else 'at most'} {number(self.high)}")
        return f"{' and '.join(parts)} {noun}"


class Foreign(Struct, frozen=True):
    """The values of some columns stand in `columns` of `source`. `nulls`: whether a missing one fails too; as SQL's
    MATCH SIMPLE has it, it does not."""

    source: str
    columns: tuple[str, ...]
    nulls: bool = False


class Sums(Struct, frozen=True):
    """The sum of `left` equals that of `right`, or the number `right`, but for `within`; in each group of `by`.

    Both are expressions over the rows that were delivered; where a `source` is named, `right` is a column of it.
    """

    left: str
    right: str | float
    by: tuple[str, ...] = ()
    within: float = 0.0
    source: str = ""


class Rule(Struct, frozen=True):
    """One rule of a contract.

    text: the rule for people, a whole sentence. expression: a row fails if it is FALSE, so NULL passes; None where the
    rule cannot be seen from one row. columns: all columns that the rule reads. low, high: limits of a range or length;
    for freshness `high` is in seconds. bound: what the number of rows, of missing values, or of failing rows has to
    keep; of `metric` what that has to. measure: an expression that is true where a value counts as missing. where:
    file:line:column. level: what comes of it where it does not hold; a row that fails at the level `warn` is good all
    the same, and only the bound can refuse its batch.
    """

    id: str
    kind: RuleKind
    column: str | None
    text: str
    where: str
    expression: str | None = None
    columns: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    bound: Bound | None = None
    measure: str | None = None
    level: Level = "set_aside"
    foreign: Foreign | None = None
    sums: Sums | None = None
    metric: Metric | None = None

    @property
    def soft(self) -> bool:
        """Are rows that fail it good all the same?"""
        return self.level == "warn"

    @property
    def batch_level(self) -> bool:
        """Is it about the whole table?"""
        return self.kind in BATCH_KINDS


class Contract(Struct, frozen=True):
    """A contract. More than `max_bad_share` of bad rows refuse a whole batch; `digest` is the SHA-256 of its file.

    columns: every property in order, with its declared type, or None if it declares none.
    """

    name: str
    version: str
    columns: dict[str, Type | None]
    rules: tuple[Rule, ...]
    max_bad_share: float
    digest: str

    @property
    def types(self) -> dict[str, Type]:
        """The declared types alone."""
        return {name: kind for name, kind in self.columns.items() if kind is not None}


def row_rules(contract: Contract, columns: Collection[str]) -> tuple[Rule, ...]:
    """The rules that one record can be held to, if it has only `columns`."""
    known = set(columns)
    return tuple(rule for rule in contract.rules if rule.expression is not None and known.issuperset(rule.columns))


def number(value: float) -> str:
    """A number as it would be written by hand.

    >>> number(6000.0), number(0.5)
    ('6000', '0.5')
    """
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def quoted(column: str) -> str:
    """A column's name as it stands in an expression."""
    return '"' + column.replace('"', '""') + '"'
