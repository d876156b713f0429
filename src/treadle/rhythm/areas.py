"""The areas of the work, by kinds of entries. What people say to each other in private is in none."""

from __future__ import annotations

AREAS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("data", ("sources.", "source.", "quarantine.", "entities.", "entity.", "snapshots.", "labels.", "experts.")),
    ("features", ("features.",)),
    ("training", ("training.", "sealed.", "model.refitted", "report.")),
    ("releases", ("model.packed", "review.", "release.", "finding.", "version.")),
    ("operation", ("state.", "alert.", "schedule.", "replay.", "retro.")),
    ("decisions", ("brief.", "decision.", "charter.", "milestone.")),
    ("notes", ("note.",)),
    ("money", ("cost.", "rivals.", "prices.", "money.", "options.", "size.", "saving.", "savings.")),
)
"""Areas, and how the names of their kinds begin."""


def area_of(kind: str) -> str:
    """
    >>> area_of("features.build"), area_of("token.made")
    ('features', '')
    """
    return next((name for name, begins in AREAS if kind.startswith(begins)), "")
