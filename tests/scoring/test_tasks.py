"""Every kind of prediction passes the suite of them; what is particular to several classes and to counts."""

from __future__ import annotations

import numpy as np
import pytest

from treadle.scoring.tasks import TASKS, Array, Multiclass, Task, task_of
from treadle.testing import TaskSuite

NAMES = ("01", "1", "Iris, setosa", "o'clock", 'say "hi"', "žluťoučký")
RANDOM = np.random.default_rng(5)


def numbered(*counts: int) -> Array:
    return np.repeat(np.arange(len(counts)), counts).astype(np.float64)


class TestBinary(TaskSuite):
    @pytest.fixture
    def task(self) -> Task:
        return task_of("classification")

    @pytest.fixture
    def label(self) -> Array:
        return numbered(70, 30)

    @pytest.fixture
    def unlearnable(self) -> list[Array]:
        return [np.zeros(50), np.ones(50), numbered(98, 2), numbered(20, 20, 20), np.full(40, 0.5)]


class TestMulticlass(TaskSuite):
    @pytest.fixture
    def task(self) -> Task:
        return task_of("multiclass", NAMES)

    @pytest.fixture
    def label(self) -> Array:
        return numbered(30, 20, 0, 1, 15, 40)

    @pytest.fixture
    def unlearnable(self) -> list[Array]:
        return [np.zeros(50), np.full(50, 5.0), numbered(90, 9, 9, 9)]


class TestRegression(TaskSuite):
    @pytest.fixture
    def task(self) -> Task:
        return task_of("regression")

    @pytest.fixture
    def label(self) -> Array:
        return RANDOM.normal(5.0, 2.0, 200)

    @pytest.fixture
    def unlearnable(self) -> list[Array]:
        return [np.zeros(50), np.full(50, -3.25), np.full(50, 1e300)]


class TestCounts(TaskSuite):
    @pytest.fixture
    def task(self) -> Task:
        return task_of("counts")

    @pytest.fixture
    def label(self) -> Array:
        return RANDOM.poisson(3.0, 200).astype(np.float64)

    @pytest.fixture
    def unlearnable(self) -> list[Array]:
        return [np.zeros(50), np.full(50, 7.0), np.array([3.0, 0.0, -1.0] * 20)]


class TestLabelQuantiles(TaskSuite):
    @pytest.fixture(params=[(0.1, 0.5, 0.9), (0.9,), (0.025, 0.3, 0.6, 0.975)])
    def task(self, request: pytest.FixtureRequest) -> Task:
        return task_of("quantiles", levels=request.param)

    @pytest.fixture
    def label(self) -> Array:
        return RANDOM.normal(5.0, 2.0, 200)

    @pytest.fixture
    def unlearnable(self) -> list[Array]:
        return [np.zeros(50), np.full(50, -3.25)]


def test_no_kind_is_left_out() -> None:
    tested = {suite for suite in TaskSuite.__subclasses__() if suite.__module__ == __name__}
    assert {suite.__name__.removeprefix("Test") for suite in tested} == {task.__name__ for task in TASKS.values()}


def test_more_than_a_thousand_classes_are_refused_and_the_number_is_said() -> None:
    task = Multiclass(tuple(f"c{i}" for i in range(1001)))
    assert "1,001 classes are too many" in task.problems(numbered(*[20] * 1001))[0]
    most = Multiclass(task.classes[:1000])
    assert most.problems(numbered(*[20] * 1000)) == []


def test_one_class_is_named() -> None:
    assert task_of("multiclass", ("only",)).problems(np.zeros(60)) == ['there is one class only: every label is "only"']


def test_classes_of_few_rows_are_named_the_rarest_first() -> None:
    task = Multiclass(("a", "b", "rare", "rarer"))
    (said,) = task.remarks(numbered(50, 50, 7, 1))
    assert said.startswith("2 of 4 classes have fewer than 10 rows") and said.endswith('"rarer" (1), "rare" (7)')
    assert task.remarks(numbered(50, 50, 10, 10)) == []
    assert "1 of 4 classes has" in task.remarks(numbered(50, 50, 10, 9))[0]
    assert Multiclass(tuple("abcdefgh")).remarks(numbered(50, *[3] * 7))[0].endswith(" and 2 more")


def test_classes_that_only_test_rows_have_are_named() -> None:
    task = Multiclass(("a", "b", "new", "newer"))
    (said,) = task.unlearnt(numbered(5, 5), numbered(1, 1, 3, 4))
    assert said.startswith("2 classes of the test rows are in no training row")
    assert said.endswith('"newer" (4), "new" (3)')
    assert task.unlearnt(numbered(1, 1, 1, 1), numbered(9, 9)) == []


@pytest.mark.parametrize(
    ("classes", "told", "number"),
    [
        (NAMES, "1", 1),
        (NAMES, "01", 0),
        (NAMES, 1, 1),
        (NAMES, 1.0, 1),
        (NAMES, True, None),
        (NAMES, 1.5, None),
        (("false", "true"), True, 1),
        (("false", "true"), False, 0),
        (("false", "true"), 1, None),
        (("-1", "0", "9"), -1, 0),
        (("-1", "0", "9"), float("nan"), None),
        (("-1", "0", "9"), float("inf"), None),
    ],
)
def test_a_class_is_told_by_its_name_or_its_number(classes: tuple[str, ...], told: object, number: int | None) -> None:
    assert Multiclass(classes).label_of(told) == number


def test_what_came_of_a_count_is_no_number_below_zero() -> None:
    counts, number = task_of("counts"), task_of("regression")
    assert counts.outcome_problem(-3) == counts.outcome_problem(-0.5) == "a number of zero or more"
    assert counts.outcome_problem(0) == counts.outcome_problem(2.5) == number.outcome_problem(-3) == ""
    assert (counts.label_of(-3), counts.label_of(3), number.label_of(-3)) == (None, 3.0, -3.0)


def test_a_refusal_of_an_outcome_quotes_the_classes_and_says_how_many_more() -> None:
    """`one of Iris, setosa` reads as two classes."""
    assert '"Iris, setosa", "o\'clock"' in task_of("multiclass", NAMES).outcome_problem("rose")
    many = Multiclass(tuple(f"c{i}" for i in range(26)))
    assert many.outcome_problem("rose").endswith('"c19" and 6 more') and many.outcome_mend()


@pytest.mark.parametrize(
    ("kind", "low", "said"), [("counts", -2.0, "a count is below zero: -2"), ("counts", 0.0, "the label is 0 in every")]
)
def test_counts_that_cannot_be_learned(kind: str, low: float, said: str) -> None:
    assert said in task_of(kind).problems(np.full(60, low))[0]


def test_a_count_never_overflows() -> None:
    counts = task_of("counts")
    assert np.isfinite(counts.link(np.array([[1e300], [-1e300], [700.0]]))).all()
    huge = np.array([0.0, 1e15, 3e15] * 20)
    assert counts.problems(huge) == [] and counts.link(counts.constant(huge)[None, :])[0] == pytest.approx(huge.mean())


@pytest.mark.parametrize(
    ("kind", "word"), [("regression", "mean label"), ("counts", "mean label"), ("multiclass", "share right")]
)
def test_what_came_has_a_word(kind: str, word: str) -> None:
    assert task_of(kind, NAMES).came == word
