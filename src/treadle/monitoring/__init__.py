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
    from treadle.monitoring.moments import PLAYER as PLAYER
    from treadle.monitoring.moments import Moments as Moments
    from treadle.monitoring.moments import moments_of as moments_of
    from treadle.monitoring.moments import played_between as played_between
    from treadle.monitoring.page import watch_page as watch_page
    from treadle.monitoring.realised import Realised as Realised
    from treadle.monitoring.realised import decisions_of as decisions_of
    from treadle.monitoring.watching import watch as watch

__all__ = [
    "KINDS",
    "PLAYER",
    "Alert",
    "Answers",
    "Moments",
    "Realised",
    "Watched",
    "alerts_of",
    "answered",
    "answers_of",
    "collect",
    "decisions_of",
    "find_prediction",
    "log_alerts",
    "moments_of",
    "played_between",
    "watch",
    "watch_page",
]
OPEN = ("found",)

_HOMES = {
    "Alert": "found",
    "Answers": "answers",
    "Moments": "moments",
    "PLAYER": "moments",
    "Realised": "realised",
    "Watched": "found",
    "alerts_of": "alerts",
    "answers_of": "answers",
    "log_alerts": "alerts",
    "decisions_of": "realised",
    "moments_of": "moments",
    "played_between": "moments",
    "watch": "watching",
    "watch_page": "page",
}


def __getattr__(name: str) -> Any:
    """Loaded on first use: a look into the ledger needs no plots and no metrics."""
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(f"treadle.monitoring.{_HOMES[name]}"), name)
    raise AttributeError(name)
