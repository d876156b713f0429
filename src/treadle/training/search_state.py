"""What a search knows while it goes on: its trials, what each took, and what is still to be fitted."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from msgspec.structs import replace

from treadle.scoring import metrics
from treadle.spec import ProjectSpec
from treadle.training.asking import Asking
from treadle.training.blending import CANDIDATES
from treadle.training.families import Family, Footprint
from treadle.training.finals import FINALISTS, FIT_SHARE, SHARE, UNHURRIED, Allowed, finals
from treadle.training.folds import Folds, Tried
from treadle.training.kept_trials import KeptTrial, OnTrial
from treadle.training.model import Trial
from treadle.training.prepare import Recipe
from treadle.training.pruning import hopeless
from treadle.training.rungs import Rungs
from treadle.training.table import TrainingTable

_FIT_SHARE = 0.6
"""Of what a fold of a trial takes, for its fit: it also tries its pace, grows on, and tells held rows."""
_FAR_LESS = 4.0
_FIRST_SHARE = 0.2
"""Of the seconds left, for the first whole trial of a family: it may be unlike all others, and help a blend."""
_MEMBERS, _BLEND_SHARE = 3, 0.25
"""The best so many trials are left time for, to be fitted on all rows: for all but the first this share of the seconds
at the most."""

Progress = Callable[[float, str], None]
"""Is told the share that is done, and what is being done."""


def share_of_simple(table: TrainingTable) -> float:
    """Of the seconds of a fit, about what one on features without history takes; 0 where there is none to be made."""
    simple, every = len(table.only(("request", "row"))), len(table.learned)
    return 0.2 + 0.8 * simple / every if 0 < simple < every else 0.0


@dataclass
class SearchState:
    """Of one search; `search` moves it on."""

    spec: ProjectSpec
    folds: Folds
    asking: Asking
    clock: Callable[[], float]
    deadline_s: float = math.inf
    earlier: Sequence[KeptTrial] = ()
    """Trials of the same search, before it was interrupted."""
    on_trial: OnTrial | None = None
    trials: list[Trial] = field(default_factory=list)
    tried: dict[int, Tried] = field(default_factory=dict)
    """What the best whole trials said of the held rows, by number."""
    start: float = 0.0
    before: float = 0.0
    """Seconds that the trials of `earlier` took."""
    few: int = 0
    """Rows of the lower rung; 0 for none."""
    rows: int = 0
    """That what is chosen will be fitted on."""
    fit_share: float = _FIT_SHARE
    whole: int = 0
    """So many of the trials were fitted on all rows of the latest fold."""
    passed: list[str] = field(default_factory=list)
    """What could not be fitted after the trials, and why, a sentence each."""

    def __post_init__(self) -> None:
        self.rungs = Rungs(self.asking, self.few)

    @property
    def spent(self) -> float:
        return self.clock() - self.start + self.before

    @property
    def sign(self) -> int:
        return metrics.sign(self.folds.metric)

    @property
    def compared(self) -> list[Trial]:
        """Those on as many rows as settings are compared on: what was tried on a lower rung is measured otherwise."""
        return [t for t in self.trials if not t.rows]

    @property
    def failed(self) -> list[Trial]:
        return [t for t in self.trials if t.state == "failed"]

    def best(self) -> Trial | None:
        whole = [t for t in self.trials if t.state == "complete"]
        return max(whole, key=lambda t: t.value * self.sign) if whole else None

    def since_gain(self) -> int:
        """Trials since the best one."""
        best = self.best()
        return 0 if best is None else len(self.trials) - 1 - best.number

    def forget(self) -> None:
        """What the trials said that can be no member of a blend: all but the best, and the best of each family."""
        best = sorted(self.tried, key=lambda n: -self.trials[n].value * self.sign)
        first = {self.trials[n].family: n for n in reversed(best)}
        for worse in best[CANDIDATES:]:
            if worse not in first.values():
                del self.tried[worse]

    def is_hopeless(self, family: Family, early: list[float], seconds: float, left: float) -> bool:
        """Whether a trial with such scores on its first folds, which took `seconds`, is not worth its other folds.

        The first whole trial of a family tells what no other does, and is worth a part of what is `left`.
        """
        known = any(t.family == family.name and t.state == "complete" for t in self.trials)
        rest = seconds / len(early) * (len(self.folds.folds) - len(early))
        return (known or rest > _FIRST_SHARE * left) and hopeless(early, self.compared, self.sign)

    def may_be_slow(self, family: Family, seconds: float) -> bool:
        """Whether a fold may take more than `seconds`: not where all that its family has tried took far less."""
        took = [t.seconds / len(t.fold_scores) for t in self.compared if t.family == family.name and t.fold_scores]
        return seconds < math.inf and (not took or _FAR_LESS * max(took) > seconds)

    def footprint(self, trial: Trial, rows: int) -> Footprint:
        """Of the fitted trial, and of the columns that are made for it."""
        (family,) = (each for each in self.asking.chosen if each.name == trial.family)
        inputs = self.folds.inputs(family.encoding, Recipe.of(trial.params))
        return family.footprint(trial.params, rows, inputs).beside(Footprint.of_columns(inputs.width))

    def weighed(self, trial: Trial) -> Trial:
        """With what it would cost who serves it."""
        cost = self.footprint(trial, self.rows)
        return replace(trial, mb=round(cost.mb, 3), row_us=round(cost.row_us, 1))

    def too_large(self, trial: Trial, rows: int) -> bool:
        """Whether its bundle would not be within the brief's limit."""
        most = self.spec.brief.limits.bundle_mb
        return most is not None and self.footprint(trial, rows).mb > most

    def refit_of(self, trial: Trial, rows: int) -> float:
        """About what a fit of its settings on all rows will take."""
        # a trial also tries its pace, grows further than it needs, and predicts held rows: a fit is some part of it
        fitted = self.fit_share * trial.seconds / max(len(trial.fold_scores), 1)
        return fitted * rows / max(self.folds.fitted_rows(), 1.0)

    def refit_seconds(self, rows: int, most: float = math.inf) -> float:
        """About what fits on all rows will take: of the best trial, of those it may be blended with, and of the model
        to beat. `most`: the seconds of the whole search."""
        whole = sorted((t for t in self.trials if t.state == "complete"), key=lambda t: -t.value * self.sign)
        best, *others = [self.refit_of(t, rows) for t in whole[:_MEMBERS]] or [0.0]
        needed = (1 + self.beaten) * best + min(sum(others), _BLEND_SHARE * most)
        return max(needed, SHARE * most) if self.folds.much_thinned and most < math.inf else needed

    @property
    def beaten(self) -> float:
        """Fits that the model takes that has to be beaten: two, on some of the features; part of each is the same for
        few."""
        return 2 * share_of_simple(self.folds.table)

    def on_all_rows(self, rows: int, seconds: float, progress: Progress | None = None) -> SearchState:
        """It with the best trials as they are on all rows; as it is where folds have most of these, or no trial can be
        fitted on them in so many `seconds`."""
        best = self.best()
        if not self.folds.much_thinned or best is None:
            return self
        # the first whole one is as plain as they come, and soon fitted: nothing may be worse
        first = next(t.number for t in self.trials if t.state == "complete")
        best_first = sorted(self.tried, key=lambda n: -self.trials[n].value * self.sign)
        most = FINALISTS if seconds < math.inf else UNHURRIED
        order, most = ([best.number], 1) if self.spec.train.search == "none" else ([first, *best_first], most)
        trials = [self.trials[n] for n in dict.fromkeys(order)]
        by_name = {family.name: family for family in self.asking.chosen}
        say = partial(progress, 1.0) if progress else lambda text: None
        allowed = Allowed(most, round(rows * (1 + self.beaten)), seconds)
        found = finals(self.folds, trials, self.tried, by_name, allowed, self.refit_of, self.clock, say)
        self.passed += found.passed
        if not found.number:
            return self
        here, tried, whole = found.folds, found.tried, found.number
        return dataclasses.replace(self, trials=found.trials, folds=here, tried=tried, whole=whole, fit_share=FIT_SHARE)
