"""What vendors charge: dated figures, each with its source and region, imported, listed and compared between dates.

It knows no figure of its own, and prices nothing: what a workload would cost by them is for
`plans`. Loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.pricing.figure import Figure as Figure
    from treadle.pricing.importing import import_figures as import_figures
    from treadle.pricing.pricelist import PriceList as PriceList
    from treadle.pricing.pricelist import known as known

_HOMES = {"Figure": "figure", "PriceList": "pricelist", "import_figures": "importing", "known": "pricelist"}
__all__ = sorted(_HOMES)
OPEN = ("figure", "found", "pricelist")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
