"""The last rung: of many rows, settings are compared on some, and the best of them once more on all.

What does best with a sixth of the rows is often not what does best with all: small trees won on 40,000 rows and lost on
240,000, and of six times as many rows a booster may want three times as many rounds, or, in time order, fewer. So it is
measured: on all rows of the latest fold, whose held rows stop the growth, and choose (the last step of successive
halving, Jamieson and Talwalkar 2016). What there is no time for stands as it was on some rows: it may still be the
best, or help a blend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from treadle.errors import TreadleError
from treadle.training.families import Family
from treadle.training.folds import Folds, Tried
from treadle.training.model import Trial
from treadle.training.rungs import reason

LONGER = 1.25
"""So much longer a last fit may take than the one that was judged: what grows is given more rows, which are encoded."""
SHARE = 0.5
"""Of the seconds of a search, for fits on all rows."""
FIT_SHARE = 0.8
"""Of what a trial on all rows takes, for its fit."""
FINALISTS, UNHURRIED = 6, 3
"""So many at the most; so many where no seconds are said."""


@dataclass(frozen=True, eq=False)
class Finals:
    """What trials came to on the latest fold: `folds` is that fold alone, with all its rows; `number` of trials were
    fitted on these, and come first. `passed`: of what could not be, why, a sentence each."""

    folds: Folds
    number: int
    trials: list[Trial]
    tried: dict[int, Tried]
    passed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Allowed:
    """`most`: so many finals. `rows`: all that are fitted after them, the model to beat too: twice the training rows,
    say. `seconds`: for these fits and for those."""

    most: int
    rows: int
    seconds: float


def finals(
    folds: Folds,
    order: Sequence[Trial],
    known: Mapping[int, Tried],
    families: Mapping[str, Family],
    allowed: Allowed,
    refit_of: Callable[[Trial, int], float],
    clock: Callable[[], float],
    say: Callable[[str], None] = lambda text: None,
) -> Finals:
    """The trials that come first in `order` and that there is time and memory for; then what is `known` of the others.

    refit_of: about what a fit on so many rows takes. A trial that takes longer than is left for it is passed over.
    """
    whole, began = folds.of_all(), clock()
    every = len(whole.folds[0].train)
    fits = 1 + LONGER * allowed.rows / every
    folds.forget()
    trials: list[Trial] = []
    tried: dict[int, Tried] = {}
    passed: list[str] = []
    for trial in order:
        start = clock()
        share = (allowed.seconds - (start - began)) / fits
        if len(trials) < allowed.most and refit_of(trial, every) <= share:
            family = families[trial.family]
            say(f"trial {trial.number} ({trial.family}) on all {every:,} rows of the latest fold")
            try:
                whole.rows_of(0, family, trial.params)
                # held rows are told once more at the end, which may take as long as to encode all
                spare = share - 2 * (clock() - start)
                found = whole.run(family, trial.params, hopeless=_never, seconds=max(spare, share / 2))
            except (TreadleError, Warning):
                raise
            except Exception as error:  # another may do; what the folds say of all stands
                which = f"Trial {trial.number} ({trial.family})"
                passed.append(f"{which} was not fitted on all rows of the latest fold: {reason(error)}.")
                continue
            if found.margins is not None:
                trials.append(_judged(trial, found, clock() - start, share))
                tried[trial.number] = found
    number = len(trials)
    for trial in order:
        if trial.number in known and trial.number not in tried:
            takes = refit_of(trial, every) / FIT_SHARE
            trials.append(replace(trial, fold_scores=trial.fold_scores[:1], value=trial.fold_scores[0], seconds=takes))
            tried[trial.number] = _of_latest(folds, known[trial.number])
    return Finals(whole, number, trials, tried, tuple(passed))


def _of_latest(folds: Folds, tried: Tried) -> Tried:
    """Of the latest fold, the first one, alone: its held rows are the same."""
    assert tried.margins is not None
    return Tried(tried.scores[:1], tried.rounds, tried.margins[folds.number == 0], tried.grown[:1])


def _never(early: list[float]) -> bool:
    return False


def _judged(trial: Trial, found: Tried, took: float, allowed: float) -> Trial:
    """`trial` with what it came to on all rows, and the rounds that these want."""
    params, agreed = trial.params, trial.params.get("rounds", 0)
    if found.rounds:
        # cut short, it tells only that so many rounds are not too many
        params = {**params, "rounds": found.rounds if took < allowed else max(found.rounds, agreed)}
    scores = found.scores
    return replace(trial, params=params, fold_scores=scores, value=scores[0], seconds=took, epochs=found.epochs)
