"""What is fitted where nothing can be compared: rows too few to hold any back, or a label that is always the same."""

from __future__ import annotations

import numpy as np

from treadle.scoring.encoder import Encoder
from treadle.scoring.tasks import task_of
from treadle.spec import ProjectSpec
from treadle.training.cores import MOST_THREADS
from treadle.training.families import Constant, families, learn
from treadle.training.model import Fitted
from treadle.training.prepare import fit_encoder, sample_of
from treadle.training.table import LEAST_ROWS, TrainingTable


def too_few(table: TrainingTable, spec: ProjectSpec) -> bool:
    """Whether `check` would refuse the rows for how few they are, or for a label that does not vary."""
    task = task_of(spec.predict.kind, table.classes, levels=spec.predict.quantiles)
    return len(table) < LEAST_ROWS or bool(task.problems(np.asarray(table.label, dtype=np.float64)))


def fit_few(table: TrainingTable, spec: ProjectSpec, *, threads: int = MOST_THREADS) -> Fitted:
    """The simplest family of `train.families`, with its defaults, on all rows; the mean, of a label that is the same.

    Nothing is chosen, calibrated or compared, so nothing is known of how good it is.
    """
    task = task_of(spec.predict.kind, table.classes, levels=spec.predict.quantiles)
    if table.label.min() == table.label.max():
        return Fitted(Encoder(table.names, ()), Constant(task.constant(table.label)), task.plain())
    known = families(spec.train.families, task, threads=threads, seed=spec.train.seed)
    family = next((each for each in known if each.encoding == "linear"), known[0])
    encoder, x = fit_encoder(table, linear=family.encoding == "linear", seed=spec.train.seed)
    return Fitted(encoder, learn(family, sample_of(table, encoder, x), family.defaults()), task.plain())
