"""One of several classes, with the probability of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from treadle.scoring.calibrator import Calibrator
from treadle.scoring.decisions import Costs, cheapest, chosen
from treadle.scoring.tasks.task import Array, Decided, Score, Task, View
from treadle.spec.choices import MULTICLASS

MOST_TARGETS = 10
"""A level of text is told by the shares of so many classes, the commonest; the rest follow from other features."""
MOST_QUESTIONS = 5
MOST_CLASSES = 1000
LEAST_OF_A_CLASS = 10
"""Rows; what is said of a class of fewer is a guess."""
MOST_NAMED = 5
MOST_TOLD = 20
"""Classes that a sentence names."""


class Multiclass(Task):
    """Labels are numbers of `classes`; margins are log-odds up to a constant of the row, the softmax makes
    probabilities of them."""

    kind = "multiclass"
    METRICS = MULTICLASS
    view: ClassVar[View] = "classes"
    margin_unit: ClassVar[str] = "log-odds, up to what all classes share"
    trivial, shares, came = "the classes' shares", "commonest", "share right"
    stratifies = True

    def __init__(self, classes: tuple[str, ...], costs: Costs = ()) -> None:
        self.classes, self.costs = classes, costs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Multiclass) and (other.classes, other.costs) == (self.classes, self.costs)

    def __hash__(self) -> int:
        return hash((self.classes, self.costs))

    @property
    def outputs(self) -> int:
        return len(self.classes)

    def fits(self, trained: Array, held: Array) -> bool:
        return all(len(label) > 0 and label.min() != label.max() for label in (trained, held))

    def problems(self, label: Array) -> list[str]:
        counts = np.bincount(label.astype(np.int64), minlength=len(self.classes))
        found = int((counts > 0).sum())
        if found < 2:
            only = self.classes[int(counts.argmax())] if self.classes else "missing"
            return [f'there is one class only: every label is "{only}"']
        if found > MOST_CLASSES:
            return [f"{found:,} classes are too many, at most {MOST_CLASSES:,} are taken: these may be names of rows"]
        if np.sort(counts)[-2] < LEAST_OF_A_CLASS:
            return [f"all classes but one have under {LEAST_OF_A_CLASS} rows: that is too little to learn them from"]
        return []

    def remarks(self, label: Array) -> list[str]:
        counts = np.bincount(label.astype(np.int64), minlength=len(self.classes))
        rare = [k for k in np.argsort(counts, kind="stable") if 0 < counts[k] < LEAST_OF_A_CLASS]
        if not rare:
            return []
        verb = "has" if len(rare) == 1 else "have"
        told = f"{len(rare):,} of {len(self.classes):,} classes {verb} fewer than {LEAST_OF_A_CLASS} rows"
        return [f"{told}, so that their probabilities are guesses: {self._named(rare, counts)}"]

    def unlearnt(self, trained: Array, tested: Array) -> list[str]:
        before, counts = (np.bincount(y.astype(np.int64), minlength=len(self.classes)) for y in (trained, tested))
        new = [k for k in np.argsort(-counts, kind="stable") if counts[k] and not before[k]]
        if not new:
            return []
        are = "class of the test rows is" if len(new) == 1 else "classes of the test rows are"
        return [
            f"{len(new):,} {are} in no training row, so that the model cannot know them: {self._named(new, counts)}"
        ]

    def _named(self, which: Sequence[int], counts: Array) -> str:
        named = ", ".join(f'"{self.classes[k]}" ({counts[k]:,})' for k in which[:MOST_NAMED])
        return named + (f" and {len(which) - MOST_NAMED:,} more" if len(which) > MOST_NAMED else "")

    def default_metric(self, label: Array, missed: float, false_alarm: float) -> str:
        return "log_loss"

    def plain(self) -> Calibrator:
        return Calibrator("softmax", offsets=(0.0,) * self.outputs)

    def constant(self, label: Array) -> Array:
        counts = np.bincount(label.astype(np.int64), minlength=self.outputs).astype(np.float64)
        margins: Array = np.log((counts + 0.5) / (counts + 0.5).sum())
        return margins

    def share(self, label: Array, weight: Array | None = None) -> float:
        counts = np.bincount(label.astype(np.int64), weights=weight)
        return float(counts.max() / counts.sum()) if len(label) else 0.0

    def came_of(self, label: Array, predicted: Array) -> float:
        return float(np.mean(chosen(predicted, self.costs) == label))

    def one_each(self, predicted: Array) -> Array:
        each: Array = predicted[np.arange(len(predicted)), chosen(predicted, self.costs)]
        return each

    def questions(self, label: Array) -> list[Array]:
        counts = np.bincount(label.astype(np.int64), minlength=self.outputs)
        common = np.argsort(-counts, kind="stable")[:MOST_QUESTIONS]
        return [(label == k).astype(np.float64) for k in np.sort(common) if 0 < counts[k] < len(label)]

    def _told_by(self, label: Array) -> Array:
        counts = np.bincount(label.astype(np.int64), minlength=self.outputs)
        common: Array = np.sort(np.argsort(-counts, kind="stable")[:MOST_TARGETS])
        return common

    def targets(self, label: Array) -> Array:
        told: Array = (label[:, None] == self._told_by(label)[None, :]).astype(np.float64)
        return told

    def target_names(self) -> tuple[str, ...]:
        return tuple(f"rate{place}" for place in range(min(self.outputs, MOST_TARGETS)))

    def decided(self, score: Score, threshold: float | None) -> Decided:
        assert isinstance(score, tuple)
        best = cheapest(score, self.costs)
        return Decided(self.classes[best], score[best], None, dict(zip(self.classes, score, strict=True)))

    def outcome_problem(self, label: object) -> str:
        if self.name_of(label) is not None:
            return ""
        named = ", ".join(f'"{name}"' for name in self.classes[:MOST_TOLD])
        return f"one of {named}" + (
            f" and {len(self.classes) - MOST_TOLD:,} more" if len(self.classes) > MOST_TOLD else ""
        )

    def outcome_mend(self) -> str:
        return "correct the name; a class that came up since is learnt from rows of it, by the next run"

    def name_of(self, label: object) -> str | None:
        """The class that is meant by text, a number, or true and false; None if it is none of them."""
        text = str(label).lower() if isinstance(label, bool) else str(label)
        if isinstance(label, float) and label.is_integer():
            text = str(int(label))
        return text if text in self.classes else None

    def kept(self, label: bool | float | str) -> bool | float | str:
        return self.name_of(label) or label

    def label_of(self, label: object) -> float | None:
        name = self.name_of(label)
        return None if name is None else float(self.classes.index(name))
