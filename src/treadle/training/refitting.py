"""Fit what was judged once more, on all rows with a label, the sealed ones too: the model that is released.

No row is left to judge it by. Its figures are those of its twin: the same members, settings, rounds, calibration and
threshold, fitted on the training rows alone. Rounds are not made more for the rows being more, so that a member is as
large as the one that was judged; where there was no time for as many steps, the twin's are what is fitted. How far the
two are from each other is told on the sealed rows, without their labels.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import msgspec
import numpy as np
from msgspec import Struct

from treadle.figures import figure
from treadle.scoring.decisions import chosen
from treadle.spec import ProjectSpec
from treadle.training.cores import MOST_THREADS
from treadle.training.families import Array, Family
from treadle.training.fitting import fit_members, said_of
from treadle.training.in_memory import in_memory
from treadle.training.in_time import InTime, in_time
from treadle.training.model import Chosen, FitSummary, FittedModel, SearchResult
from treadle.training.search_state import Progress
from treadle.training.splits import Split
from treadle.training.suited import make_families
from treadle.training.table import TrainingTable
from treadle.training.thinning import Picked
from treadle.training.weights import in_units

HASTY = "There was no time to fit as finely as the folds: it has the larger steps of its judged twin."


class Refitted(Struct, frozen=True):
    """How a model that was fitted on all rows stands to its twin, which was judged.

    `rows` and `twin_rows`: what each was fitted on; `labelled`: all rows that could have been, 0 where `rows` are all;
    `sealed`: rows that both were asked. `largest` and `mean`: of the
    differences of what they say of a row (of several classes, the class of the largest difference); `turned`: of how
    many of the rows the decision is another one, None where nothing is decided.
    """

    rows: int
    twin_rows: int
    sealed: int
    largest: float
    mean: float
    turned: int | None
    labelled: int = 0

    def said(self) -> str:
        """In a sentence, for a report."""
        rows = f"all {self.rows:,}" if not self.labelled else f"{self.rows:,} of all {self.labelled:,}"
        apart = f"On the {self.sealed:,} sealed rows what they say differs by at most {figure(self.largest).value}"
        apart += f" ({figure(self.mean).value} on average)"
        if self.turned is not None:
            apart += f", and {self.turned:,} decisions are other ones"
        return (
            f"The model for release was fitted again on {rows} rows with a label, the sealed ones too, by "
            "the same recipe. No row is left to judge it by: every figure here is of its twin, fitted on "
            f"{self.twin_rows:,} training rows. {apart}."
        )


def refit(
    table: TrainingTable,
    parts: Split,
    found: SearchResult,
    twin: FittedModel,
    spec: ProjectSpec,
    *,
    progress: Progress | None = None,
    threads: int = MOST_THREADS,
    seconds: float = math.inf,
) -> tuple[FittedModel, Refitted]:
    """The recipe of `twin`, fitted on all rows of `table` but those that `parts` leaves out, and how far it is from it.

    `seconds`: each member gets its part of them, but never less than its twin was given. Where they, or the memory, do
    not do for all rows, it is fitted on fewer, as its twin would be, and its notes say so.
    """
    say = progress or (lambda done, text: None)
    # the families as the twin's were made: more rows must not close one that was chosen
    by_name = {family.name: family for family in make_families(table, parts, spec, threads)}
    whole = table if parts.left_out is None else table.rows(parts.teaching(len(table)))
    whole = in_units(whole.grouped(parts.by), np.arange(len(whole)))
    members = twin.summary.members
    taken = _taken(twin.summary, by_name, whole, seconds)
    say(0.0, f"fitting again on {len(taken.rows):,} rows with a label")
    made = partial(
        fit_members,
        members=taken.members,
        families=by_name,
        seed=spec.train.seed,
        seconds=seconds / len(members),
    )
    taken, rows, (encoder, estimator) = in_memory(whole, taken, made)
    hasty = any(m.params != agreed.params for m, agreed in zip(members, found.members, strict=True))
    summary = msgspec.structs.replace(
        twin.summary,
        train_rows=len(rows),
        params=by_name[members[0].family].used(members[0].params, len(rows)),
        notes=(*said_of(members), *((HASTY,) if hasty else ()), *taken.said),
    )
    model = replace(twin, encoder=encoder, estimator=estimator, summary=summary, reference=None)
    say(0.9, "comparing it with its twin on the sealed rows")
    return model, _apart(model, twin, table, parts)


def _taken(twin: FitSummary, families: dict[str, Family], whole: TrainingTable, seconds: float) -> InTime:
    """The members of the twin, each to take as much longer as there are more rows, and the rows that there is time for:
    no fewer than its, and then no step has to be larger."""
    longer = len(whole) / twin.train_rows
    members = tuple(_longer(member, longer) for member in twin.members)
    most = max(seconds, sum(member.seconds for member in twin.members))
    rows = Picked.of(twin.task, whole.label, np.arange(len(whole)))
    return in_time(members, families, rows, min(twin.train_rows, len(whole)), most)


def _longer(member: Chosen, times: float) -> Chosen:
    return msgspec.structs.replace(member, seconds=member.seconds * times)


def _apart(model: FittedModel, twin: FittedModel, table: TrainingTable, parts: Split) -> Refitted:
    """Features of the sealed rows are read, their labels are not."""
    rows, labelled = model.summary.train_rows, len(parts.teaching(len(table)))
    frame = table.frame[parts.test]
    ours, theirs = model.predict(frame), twin.predict(frame)
    gap = np.abs(ours - theirs)
    gap = gap.max(axis=1) if gap.ndim > 1 else gap
    return Refitted(
        rows=rows,
        labelled=labelled if rows < labelled else 0,
        twin_rows=twin.summary.train_rows,
        sealed=len(frame),
        largest=float(gap.max(initial=0.0)),
        mean=float(gap.mean()) if len(gap) else 0.0,
        turned=_turned(model.summary, ours, theirs),
    )


def _turned(summary: FitSummary, ours: Array, theirs: Array) -> int | None:
    """Of how many rows another thing is decided; None where nothing is."""
    if summary.task.decides:
        return int(((ours >= summary.threshold) != (theirs >= summary.threshold)).sum())
    if summary.classes:
        return int((chosen(ours, summary.costs) != chosen(theirs, summary.costs)).sum())
    return None
