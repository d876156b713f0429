"""What a batch is held beside: other sources, the rows that are kept already, and the last good snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from treadle.contracts.rules import Contract
from treadle.errors import SpecError, nearest

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class Last:
    """The last good snapshot: its `name` for people, how many `rows` it has, and the columns that are compared."""

    name: str
    rows: int
    frame: pl.DataFrame


@dataclass(frozen=True, eq=False)
class Beside:
    """What stands beside the rows of `source` while they are checked.

    others: of each source that a rule names, the columns that it asks for; known: by such a source, all that it has, to
    say which one may be meant. kept: rows of the source itself that are
    there already, and stay; with `once` a unique value must not be among them either. last: None where no snapshot is
    good yet. adds: the rows come to those of the last snapshot, and not in their place. standing: how many are kept
    there, to which these come.
    """

    source: str
    others: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    kept: pl.DataFrame | None = None
    once: bool = False
    last: Last | None = None
    adds: bool = False
    standing: int = 0
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def refuse_unknown(self, source: str, columns: Iterable[str], where: str) -> None:
        """Raises SpecError where another source has no such column."""
        for name in columns:
            if name not in self.others[source].columns:
                mend = nearest(name, self.known.get(source, self.others[source].columns))
                raise SpecError(f'{source} has no column "{name}"', where=where, mend=mend)


def others_of(contract: Contract) -> dict[str, tuple[str, ...]]:
    """The other sources that a contract asks for, each with the columns that it names there."""
    found: dict[str, dict[str, None]] = {}
    for rule in contract.rules:
        if rule.foreign is not None:
            found.setdefault(rule.foreign.source, {}).update(dict.fromkeys(rule.foreign.columns))
        if rule.sums is not None and rule.sums.source:
            found.setdefault(rule.sums.source, {}).update(dict.fromkeys((str(rule.sums.right), *rule.sums.by)))
    return {source: tuple(columns) for source, columns in found.items()}


def compared_with_last(contract: Contract) -> tuple[str, ...] | None:
    """The columns that are held against the last good snapshot; None where no rule asks for one."""
    rules = [rule for rule in contract.rules if rule.metric is not None]
    return tuple(dict.fromkeys(rule.column for rule in rules if rule.column)) if rules else None
