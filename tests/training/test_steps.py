"""Every step of preparation passes the suite, as it is fitted and alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from treadle.scoring.steps import OWN, Calendar, Clock, FittedStep, Levels, Number, Offset, Pair, Ranked, Scaled
from treadle.testing import StepSuite
from treadle.testing.steps import training_table
from treadle.training import TrainingTable
from treadle.training.prepare import Recipe, fit_encoder, preparations
from treadle.training.prepare.groups import fit_grouped
from treadle.training.prepare.levels import fit_codes, fit_levels
from treadle.training.prepare.ranked import fit_ranked
from treadle.training.prepare.scaled import fit_scaled
from treadle.training.prepare.words import WordsPreparation


def test_every_step_is_held_to_the_suite() -> None:
    told = Path(__file__).read_text(encoding="utf-8")
    assert [kind.__name__ for kind in OWN.values() if f"class Test{kind.__name__}" not in told] == []
    assert [name for name, each in preparations().items() if f"preparation = {type(each).__name__}" not in told] == []
    assert {kind.__struct_config__.tag: kind for kind in OWN.values()} == OWN  # type: ignore[attr-defined]


class TestNumber(StepSuite):
    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        return [] if linear else [Number("amount"), Number("count"), Number("flag")]


class TestScaled(StepSuite):
    filled = True

    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        return [fit_scaled(name, table.frame.get_column(name)) for name in ("amount", "count", "flag")]


class TestRanked(StepSuite):
    filled = True

    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        made = [fit_ranked(name, table.frame.get_column(name)) for name in ("amount", "count")]
        return [*made, Ranked("flag", 0.5, (-1.0, 0.0, 3.0), (-2.0, 0.0, 1.0), indicator=True)]


class TestClock(StepSuite):
    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        return [Clock("when", smooth=linear), Clock("day", date=True, smooth=linear)]


class TestCalendar(StepSuite):
    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        return [
            Calendar("when", smooth=linear, days=True, origin=19_000),
            Calendar("day", date=True, smooth=linear),
        ]


class TestLevels(StepSuite):
    filled = True

    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        return [fit_levels((name,), table, linear, 7)[0] for name in ("city", "note")]


class TestLevelsOfTwo(StepSuite):
    filled = True

    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        names: tuple[tuple[str, ...], ...] = (("city", "flag"), ("count", "flag"), ("note", "city"))
        return [fit_levels(each, table, linear, 7)[0] for each in names]


class TestLevelsAsCodes(StepSuite):
    filled = True

    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        return [] if linear else [fit_codes(("city",), table), fit_codes(("city", "flag"), table)]


class TestPair(StepSuite):
    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        both = (("amount", "count"), ("count", "amount"), ("flag", "count"))
        return [] if linear else [Pair(*names, how) for names in both for how in ("minus", "times", "over")]


class TestOffset(StepSuite):
    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        """No model learns from it: a request without an exposure is refused, so that no gap has to be filled."""
        return [] if linear else [Offset("amount", 2.5), Offset("count"), Offset("flag")]


class TestWords(StepSuite):
    preparation = WordsPreparation
    filled = True


class TestGrouped(StepSuite):
    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        by = (("city", ["amount", "count"]), ("flag", ["amount"]), ("count", ["amount"]))
        return [fit_grouped(table, group, measured, linear=linear) for group, measured in by]


class TestAllTogether(StepSuite):
    """As a fit has them, in the order in which one record is encoded."""

    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        return list(fit_encoder(table, linear=linear, recipe=Recipe(groups=True))[0].ordered)


def test_the_suite_finds_what_is_wrong() -> None:
    """A step of each defect that it is there to find."""

    class Wrong(StepSuite):
        made: FittedStep = Number("amount")

        def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
            return [self.made]

    class Rounded(Number, frozen=True, tag="rounded"):
        def columns(self, frame):  # type: ignore[no-untyped-def]
            return [np.round(column, 12) for column in super().columns(frame)]

    class Two(Number, frozen=True, tag="two"):
        @property
        def outputs(self) -> tuple[str, ...]:
            return ("a", "b")

    Wrong.made = Rounded("amount")
    with pytest.raises(AssertionError, match="of many"):
        Wrong().test_one_row_says_what_many_say()
    Wrong.made = Two("amount")
    with pytest.raises(AssertionError):
        Wrong().test_it_names_what_it_reads_and_says()
    Wrong.made = Levels("city", ("mean",), {"Oslo": (training_table().label.mean(),)}, (np.inf,), (0.0,))
    with pytest.raises(AssertionError):
        Wrong().test_what_it_says_fits_float32()

    class Peeks(Wrong):
        def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
            seen.append(None)
            return [Scaled("amount", 0.0, 0.0, 1.0, float(len(seen)), 1.0)]

    seen: list[None] = []
    for each in (Peeks().test_equal_rows_give_equal_steps, Peeks().test_a_test_row_changes_no_fitted_parameter):
        with pytest.raises(AssertionError):
            each()
