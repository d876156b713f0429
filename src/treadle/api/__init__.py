"""Every operation once: a typed request, a typed answer, a permission, a docstring; held by name in `OPERATIONS`.

It does not do the work, which the rooms below do, nor print it: `treadle.cli` and `treadle.web` are derived from it.
"""

# to import them registers their operations
from treadle.api import (
    access,
    contract,
    data,
    decide,
    endpoint,
    entities,
    evidence,
    fit,
    lineage,
    mapping,
    mirror,
    models,
    project,
    quarantine,
    reproduce,
    schedule,
    spending,
    team,
    trials,
    upkeep,
    work,
)
from treadle.api.operation import GROUPS, OPERATIONS, Context, Field, Operation, Request

__all__ = [
    "GROUPS",
    "OPERATIONS",
    "Context",
    "Field",
    "Operation",
    "Request",
    "access",
    "contract",
    "data",
    "decide",
    "endpoint",
    "entities",
    "evidence",
    "fit",
    "lineage",
    "mapping",
    "mirror",
    "models",
    "project",
    "quarantine",
    "reproduce",
    "schedule",
    "spending",
    "team",
    "trials",
    "upkeep",
    "work",
]
OPEN = ("endpoint", "identity")
