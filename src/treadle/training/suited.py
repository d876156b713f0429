"""Which families suit a table, and what they are judged by."""

from __future__ import annotations

from treadle.scoring.tasks import Task, task_of
from treadle.spec import ProjectSpec
from treadle.training.families import Array, Family, families
from treadle.training.splits import Split
from treadle.training.table import TrainingTable


def weight_option(spec: ProjectSpec, share: float) -> bool:
    """Whether evening out the classes is worth trying: asked for, or positives are rare."""
    mode = spec.train.imbalance
    return mode == "weights" or (mode == "auto" and min(share, 1 - share) < 0.1)


def make_families(table: TrainingTable, split: Split, spec: ProjectSpec, threads: int) -> list[Family]:
    task = task_of(spec.predict.kind, table.classes, levels=spec.predict.quantiles)
    weight = None if table.weight is None else table.weight[split.train]
    rare = task.decides and weight_option(spec, task.share(table.label[split.train], weight))
    found = families(spec.train.families, task, threads=threads, seed=spec.train.seed, weight_option=rare)
    fit = [f for f in found if f.takes(len(split.train), len(table.features))] or found
    return [f for f in fit if f.releasable] or fit


def metric_of(spec: ProjectSpec, task: Task, label: Array) -> str:
    mistakes = spec.brief.mistakes
    return task.metric(spec.predict.metric, label, mistakes.missed, mistakes.false_alarm)
