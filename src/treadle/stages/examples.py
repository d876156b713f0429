"""The training table and its split, read once in a run and held to their hashes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from treadle.evidence import digest
from treadle.features import FeaturePlan
from treadle.scoring import task_of
from treadle.spec import Brief, Limits, Mistakes, People, Predict, ProjectSpec, Train
from treadle.store import Snapshot
from treadle.training import SealedRows, Split, TrainingTable

if TYPE_CHECKING:
    import polars as pl

    from treadle.stages.heard import Heard
    from treadle.stages.work import Bench


class Examples(Struct, frozen=True):
    """What all steps of learning read: the training table, what its columns are, and how it is split.

    `origin`: the source that the examples came from, row for row; its content names the rows.
    """

    table: Snapshot
    plan: FeaturePlan
    predict: Predict
    seed: int
    origin: Snapshot


@dataclass(frozen=True, eq=False)
class Loaded:
    """`kept`: which rows of the origin these are; `dropped`: how many have no label, or no time; `weightless`: how
    many others have a weight of zero. `said`: what experts say of the rows; of training rows it is in the table."""

    table: TrainingTable
    split: Split
    kept: pl.Series
    dropped: int
    weightless: int = 0
    said: Heard | None = None


def load(examples: Examples, bench: Bench) -> Loaded:
    """Read and split; at most once in a run."""
    return bench.recall("examples", digest([examples.table.fingerprint, examples]), lambda: _load(examples, bench))


def _load(examples: Examples, bench: Bench) -> Loaded:
    from treadle.stages.heard import heard, taught
    from treadle.training import check, in_units, split

    frame = bench.read(examples.table)
    known = with_label(frame)
    keep = teaching(examples.plan, frame)
    table = training_table(examples.plan, frame.filter(keep))
    task = task_of(examples.predict.kind, table.classes, levels=examples.predict.quantiles)
    check(table, task)
    made = split(table, examples.predict, seed=examples.seed)
    said = heard(frame.filter(keep), table.classes)
    if said is not None:
        table, made = taught(table, made, said, stratifies=task.stratifies)
    left = int(known.sum())
    return Loaded(in_units(table, made.train), made, keep, frame.height - left, left - int(keep.sum()), said)


def teaching(plan: FeaturePlan, frame: pl.DataFrame) -> pl.Series:
    """Which rows can teach: those with a label and a time `at`, and a weight above zero, where the plan has one.

    Raises:
        DataError: weights that are missing, below zero, infinite, or all zero; exposures that are not above zero.
    """
    import polars as pl

    from treadle.training import check_exposure, weighing

    keep = with_label(frame)
    if plan.exposure is not None:
        check_exposure(_numbers(frame.filter(keep), plan.exposure), plan.exposure)
    if plan.weight is None:
        return keep
    weight = _numbers(frame.filter(keep), plan.weight)
    counts = keep.to_numpy().copy()
    counts[counts] = weighing(weight, plan.weight)
    return pl.Series(counts)


def with_label(frame: pl.DataFrame) -> pl.Series:
    """Which rows have a label, and a time `at` where the plan has one."""
    from treadle.features import AT, LABEL

    keep = frame.get_column(LABEL).is_not_null()
    return keep & frame.get_column(AT).is_not_null() if AT in frame.columns else keep


def training_table(plan: FeaturePlan, frame: pl.DataFrame) -> TrainingTable:
    """Rows that can teach, as what training reads."""

    from treadle.features import AT, KNOWN, LABEL

    at, known = (_times(frame, name) for name in (AT, KNOWN))
    label, classes = labels(frame.get_column(LABEL))
    return TrainingTable(
        frame=frame.select([f.name for f in plan.features]),
        label=label,
        at=at,
        known=known,
        ids=ids_of(plan, frame),
        features=plan.features,
        group=frame.get_column(plan.group).to_list() if plan.group else None,
        classes=classes,
        weight=_numbers(frame, plan.weight) if plan.weight else None,
        exposure=_numbers(frame, plan.exposure) if plan.exposure else None,
    )


def ids_of(plan: FeaturePlan, frame: pl.DataFrame) -> list[str]:
    """The rows by their keys; by their places, where the source has no key."""
    if not plan.key:
        return list(map(str, range(frame.height)))
    return [",".join(map(str, key)) for key in frame.select(plan.key).iter_rows()]


def _numbers(frame: pl.DataFrame, column: str) -> Any:
    """A column as float64, NaN where it is missing."""
    import polars as pl

    return frame.get_column(column).cast(pl.Float64).to_numpy()


def labels(column: pl.Series) -> tuple[Any, tuple[str, ...]]:
    """Labels as numbers; of names, the number of each in the list of all, which is the second: by size where all are
    whole numbers, else by the alphabet."""
    import polars as pl

    if column.dtype != pl.String:
        return column.to_numpy(), ()
    names = column.unique().to_list()
    whole = all(re.fullmatch(r"-?\d{1,18}", name) for name in names)
    names.sort(key=(lambda name: (int(name), name)) if whole else None)
    return column.replace_strict(names, range(len(names)), return_dtype=pl.Float64).to_numpy(), tuple(names)


def sealed(examples: Examples, loaded: Loaded, bench: Bench, project: str) -> SealedRows:
    """Which rows are the test rows, by their keys in `project` and by what stands in the source."""
    from treadle.training import sealed_ids

    raw = bench.read(examples.origin).filter(loaded.kept)
    return sealed_ids(raw, loaded.split, examples.plan.key, f"{project}\n{examples.plan.each}")


def _times(frame: pl.DataFrame, name: str) -> Any:
    import polars as pl

    if name not in frame.columns:
        return None
    return frame.get_column(name).cast(pl.Datetime("us")).to_numpy()


def only(
    *,
    predict: Predict,
    train: Train | None = None,
    project: str = "-",
    decision: str = "",
    good_enough: dict[str, float] | None = None,
    mistakes: Mistakes | None = None,
    limits: Limits | None = None,
    people: People | None = None,
) -> ProjectSpec:
    """A project of nothing but what a step's input holds: what is not in its key cannot be read from it."""
    return ProjectSpec(
        project=project,
        brief=Brief(
            decision=decision,
            good_enough=good_enough or {},
            mistakes=mistakes or Mistakes(),
            limits=limits or Limits(),
            people=people or People(owner="-"),
        ),
        sources={},
        predict=predict,
        train=train or Train(),
    )
