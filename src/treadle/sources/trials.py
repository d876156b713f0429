"""What a column of a large table of text is, thought of its first rows and tried on each block of it by itself.

A thought that holds of each block holds of the whole, as `typing` tells it of all values at once. What is thought of is
chosen so: numbers, truths and dates of a year that goes first, each in one plain form; and texts of which one of the
first values is nothing else. All else is open until all values of the column are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from treadle.sources.dates import at_once, form_of
from treadle.sources.exactness import EXACT
from treadle.sources.figures import Signs, plain, whole

if TYPE_CHECKING:
    import polars as pl

_FIRST = 100
"""Values of which one odd one makes a text of the column: they are looked at whatever follows."""
_NOT_TEXT = ("int", "float", "date", "timestamp")
"""What a contract may expect of a column, so that its values are told one by one."""


class Trial(Struct, frozen=True):
    """`form`: of times, for strptime."""

    kind: Literal["whole", "fraction", "truth", "time", "text", "open"]
    form: str = ""


OPEN = Trial("open")


def thought_of(text: pl.Series, signs: Signs, expected: str) -> Trial | None:
    """What the first rows of a column say, those without a value aside; None where all of them are without.

    text: with NULL for what is missing. expected: what its contract says that it is.
    """
    known = text.drop_nulls()
    if not len(known):
        return None
    if expected not in _NOT_TEXT and _surely_text(known.head(_FIRST), signs):
        return Trial("text")
    thoughts = [Trial("whole"), Trial("truth")]
    if signs.decimal == "." and not whole(known.str.strip_chars()):
        thoughts.append(Trial("fraction"))
    form = form_of(known.head(1))
    if form is not None and form.format.startswith("%Y"):  # others hang on all values, and something is said of them
        thoughts.append(Trial("time", form.format))
    first = known.head(_FIRST)  # of most thoughts already these are not
    held = (each for each in thoughts if tried(first, each) is not None and tried(known, each) is not None)
    return next(held, OPEN)


def tried(text: pl.Series, trial: Trial) -> pl.Series | None:
    """The values as what they were thought to be; None where one is not."""
    if trial.kind == "whole":
        return _cast(text, int)
    if trial.kind == "fraction":
        made = _cast(text, float)
        if made is None or made.is_nan().any():
            return None
        low, high = made.min(), made.max()
        plainly = not isinstance(low, float) or not isinstance(high, float) or -EXACT < low <= high < EXACT
        return made if plainly else None
    if trial.kind == "truth":
        small = text.str.to_lowercase()
        return small == "true" if small.is_in(["true", "false"]).all() else None
    return at_once(text, trial.form) if trial.kind == "time" else text


def _cast(text: pl.Series, kind: type[int | float]) -> pl.Series | None:
    made = text.cast(kind, strict=False)
    if made.null_count() > text.null_count():  # as a rule there is nothing to strip
        made = text.str.strip_chars().cast(kind, strict=False)
    return made if made.null_count() == text.null_count() else None


def _surely_text(first: pl.Series, signs: Signs) -> bool:
    """Whether one of the first values is no number with or without marks, no date and no truth."""
    bare = first.str.strip_chars()
    odd = bare.cast(float, strict=False).is_null() & plain(first, signs).is_null()
    odd &= ~first.str.to_lowercase().is_in(["true", "false"])
    return any(form_of(each) is None for each in _each(first.filter(odd)))


def _each(values: pl.Series) -> list[pl.Series]:
    """A series of each value: as a rule the first of them tells."""
    return [values[at : at + 1] for at in range(len(values))]
