"""Many settings on few rows, the best of them on more: successive halving, as trials come (Jamieson and Talwalkar 2016;
Li et al. 2020, "A system for massively parallel hyperparameter tuning").

A trial of the lower rung is fitted on few rows of one fold, and is compared with others of that rung alone. One of each
so many goes on to what all trials are made of, the best first. Worth it where rows are many and time is short.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from treadle.errors import TreadleError
from treadle.spec import Train
from treadle.training.asking import Asked, Asking
from treadle.training.folds import NO_NUMBER, Folds, Tried
from treadle.training.model import Trial

FEW_ROWS = 5_000
"""Of a fold, on the lower rung."""
TIMES = 4.0
"""A fold has so many times the rows of the lower rung, or there is none."""
FIRST_SHARE = 0.15
"""Of the seconds, for the lower rung before anything goes on."""
NO_MEMORY = "a fit needs more memory than there is"
MOST_SAID = 200
"""Characters of an error that a trial ended by."""
FIRST, ONE_OF = 12, 4
"""So many settings are tried on few rows before any but the best goes on; later one of so many does."""


def few_rows(train: Train, folds: Folds, deadline_s: float) -> int:
    """The rows of the lower rung; 0 for none: rungs save time, so there are some where that is what ends a search."""
    many = len(folds.folds[0].train) >= TIMES * FEW_ROWS
    return FEW_ROWS if train.rungs and train.search != "none" and many and deadline_s < math.inf else 0


@dataclass(frozen=True, eq=False)
class Rung:
    """What is tried next: `rows` of one fold, or 0 for all that settings are compared on. `first`: it was not tried
    before on fewer."""

    asked: Asked
    rows: int
    first: bool


@dataclass(eq=False)
class Rungs:
    """Which settings come next, and on how many rows. Without a lower rung (`few` = 0), as they are asked for."""

    asking: Asking
    few: int = 0
    looked: list[tuple[Asked, float]] = field(default_factory=list)
    """Settings that were tried on few rows, and what they came to, more being better."""
    gone_on: list[Asked] = field(default_factory=list)
    tries: int = 0
    """Trials on few rows, those that came to nothing too."""

    def next(self, spent: float) -> Rung:
        """`spent`: the share of the seconds that is over."""
        if not self.few:
            return Rung(self.asking.next(), 0, True)
        waiting = [one for one in self.looked if one[0] not in self.gone_on]
        begun = self.tries >= FIRST or spent >= FIRST_SHARE
        due = max(1, self.tries // ONE_OF) if begun else 0
        if waiting and len(self.gone_on) < due:
            best = max(waiting, key=lambda one: one[1])[0]
            self.gone_on.append(best)
            return Rung(best, 0, False)
        return Rung(self.asking.next(), self.few, True)

    def tell(self, tried: Rung, value: float | None) -> None:
        """What it came to; None for nothing. Only what was tried on as many rows is told to who asks for the next."""
        if tried.first:
            self.asking.tell(tried.asked, value)
        self.tries += tried.rows > 0
        if tried.rows and value is not None:
            self.looked.append((tried.asked, value))


def reason(error: Exception) -> str:
    """What a trial came to nothing by, in a line.

    What does not fit into the memory, or a library refuses, is a result: other settings may still do. An error of ours
    is told by its type too, so that it is seen for what it is.

    >>> reason(ValueError("Solver needs samples\\n of at least 2 classes")), reason(MemoryError())
    ('ValueError: Solver needs samples of at least 2 classes', 'a fit needs more memory than there is')
    """
    if isinstance(error, MemoryError):
        return str(error) or NO_MEMORY
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}"[:MOST_SAID] if said else type(error).__name__


def look(
    folds: Folds, asked: Asked, number: int, rows: int, seconds: float, clock: Callable[[], float]
) -> tuple[Trial, Tried]:
    """The trial on few rows of the latest fold."""
    began = clock()
    try:
        score, why = folds.on_few(asked.family, asked.params, rows, seconds), NO_NUMBER
    except (TreadleError, Warning):  # says what the project has to mend; or who runs this wants warnings as errors
        raise
    except Exception as error:
        score, why = math.nan, reason(error)
    failed = not math.isfinite(score)
    scores, value = ((), 0.0) if failed else ((score,), score)
    used = asked.family.used(asked.params, rows)
    trial = Trial(
        number,
        asked.family.name,
        asked.params,
        scores,
        value,
        clock() - began,
        "failed" if failed else "pruned",
        used,
        rows,
        why if failed else "",
    )
    return trial, Tried(scores, 0, None, failed=failed)
