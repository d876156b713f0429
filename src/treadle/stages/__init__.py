"""The steps of the loop, a file each: what it is asked (a typed input), and the function that makes it from that alone.

They compose rooms and hold no method of their own; `treadle.loop` says in which order they come, `work` how they work.
"""

from treadle.stages.ahead import Fetched
from treadle.stages.proving import prove_features
from treadle.stages.reading import contract_of
from treadle.stages.work import StepLine, TrainingCost, Work, training_cost

__all__ = ["Fetched", "StepLine", "TrainingCost", "Work", "contract_of", "prove_features", "training_cost"]
OPEN = (
    "alerting",
    "beside",
    "breaking",
    "building",
    "entities",
    "examples",
    "fitting",
    "ingesting",
    "judging",
    "label_gain",
    "labels",
    "lateness",
    "layout",
    "mending",
    "named",
    "packing",
    "parted",
    "planning",
    "quarantine",
    "reading",
    "refitting",
    "releasing",
    "reporting",
    "reproducing",
    "rivals",
    "searching",
    "seeding",
    "settling",
    "standing",
    "stating",
)
