"""What a kind of prediction is: its labels, margins, metrics and decisions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from msgspec import Struct

from treadle.errors import SpecError, nearest
from treadle.scoring.calibrator import Calibrator
from treadle.scoring.decisions import Costs, Rule
from treadle.spec.choices import View as View

Array = np.ndarray[Any, Any]
Score = float | tuple[float, ...]
"""What a calibrated model says of one row: a probability or a value; of several classes, the probability of each; or
several quantiles."""


class Decided(Struct, frozen=True):
    """What is answered of one row. `probability`: of what was decided on, or of the class that was chosen."""

    prediction: bool | float | str
    probability: float | None = None
    threshold: float | None = None
    probabilities: dict[str, float] | None = None
    quantiles: dict[str, float] | None = None


class Task(ABC):
    """Contract: labels are float64 [rows] (a class by its number), margins float64 [rows, outputs]; predictions are
    [rows], or [rows, classes] where there are several classes, or [rows, levels] of quantiles. Every method is pure.

    One file a member, found by `TASKS`; nothing outside this folder asks for a kind by its name.
    """

    kind: ClassVar[str]
    """As the project file names it."""
    METRICS: tuple[str, ...]
    view: ClassVar[View]
    """What there is to see: decisions by a threshold, classes taken for one another, or numbers."""
    shifts: ClassVar[bool] = False
    """Whether labels that are greater by a number are told by margins that are greater by it."""
    margin_unit: ClassVar[str] = ""
    """What a margin of it is measured in, in words."""
    trivial: ClassVar[str] = "the mean"
    """What a model knows that looks at no feature, in words."""
    shares: ClassVar[str] = "mean"
    """What the mean label of some rows is, in a word."""
    came: ClassVar[str] = "mean label"
    """What `came_of` is, in words."""
    classes: tuple[str, ...] = ()
    """By number; empty where labels are numbers or true and false."""
    costs: Costs = ()
    """What mistakes among `classes` cost, by number; empty: the likeliest is decided on."""
    levels: tuple[float, ...] = ()
    """Of quantiles, which."""
    told_only: frozenset[str] = frozenset()
    """Metrics that are told, and that nothing is to be chosen by."""

    @property
    def outputs(self) -> int:
        """Columns of margins."""
        return 1

    @property
    def stratifies(self) -> bool:
        """Whether rows can be dealt out evenly by label."""
        return False

    @property
    def decides(self) -> bool:
        """Whether it acts from a threshold on, and mistakes have costs."""
        return False

    @property
    def of_amounts(self) -> bool:
        """Whether labels are amounts, and neither classes nor true and false."""
        return self.view in ("numbers", "spread")

    def rule(self, threshold: float) -> Rule:
        """How probabilities are decided on: by the threshold, or by what mistakes among classes cost."""
        return self.costs if self.classes else threshold

    def problems(self, label: Array) -> list[str]:
        """Why nothing can be learned from these finite labels; empty if something can."""
        low, high = float(label.min()), float(label.max())
        return [f"the label is {low:g} in every row"] if np.isclose(low, high, rtol=1e-12, atol=0) else []

    def fits(self, trained: Array, held: Array) -> bool:
        """Whether a fold of such labels can be fitted, and measured on those that it holds back."""
        return True

    def strata(self, label: Array) -> Array | None:
        """Numbers of what must not get lost where some rows are left out, int64 [rows]: classes, or what is no zero of
        counts; None where labels are all of a kind."""
        return label.astype(np.int64) if self.stratifies else None

    def remarks(self, label: Array) -> list[str]:
        """What to know of labels from which something can be learned, a sentence each."""
        return []

    def unlearnt(self, trained: Array, tested: Array) -> list[str]:
        """What the test labels hold that no training label told of, a sentence each."""
        return []

    @abstractmethod
    def default_metric(self, label: Array, missed: float, false_alarm: float) -> str:
        """The metric where the project names none."""

    def metric(self, asked: str | None, label: Array, missed: float = 1.0, false_alarm: float = 1.0) -> str:
        """The metric asked for, checked; or, when none was, the one that fits.

        Raises:
            SpecError: a metric that is not one of these labels.
        """
        if asked is None:
            return self.default_metric(label, missed, false_alarm)
        if asked not in self.METRICS:
            raise SpecError(
                f'there is no {self.kind} metric "{asked}"', where="predict.metric", mend=nearest(asked, self.METRICS)
            )
        if asked in self.told_only:
            raise SpecError(
                f"{asked} says half of how good it is, and choosing by it would spoil the other half",
                where="predict.metric",
                mend=f"choose by {self.default_metric(label, missed, false_alarm)}; brief.must_have may name {asked}",
            )
        return asked

    @abstractmethod
    def plain(self) -> Calibrator:
        """The link alone, as a calibrator that changes nothing."""

    def link(self, margin: Array) -> Array:
        """Uncalibrated predictions of margins."""
        return self.plain().vector(margin)

    @abstractmethod
    def constant(self, label: Array) -> Array:
        """The margins, [outputs], of who knows these labels and no feature."""

    def share(self, label: Array, weight: Array | None = None) -> float:
        """What is told of some labels in one number: their mean, or the share of the commonest class among them; of
        rows that do not count alike, by their `weight`."""
        return float(np.average(label, weights=weight))

    def came_of(self, label: Array, predicted: Array) -> float:
        """What is told of outcomes beside the mean score, which it equals where the model can be believed: their mean;
        of several classes, how often the one that was predicted came."""
        return float(label.mean())

    def one_each(self, predicted: Array) -> Array:
        """Of each row the one number that is counted and watched, [rows]: of several classes, the probability of the
        one that is decided on; of quantiles, the middle one."""
        return predicted

    def questions(self, label: Array) -> list[Array]:
        """The label as what one feature alone could tell: itself; of several classes, each against the rest."""
        return [label]

    def targets(self, label: Array) -> Array:
        """[rows, targets]: what a level of text is told by, as its mean over other rows of that level."""
        return label[:, None]

    def target_names(self) -> tuple[str, ...]:
        return ("rate",)

    @abstractmethod
    def decided(self, score: Score, threshold: float | None) -> Decided:
        """The answer to one row."""

    def outcome_problem(self, label: object) -> str:
        """Why this cannot be what came of a prediction; "" if it can."""
        return "" if isinstance(label, bool | int | float) else "a number"

    def outcome_mend(self) -> str:
        """What to do with what came, and cannot be an outcome."""
        return ""

    def kept(self, label: bool | float | str) -> bool | float | str:
        """A told outcome as the ledger keeps it: a class by its name, whatever it was told as."""
        return label

    def label_of(self, label: object) -> float | None:
        """A told outcome as a label; None for what cannot be one."""
        if not isinstance(label, bool | int | float) or self.outcome_problem(label):
            return None
        return float(label)
