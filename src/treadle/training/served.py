"""Hold a fitted model against the version that is served, on test rows that neither has learned from.

Whoever calls it counts the call: it opens the sealed test rows, as `evaluate` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from treadle.errors import ModelError
from treadle.scoring.bootstrap import REPLICATES, draws
from treadle.scoring.decisions import Rule
from treadle.scoring.metrics import Array
from treadle.scoring.over_served import LEAST_ROWS, OverServed
from treadle.scoring.paired import Answers, Paired, paired
from treadle.training import weights
from treadle.training.model import FittedModel
from treadle.training.splits import Split
from treadle.training.table import TrainingTable


@dataclass(frozen=True, eq=False)
class Served:
    """The served version, as far as it is asked here.

    `predict`: from positions in the table to what a server would answer, [rows] or [rows, classes]; `rule`: how it
    decides on that; `unlearned`: of each test row, whether it has surely not learned from it, bool [test rows].
    """

    model: str
    bundle: str
    predict: Callable[[Array], Array]
    rule: Rule
    unlearned: Array


def hold_against(
    served: Served,
    model: FittedModel,
    table: TrainingTable,
    parts: Split,
    *,
    seed: int,
    replicates: int = REPLICATES,
) -> OverServed:
    """The gain of `model` over the served version, with its 95 % interval by the draws of `evaluate`.

    Where all test rows can be compared these are the same draws; of a part of them, draws of that part.
    """
    metric, task = model.summary.metric, model.summary.task
    test = weights.in_units(table, parts.train).rows(parts.test)
    kept = np.flatnonzero(served.unlearned)
    rows = test.rows(kept)
    left_out = len(test) - len(rows)

    def judged(why: str, found: Paired | None = None) -> OverServed:
        return OverServed(
            model=served.model,
            bundle=served.bundle,
            metric=metric,
            rows=len(rows),
            left_out=left_out,
            found=found,
            untold=why,
        )

    if len(rows) < LEAST_ROWS:
        return judged(
            f"{len(rows):,} of {len(test):,} sealed rows are such that it has surely not learned from them, and "
            f"{LEAST_ROWS} are needed"
        )
    if task.stratifies and rows.label.min() == rows.label.max():
        return judged(f"the {len(rows):,} sealed rows that it has not learned from are of one class")
    try:
        theirs = served.predict(parts.test[kept])
    except ModelError as bad:
        return judged(bad.what)
    whole = left_out == 0
    dealt = len(parts.train) + len(parts.test) if whole and task.decides and parts.by == "stratified" else None
    group = rows.group if parts.by == "group" else None
    draw = draws(rows.label, rows.at, group=group, dealt_from=dealt, seed=seed, weight=rows.weight)
    ours = Answers(model.predict(rows.frame), model.summary.rule)
    found = paired(metric, rows.label, ours, Answers(theirs, served.rule), draw, replicates)
    if not np.isfinite(found.gain.value):
        return judged(f"{metric} is not defined on these rows")
    return judged(found.gain.why, found)
