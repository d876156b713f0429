"""How a network learned: its losses, epoch by epoch."""

from __future__ import annotations

from treadle.training.families.centred import Centred
from treadle.training.families.family import Estimator
from treadle.training.families.network import Network


def losses_of(estimator: Estimator) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of the rows that it was fitted on, as each epoch went by, and of the held ones, after each; none, where it does
    not learn by epochs."""
    if isinstance(estimator, Centred):
        return losses_of(estimator.estimator)
    return (estimator.losses, estimator.held_losses) if isinstance(estimator, Network) else ((), ())
