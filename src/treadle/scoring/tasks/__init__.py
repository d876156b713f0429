"""Kinds of prediction, one file each: what a label may be, what margins mean, what is measured and what is answered.

Add one by writing its file and its name in `spec.choices.KINDS`; `treadle.testing.TaskSuite` says what it must hold.
"""

from __future__ import annotations

from treadle.scoring.tasks.binary import Binary
from treadle.scoring.tasks.counts import Counts
from treadle.scoring.tasks.multiclass import Multiclass
from treadle.scoring.tasks.regression import Regression
from treadle.scoring.tasks.task import Decided as Decided
from treadle.scoring.tasks.task import Score as Score
from treadle.scoring.tasks.task import Task as Task

TASKS: dict[str, type[Task]] = {task.kind: task for task in (Binary, Multiclass, Regression, Counts)}


def task_of(kind: str, classes: tuple[str, ...] = ()) -> Task:
    """The task of a kind, as the project file and bundles name it; `classes` where it has several."""
    return Multiclass(classes) if kind == Multiclass.kind else TASKS[kind]()
