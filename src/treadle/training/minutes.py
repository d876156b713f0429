"""What of the minutes that the brief allows an evaluation may take for what can be cut: draws, and questions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

IMPORTANCE_SHARE, INTERVAL_SHARE = 0.1, 0.05
"""Of the minutes: for the importance of features, and for the draws that intervals are made from."""
LEAST_DRAWS = 100
"""A bound of a 95 % interval is the third of them from either end."""
_METRICS = 8
"""About how many metrics are drawn so often, of the model and of its rivals together."""


@dataclass(frozen=True)
class Minutes:
    """`allowed`: of the whole run; None where nothing bounds it."""

    allowed: float | None
    clock: Callable[[], float]

    def until(self, share: float) -> Callable[[], bool]:
        """Tells whether such a share of them is over, counted from now."""
        end = math.inf if self.allowed is None else self.clock() + 60 * self.allowed * share
        return lambda: self.clock() > end

    def draws(self, wanted: int, one: Callable[[], object]) -> int:
        """As many draws as are wanted, or as there is time for, by what `one` of a metric takes."""
        if self.allowed is None or wanted <= LEAST_DRAWS:
            return wanted
        began = self.clock()
        one()
        took = max(self.clock() - began, 1e-6) * _METRICS
        return int(np.clip(60 * self.allowed * INTERVAL_SHARE / took, LEAST_DRAWS, wanted))
