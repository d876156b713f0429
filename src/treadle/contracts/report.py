"""What came of a check: the rows that are good, those that are not and why, and whether the batch may be taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from treadle.contracts.rules import Contract, Rule
from treadle.errors import ContractBroken, Fault

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class RuleResult:
    """How one rule came out.

    failing: rows that fail it; of a rule about the whole table the count that it bounds (missing values, rows, or for
    freshness seconds since the newest). share: `failing` over the rows; 0 where it is no count of rows.
    """

    rule: Rule
    failing: int
    share: float
    ok: bool
    batch_level: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """What was found of a batch as a whole.

    bad_rows: rows that fail a row rule, and are set aside. broken: why the batch may not be taken; empty if it may.
    """

    rows: int
    results: tuple[RuleResult, ...]
    bad_rows: int
    broken: list[str] = field(default_factory=list)
    newest: dict[str, datetime | None] = field(default_factory=dict)
    """The newest time that each freshness rule saw, to ask it again later."""
    warnings: list[str] = field(default_factory=list)
    """A sentence for each rule of the level `warn` that does not hold: its rows, or the batch, are kept."""
    unasked: list[str] = field(default_factory=list)
    """A sentence for each rule that could not be asked, as there is nothing yet to compare with."""
    unfit: list[str] = field(default_factory=list)
    """Columns that are missing, or of another type altogether: nothing that rests on them was checked."""

    @property
    def ok(self) -> bool:
        """May the batch be taken?"""
        return not self.broken


@dataclass(frozen=True, eq=False, kw_only=True)
class Report(Judged):
    """The result of `check`.

    good: the rows that fail no row rule, in order, columns cast to their declared types. quarantine: a line for each
    failing row and rule, with `row` (from 0), `key`, `rule`, `column`, `value`, `reason`; `bad_rows` of them have at
    least one, so that `good.height + bad_rows == rows`.
    """

    good: pl.DataFrame
    quarantine: pl.DataFrame
    aside: pl.DataFrame | None = None
    """The rows of the quarantine, whole: `row` (its number, from 0), `given` (a struct of its columns as they were
    given) and `broke` (a list of structs of `rule`, `column`, `value`, `reason`); None where there are none."""


def raise_if_broken(report: Judged, contract: Contract, where: str) -> None:
    """Refuse a broken batch.

    Raises:
        ContractBroken: with every reason.
    """
    if report.broken:
        one = len(report.broken) == 1
        raise ContractBroken(
            f"the batch of {report.rows:,} rows breaks the contract {contract.name} {contract.version}"
            + (f": {report.broken[0]}" if one else f" in {len(report.broken)} ways"),
            where=where,
            faults=() if one else [Fault(reason) for reason in report.broken],
            mend="nothing of it was taken; mend the data where they come from, or the contract if it asks too much",
        )
