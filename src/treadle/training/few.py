"""What is fitted where nothing can be compared: rows too few to hold any back, or a label that is always the same."""

from __future__ import annotations

import numpy as np

from treadle.scoring.encoder import Encoder
from treadle.scoring.tasks import task_of
from treadle.scoring.tasks.binary import LEAST_OF_A_CLASS
from treadle.scoring.tasks.multiclass import MOST_CLASSES
from treadle.spec import ProjectSpec
from treadle.training.cores import MOST_THREADS
from treadle.training.families import Constant, families, learn
from treadle.training.model import Fitted
from treadle.training.prepare import fit_encoder, sample_of
from treadle.training.table import LEAST_ROWS, TrainingTable


def too_few(table: TrainingTable, spec: ProjectSpec) -> bool:
    """Whether `check` would refuse the rows for how few they are, all together or of a class, or for a label that does
    not vary; what else it refuses is no matter of how many there are."""
    task = task_of(spec.predict.kind, table.classes, levels=spec.predict.quantiles)
    label = np.asarray(table.label, dtype=np.float64)
    if len(label) < LEAST_ROWS or not task.stratifies:
        return len(label) < LEAST_ROWS or bool(np.isclose(label.min(), label.max(), rtol=1e-12, atol=0))
    counts = np.sort(np.unique(label, return_counts=True)[1])
    return len(counts) < 2 or (len(counts) <= MOST_CLASSES and int(counts[-2]) < LEAST_OF_A_CLASS)


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
