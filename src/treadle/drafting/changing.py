"""Which column of a database's table says when a row was last changed, by which only what is new can be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treadle.drafting.guessing import Guess
    from treadle.drafting.tabling import Tabled

_CHANGED = re.compile(r"(last_?)?(updated|update|modified|modification|changed|change)(_?(at|on|time|date|ts))?")


def changes_said(table: Guess | Tabled) -> list[str]:
    """A sentence on how to read only what changed, where a column is called so, is a time, and rows have a key."""
    times = (name for name, kind in table.types.items() if kind == "timestamp" and _CHANGED.fullmatch(name.casefold()))
    by = next((name for name in times if table.frame.get_column(name).null_count() == 0), None)
    if by is None or not table.key:
        return []
    said = (
        f"all rows are read each time: if {by} says when a row was last changed, write new: {{by: {by}, overlap: 1h}}, "
        "and only what is new is read; rows that are deleted then stay, unless a column marks them (docs/sources.md)"
    )
    return [said]
