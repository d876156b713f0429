"""What MLflow is told of quantiles, and the made-up records of counts over an exposure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from treadle.errors import ModelError
from treadle.features.plan import FeatureColumn
from treadle.mirror.loading import _row
from treadle.mirror.pyfunc import MADE_UP, _answers, without_rows
from treadle.models import Bundle
from treadle.models.reference import Numbers, Reference
from treadle.scoring.steps import Offset
from treadle.scoring.tasks import task_of


def test_each_quantile_is_a_column_and_stands_in_the_signature() -> None:
    task = task_of("quantiles", levels=(0.1, 0.5, 0.9))
    row = _row(task.decided((1.0, 2.0, 4.0), None))
    assert row == {"prediction": 2.0, "p10": 1.0, "p50": 2.0, "p90": 4.0}
    manifest: Any = SimpleNamespace(task=task)
    assert [(each["name"], each["type"]) for each in _answers(manifest)] == [(name, "double") for name in row]


def proved(columns: tuple[FeatureColumn, ...], score: Callable[[Sequence[Any]], float]) -> Bundle:
    """Without its rows, a bundle of counts that says `score`."""

    class Scored(Bundle):
        def scorer(self) -> Any:
            return SimpleNamespace(score=score)

    manifest: Any = SimpleNamespace(
        model="claims:1", features=columns, decided=lambda told: task_of("counts").decided(told, None)
    )
    return without_rows(Scored(manifest, b"", Reference(0, {}, Numbers((), (), 0)), (), "", {}, ""))


def test_made_up_records_have_an_exposure_that_counts_are_in_proportion_to() -> None:
    columns = (FeatureColumn("age", "float"), FeatureColumn("days", "int", "exposure"))
    offset = Offset.appends([Offset("days")], {"days": 1})

    def score(values: Sequence[Any]) -> float:
        out = list[float]()
        offset(values, out)
        return math.exp(out[0])

    found = proved(columns, score)
    assert len(found.golden) == MADE_UP
    assert [each.expected for each in found.golden] == pytest.approx([each.values[1] for each in found.golden])


def test_a_model_that_says_no_number_cannot_be_proved() -> None:
    with pytest.raises(ModelError, match="claims:1 says nan of a made-up record"):
        proved((FeatureColumn("age", "float"),), lambda values: math.nan)
