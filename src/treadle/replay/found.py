"""What a replay came to."""

from __future__ import annotations

from msgspec import Struct


class Replayed(Struct, frozen=True):
    start: str
    end: str
    url: str
    events: int
    predictions: int
    outcomes: int
    refused: int
    seconds: float
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    next: str
    left_out: list[str] = []
    """What was not played, and why, a sentence each."""
