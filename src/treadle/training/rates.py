"""Counts in proportion to an exposure: how rates are made counts of, and how counts are told per unit.

A rate is modelled, and the logarithm of the exposure is the offset. For every family that is to fit counts per unit,
each row weighed by its exposure: of the Poisson likelihood that is the same (a count y over an exposure e has the loss
e exp(m) - y m, which is e times that of y / e), and it is the mean of all rows that families begin from.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from treadle.scoring.bootstrap import Draws, Interval, interval
from treadle.scoring.encoder import Encoder
from treadle.scoring.steps import Offset
from treadle.training.families import Array, Blend, Estimator, Exposed, Member
from treadle.training.joining import join
from treadle.training.table import TrainingTable

_GROUPS = 5


class RateBin(Struct, frozen=True):
    """Test rows of similar predicted rate: what was predicted of them and what came, per unit of exposure."""

    predicted: float
    observed: float
    rows: int


class Rates(Struct, frozen=True):
    """Counts per unit of the column `per` on the test rows: what came, with its interval, what was predicted, and both
    for a fifth of the rows each, by their predicted rate."""

    per: str
    observed: Interval
    predicted: Interval
    groups: tuple[RateBin, ...]


def with_offset(encoder: Encoder, estimator: Estimator, table: TrainingTable) -> tuple[Encoder, Estimator]:
    """An estimator of rates as one of counts, where there is an exposure: its encoder also gives the logarithm of that,
    in the unit of `table`, which is added."""
    if table.per is None:
        return encoder, estimator
    offset = Encoder(table.names, (Offset(table.per, table.unit),))
    whole, columns = join({"rate": encoder, "offset": offset})
    inner = Blend((Member(1.0, columns["rate"], estimator),))
    return whole, Exposed(inner, int(columns["offset"][0]))


def rates_of(test: TrainingTable, p: Array, draw: Draws, replicates: int) -> Rates | None:
    """What came and what was predicted (`p`, counts), per unit; None where there is no exposure."""
    y, exposure, per = test.label, test.exposure, test.per
    if exposure is None or per is None:
        return None

    def drawn(counts: Array) -> Interval:
        whole = float(draw.whole @ counts / (draw.whole @ exposure))
        each = [float(w @ counts / (w @ exposure)) for w in map(draw, range(replicates))]
        return interval(whole, each, draw.block, within=(0.0, np.inf))

    groups = []
    for rows in np.array_split(np.argsort(p / exposure, kind="stable"), min(_GROUPS, len(y))):
        w = draw.whole[rows]
        units = float(w @ exposure[rows])
        groups.append(RateBin(float(w @ p[rows]) / units, float(w @ y[rows]) / units, len(rows)))
    return Rates(per, drawn(y), drawn(p), tuple(groups))
