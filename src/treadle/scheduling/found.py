"""What scheduling comes to, as types."""

from __future__ import annotations

from msgspec import Struct

ASIDE = "· "
"""A line of a run's stderr that begins so is for whoever started it, while it goes on: what it waits for."""


class Outcome(Struct, frozen=True):
    """How one run ended; `said`: the version that came of it, or why it failed. `stopped`: it was told to end."""

    ok: bool
    said: str
    seconds: float
    stopped: bool = False


class Triggered(Struct, frozen=True):
    """An event that was told: its entry in the record, and by whom."""

    project: str
    event: str
    entry: int
    by: str


class Scheduled(Struct, frozen=True):
    """What a scheduler did until it was stopped; or, where only that was asked for, the `unit` of another one."""

    project: str
    runs: int = 0
    failed: int = 0
    unit: str = ""
