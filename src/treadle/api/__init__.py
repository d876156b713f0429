"""Every operation once: a typed request, a typed answer, a permission, a docstring; held by name in `OPERATIONS`.

It does not do the work, which the rooms below do, nor print it: `treadle.cli` and `treadle.web` are derived from it.

A module here is found by being here; it registers its operations when it is imported. Who asks for `OPERATIONS` or
`GROUPS` gets all of them, so whoever needs one alone imports its module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle.api.operation import Context, Field, Operation, Request, every, find

if TYPE_CHECKING:
    from treadle.api.operation import GROUPS, OPERATIONS

__all__ = ["GROUPS", "OPERATIONS", "Context", "Field", "Operation", "Request", "every", "find"]
OPEN = ("identity", "pages")


def __getattr__(name: str) -> Any:
    if name not in ("GROUPS", "OPERATIONS"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from treadle.api import operation

    every()
    return getattr(operation, name)
