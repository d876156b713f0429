"""What test rows say of predicted quantiles: how often each holds, and how far apart they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from treadle.scoring.bootstrap import Blocks, Draws, Interval, of_costs, of_score, of_share
from treadle.scoring.metrics import Array, weighted
from treadle.scoring.quantiles import HOLDS, pinball

MOST_SHOWN = 150


class Level(Struct, frozen=True):
    """A quantile: `below` is the share of labels that do not exceed it, which is to be `level`; `loss` its pinball
    loss, in the label's unit."""

    level: float
    below: Interval
    loss: Interval


class Spread(Struct, frozen=True):
    """`coverage`: how often the label lay from the lowest quantile to the highest; `width`: how far apart they are.

    `rows`: some test rows in the order of the middle quantile: the label, then the quantiles.
    """

    levels: tuple[Level, ...]
    coverage: Interval
    width: Interval
    rows: tuple[tuple[float, ...], ...]

    @property
    def told(self) -> tuple[float, ...]:
        """The levels alone."""
        return tuple(each.level for each in self.levels)

    @property
    def aim(self) -> float:
        """What `coverage` is to be."""
        return self.levels[-1].level - self.levels[0].level if len(self.levels) > 1 else 0.0


def spread(p: Array, y: Array, levels: tuple[float, ...], draw: Draws, replicates: int) -> Spread:
    """`p`: predicted quantiles, [rows, levels]."""
    plain = np.asarray(p)
    below = (y[:, None] <= plain + HOLDS * np.abs(y)[:, None]).astype(np.float64)
    loss = pinball(y, plain, levels)

    def mean(each: Array, bounded: Callable[[float, Sequence[float], Blocks], Interval]) -> Interval:
        drawn = [float(w @ each / w.sum()) for w in map(draw, range(replicates))]
        return bounded(float(np.average(each, weights=draw.whole)), drawn, draw.block)

    def whole(metric: str) -> Interval:
        value: Callable[[Array], float] = weighted(metric, y, p)
        drawn = [value(draw(k)) for k in range(replicates)]
        return of_score(metric, y, p, 0.0, value(draw.whole), drawn, draw.block)

    some = np.linspace(0, len(y) - 1, min(MOST_SHOWN, len(y))).astype(np.int64)
    shown = np.column_stack([y, plain])[some]
    shown = shown[np.argsort(shown[:, 1 + plain.shape[1] // 2], kind="stable")]
    return Spread(
        tuple(Level(level, mean(below[:, k], of_share), mean(loss[:, k], of_costs)) for k, level in enumerate(levels)),
        whole("coverage"),
        whole("width"),
        tuple(tuple(map(float, row)) for row in shown),
    )
