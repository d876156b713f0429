"""From a table of features and labels to a fitted, calibrated and judged model.

It never reads a source or computes a feature, and packs no bundle.

`check` refuses what nothing can be learned from, `split` seals the test rows, `search` looks for family and settings,
`fit` fits them, `evaluate` opens the test rows, `report` shows what they said; `train` is the first four in one call.
What a server needs of it is in `treadle.scoring`. Names are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.training.cores import MOST_THREADS as MOST_THREADS
    from treadle.training.evaluation import Evaluation as Evaluation
    from treadle.training.evaluation import Provenance as Provenance
    from treadle.training.evaluation import evaluate as evaluate
    from treadle.training.evaluation import leak_gates as leak_gates
    from treadle.training.exposure import check_exposure as check_exposure
    from treadle.training.families import Constant as Constant
    from treadle.training.families import Estimator as Estimator
    from treadle.training.few import fit_few as fit_few
    from treadle.training.few import too_few as too_few
    from treadle.training.fitting import fit as fit
    from treadle.training.fitting import train as train
    from treadle.training.kept_trials import KeptTrial as KeptTrial
    from treadle.training.kept_trials import Standing as Standing
    from treadle.training.kept_trials import pack_trials as pack_trials
    from treadle.training.kept_trials import unpack_trials as unpack_trials
    from treadle.training.leaks import LeakFinding as LeakFinding
    from treadle.training.leaks import LeakGate as LeakGate
    from treadle.training.leaks import Reads as Reads
    from treadle.training.mistakes import costs_of as costs_of
    from treadle.training.mistakes import ideal_threshold as ideal_threshold
    from treadle.training.model import Chosen as Chosen
    from treadle.training.model import FitSummary as FitSummary
    from treadle.training.model import Fitted as Fitted
    from treadle.training.model import FittedModel as FittedModel
    from treadle.training.model import SearchResult as SearchResult
    from treadle.training.model import Trial as Trial
    from treadle.training.proposing import Profile as Profile
    from treadle.training.proposing import Proposed as Proposed
    from treadle.training.proposing import propose as propose
    from treadle.training.refitting import Refitted as Refitted
    from treadle.training.refitting import refit as refit
    from treadle.training.reporting import report as report
    from treadle.training.sealed import Look as Look
    from treadle.training.sealed import SealedRows as SealedRows
    from treadle.training.sealed import sealed_ids as sealed_ids
    from treadle.training.sealed import seen_by as seen_by
    from treadle.training.sealed import times_opened as times_opened
    from treadle.training.searching import MOST_TRIALS as MOST_TRIALS
    from treadle.training.searching import search as search
    from treadle.training.served import Served as Served
    from treadle.training.served import hold_against as hold_against
    from treadle.training.splits import Check as Check
    from treadle.training.splits import Split as Split
    from treadle.training.splits import cut as cut
    from treadle.training.splits import split as split
    from treadle.training.table import LEAST_ROWS as LEAST_ROWS
    from treadle.training.table import FeatureColumn as FeatureColumn
    from treadle.training.table import TrainingTable as TrainingTable
    from treadle.training.table import check as check
    from treadle.training.weights import in_units as in_units
    from treadle.training.weights import weighing as weighing

_HOMES = {
    "KeptTrial": "kept_trials",
    "MOST_THREADS": "cores",
    "MOST_TRIALS": "searching",
    "pack_trials": "kept_trials",
    "unpack_trials": "kept_trials",
    "Check": "splits",
    "Chosen": "model",
    "Constant": "families",
    "Estimator": "families",
    "Evaluation": "evaluation",
    "FeatureColumn": "table",
    "FitSummary": "model",
    "Fitted": "model",
    "FittedModel": "model",
    "LEAST_ROWS": "table",
    "LeakFinding": "leaks",
    "LeakGate": "leaks",
    "Look": "sealed",
    "Profile": "proposing",
    "Proposed": "proposing",
    "Provenance": "evaluation",
    "Reads": "leaks",
    "Refitted": "refitting",
    "SealedRows": "sealed",
    "SearchResult": "model",
    "Served": "served",
    "Split": "splits",
    "Standing": "kept_trials",
    "TrainingTable": "table",
    "Trial": "model",
    "check": "table",
    "check_exposure": "exposure",
    "costs_of": "mistakes",
    "evaluate": "evaluation",
    "fit": "fitting",
    "fit_few": "few",
    "hold_against": "served",
    "ideal_threshold": "mistakes",
    "in_units": "weights",
    "leak_gates": "evaluation",
    "propose": "proposing",
    "refit": "refitting",
    "report": "reporting",
    "sealed_ids": "sealed",
    "search": "searching",
    "seen_by": "sealed",
    "cut": "splits",
    "split": "splits",
    "times_opened": "sealed",
    "too_few": "few",
    "train": "fitting",
    "weighing": "weights",
}
__all__ = sorted(_HOMES)
OPEN = ("families", "keep", "plain", "prepare", "rivals")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
