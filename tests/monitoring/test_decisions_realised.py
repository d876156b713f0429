"""Decisions beside what came of them, read from where they lie: each once, by the last that was told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "exploring"))

from kept_shop import opened, write_shop

from treadle.monitoring import Realised, decisions_of
from treadle.scoring import Task, task_of
from treadle.workspace import Workspace

AT = datetime(2026, 11, 2, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    found = opened(write_shop(tmp_path / "shop"))
    yield found
    found.chain.engine.dispose()


def told(workspace: Workspace, kind: str, *lines: dict[str, object]) -> None:
    writer = workspace.journal.writer(kind)
    for line in lines:
        writer.add(line)
    writer.close()


def found(workspace: Workspace, task: Task) -> Realised:
    return decisions_of(workspace.tables, workspace.names, workspace.journal, task)


def prediction(name: str, day: int = 0, **more: object) -> dict[str, object]:
    given: dict[str, object] = {
        "prediction_id": name, "answered": AT + day * 86_400, "model": "shop:1", "prediction": 1.0, "threshold": 0.4,
        "record": {}, "features": {},
    }  # fmt: skip
    return given | more


def test_yes_and_no(workspace: Workspace) -> None:
    lines = [prediction("a"), prediction("b", day=1, prediction=0.0), prediction("c"), prediction("a", day=2)]
    told(workspace, "predictions", *lines, prediction("d", threshold=None))
    told(
        workspace, "outcomes",
        {"prediction_id": "a", "label": 0.0, "told": AT}, {"prediction_id": "a", "label": 1.0, "told": AT + 5},
        {"prediction_id": "b", "label": 1.0, "told": AT}, {"prediction_id": "x", "label": 1.0, "told": AT},
        {"prediction_id": "d", "label": 1.0, "told": AT},
    )  # fmt: skip
    seen = found(workspace, task_of("classification"))
    rows = sorted(zip(seen.day.astype(str).tolist(), seen.true.tolist(), seen.told.tolist(), strict=True))
    assert rows == [("2026-11-03", 1, 0), ("2026-11-04", 1, 1)] and seen.waiting == 1


def test_classes_by_their_names(workspace: Workspace) -> None:
    lines = [
        prediction(name, prediction=told, threshold=None) for name, told in (("a", "low"), ("b", "high"), ("c", "gone"))
    ]
    told(workspace, "predictions", *lines)
    told(workspace, "outcomes", *({"prediction_id": name, "label": "high", "told": AT} for name in "abc"))
    seen = found(workspace, task_of("multiclass", ("low", "high")))
    assert seen.true.tolist() == [1, 1] and sorted(seen.told.tolist()) == [0, 1], "one is of a class that is no more"


def test_truth_is_a_class_that_is_waited_for_no_longer(workspace: Workspace) -> None:
    told(workspace, "predictions", prediction("a", prediction="true", threshold=None))
    told(workspace, "outcomes", {"prediction_id": "a", "label": True, "told": AT})
    seen = found(workspace, task_of("multiclass", ("false", "true")))
    assert (seen.true.tolist(), seen.told.tolist(), seen.waiting) == ([1], [1], 0)


def test_nothing_yet(workspace: Workspace) -> None:
    seen = found(workspace, task_of("classification"))
    assert len(seen.day) == len(seen.true) == len(seen.told) == seen.waiting == 0
