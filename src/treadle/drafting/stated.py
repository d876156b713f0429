"""What is said of a table that no guess is made of: how much a row counts, what is counted over, what mistakes cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from treadle.drafting.guessing import Hints
from treadle.errors import DataError, SpecError, nearest
from treadle.spec.choices import COUNTED

if TYPE_CHECKING:
    import polars as pl


class Stated(Struct, frozen=True):
    """`weight`: the column that says how much a row counts; `exposure`: what the target is counted over; both are no
    features. `missed`, `false_alarm`: what a mistake of either kind costs. None: nothing is said of it."""

    weight: str | None = None
    exposure: str | None = None
    missed: float | None = None
    false_alarm: float | None = None

    @property
    def beside(self) -> tuple[str, ...]:
        """Columns that are no features."""
        return tuple(name for name in (self.weight, self.exposure) if name is not None)

    def hints(self, hints: Hints) -> Hints:
        """What else is known of the table by this: what is counted over an exposure is a count."""
        kind = min(COUNTED) if self.exposure is not None and hints.kind is None else hints.kind
        return replace(hints, kind=kind, drop=tuple(dict.fromkeys((*hints.drop, *self.beside))))


NOTHING_STATED = Stated()


def check_stated(stated: Stated, hints: Hints, frame: pl.DataFrame, target: str) -> None:
    """Refuse what cannot be.

    Raises:
        DataError: no such column, or one whose values are no weights, or no exposures, in a row with a label;
        SpecError: an exposure of what is no count, costs below zero or of nothing at all.
    """
    if stated.exposure is not None and hints.kind not in (None, *COUNTED):
        raise SpecError(
            f"an exposure is for counts, and {hints.kind} is asked for", where="--exposure", mend="give --kind counts"
        )
    if stated.exposure is not None and stated.exposure == stated.weight:
        raise SpecError(
            f"{stated.exposure} cannot be exposure and weight at once",
            where="--weight",
            mend="leave it out: counts are weighed by their exposure already",
        )
    _check_costs(stated)
    known = frame.filter(frame.get_column(target).is_not_null())
    for flag, name, least in (
        ("--weight", stated.weight, "zero or more"),
        ("--exposure", stated.exposure, "above zero"),
    ):
        if name is not None:
            _check_column(flag, name, least, known, taken=(target, hints.time, hints.group))


def _check_costs(stated: Stated) -> None:
    for flag, cost in (("--missed", stated.missed), ("--false-alarm", stated.false_alarm)):
        if cost is not None and not 0 <= cost < float("inf"):
            raise SpecError(f"a mistake cannot cost {cost:g}", where=flag, mend="give zero or more")
    if stated.missed == 0 == stated.false_alarm:
        raise SpecError("mistakes of both kinds cost nothing", where="--missed", mend="give one of them a cost")


def _check_column(flag: str, name: str, least: str, frame: pl.DataFrame, *, taken: tuple[str | None, ...]) -> None:
    import polars as pl

    if name not in frame.columns:
        raise DataError(f'the table has no column "{name}"', where=flag, mend=nearest(name, frame.columns))
    if name in taken:
        raise DataError(f"{name} is the target, the time or the group", where=flag, mend="name another column")
    column = frame.get_column(name)
    if not column.dtype.is_numeric():
        raise DataError(
            f"{name} is no number ({column.dtype})", where=flag, mend=f"name a column of numbers that are {least}"
        )
    numbers = column.cast(pl.Float64)
    low = numbers <= 0 if flag == "--exposure" else numbers < 0
    wrong = int((low | ~numbers.is_finite()).fill_null(True).sum())
    if wrong:
        raise DataError(
            f"{name} is missing, infinite or not {least} in {wrong:,} of {len(numbers):,} rows with a label",
            where=flag,
            mend="mend these cells, or leave the label of these rows empty: they are left out then",
        )
