"""What fits one more way of preparing features, beside those that stand in every encoder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from treadle.scoring.steps import FittedStep
from treadle.training.families import Array
from treadle.training.table import FeatureColumn, TrainingTable


class Prepared(NamedTuple):
    """A fitted step and, where it was fitted on labels, what the training rows are told in its place: float64 [rows,
    outputs], each row by the labels of others."""

    step: FittedStep
    own: Array | None = None


class Preparation(ABC):
    """Contract: `fit` reads the rows that it is given and nothing else, and equal rows give equal steps. What depends
    on a label comes with `own`, so that no training row is told its own.

    It becomes a recipe of the search, `features: plain+NAME`: its steps come beside the plain ones, and the folds say
    whether they help. One file each, listed in `known.py`; others join by the entry point `treadle.preparations`.
    """

    name: ClassVar[str]
    """As recipes call it: letters, digits and `_`."""

    @abstractmethod
    def offers(self, table: TrainingTable) -> bool:
        """Whether there is anything for it to prepare in these training rows: else no trial is spent on it."""

    @abstractmethod
    def fit(
        self, table: TrainingTable, features: tuple[FeatureColumn, ...], *, linear: bool, seed: int
    ) -> list[Prepared]:
        """Steps for some of `features`, fitted on the rows of `table`; none where nothing is worth it.

        `linear`: for models that take no missing values, and want numbers of about unit size.
        """
