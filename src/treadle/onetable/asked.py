"""What is asked: a table, the column to predict, what is known of it, how long, and whether the project is kept."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from treadle.drafting.guessing import NOTHING, Hints
from treadle.drafting.stated import NOTHING_STATED, Stated
from treadle.errors import MissingExtra, SpecError, nearest
from treadle.spec import Layout
from treadle.spec.choices import FAMILY_ALIASES, METRICS

LEAST_MINUTES = 0.5
"""Less is used up by reading, judging and the first trial, so that it could not be kept to."""


class Asked(Struct, frozen=True):
    """`save`: the folder that becomes a project; None: nothing is kept. `file`: as it was named."""

    file: str
    target: str
    save: str | None = None
    owner: str | None = None
    hints: Hints = NOTHING
    stated: Stated = NOTHING_STATED
    layout: Layout = Layout()


def refuse(asked: Asked) -> None:
    """Refuse what cannot be kept to, before a row is read.

    Raises:
        SpecError: minutes or trials that are none, a family or a metric that there is not, a folder to save in that
            holds something; MissingExtra: a family whose library is not installed.
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
    if asked.hints.spend is not None and not 0 < asked.hints.spend <= 1e9:
        raise SpecError(
            f"{asked.hints.spend} is no money to spend", where="--spend", mend="give an amount such as 0.50"
        )
    _refuse_names(asked.hints)
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


def _refuse_names(hints: Hints) -> None:
    from treadle.training.families import known

    for name in hints.families:
        family = known().get(FAMILY_ALIASES.get(name, name))
        if family is None:
            mend = nearest(name, [*known(), *FAMILY_ALIASES])
            raise SpecError(f'there is no family of models "{name}"', where="--family", mend=mend)
        if not family.installed():
            needs = f"models of the family {name} need the package {family.extra}"
            raise MissingExtra(family.extra, family.extra, what=needs, where="--family")
    metrics = {name for kind, names in METRICS.items() if hints.kind in (None, kind) for name in names}
    if hints.metric is not None and metrics and hints.metric not in metrics:
        of = f"{hints.kind} " if hints.kind else ""
        raise SpecError(
            f'there is no {of}metric "{hints.metric}"', where="--metric", mend=nearest(hints.metric, metrics)
        )
