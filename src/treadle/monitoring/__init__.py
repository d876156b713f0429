"""How an endpoint does: the prediction ledger, late labels, realised quality by day, drift by feature, alerts.

It does not retrain, roll back or release, and needs no running server: it reads what servers wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle.monitoring.ledger import KINDS, answered, collect, find_prediction

if TYPE_CHECKING:
    from treadle.monitoring.alerts import alerts_of as alerts_of
    from treadle.monitoring.alerts import log_alerts as log_alerts
    from treadle.monitoring.answers import Answers as Answers
    from treadle.monitoring.answers import answers_of as answers_of
    from treadle.monitoring.found import Alert as Alert
    from treadle.monitoring.found import Watched as Watched
    from treadle.monitoring.page import watch_page as watch_page
    from treadle.monitoring.realised import Realised as Realised
    from treadle.monitoring.realised import decisions_of as decisions_of
    from treadle.monitoring.watching import watch as watch

__all__ = [
    "KINDS",
    "Alert",
    "Answers",
    "Realised",
    "Watched",
    "alerts_of",
    "answered",
    "answers_of",
    "collect",
    "decisions_of",
    "find_prediction",
    "log_alerts",
    "watch",
    "watch_page",
]
OPEN = ("found",)

_HOMES = {
    "Alert": "found",
    "Answers": "answers",
    "Realised": "realised",
    "Watched": "found",
    "alerts_of": "alerts",
    "answers_of": "answers",
    "log_alerts": "alerts",
    "decisions_of": "realised",
    "watch": "watching",
    "watch_page": "page",
}


def __getattr__(name: str) -> Any:
    """Loaded on first use: a look into the ledger needs no plots and no metrics."""
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(f"treadle.monitoring.{_HOMES[name]}"), name)
    raise AttributeError(name)
