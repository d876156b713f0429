"""Several estimators of one output each, beside each other: what a family that learns one quantile makes of several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from treadle.training.families.family import Array, Estimator, Graph, Kept


@dataclass(frozen=True, eq=False)
class Beside:
    """Margins are those of the parts, column by column. It grows as far as they do together."""

    parts: tuple[Estimator, ...]
    name: ClassVar[str] = "beside"

    @classmethod
    def of(cls, parts: list[Estimator]) -> Beside:
        """The parts, all grown to the middle of what they wanted: the folds agree on one number for all."""
        wanted = [part.rounds for part in parts if part.rounds]
        if not wanted:
            return cls(tuple(parts))
        rounds = max(1, min(int(np.median(wanted)), *(part.most_rounds for part in parts)))
        return cls(tuple(part.cut(rounds) for part in parts))

    @property
    def rounds(self) -> int:
        return self.parts[0].rounds

    @property
    def most_rounds(self) -> int:
        return min(part.most_rounds for part in self.parts)

    def cut(self, rounds: int) -> Beside:
        return Beside(tuple(part.cut(rounds) for part in self.parts))

    def margin(self, x: Array) -> Array:
        return np.column_stack([part.margin(x) for part in self.parts])

    def kept(self) -> Kept:
        return Kept(self.name, rounds=self.rounds, parts=tuple(part.kept() for part in self.parts))

    @classmethod
    def restore(cls, kept: Kept, part: Callable[[Kept], Estimator]) -> Beside:
        return cls(tuple(map(part, kept.parts)))

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        each = [part.graph(graph, columns, weight) for part in self.parts]
        return each[0] if len(each) == 1 else graph.add("Concat", each, "beside", axis=1)
