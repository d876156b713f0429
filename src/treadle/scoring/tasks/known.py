"""All kinds of prediction, by the name that the project file gives them."""

from __future__ import annotations

from treadle.scoring.tasks.binary import Binary
from treadle.scoring.tasks.counts import Counts
from treadle.scoring.tasks.multiclass import Multiclass
from treadle.scoring.tasks.quantiles import LabelQuantiles
from treadle.scoring.tasks.regression import Regression
from treadle.scoring.tasks.task import Task

TASKS: dict[str, type[Task]] = {task.kind: task for task in (Binary, Multiclass, Regression, Counts, LabelQuantiles)}


def task_of(kind: str, classes: tuple[str, ...] = (), levels: tuple[float, ...] = ()) -> Task:
    """The task of a kind, as the project file and bundles name it; `classes` where it has several, `levels` of
    quantiles."""
    if kind == LabelQuantiles.kind:
        return LabelQuantiles(levels)
    return Multiclass(classes) if kind == Multiclass.kind else TASKS[kind]()
