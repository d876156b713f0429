"""What a measured workload would cost, run in other ways: priced by dated figures, compared, one recommended and why.

It reads the record, the prediction ledger and the prices that were imported, and writes nothing but a month's page. A
price that is not known is said to be so, and never guessed. Loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.plans.measuring import measure as measure
    from treadle.plans.planning import plan as plan

_HOMES = {"measure": "measuring", "plan": "planning"}
__all__ = sorted(_HOMES)
OPEN = (
    "bottlenecks",
    "buying",
    "buying_found",
    "choosing",
    "comparing",
    "confirming",
    "confirming_found",
    "found",
    "hours",
    "hours_found",
    "idle",
    "machines",
    "measures",
    "month_page",
    "monthly",
    "offering",
    "options_found",
    "savings",
    "savings_found",
    "shares",
    "shares_found",
    "sizing",
    "storing",
    "tiers",
    "worth",
    "worth_found",
)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
