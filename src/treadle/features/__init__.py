"""Features: one plan, computed for all rows (`build`, `build_parts`), for one record (`compile_online`), proved equal.

It does not learn from labels (encoding is training's), and keeps no state: engines do, by the protocol `OnlineState`.

`plan` checks a project's features against its tables; `seed` builds online state; `EventReader` adds to it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from treadle.features.plan import ColumnType, FeatureColumn, FeaturePlan, InputColumn

if TYPE_CHECKING:
    from treadle.features.alike import alike as alike
    from treadle.features.batch import AT as AT
    from treadle.features.batch import KNOWN as KNOWN
    from treadle.features.batch import LABEL as LABEL
    from treadle.features.batch import build as build
    from treadle.features.bodies import in_utc as in_utc
    from treadle.features.bodies import value_at as value_at
    from treadle.features.checks import name_problem as name_problem
    from treadle.features.label import suspects as suspects
    from treadle.features.larger import PartedTables as PartedTables
    from treadle.features.larger import build_parts as build_parts
    from treadle.features.online import OnlineFeatures as OnlineFeatures
    from treadle.features.online import compile_online as compile_online
    from treadle.features.planning import make_plan as make_plan
    from treadle.features.proof import posted as posted
    from treadle.features.proof import prove as prove
    from treadle.features.proved import Proof as Proof
    from treadle.features.reader import EventReader as EventReader
    from treadle.features.seeding import seed as seed
    from treadle.features.seeding import seed_parts as seed_parts
    from treadle.features.state import Memory as Memory
    from treadle.features.state import OnlineState as OnlineState

_HOMES = {
    "AT": "batch",
    "EventReader": "reader",
    "KNOWN": "batch",
    "LABEL": "batch",
    "Memory": "state",
    "OnlineFeatures": "online",
    "OnlineState": "state",
    "PartedTables": "larger",
    "Proof": "proved",
    "alike": "alike",
    "build": "batch",
    "build_parts": "larger",
    "compile_online": "online",
    "make_plan": "planning",
    "name_problem": "checks",
    "posted": "proof",
    "prove": "proof",
    "prove_sample": "sampled",
    "seed": "seeding",
    "seed_parts": "seeding",
    "in_utc": "bodies",
    "suspects": "label",
    "value_at": "bodies",
}
__all__ = [
    "AT",
    "EventReader",
    "ColumnType",
    "FeatureColumn",
    "FeaturePlan",
    "InputColumn",
    "KNOWN",
    "LABEL",
    "Memory",
    "OnlineFeatures",
    "OnlineState",
    "PartedTables",
    "Proof",
    "alike",
    "build",
    "build_parts",
    "compile_online",
    "in_utc",
    "make_plan",
    "name_problem",
    "posted",
    "prove",
    "prove_sample",
    "seed",
    "seed_parts",
    "suspects",
    "value_at",
]
OPEN = ("columns", "drawn", "plan", "state")


def __getattr__(name: str) -> Any:
    """Loaded on first use: a server needs neither Polars nor NumPy for online features."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value  # a module may bind the same name: the function is what is meant
    return value
