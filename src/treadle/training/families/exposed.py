"""An estimator of counts per unit, asked for counts: the logarithm of the exposure is added to its margin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from treadle.training.families.family import Array, Estimator, Fixed, Graph, Kept


@dataclass(frozen=True, eq=False)
class Exposed(Fixed):
    """Margin = that of `estimator`, plus column `offset` of the input (McCullagh and Nelder 1989, section 6.2)."""

    estimator: Estimator
    offset: int
    name: ClassVar[str] = "exposed"

    def margin(self, x: Array) -> Array:
        told: Array = self.estimator.margin(x) + x[:, [self.offset]].astype(np.float64)
        return told

    def kept(self) -> Kept:
        return Kept(self.name, numbers={"offset": (float(self.offset),)}, parts=(self.estimator.kept(),))

    @classmethod
    def restore(cls, kept: Kept, part: Callable[[Kept], Estimator]) -> Exposed:
        return cls(part(kept.parts[0]), int(kept.numbers["offset"][0]))

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        told = self.estimator.graph(graph, columns, weight)
        offset = graph.columns(columns[[self.offset]])
        if weight != 1.0:
            offset = graph.add("Mul", [offset, graph.constant("weight", np.array([weight], dtype=np.float32))], "part")
        return graph.add("Add", [told, offset], "exposed")
