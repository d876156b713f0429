"""Kinds of prediction, one file each: what a label may be, what margins mean, what is measured and what is answered.

Add one by writing its file and its name in `spec.choices.KINDS`; `treadle.testing.TaskSuite` says what it must hold.
"""

from __future__ import annotations

from treadle.scoring.tasks.known import TASKS as TASKS
from treadle.scoring.tasks.known import task_of as task_of
from treadle.scoring.tasks.multiclass import Multiclass as Multiclass
from treadle.scoring.tasks.quantiles import LabelQuantiles as LabelQuantiles
from treadle.scoring.tasks.task import Array as Array
from treadle.scoring.tasks.task import Decided as Decided
from treadle.scoring.tasks.task import Score as Score
from treadle.scoring.tasks.task import Task as Task
from treadle.scoring.tasks.task import View as View
