"""Labels that lie far from zero, learned as distances from their middle.

The libraries hold labels, and ONNX margins, as float32: seven digits. Of seconds since 1970 whose spread is a day, five
of them tell the year. So what lies far off is fitted less its mean, which is added back in float64: by `margin` here,
and where it is served by the calibrator, for the graph leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from treadle.training.families import apart
from treadle.training.families.blend import Blend
from treadle.training.families.family import Array, Estimator, Family, Graph, Kept, Params, Sample

FAR = 10.0
"""Standard deviations between the mean of labels and zero from which on they are centred."""


@dataclass(frozen=True, eq=False)
class Centred:
    """Margin = that of `estimator`, plus `centre`; its graph gives the first alone."""

    estimator: Estimator
    centre: float
    name: ClassVar[str] = "centred"

    @property
    def rounds(self) -> int:
        return self.estimator.rounds

    @property
    def most_rounds(self) -> int:
        return self.estimator.most_rounds

    def cut(self, rounds: int) -> Centred:
        return Centred(self.estimator.cut(rounds), self.centre)

    def margin(self, x: Array) -> Array:
        told: Array = self.estimator.margin(x) + self.centre
        return told

    def kept(self) -> Kept:
        return Kept(self.name, numbers={"centre": (self.centre,)}, parts=(self.estimator.kept(),))

    @classmethod
    def restore(cls, kept: Kept, part: Callable[[Kept], Estimator]) -> Centred:
        return cls(part(kept.parts[0]), kept.numbers["centre"][0])

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        return self.estimator.graph(graph, columns, weight)


def learn(
    family: Family,
    rows: Sample,
    params: Params,
    valid: Sample | None = None,
    *,
    metric: str = "",
    seconds: float = float("inf"),
) -> Estimator:
    """`family.fit`, of labels near zero: those that lie far off are centred first. What may not fit into the memory is
    fitted in a process of its own.

    Raises:
        MemoryError: it does not fit.
    """
    fit = family.fit
    if apart.is_wanted(rows, valid) and apart.can_be_sent(family):
        fit = partial(apart.fitted, family)
    centre = centre_of(rows.y, rows.weight) if family.task.shifts else 0.0
    if not centre:
        return fit(rows, params, valid, metric=metric, seconds=seconds)
    near = [None if each is None else replace(each, y=each.y - centre) for each in (rows, valid)]
    assert near[0] is not None
    return Centred(fit(near[0], params, near[1], metric=metric, seconds=seconds), centre)


def centre_of(y: Array, weight: Array | None = None) -> float:
    """The mean of labels that lie far from zero for how much they differ; 0 of others."""
    middle = float(np.average(y, weights=weight))
    return middle if abs(middle) > FAR * float(np.std(y)) > 0 else 0.0


def left_out(estimator: Estimator) -> float:
    """What the graph of `estimator` leaves out of its margin."""
    if isinstance(estimator, Centred):
        return estimator.centre
    if isinstance(estimator, Blend):
        return sum(member.weight * left_out(member.estimator) for member in estimator.members)
    return 0.0
