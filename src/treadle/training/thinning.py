"""Some of many rows: evenly spread over all, and of a rare class as many as there are, up to a floor.

Of a million rows of which thirty are fraud, every 25th has one of these, or none, and then nothing can be fitted or
measured. So of a class that even spreading would leave fewer of than a floor, more rows are kept, and each counts by
how many it stands for (sampling by class with weights of inverse probability: Horvitz and Thompson 1952), so that
rates stay what they are. Where no class is that rare, rows are spread evenly and all count alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from treadle.scoring.tasks import Task
from treadle.training.families.family import Array, product
from treadle.training.table import TrainingTable

LEAST_OF_A_CLASS = 1_000
"""Rows of a class that are kept, where there are so many."""
PART = 4
"""All rare classes together get one of so many parts of the rows at the most."""


@dataclass(frozen=True, eq=False)
class Picked:
    """Rows, by their positions in a table, in an order that stays.

    `strata`: int64, the class of each where none may get lost, else None. `counts`: how much each counts beside the
    others, one in the mean; None where all count alike.
    """

    rows: Array
    strata: Array | None = None
    counts: Array | None = None

    @classmethod
    def of(cls, task: Task, label: Array, rows: Array) -> Picked:
        """`label`: of the whole table."""
        return cls(rows, task.strata(label[rows]))

    def __len__(self) -> int:
        return len(self.rows)

    def at_most(self, most: int) -> Picked:
        """About `most` of them, and no more; itself where there are no more."""
        if len(self) <= most:
            return self
        places, counts = _spread(len(self), most, self.strata)
        return Picked(
            self.rows[places],
            None if self.strata is None else self.strata[places],
            product(None if self.counts is None else self.counts[places], counts),
        )

    def taken_from(self, table: TrainingTable) -> TrainingTable:
        return table.rows(self.rows).counted(self.counts)


def thin(rows: Array, most: int) -> Array:
    """Every so many-th of `rows`, in their order."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def how_spread(picked: Iterable[Picked]) -> str:
    """How they were picked, for a note."""
    rare = any(each.counts is not None for each in picked)
    return "evenly spread" + (", with more of a rare class, each of which counts for less" if rare else "")


def _spread(rows: int, most: int, strata: Array | None) -> tuple[Array, Array | None]:
    """Places among so many `rows`, and how much each counts."""
    even = thin(np.arange(rows), most)
    if strata is None:
        return even, None
    there = np.bincount(strata)
    floor = np.minimum(there, min(LEAST_OF_A_CLASS, most // (PART * int(np.count_nonzero(there)))))
    rare = np.bincount(strata[even], minlength=len(there)) < floor
    if not rare.any():
        return even, None
    few = [thin(np.flatnonzero(strata == each), int(floor[each])) for each in np.flatnonzero(rare)]
    others = np.flatnonzero(~rare[strata])
    rest = thin(others, most - sum(map(len, few)))
    places = np.sort(np.concatenate([*few, rest]))
    each_for = np.where(rare, there / np.maximum(floor, 1), len(others) / len(rest))[strata[places]]
    return places, each_for * (len(places) / rows)
