"""The areas of the work, by kinds of entries. What people say to each other in private is in none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from treadle.evidence.words import words_of

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


_FILES = (("contracts/", "data"), ("functions.py", "features"), ("treadle.yaml", "decisions"), ("records/", "notes"))
_WORDS = {
    "data": "data rows source table label contract quarantine delivery duplicate",
    "features": "feature column encoding",
    "training": "train model search trial metric calibration threshold baseline score",
    "releases": "release review approval bundle signature",
    "operation": "serve server endpoint alert drift latency monitor outage incident",
    "decisions": "decide decision brief charter milestone",
    "notes": "note paper docs document page",
    "money": "cost money budget price spend machine",
}
"""What is spoken of where an area is not named."""


def area_of_file(file: str) -> str:
    """
    >>> area_of_file("contracts/orders.yaml"), area_of_file("src/load.py"), area_of_file("setup.py")
    ('data', 'code: src/', 'code')
    """
    named = next((area for begin, area in _FILES if file.startswith(begin)), "")
    folder, slash, _ = file.partition("/")
    return named or (f"code: {folder}/" if slash else "code")


def areas_of_text(text: str, named: Mapping[str, Sequence[str]]) -> list[str]:
    """The areas that a sentence speaks of, by its words. `named`: names of the project, by the area that they are of.

    >>> areas_of_text("Ask the airline for the labels of late_flights", {"features": ["late_flights"]})
    ['data', 'features']
    """
    said = set(words_of(text))
    found = []
    for area, words in _WORDS.items():
        own = [words_of(name) for name in named.get(area, ())]
        if said.intersection(words_of(f"{area} {words}")) or any(name and said.issuperset(name) for name in own):
            found.append(area)
    return found
