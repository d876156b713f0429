"""Which families are tried on a table, and why each; told before any is fitted, from what the training rows are like.

What is proposed is what the search will try (`make_families`): this says it, and decides nothing of its own.
"""

from __future__ import annotations

from msgspec import Struct

from treadle.scoring.tasks import Task, task_of
from treadle.spec import ProjectSpec
from treadle.training.cores import MOST_THREADS
from treadle.training.families import Family, known
from treadle.training.splits import Split
from treadle.training.suited import make_families
from treadle.training.table import TrainingTable

VERY_WIDE = 2_000
"""Columns from which on each trial is worth a warning."""
FEW_ROWS, MANY_COLUMNS, RARE, UNKNOWN = 2_000, 0.1, 0.1, 0.01
"""Under so many rows few are enough for the plain; from so many columns a row they are many; a class rarer than this is
rare; and cells that are missing more often than this are worth a word."""


class Profile(Struct, frozen=True):
    """What the training rows of a table are like.

    `rows`: training rows, `tests`: sealed; `numbers`, `texts`, `truths`, `times`: columns of each type; `missing`: the
    share of cells without a value; `levels`: the most different values of a text column; `rarest`: the share of the
    rarest class, None where labels are numbers; `split`: how rows were dealt out; `days`: what the training rows span.
    """

    rows: int
    tests: int
    columns: int
    numbers: int
    texts: int
    truths: int
    times: int
    missing: float
    levels: int
    classes: int
    rarest: float | None
    split: str
    days: float | None

    @property
    def said(self) -> str:
        """In one sentence."""
        kinds = (
            (self.numbers, "of numbers"),
            (self.texts, "of text"),
            (self.truths, "true or false"),
            (self.times, "of times"),
        )
        of = ", ".join(f"{count:,} {word}" for count, word in kinds if count)
        parts = [
            f"{self.rows:,} rows to learn from and {self.tests:,} sealed for the test",
            f"{self.columns:,} column{'' if self.columns == 1 else 's'} ({of})",
        ]
        parts += [f"{self.missing:.1%} of cells missing"] if self.missing else []
        parts += [f"text of up to {self.levels:,} values"] if self.texts else []
        if self.rarest is not None:
            parts.append(
                f"the rarer class has {self.rarest:.1%}"
                if self.classes == 2
                else f"{self.classes} classes, the rarest {self.rarest:.1%}"
            )
        parts += [f"in order of time over {self.days:,.0f} days"] if self.days is not None else []
        parts += ["so wide that a trial takes long, and few fit into the time"] if self.columns > VERY_WIDE else []
        return "; ".join(parts)


class Proposed(Struct, frozen=True):
    """A family of models: whether the search tries it, and why or why not."""

    family: str
    tried: bool
    why: str


def profile(table: TrainingTable, parts: Split, task: Task) -> Profile:
    """Of the training rows alone; of the test rows only their number."""
    import numpy as np

    train = table.rows(parts.train)
    frame, kinds = train.frame.select(table.names), [feature.type for feature in table.features]
    cells = max(frame.height * frame.width, 1)
    texts = [feature.name for feature in table.features if feature.type == "str"]
    rarest, classes = None, 0
    if task.stratifies:
        counts = np.bincount(train.label.astype(np.int64), minlength=max(2, task.outputs))
        rarest, classes = float(counts[counts > 0].min() / counts.sum()), int((counts > 0).sum())
    days = None
    if train.at is not None and parts.by == "time":
        days = float((train.at.max() - train.at.min()) / np.timedelta64(1, "D"))
    return Profile(
        rows=len(train),
        tests=len(parts.test),
        columns=frame.width,
        numbers=sum(kind in ("int", "float") for kind in kinds),
        texts=len(texts),
        truths=kinds.count("bool"),
        times=sum(kind in ("timestamp", "date") for kind in kinds),
        missing=sum(frame.null_count().row(0)) / cells,
        levels=max((frame.get_column(name).n_unique() for name in texts), default=0),
        classes=classes,
        rarest=rarest,
        split=parts.by,
        days=days,
    )


def propose(
    table: TrainingTable, parts: Split, spec: ProjectSpec, *, threads: int = MOST_THREADS
) -> tuple[Profile, tuple[Proposed, ...]]:
    """The profile, and every family that is known here: first those that are tried, each with its reasons.

    Raises:
        SpecError, MissingExtra: `train.families` names one that there is not.
    """
    task = task_of(spec.predict.kind, table.classes, levels=spec.predict.quantiles)
    seen = profile(table, parts, task)
    chosen = make_families(table, parts, spec, threads)
    tried = [Proposed(family.name, True, "; ".join([family.why, *_fits(family, seen)])) for family in chosen]
    names = {family.name for family in chosen}
    others = [Proposed(name, False, _why_not(kind, task, seen)) for name, kind in known().items() if name not in names]
    return seen, (*tried, *others)


def _fits(family: Family, seen: Profile) -> list[str]:
    """What in this table speaks for the family, by what it is."""
    said = []
    if family.encoding == "linear":
        if seen.rows < FEW_ROWS:
            said.append(f"here are {seen.rows:,} rows")
        if seen.columns > MANY_COLUMNS * seen.rows:
            said.append(f"here are {seen.columns:,} columns for {seen.rows:,} rows")
    else:
        if seen.missing >= UNKNOWN:
            said.append(f"here {seen.missing:.0%} of cells are missing")
        if family.native and seen.texts:
            said.append(f"takes the {seen.texts:,} text column{'s' if seen.texts > 1 else ''} as categories too")
    if family.weight_option and seen.rarest is not None and seen.rarest < RARE:
        said.append(f"also with classes evened out, since the rarer has {seen.rarest:.1%}")
    return said


def _why_not(family: type[Family], task: Task, seen: Profile) -> str:
    if not family.installed():
        return f'not installed: pip install "treadle[{family.extra}]"'
    if not family.releasable:
        return "keeps training rows, so it is never released"
    if task.levels and not family.quantiles:
        return "cannot learn quantiles"
    if not family(task).takes(seen.rows, seen.columns):
        return "of no use for such a label or so many columns"
    return "only where it is named, in train.families or by --family"
