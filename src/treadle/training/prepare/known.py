"""All preparations by name: ours, and those that installed packages bring."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from treadle.errors import SpecError, nearest
from treadle.training.prepare.preparation import Preparation
from treadle.training.prepare.words import WordsPreparation

OWN: dict[str, type[Preparation]] = {WordsPreparation.name: WordsPreparation}
ENTRY_POINT = "treadle.preparations"


@cache
def preparations() -> dict[str, Preparation]:
    """One of each, by the name that recipes have for it."""
    others = {point.name: point.load() for point in entry_points(group=ENTRY_POINT) if point.name not in OWN}
    return {name: made() for name, made in {**OWN, **others}.items()}


def preparation(name: str) -> Preparation:
    """The preparation that a recipe names.

    Raises:
        SpecError: there is none of that name here.
    """
    if name not in preparations():
        raise SpecError(
            f'features are to be prepared by "{name}", which is not installed',
            where="train",
            mend=nearest(name, preparations()) or f"install the package that brings it (entry point {ENTRY_POINT})",
        )
    return preparations()[name]
