"""What a kind of prediction does. See `treadle.scoring.tasks.Task` for the contract."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from treadle.errors import SpecError

Array = np.ndarray[Any, Any]
MARGINS = (-1e300, -800.0, -40.0, -1.5, -1e-9, 0.0, 0.3, 7.0, 60.0, 900.0, 1e300)
"""Of a row, as far as a model's arithmetic can go."""
ROWS = 60


class TaskSuite:
    """Inherit it, and give three fixtures: `task`; `label`, of which something can be learned; `unlearnable`, several
    labels of which nothing can be."""

    @pytest.fixture
    def margins(self, task: Any) -> Array:
        """Rows of margins from the ends of what is possible to the middle, [rows, outputs]."""
        random = np.random.default_rng(3)
        moderate = random.normal(scale=3.0, size=(ROWS, task.outputs))
        return np.concatenate([moderate, random.choice(MARGINS, size=(ROWS, task.outputs))])

    def test_names_and_words_are_there(self, task: Any) -> None:
        assert task.kind and task.METRICS and len(set(task.METRICS)) == len(task.METRICS)
        assert task.trivial and task.shares and task.came and task.margin_unit
        assert task.outputs == max(len(task.classes), len(task.levels), 1) and hash(task.classes) == hash(
            tuple(task.classes)
        )

    def test_predictions_are_finite_and_one_a_row(self, task: Any, margins: Array) -> None:
        p = task.link(margins)
        several = len(task.classes) or len(task.levels)
        assert p.shape == ((len(margins), several) if several else (len(margins),))
        assert p.dtype == np.float64 and np.isfinite(p).all()
        if task.classes:
            assert np.allclose(p.sum(axis=1), 1.0, atol=1e-12) and (p >= 0).all()
        if task.levels:
            assert (np.diff(p, axis=1) >= 0).all(), "quantiles cross"
        assert task.one_each(p).shape == (len(margins),)

    def test_the_plain_calibrator_is_the_link(self, task: Any, margins: Array) -> None:
        assert task.plain().outputs == task.outputs
        assert (task.plain().vector(margins) == task.link(margins)).all()

    def test_one_row_is_scored_as_many_are(self, task: Any, margins: Array) -> None:
        plain = task.plain()
        for row, whole in zip(margins, plain.vector(margins), strict=True):
            one = plain.each()(row.tolist()) if plain.several else plain.scalar(float(row[0]))
            assert one == pytest.approx(tuple(whole) if plain.several else whole, rel=1e-12, abs=1e-12)

    def test_a_constant_tells_the_labels_as_they_are(self, task: Any, label: Array) -> None:
        margins = task.constant(label)
        assert margins.shape == (task.outputs,) and np.isfinite(margins).all()
        told = task.link(margins[None, :])[0]
        if task.classes:
            shares = np.bincount(label.astype(np.int64), minlength=task.outputs) / len(label)
            assert np.abs(told - shares).max() < task.outputs / len(label)
        elif task.levels:
            assert np.asarray(told) == pytest.approx(np.quantile(label, task.levels), rel=1e-9)
        else:
            assert told == pytest.approx(label.mean(), rel=1e-9)

    def test_targets_have_a_name_each(self, task: Any, label: Array) -> None:
        targets = task.targets(label)
        assert targets.shape == (len(label), len(task.target_names())) and np.isfinite(targets).all()
        assert len(set(task.target_names())) == len(task.target_names())

    def test_strata_are_numbers_of_every_row(self, task: Any, label: Array) -> None:
        found = task.strata(label)
        assert found is None or (found.dtype == np.int64 and found.shape == label.shape and found.min() >= 0)

    def test_questions_have_an_answer_for_each_row(self, task: Any, label: Array) -> None:
        questions = task.questions(label)
        assert questions and all(len(asked) == len(label) and asked.std() > 0 for asked in questions)

    def test_labels_that_teach_have_no_problem_and_others_do(
        self, task: Any, label: Array, unlearnable: list[Array]
    ) -> None:
        assert task.problems(label) == [] and math.isfinite(task.share(label))
        assert all(isinstance(said, str) for said in task.remarks(label))
        for found in unlearnable:
            assert [said for said in task.problems(found) if said], found

    def test_the_metric_is_one_of_its_own(self, task: Any, label: Array) -> None:
        assert task.metric(None, label) in task.METRICS and task.metric(None, label, 5.0, 1.0) in task.METRICS
        assert all(task.metric(name, label) == name for name in task.METRICS if name not in task.told_only)
        for name in task.told_only:
            with pytest.raises(SpecError, match="choosing by it"):
                task.metric(name, label)
        with pytest.raises(SpecError, match="no_such"):
            task.metric("no_such", label)

    def test_every_score_becomes_an_answer_in_json(self, task: Any, margins: Array) -> None:
        for score in task.link(margins).tolist():
            found = task.decided(tuple(score) if task.plain().several else score, 0.5 if task.decides else None)
            told = {name: getattr(found, name) for name in found.__struct_fields__}
            assert json.loads(json.dumps(told, allow_nan=False)) == told
            if task.classes:
                assert found.prediction in task.classes and found.probability == max(score)
                assert found.probabilities == dict(zip(task.classes, score, strict=True))

    def test_an_outcome_is_a_label_or_is_refused_in_words(self, task: Any, label: Array) -> None:
        for number in np.unique(label):
            told: Any = task.classes[int(number)] if task.classes else float(number)
            assert task.outcome_problem(told) == "" and task.label_of(told) == number
            assert task.label_of(task.kept(told)) == number
        unfit: tuple[Any, ...] = ("no such thing", "", None, [1.0], {})
        for wrong in unfit:
            assert task.outcome_problem(wrong) and task.label_of(wrong) is None

    def test_what_came_is_told_beside_the_score(self, task: Any, label: Array) -> None:
        perfect = np.eye(task.outputs)[label.astype(np.int64)] if task.classes else label
        assert task.came_of(label, perfect) == pytest.approx(1.0 if task.classes else label.mean())
