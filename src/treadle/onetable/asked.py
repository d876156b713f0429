"""What is asked: a table, the column to predict, what is known of it, how long, and whether the project is kept."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from treadle.drafting.guessing import NOTHING, Hints
from treadle.errors import SpecError
from treadle.spec import Layout

LEAST_MINUTES = 0.5
"""Less is used up by reading, judging and the first trial, so that it could not be kept to."""


class Asked(Struct, frozen=True):
    """`save`: the folder that becomes a project; None: nothing is kept. `file`: as it was named."""

    file: str
    target: str
    save: str | None = None
    owner: str | None = None
    hints: Hints = NOTHING
    layout: Layout = Layout()


def refuse(asked: Asked) -> None:
    """Refuse what cannot be kept to, before a row is read.

    Raises:
        SpecError: minutes or trials that are none, a folder to save in that holds something.
    """
    minutes, trials = asked.hints.minutes, asked.hints.trials
    if minutes is not None and not LEAST_MINUTES <= minutes <= 1e6:
        raise SpecError(
            f"{minutes:g} minutes are no time to search in",
            where="--minutes",
            mend=f"give {LEAST_MINUTES:g} or more; or --trials N, for a search that is bounded by no time",
        )
    if trials is not None and not 1 <= trials <= 10_000:
        raise SpecError(f"{trials} trials are no search", where="--trials", mend="give a number from 1 to 10,000")
    if asked.save is None:
        return
    folder = Path(asked.save)
    if folder.is_dir() and any(folder.iterdir()):
        raise SpecError(
            f"{folder.name or folder.resolve().name} is a folder with something in it",
            where="--save",
            mend="name a new folder, or an empty one; a project that stands there is gone on with by: treadle run",
        )
    if folder.exists() and not folder.is_dir():
        raise SpecError(f"{folder.name} is a file", where="--save", mend="name a folder, new or empty")
