"""What training gives: the fitted model and the record of how it was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from treadle.scoring.calibrator import Calibrator
from treadle.scoring.decisions import Costs, Rule
from treadle.scoring.encoder import Encoder
from treadle.scoring.tasks import Task, task_of
from treadle.training.table import FeatureColumn

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from treadle.training.families import Constant, Estimator


TrialState = Literal["complete", "pruned", "failed"]
Stopped = Literal["trials", "deadline", "good_enough", "no_search", "no_gain"]


class Epochs(Struct, frozen=True):
    """How a network learned in the latest fold: its mean loss over the rows that it was fitted on, as each epoch went
    by, and over the held rows after each. What it grew to is where the latter were least."""

    fitted: tuple[float, ...]
    held: tuple[float, ...]


class Trial(Struct, frozen=True):
    """One setting tried: `value` is the mean of `fold_scores` in the metric's own unit; 0 for a failed trial."""

    number: int
    family: str
    params: dict[str, Any]
    fold_scores: tuple[float, ...]
    value: float
    seconds: float
    state: TrialState
    used: dict[str, Any] = {}
    """`params` as the newest fold was fitted by: a floor that is too high for so few rows is cut."""
    rows: int = 0
    """Of a trial on a lower rung, the rows of one fold that it was fitted on: its score is one of that rung. Else 0."""
    why: str = ""
    """Of a failed trial: what it came to nothing by."""
    mb: float = 0.0
    """About how large its bundle would be, and how long a row would take, in microseconds: counted from its shape, as
    `Family.footprint` has it. 0 where it came to nothing, and on a lower rung."""
    row_us: float = 0.0
    epochs: Epochs | None = None
    """Of a network."""


class Chosen(Struct, frozen=True):
    """Settings that are to be fitted on all training rows, and their share in a blend."""

    family: str
    params: dict[str, Any]
    weight: float = 1.0
    seconds: float = 0.0
    """About what the fit will take."""


class OutOfFold(Struct, frozen=True):
    """What the chosen said of rows that they were not fitted on: positions in the table, folds, margins.

    `rows`: int64; `folds`: int64; `margins`: float64 [rows, outputs]; little-endian. `counts`: float64, how much each
    counts beside what it weighs, where more were kept of a rare class; else empty.
    """

    rows: bytes
    folds: bytes
    margins: bytes
    outputs: int
    counts: bytes = b""

    @classmethod
    def of(
        cls,
        rows: np.ndarray[Any, Any],
        folds: np.ndarray[Any, Any],
        margins: np.ndarray[Any, Any],
        counts: np.ndarray[Any, Any] | None = None,
    ) -> OutOfFold:
        return cls(
            rows.astype("<i8").tobytes(),
            folds.astype("<i8").tobytes(),
            margins.astype("<f8").tobytes(),
            margins.shape[1],
            b"" if counts is None else counts.astype("<f8").tobytes(),
        )

    def arrays(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Positions, folds, and margins as float64."""
        import numpy as np

        margins = np.frombuffer(self.margins, "<f8").reshape(-1, self.outputs)
        return np.frombuffer(self.rows, "<i8"), np.frombuffer(self.folds, "<i8"), margins

    def weights(self, weight: np.ndarray[Any, Any] | None) -> np.ndarray[Any, Any]:
        """How much each row counts. `weight`: of all rows of the table, where they do not count alike."""
        import numpy as np

        rows = np.frombuffer(self.rows, "<i8")
        found = np.ones(len(rows)) if weight is None else weight[rows]
        return found * np.frombuffer(self.counts, "<f8") if self.counts else found


class SearchResult(Struct, frozen=True):
    """What was chosen, all trials, and in `notes` how it ended and what was cut short to keep within the limits.

    `family` and `params` are those of the strongest member (of several families, all are named); `value` is the mean
    over the folds of the metric of what was chosen.
    """

    metric: str
    family: str
    params: dict[str, Any]
    value: float
    trials: tuple[Trial, ...]
    seconds: float
    stopped: Stopped
    notes: tuple[str, ...] = ()
    members: tuple[Chosen, ...] = ()
    held: OutOfFold | None = None


class FitSummary(Struct, frozen=True):
    """The JSON-able part of a fitted model. `out_of_fold` holds the metric on rows that were not fitted on.

    `params` are those of the strongest of `members`; `classes`: by number, of several classes;
    `quantiles`: the levels.
    """

    kind: str
    metric: str
    family: str
    params: dict[str, Any]
    threshold: float
    out_of_fold: float
    calibration: str
    calibration_log_loss: dict[str, float]
    train_rows: int
    seconds: float
    notes: tuple[str, ...] = ()
    members: tuple[Chosen, ...] = ()
    classes: tuple[str, ...] = ()
    quantiles: tuple[float, ...] = ()
    costs: Costs = ()
    """What mistakes among the classes cost, by number."""

    @property
    def task(self) -> Task:
        return task_of(self.kind, self.classes, self.costs, self.quantiles)

    @property
    def rule(self) -> Rule:
        """How its probabilities are decided on."""
        return self.task.rule(self.threshold)


@dataclass(frozen=True, eq=False)
class Fitted:
    """An estimator with the encoder and the calibrator that it belongs to."""

    encoder: Encoder
    estimator: Estimator
    calibrator: Calibrator

    def margin(self, frame: pl.DataFrame) -> np.ndarray[Any, Any]:
        """Raw margins of the rows of `frame`, [rows, outputs]: log-odds, or values."""
        return self.estimator.margin(self.encoder.matrix(frame))

    def predict(self, frame: pl.DataFrame) -> np.ndarray[Any, Any]:
        """Calibrated probabilities, or values: [rows], or [rows, classes] of several classes."""
        return self.calibrator.vector(self.margin(frame))

    @property
    def served_calibrator(self) -> Calibrator:
        """What makes of the graph's margins what `calibrator` makes of the estimator's."""
        from treadle.training.families import left_out

        return self.calibrator.shifted(left_out(self.estimator))


def _none() -> np.ndarray[Any, Any]:
    import numpy as np

    return np.empty(0, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class FittedModel(Fitted):
    """A model ready to be evaluated and exported, beside the two that it has to beat.

    `baseline` knows only the overall rate. `reference` is the same family on request and row features alone; None
    where the project has no other features. `unseen` are calibrated out-of-fold predictions, float64: what models of as
    many rounds say of training rows that they were not fitted on, at most 20,000 of them, evenly spread.
    """

    features: tuple[FeatureColumn, ...]
    summary: FitSummary
    baseline: Constant
    reference: Fitted | None
    unseen: np.ndarray[Any, Any] = field(default_factory=_none)

    @property
    def threshold(self) -> float:
        return self.summary.threshold
