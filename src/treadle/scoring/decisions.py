"""From probabilities to what is done: by a threshold, or as the class whose expected cost is least.

With probabilities that can be believed, the decision that costs least on average is the one of least expected cost
under them (Elkan 2001, "The Foundations of Cost-Sensitive Learning"): of yes and no that is a threshold.

    >>> dear = ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (20.0, 20.0, 0.0))     # to miss the third class is dear
    >>> cheapest((0.5, 0.4, 0.1), ()), cheapest((0.5, 0.4, 0.1), dear)
    (0, 2)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Costs = tuple[tuple[float, ...], ...]
"""What it costs, by the class that is true and by the one that is decided on; empty: the likeliest is decided on."""
Rule = float | Costs
"""How it is decided: acting from a probability on, or among classes by their costs."""
NEVER = 2.0
"""A threshold that no probability reaches: acting upon nobody."""


def acts_from(threshold: float) -> str:
    """A threshold in words."""
    return "never" if threshold > 1 else f"from a probability of {threshold:.3f}"


def cheapest(p: Sequence[float], costs: Costs) -> int:
    """The number of the class to decide on, of one row; of equal ones the first."""
    if not costs:
        return max(range(len(p)), key=p.__getitem__)
    expected = [0.0] * len(p)
    for share, row in zip(p, costs, strict=True):
        expected = [sum_ + share * cost for sum_, cost in zip(expected, row, strict=True)]
    return min(range(len(p)), key=expected.__getitem__)


def chosen(p: Array, costs: Costs) -> Array:
    """`cheapest` of many rows, [rows, classes]: int64 [rows], equal to it whatever the rounding."""
    import numpy as np

    if not costs:
        likeliest: Array = p.argmax(axis=1)
        return likeliest
    expected = np.zeros(p.shape)
    for true, row in enumerate(costs):  # in the order of one row, so that sums round alike
        expected += p[:, true, None] * np.array(row)
    least: Array = expected.argmin(axis=1)
    return least
