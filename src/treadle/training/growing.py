"""How long what was chosen grows on all rows, where it was compared on a small part of them.

Of six times as many rows a booster may want twice as many rounds, or, in time order, fewer: no rule of thumb held on
public sets. So it is measured: on all rows of the latest fold, whose held rows stop the growth.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from treadle.training.families import Family
from treadle.training.folds import Folds
from treadle.training.model import Chosen

FITS = 2.0
"""Fits on all rows that this may take: the one that is stopped, and what the final one takes longer for it."""


def with_rounds_of_all(
    folds: Folds, member: Chosen, family: Family, seconds: float, clock: Callable[[], float]
) -> tuple[Chosen, float]:
    """`member` with the rounds that all rows want, and the seconds that this took and will take.

    As it is, where it does not grow, where folds have most of the rows, or where `seconds` or memory do not reach.
    """
    agreed = member.params.get("rounds", 0)
    if not agreed or not folds.much_thinned or seconds < FITS * member.seconds:
        return member, 0.0
    began, allowed = clock(), seconds - member.seconds
    try:
        found = folds.grown_on_all(family, member.params, allowed)
    except MemoryError:  # what the folds agreed on stands
        return member, clock() - began
    took = clock() - began
    # cut short, it tells only that so many rounds are not too many
    rounds = found if took < allowed else max(found, agreed)
    longer = member.seconds * (rounds / agreed)
    grown = msgspec.structs.replace(member, params={**member.params, "rounds": rounds}, seconds=longer)
    return grown, took + longer - member.seconds
