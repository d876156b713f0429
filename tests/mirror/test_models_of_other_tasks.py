"""What MLflow is told of quantiles, and the made-up records of counts over an exposure."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from treadle.mirror.loading import _row
from treadle.mirror.pyfunc import _answers
from treadle.scoring.tasks import task_of


def test_each_quantile_is_a_column_and_stands_in_the_signature() -> None:
    task = task_of("quantiles", levels=(0.1, 0.5, 0.9))
    row = _row(task.decided((1.0, 2.0, 4.0), None))
    assert row == {"prediction": 2.0, "p10": 1.0, "p50": 2.0, "p90": 4.0}
    manifest: Any = SimpleNamespace(task=task)
    assert [(each["name"], each["type"]) for each in _answers(manifest)] == [(name, "double") for name in row]
