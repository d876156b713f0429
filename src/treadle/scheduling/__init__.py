"""Run a project by clock, by new file and by event, until it is stopped; or say to another scheduler when to run it.

It does no step itself: a run is `treadle run` in a process of its own, which goes on where one that failed left off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle.scheduling.found import ASIDE, Outcome, Scheduled, Triggered

if TYPE_CHECKING:
    from treadle.scheduling.events import tell as tell
    from treadle.scheduling.keeping import Scheduler as Scheduler
    from treadle.scheduling.keeping import schedule as schedule
    from treadle.scheduling.units import plan_of as plan_of
    from treadle.scheduling.units import unit as unit

__all__ = ["ASIDE", "Outcome", "Scheduled", "Scheduler", "Triggered", "plan_of", "schedule", "tell", "unit"]
OPEN = ("running",)

_HOMES = {"Scheduler": "keeping", "plan_of": "units", "schedule": "keeping", "tell": "events", "unit": "units"}


def __getattr__(name: str) -> Any:
    """Loaded on first use: the command line needs the answers' types alone."""
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(f"treadle.scheduling.{_HOMES[name]}"), name)
    raise AttributeError(name)
