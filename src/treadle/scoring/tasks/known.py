"""All kinds of prediction, by the name that the project file gives them."""

from __future__ import annotations

from treadle.scoring.decisions import Costs
from treadle.scoring.tasks.binary import Binary
from treadle.scoring.tasks.counts import Counts
from treadle.scoring.tasks.multiclass import Multiclass
from treadle.scoring.tasks.quantiles import LabelQuantiles
from treadle.scoring.tasks.regression import Regression
from treadle.scoring.tasks.task import Task

TASKS: dict[str, type[Task]] = {task.kind: task for task in (Binary, Multiclass, Regression, Counts, LabelQuantiles)}


def task_of(kind: str, classes: tuple[str, ...] = (), costs: Costs = (), levels: tuple[float, ...] = ()) -> Task:
    """The task of a kind, as the project file and bundles name it; `classes` where it has several, and what mistakes
    among them cost; `levels` of quantiles."""
    if kind == LabelQuantiles.kind:
        return LabelQuantiles(levels)
    return Multiclass(classes, costs) if kind == Multiclass.kind else TASKS[kind]()
