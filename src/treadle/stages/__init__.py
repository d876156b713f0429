"""The steps of the loop, each one metered step of the evidence chain: `data`, `learning`, `delivery`.

They compose rooms and hold no method of their own; `treadle.loop` says in which order they come.
"""

from treadle.stages.data import SourceState, contract_of, prove_features
from treadle.stages.work import Work, training_cost

__all__ = ["SourceState", "Work", "contract_of", "prove_features", "training_cost"]
