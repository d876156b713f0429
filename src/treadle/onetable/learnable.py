"""Refuse what training would refuse, before anything is written, and in the words of the table."""

from __future__ import annotations

from treadle.drafting.guessing import Guess
from treadle.errors import DataError


def refuse_unlearnable(guess: Guess) -> None:
    """Raises DataError: too few rows have a label, or too few are of a class."""
    import polars as pl

    from treadle import training
    from treadle.scoring import task_of
    from treadle.stages.examples import labels

    known = guess.labels
    if len(known) < training.LEAST_ROWS:
        raise DataError(
            f"{guess.target} is known in {len(known)} row{'s' if len(known) > 1 else ''} only; "
            f"at least {training.LEAST_ROWS} are needed",
            where=guess.place,
            mend="give a table with more rows",
        )
    if guess.numeric:
        wrong = task_of(guess.kind).problems(known.cast(pl.Float64).to_numpy())
        if wrong:
            raise DataError(
                f"{guess.target}: {wrong[0]}", where="--target", mend="name another column, or another kind"
            )
        return
    label, classes = labels((known == guess.positive).cast(pl.Float64) if guess.decides else known.cast(pl.String))
    wrong = task_of(guess.kind, classes).problems(label)
    if wrong:
        raise DataError(
            f"{guess.target}: {wrong[0]}", where="--target", mend="give more rows, or choose another column"
        )
