"""What a table may mean by the names of its columns and the writing of its labels, said and never acted upon."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from treadle.drafting.stated import Stated
from treadle.spec.choices import COUNTED

if TYPE_CHECKING:
    from treadle.drafting.guessing import Guess

_WEIGHT = re.compile(
    r"(^|.*_)(weights?|wgt|wt|fnlwgt|finalwgt|perwt|pwgtp|pweight|frequency|freq)$|^(weight|wgt|wt)_.*", re.IGNORECASE
)
_EXPOSURE = re.compile(
    r"(^|.*_)(exposures?|expo|at_risk|population|person_?(years|days)|policy_?(years|days)|insured_?(years|days))$"
    r"|^exposure_.*",
    re.IGNORECASE,
)
_SPAN = re.compile(r"(^|.*_)(years?|months|days|hours|duration|miles|km|hectares)$", re.IGNORECASE)
"""What counts are counted over, where nothing else is counted."""
MOST_CLASSES = 200
"""More values than that are no classes, and are not held against each other."""
_NAMED = 3


def suggested(guess: Guess, stated: Stated, *, options: bool) -> list[str]:
    """A line for each column whose name says that it may be a weight or an exposure, for one that is said to be, and
    for labels that are written in several ways. `options`: mended on the command line, and not in the project file."""
    said = []
    if stated.weight is not None:
        said.append(f"weight: {stated.weight} says how much each row counts")
    if stated.exposure is not None:
        said.append(f"exposure: {guess.target} is counted over {stated.exposure}: twice of it is twice as many")
    said += [line for line in (_weight(guess, stated, options), _exposure(guess, stated, options)) if line]
    if guess.types[guess.target] == "str" and guess.labels.n_unique() <= MOST_CLASSES:
        said += alike_said(guess.target, guess.labels.unique().to_list())
    return said


def _weight(guess: Guess, stated: Stated, options: bool) -> str:
    names = [name for name in _numbers(guess) if _WEIGHT.fullmatch(name)]
    if not names or stated.weight is not None:
        return ""
    name = names[0]
    mend = f"--weight {_shell(name)}" if options else f"`weight: {name}` in predict, and out of features.request"
    return f"{name} is taken as a feature; if it says how much each row counts, as in a survey, say so: {mend}"


def _exposure(guess: Guess, stated: Stated, options: bool) -> str:
    if not guess.numeric or stated.exposure is not None:
        return ""
    names = [name for name in _numbers(guess) if _EXPOSURE.fullmatch(name)]
    if guess.kind in COUNTED:
        names += [name for name in _numbers(guess) if _SPAN.fullmatch(name)]
    counted = guess.types[guess.target] == "int" and not bool((guess.labels < 0).any())
    if not names or not counted:
        return ""
    name = names[0]
    mend = (
        f"--exposure {_shell(name)}"
        if options
        else f"`kind: counts` and `exposure: {name}` in predict, and out of features.request"
    )
    return (
        f"{name} is taken as a feature; if {guess.target} is counted over it, so that twice of it is twice as many, "
        f"say so: {mend}"
    )


def _numbers(guess: Guess) -> list[str]:
    return [name for name in guess.request if guess.types[name] in ("int", "float")]


def _shell(name: str) -> str:
    import shlex

    return shlex.quote(name)


def alike(values: Iterable[str]) -> list[tuple[str, ...]]:
    """Values that differ by capitals and blanks alone, each group in order.

    >>> alike(["Yes", "yes", "NO ", "No", "maybe"])
    [('NO ', 'No'), ('Yes', 'yes')]
    """
    found: dict[str, set[str]] = {}
    for value in values:
        found.setdefault(" ".join(value.casefold().split()), set()).add(value)
    return sorted(tuple(sorted(same)) for same in found.values() if len(same) > 1)


def alike_said(name: str, values: Iterable[str]) -> list[str]:
    """That some of the values of `name` are alike, and how to mend it; empty where none are."""
    groups = alike(values)
    if not groups:
        return []
    shown = "; ".join(" and ".join(f'"{value}"' for value in same) for same in groups[:_NAMED])
    more = f"; and {len(groups) - _NAMED:,} more" if len(groups) > _NAMED else ""
    differ = "differ by capitals or blanks alone, and are different values here"
    return [f"{name}: {shown}{more} {differ}; if they mean the same, write them alike in the table"]
