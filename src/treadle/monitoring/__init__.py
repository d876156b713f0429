"""How an endpoint does: the prediction ledger, late labels, realised quality by day, drift by feature."""

from typing import Any

from treadle.monitoring.ledger import collect, find_prediction

__all__ = ["Watched", "collect", "find_prediction", "watch"]


def __getattr__(name: str) -> Any:
    """Loaded on first use: a look into the ledger needs no plots and no metrics."""
    if name in ("Watched", "watch"):
        from treadle.monitoring import watch

        return getattr(watch, name)
    raise AttributeError(name)
