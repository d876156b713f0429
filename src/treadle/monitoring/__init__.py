"""How an endpoint does: the prediction ledger, late labels, realised quality by day, drift by feature, alerts.

It does not retrain, roll back or release, and needs no running server: it reads what servers wrote.
"""

from typing import Any

from treadle.monitoring.ledger import KINDS, collect, find_prediction

__all__ = ["KINDS", "Alert", "Watched", "alerts_of", "collect", "find_prediction", "log_alerts", "watch", "watch_page"]

_HOMES = {
    "Alert": "found",
    "Watched": "watching",
    "alerts_of": "alerts",
    "log_alerts": "alerts",
    "watch": "watching",
    "watch_page": "page",
}


def __getattr__(name: str) -> Any:
    """Loaded on first use: a look into the ledger needs no plots and no metrics."""
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(f"treadle.monitoring.{_HOMES[name]}"), name)
    raise AttributeError(name)
