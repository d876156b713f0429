"""All steps of preparation by the name that a bundle gives them: ours, and those that installed packages bring.

Who reads a bundle looks here, so a step is served where its package is installed, and refused by name elsewhere.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from treadle.scoring.steps.clock import Calendar, Clock
from treadle.scoring.steps.grouped import Grouped
from treadle.scoring.steps.levels import Levels
from treadle.scoring.steps.number import Number
from treadle.scoring.steps.offset import Offset
from treadle.scoring.steps.pair import Pair
from treadle.scoring.steps.ranked import Ranked
from treadle.scoring.steps.scaled import Scaled
from treadle.scoring.steps.step import FittedStep
from treadle.scoring.steps.words import Words

OWN: dict[str, type[FittedStep]] = {
    "number": Number,
    "levels": Levels,
    "clock": Clock,
    "calendar": Calendar,
    "scaled": Scaled,
    "ranked": Ranked,
    "pair": Pair,
    "words": Words,
    "offset": Offset,
    "grouped": Grouped,
}
ENTRY_POINT = "treadle.steps"


@cache
def known() -> dict[str, type[FittedStep]]:
    """Steps by name. One that cannot be loaded is left out: what does not need it has to go on working."""
    return {**found()[0], **OWN}


@cache
def found() -> tuple[dict[str, type[FittedStep]], tuple[str, ...]]:
    """The steps of installed packages, and a sentence for each that is none."""
    steps, broken = dict[str, type[FittedStep]](), list[str]()
    for point in entry_points(group=ENTRY_POINT):
        try:
            made = point.load()
            tag = made.__struct_config__.tag
        except Exception as bad:  # whatever a package of others raises
            broken.append(f"the step {point.name} cannot be loaded ({type(bad).__name__}: {bad})")
            continue
        if point.name in OWN or tag != point.name:
            broken.append(f'the step {point.name} is of another name: its tag is "{tag}"')
            continue
        steps[point.name] = made
    return steps, tuple(broken)
