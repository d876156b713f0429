"""Every operation once. `OPERATIONS` holds them by name; `treadle.cli` and `treadle.web` are derived from it."""

from treadle.api import access, endpoint, evidence, models, project, trials, work  # registers the operations
from treadle.api.operation import OPERATIONS, Context, Field, Operation, Request

__all__ = [
    "OPERATIONS",
    "Context",
    "Field",
    "Operation",
    "Request",
    "access",
    "endpoint",
    "evidence",
    "models",
    "project",
    "trials",
    "work",
]
