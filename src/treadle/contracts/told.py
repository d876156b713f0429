"""What was found of a rule about a whole batch that is more than a count."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """Whether it holds (None: it could not be asked, and why), what was found in words, and a count or figure of it."""

    holds: bool | None
    found: str = ""
    figure: float = 0.0
