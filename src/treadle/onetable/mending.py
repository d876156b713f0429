"""Errors of a run in the words of the command line: who has no project file cannot mend a line of one."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from treadle.drafting.guessing import Guess
from treadle.errors import TreadleError
from treadle.onetable.asked import Asked
from treadle.spec import FILE

_PLACES = {
    "train.families": "--family",
    "train": "--minutes",
    "training table": "FILE",
    "predict.split": "FILE",
    "predict.metric": "--metric",
    "predict.weight": "--weight",
    "predict.exposure": "--exposure",
    "predict": "--target",
    "features": "--drop",
    "brief.mistakes": "--missed",
    "brief.people": "--owner",
    "brief": "--minutes",
    "sources": "FILE",
}
"""The option that stands for a part of the project file; of two that fit, the longer."""


@dataclass(frozen=True)
class _Mend:
    where: str
    mend: str


def in_options(bad: TreadleError, asked: Asked, guess: Guess | None, *, written: bool) -> TreadleError:
    """The same error, with its place and its mend as options. `written`: the project is kept, and was begun."""
    path = bad.where.rsplit(": ", 1)[-1].split("[")[0]
    known = [name for name in _PLACES if path == name or path.startswith((f"{name}.", f"{name}:"))]
    if known:
        found = _mended(max(known, key=len), bad, guess)
        bad.where, bad.mend = found.where, found.mend
    elif bad.where.startswith(FILE):
        bad.where = "FILE"
    if written and asked.save is not None:
        folder = shlex.quote(asked.save)
        bad.mend += f"{'; ' if bad.mend else ''}{folder} was begun: remove it first, or correct {FILE} in it and go on "
        bad.mend += f"with: treadle run {folder}"
    return bad


def _mended(part: str, bad: TreadleError, guess: Guess | None) -> _Mend:
    place = _PLACES[part]
    if part == "predict.split" and guess is not None:
        return _of_split(guess)
    if part == "training table":
        return _Mend(place, "give a table with more rows, or mend the column that is named")
    if part == "train":
        return _Mend(place, "give it more time with --minutes, fewer columns with --drop, or another --family")
    if part == "predict.metric":
        return _Mend(place, "give more rows, or choose another with --metric")
    if part == "features":
        return _Mend(place, "leave the column out with --drop, or rename it in the table")
    return _Mend(place, bad.mend)


def _of_split(guess: Guess) -> _Mend:
    if guess.hints.group is not None:
        return _Mend("--group", "name a column with more groups, or leave --group out: rows are then split at random")
    if guess.time is not None:
        name = shlex.quote(guess.time)
        return _Mend(
            "--time",
            f"rows are in order of {guess.time}, and the newest fifth is the test: give rows of a longer time; or, if "
            f"what comes later is like what came before, --drop {name}: they are then split at random",
        )
    return _Mend("FILE", "give a table with more rows")
