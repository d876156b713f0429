"""Several estimators as one: the weighted sum of their margins; and the one that knows no feature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from treadle.training.families.family import Array, Estimator, Fixed, Graph, Kept


@dataclass(frozen=True, eq=False)
class Member:
    """One estimator of a blend: its share, and which columns of the blend's input it reads."""

    weight: float
    columns: Array
    estimator: Estimator


@dataclass(frozen=True, eq=False)
class Blend(Fixed):
    """Margin = the sum of weight * margin over members (Caruana et al. 2004, "Ensemble selection")."""

    members: tuple[Member, ...]
    name: ClassVar[str] = "blend"

    def margin(self, x: Array) -> Array:
        total: Array = sum(m.weight * m.estimator.margin(x[:, m.columns]) for m in self.members)  # type: ignore[assignment]
        return total

    def kept(self) -> Kept:
        numbers = {f"columns{i}": tuple(map(float, m.columns)) for i, m in enumerate(self.members)}
        numbers["weights"] = tuple(m.weight for m in self.members)
        return Kept(self.name, numbers=numbers, parts=tuple(m.estimator.kept() for m in self.members))

    @classmethod
    def restore(cls, kept: Kept, part: Callable[[Kept], Estimator]) -> Blend:
        weights = kept.numbers["weights"]
        columns = [np.array(kept.numbers[f"columns{i}"], dtype=np.int64) for i in range(len(kept.parts))]
        return cls(tuple(Member(w, c, part(p)) for w, c, p in zip(weights, columns, kept.parts, strict=True)))

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        parts = [m.estimator.graph(graph, columns[m.columns], weight * m.weight) for m in self.members]
        return parts[0] if len(parts) == 1 else graph.add("Sum", parts, "blend")


@dataclass(frozen=True, eq=False)
class Constant(Fixed):
    """The same margins, [outputs], for every row: what is known without any feature."""

    values: Array
    name: ClassVar[str] = "constant"

    def margin(self, x: Array) -> Array:
        return np.repeat(np.asarray(self.values, dtype=np.float64)[None, :], len(x), axis=0)

    def kept(self) -> Kept:
        return Kept(self.name, numbers={"values": tuple(map(float, self.values))})

    @classmethod
    def restore(cls, kept: Kept) -> Constant:
        return cls(np.array(kept.numbers["values"]))

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        # NaN times nothing is NaN: the input is asked for its shape alone
        shape = graph.add("Shape", [graph.x], "shape", start=0, end=1)
        outputs = graph.constant("outputs", np.array([len(self.values)], dtype=np.int64))
        whole = graph.add("Concat", [shape, outputs], "shape", axis=0)
        return graph.add("Expand", [graph.constant("value", (self.values * weight).astype(np.float32)), whole], "same")
