"""The same thing across sources: rows that are one by exact keys and by likeness, and one row settled of them.

It reads no source and keeps nothing: it is given tables and what persons said, and gives tables.

`draw` makes one table of all sources; `reconcile` finds what is the same and settles it; `explain` weighs one pair.
"""

from treadle.matching.decisions import Decision, refuse_contradiction
from treadle.matching.explaining import Explained, Said, explain
from treadle.matching.reconcile import Reconciled, reconcile
from treadle.matching.rows import Rows, draw
from treadle.matching.settling import as_value
from treadle.matching.stated import raise_together, types_of_fields
from treadle.matching.tables import as_tables
from treadle.matching.weights import FieldWeights, Weights

__all__ = [
    "Decision",
    "Explained",
    "FieldWeights",
    "Reconciled",
    "Rows",
    "Said",
    "Weights",
    "as_tables",
    "as_value",
    "draw",
    "explain",
    "raise_together",
    "reconcile",
    "refuse_contradiction",
    "types_of_fields",
]
