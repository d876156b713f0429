"""A table that comes in parts held to its contract, part by part: the same verdict and the same rows as `check` gives.

Each part is marked by itself; what is counted is added up. Which rows repeat a unique value is found before, in a pass
over these columns alone. What has to see all rows at once is not asked here, see `needs_all_rows`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from treadle.contracts.beside import Beside
from treadle.contracts.checking import any_of, failing_rows, keys_not_at_hand, marked, newest, with_keys
from treadle.contracts.planned import Plan, planned
from treadle.contracts.quarantine import lines, whole_rows
from treadle.contracts.repeated import repeated
from treadle.contracts.report import Judged
from treadle.contracts.rules import Contract, Rule
from treadle.contracts.told import Told
from treadle.contracts.verdict import Counts, judged
from treadle.errors import DataError, nearest

if TYPE_CHECKING:
    import polars as pl


class Parts(Protocol):
    """The rows of a table, in parts of bounded size that can be read again: equal parts in equal order each time."""

    @property
    def rows(self) -> int: ...

    @property
    def schema(self) -> pl.Schema: ...

    def read(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """One part at the least, be it without rows."""
        ...


@dataclass(frozen=True, eq=False)
class Checked:
    """One part. good: its rows that are kept. lines: those of its quarantine; aside: its rows there, whole, or None.

    Rows are numbered from the first of the table.
    """

    good: pl.DataFrame
    lines: pl.DataFrame
    aside: pl.DataFrame | None


@dataclass
class _Sums:
    """What was counted so far."""

    rows: int = 0
    bad: int = 0
    failing: Counter[str] = field(default_factory=Counter)
    newest: dict[str, Any] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)


def needs_all_rows(contract: Contract, source: str) -> list[Rule]:
    """The rules of the contract of `source` that cannot be asked part by part."""
    return [
        rule
        for rule in contract.rules
        if rule.sums is not None
        or rule.metric is not None
        or (rule.foreign is not None and rule.foreign.source == source)
    ]


class PartedCheck:
    """Holds parts to a contract. Read `checked` to its end; then `judged` has the verdict."""

    def __init__(
        self,
        parts: Parts,
        contract: Contract,
        *,
        now: datetime,
        keys: tuple[str, ...] = (),
        where: str = "",
        beside: Beside | None = None,
    ) -> None:
        """As of `check`."""
        self._parts, self._contract, self._now, self._keys = parts, contract, now, keys
        self._where, self._beside = where, beside
        self._plan: Plan = planned(contract, parts.schema, apart=("unique",))
        self._sums, self._unasked = _Sums(), dict[str, Told]()

    def checked(self, scratch: Path) -> Iterator[Checked]:
        """scratch: an empty folder, for what does not fit into memory.

        Raises:
            DataError: the rows cannot be read.
        """
        import polars as pl

        contract = self._contract
        try:
            again = {}
            for number, rule in enumerate(contract.rules):
                if rule.kind == "unique" and rule.id in self._plan.marks:
                    again[self._plan.marks[rule.id]] = repeated(self._parts, contract, rule, scratch / f"{number}")
            for part in self._parts.read():
                plan = replace(self._plan, marks=dict(self._plan.marks))  # keys of this part have marks in it alone
                passed = marked(part.lazy(), plan)
                at, end = self._sums.rows, self._sums.rows + part.height
                passed = passed.hstack([pl.Series(mark, rows[at:end]) for mark, rows in again.items()])
                passed = with_keys(passed, contract, plan, self._beside)
                self._unasked = keys_not_at_hand(contract, plan, passed)
                checked = self._of_part(passed, plan)
                del part, passed  # what was checked takes as much, and is all that is needed from here on
                yield checked
                del checked
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as bad:
            reason = (str(bad).strip().splitlines() or ["unreadable"])[0]
            mend = "is the file whole, and has the disk room?"
            raise DataError(f"the rows cannot be checked: {reason}", where=self._where, mend=mend) from bad

    def _of_part(self, passed: pl.DataFrame, plan: Plan) -> Checked:
        """Columns are taken as they are, and not by a query, which would wait for those that read ahead."""
        import polars as pl

        before, contract = self._sums.rows, self._contract
        failing, kept = failing_rows(plan, passed), passed[self._parts.schema.names()]
        rules = [rule for rule in contract.rules if failing.get(rule.id) and not rule.batch_level and not rule.soft]
        found = lines(passed, [(rule, plan.marks[rule.id]) for rule in rules], self._keys, plan.given)
        self._count(kept, failing)
        if not rules:
            return Checked(kept, found, None)
        bad = any_of(passed, [plan.marks[rule.id] for rule in rules])
        good = kept.filter(~bad)
        self._sums.bad += kept.height - good.height
        aside = whole_rows(passed, bad, found, kept.columns, plan.given)
        shifted = pl.col("row") + before
        return Checked(good, found.with_columns(shifted), aside.with_columns(shifted) if aside is not None else None)

    def _count(self, kept: pl.DataFrame, failing: dict[str, int]) -> None:
        sums = self._sums
        sums.rows += kept.height
        sums.failing.update(failing)
        sums.filled |= {name for name in kept.columns if kept[name].null_count() < kept.height}
        for rule in self._contract.rules:
            if rule.kind == "freshness":
                both = [at for at in (newest(kept, rule), sums.newest.get(rule.id)) if at is not None]
                sums.newest[rule.id] = max(both, default=None)

    @property
    def judged(self) -> Judged:
        contract, schema, sums = self._contract, self._parts.schema, self._sums
        counts = Counts(
            rows=sums.rows,
            bad_rows=sums.bad,
            failing=dict(sums.failing),
            missing={name: nearest(name, schema) for name in contract.columns if name not in schema},
            uncast={name: str(schema[name]) for name in self._plan.uncast},
            newest=sums.newest,
            empty={name for name in contract.columns if name in schema and name not in sums.filled},
            told=self._unasked,
            standing=self._beside.standing if self._beside is not None else 0,
        )
        return judged(contract, counts, self._now)
