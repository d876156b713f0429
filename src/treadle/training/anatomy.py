"""What can be read off a fitted model itself: the curves of an additive one, the path of a linear one."""

from __future__ import annotations

from msgspec import Struct

from treadle.training.curves import Shape, shapes
from treadle.training.dropping import Dropped, dropped
from treadle.training.families import Array, LinearFamily
from treadle.training.model import FittedModel
from treadle.training.table import TrainingTable
from treadle.training.thinning import thin

MOST_ROWS = 20_000
"""Training rows that say where the values lie, and how steep the loss is."""


class Anatomy(Struct, frozen=True):
    """Empty where the model is of a kind that cannot be read so."""

    shapes: tuple[Shape, ...] = ()
    """What each column adds, of an additive model."""
    path: tuple[Dropped, ...] = ()
    """The features of a linear model, those that a growing penalty silences first at the head."""


def anatomy(model: FittedModel, table: TrainingTable, training: Array) -> Anatomy:
    """Read `model`, beside some of the rows that it was fitted on: those of `table` at the positions `training`."""
    rows = table.rows(thin(training, MOST_ROWS))
    linear = [m for m in model.summary.members if m.family == LinearFamily.name]
    if not linear:
        return Anatomy(shapes(model, rows))
    strongest = max(linear, key=lambda member: member.weight)
    x = model.encoder.matrix(rows.frame)
    task, strength = model.summary.task, float(strongest.params["c"])
    path = dropped(model.estimator, model.encoder, x, task, strength, len(training), rows.taught[1])
    return Anatomy(path=path)
