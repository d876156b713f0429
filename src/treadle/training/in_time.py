"""What is fitted where there is no time to fit all rows as finely as folds were: fewer rows, then bigger steps too.

What the folds have judged was fitted on some thousands of rows. So many rows, with steps as fine, are what it is known
to do well with; all rows in steps seven times as large were a worse model (0.951 beside 0.9997 of AUC, on 400,000).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from treadle.training.families import Family
from treadle.training.model import Chosen
from treadle.training.thinning import Picked, how_spread

TOO_LONG = 1.5
"""A fit of all rows that would take so many times the seconds that are left for it is made of less."""


@dataclass(frozen=True, eq=False)
class InTime:
    """The members as they are fitted, the rows that they are fitted on, and what there is to say of both."""

    members: tuple[Chosen, ...]
    rows: Picked
    said: tuple[str, ...]


def in_time(
    members: tuple[Chosen, ...], families: Mapping[str, Family], rows: Picked, least: int, seconds: float
) -> InTime:
    """As there is time to fit them all in `seconds`.

    least: as many rows as the folds were fitted on; fewer are not taken.
    """
    needed = sum(member.seconds for member in members)
    if needed <= TOO_LONG * seconds:
        return InTime(members, rows, ())
    times = needed / max(seconds, 1.0)
    some = rows.at_most(max(int(len(rows) / times), least))
    fewer = len(rows) / len(some)
    said = () if fewer == 1 else (_of_fewer(some, len(rows)),)
    bigger = times / fewer
    if bigger <= TOO_LONG:
        return InTime(taking(members, fewer), some, said)
    hastened = (_hastened(member, families[member.family], bigger) for member in members)
    hasty = f"There was no time to fit as finely as the folds: steps are up to {bigger:.1f} times as large."
    return InTime(taking(tuple(hastened), times), some, (*said, hasty))


def _hastened(member: Chosen, family: Family, times: float) -> Chosen:
    if not member.params.get("rounds"):
        return member
    return msgspec.structs.replace(member, params=family.hastened(member.params, times))


def taking(members: tuple[Chosen, ...], times: float) -> tuple[Chosen, ...]:
    """The members, each to take so many times less."""
    return tuple(msgspec.structs.replace(member, seconds=member.seconds / times) for member in members)


def _of_fewer(some: Picked, every: int) -> str:
    told = f"the model is fitted on {len(some):,} of them, {how_spread([some])}"
    return f"There was no time to fit all {every:,} rows: {told}."
