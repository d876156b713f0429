"""What a table holds, column by column: types, missing values, distributions, keys, relations, personal data.

It reads rows that it is given, keeps nothing, and knows no project: a label is an expression that somebody else made.

`profile` measures a table; `compare` says what moved between two; `distance` tells whether counts moved more than
chance moves them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.profiling.comparing import compare as compare
    from treadle.profiling.distances import Distance as Distance
    from treadle.profiling.distances import distance as distance
    from treadle.profiling.measuring import Asked as Asked
    from treadle.profiling.measuring import Label as Label
    from treadle.profiling.measuring import profile as profile
    from treadle.profiling.page import profile_page as profile_page
    from treadle.profiling.units import unit_of as unit_of

__all__ = ["Asked", "Distance", "Label", "compare", "distance", "profile", "profile_page", "unit_of"]
OPEN = ("found", "wording")

_HOMES = {
    "Asked": "measuring",
    "Distance": "distances",
    "Label": "measuring",
    "compare": "comparing",
    "distance": "distances",
    "profile": "measuring",
    "profile_page": "page",
    "unit_of": "units",
}


def __getattr__(name: str) -> Any:
    """Loaded on first use: the types of an answer need no Polars."""
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(f"treadle.profiling.{_HOMES[name]}"), name)
    raise AttributeError(name)
