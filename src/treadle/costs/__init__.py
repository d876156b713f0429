"""What work costs: dated price books, the price of a step, the ledger as a view of the chain.

It does not measure (the chain meters each step), and it counts no machine that stands idle. What no step used is booked
(`booking`), and all of it is written as rows of FOCUS (`focus`). Loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.costs.ledger import costs as costs
    from treadle.costs.ledger import runs as runs
    from treadle.costs.prices import PriceBook as PriceBook
    from treadle.costs.prices import load_book as load_book
    from treadle.costs.sums import CostLine as CostLine
    from treadle.costs.sums import Costs as Costs
    from treadle.costs.sums import Part as Part
    from treadle.costs.sums import TierSum as TierSum

_HOMES = {
    "CostLine": "sums",
    "Costs": "sums",
    "Part": "sums",
    "PriceBook": "prices",
    "TierSum": "sums",
    "costs": "ledger",
    "load_book": "prices",
    "runs": "ledger",
}
__all__ = sorted(_HOMES)
OPEN = ("booking", "budgets", "estimates", "focus", "lines", "stored", "trend", "written")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
