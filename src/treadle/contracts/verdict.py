"""From counts to the verdict: which rules held, and in sentences why a batch may not be taken."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from treadle.contracts.report import Judged, RuleResult
from treadle.contracts.rules import Contract, Rule
from treadle.contracts.told import Told

_FEW_ROWS = 100
"""An increment of fewer is counted as one of so many, as far as there are so many with those that are kept: one bad
row of one is no broken delivery."""


@dataclass(frozen=True)
class Counts:
    """What the pass over a table found.

    failing: rows that fail a rule, or that it counts, by its id. missing: columns that are not there, with a hint.
    uncast: columns of a type that cannot be cast, with that type. newest: by freshness rule. empty: columns without
    any value. told: what was found of rules that are more than a count. standing: rows that these come to.
    """

    rows: int
    bad_rows: int
    failing: Mapping[str, int]
    missing: Mapping[str, str]
    uncast: Mapping[str, str]
    newest: Mapping[str, Any]
    empty: Set[str]
    told: Mapping[str, Told] = field(default_factory=dict)
    standing: int = 0

    @property
    def counted_as(self) -> int:
        """Of how many rows the bad ones are a share: few rows that come to many say little by their own share."""
        return max(self.rows, min(_FEW_ROWS, self.rows + self.standing))


def judged(contract: Contract, counts: Counts, now: datetime) -> Judged:
    """All that is to be said of the batch."""
    results, broken = verdict(contract, counts, now)
    return Judged(
        rows=counts.rows,
        results=results,
        bad_rows=counts.bad_rows,
        broken=broken,
        newest=dict(counts.newest),
        warnings=told_of(contract, counts, now),
        unasked=unasked_of(contract, counts),
        unfit=sorted({*counts.missing, *counts.uncast}),
    )


def verdict(contract: Contract, counts: Counts, now: datetime) -> tuple[tuple[RuleResult, ...], list[str]]:
    """How each rule came out, and the sentences of what breaks the batch."""
    broken = [
        f'the column "{name}" is missing{f" ({hint})" if hint else ""}: add it, or take it out of the contract'
        for name, hint in counts.missing.items()
    ]
    results = []
    for rule in contract.rules:
        result, why = _of_rule(rule, counts, now)
        results.append(result)
        broken += why if not (rule.batch_level and rule.soft) else []
    share = counts.bad_rows / counts.counted_as if counts.rows else 0.0
    if share > contract.max_bad_share:
        broken.append(_too_many(contract, counts, share))
    return tuple(results), broken


def told_of(contract: Contract, counts: Counts, now: datetime) -> list[str]:
    """A sentence for each rule of the level `warn` that does not hold of every row, or of the batch."""
    out = []
    for rule in contract.rules:
        count = counts.failing.get(rule.id, 0)
        if not rule.soft:
            continue
        if rule.batch_level:
            out += [f"{rule.id}: {why}, and the batch is kept" for why in _of_rule(rule, counts, now)[1]]
        elif count:
            out.append(
                f"{rule.id}: {rule.text}, and does not in {count:,} of {counts.rows:,} rows "
                f"({count / counts.rows:.2%}), which are kept"
            )
    return out


def unasked_of(contract: Contract, counts: Counts) -> list[str]:
    """A sentence for each rule that could not be asked."""
    return [
        f"{rule.id} was not asked: {counts.told[rule.id].found}"
        for rule in contract.rules
        if rule.id in counts.told and counts.told[rule.id].holds is None
    ]


def stale(contract: Contract, newest: Mapping[str, Any], now: datetime) -> list[str]:
    """Why a batch that was taken earlier may not be used `now`: its rules that look at the clock, asked again.

    newest: by rule, as `Report.newest` gave it.
    """
    out = []
    for rule in contract.rules:
        if rule.kind == "freshness" and not rule.soft:
            out += _freshness(rule, newest, now)[1]
    return out


def _of_rule(rule: Rule, counts: Counts, now: datetime) -> tuple[RuleResult, list[str]]:
    rows, failing = counts.rows, counts.failing.get(rule.id, 0)
    unseen = any(name in counts.missing or name in counts.uncast for name in rule.columns)
    why: list[str] = []
    if rule.kind == "freshness":
        failing, why = _freshness(rule, counts.newest, now) if not unseen else (0, [])
    elif rule.kind in ("sums", "moved"):
        told = counts.told.get(rule.id, Told(None))
        failing = int(told.figure)
        why = [f"{rule.text}: {told.found}"] if told.holds is False else []
    elif rule.kind == "row_count":
        failing = rows
        if rule.bound is not None and not rule.bound.holds(rows, rows):
            why = [f"{rule.text}, found {rows:,}: is the batch whole?"]
    elif rule.kind == "type" and rule.column is not None and rule.column in counts.uncast:
        failing = rows
        why = [f"{rule.text}, and the whole column is of type {counts.uncast[rule.column]}: cast it in the source"]
    elif rule.kind == "type" and failing and rule.column in counts.empty:
        why = [f"{rule.text}, and no value of it is ({failing:,} of {rows:,} rows): cast it in the source"]
    elif rule.bound is not None and not unseen and not rule.bound.holds(failing, rows):
        noun = "missing values" if rule.batch_level else "failing rows"
        limit = "" if rule.batch_level else f", in {rule.bound.text(noun)}"
        why = [f"{rule.text}{limit}, found {failing:,} of {rows:,} rows: see them in the source"]
    if rule.level == "stop" and not rule.batch_level and failing and not why:
        why = [f"{rule.text}, and does not in {failing:,} of {rows:,} rows, of which it may not fail one"]
    ok = not why and not unseen and (rule.batch_level or rule.soft or failing == 0 or rule.bound is not None)
    counted = rule.kind not in ("freshness", "row_count", "sums", "moved")
    share = failing / rows if rows and counted else 0.0
    return RuleResult(rule, failing, share, ok, rule.batch_level), why


def _freshness(rule: Rule, seen: Mapping[str, Any], now: datetime) -> tuple[int, list[str]]:
    newest, limit = seen.get(rule.id), rule.high or 0.0
    if newest is None:
        return 0, [f"{rule.text}, and there is none: is the batch whole?"]
    moment = now if now.tzinfo else now.replace(tzinfo=UTC)
    age = (moment - newest).total_seconds()
    if age <= limit:
        return max(0, int(age)), []
    return int(age), [f"{rule.text}, found {newest:%Y-%m-%d %H:%M:%S}, {_length(age)} old: has the source stopped?"]


def _length(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"


def _too_many(contract: Contract, counts: Counts, share: float) -> str:
    rules = [r for r in contract.rules if not r.batch_level and not r.soft and counts.failing.get(r.id)]
    rules.sort(key=lambda rule: -counts.failing[rule.id])
    few = "" if counts.counted_as == counts.rows else f", counted as one of {counts.counted_as} rows"
    most = ", ".join(f"{counts.failing[rule.id]:,} since {rule.text}" for rule in rules[:3])
    return (
        f"{counts.bad_rows:,} of {counts.rows:,} rows are bad ({share:.2%}{few}; at most "
        f"{contract.max_bad_share:.2%} may be): {most}"
    )
