"""Many settings on few rows, the best on more: in which order, compared with what, and only where it is asked for."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from treadle.scoring import metrics, task_of
from treadle.training import rungs, search, split
from treadle.training.families import LinearFamily
from treadle.training.folds import NO_NUMBER, Folds
from treadle.training.kept_trials import KeptTrial
from treadle.training.rungs import FEW_ROWS, FIRST, Rungs, few_rows
from treadle.training.trials import trials_shown


class Asks:
    """Asks for one thing after the other, and hears what each came to."""

    def __init__(self) -> None:
        self.asked, self.told = 0, list[tuple[int, float | None]]()

    def next(self) -> int:
        self.asked += 1
        return self.asked

    def tell(self, asked: int, value: float | None) -> None:
        self.told.append((asked, value))


def tried(steps: int, value: Any, spent: float = 0.0, few: int = 100) -> tuple[Asks, list[tuple[int, int]]]:
    asks, order = Asks(), []
    going = Rungs(asks, few)  # type: ignore[arg-type]
    for _ in range(steps):
        rung = going.next(spent)
        order.append((rung.asked, rung.rows))
        going.tell(rung, value(rung.asked))
    return asks, order  # type: ignore[return-value]


def test_the_best_of_the_first_go_on_and_then_one_of_four() -> None:
    asks, order = tried(22, lambda number: float(number % 7))
    assert order[:FIRST] == [(k, 100) for k in range(1, FIRST + 1)]
    assert order[12:15] == [(6, 0), (5, 0), (12, 0)], "the best three of twelve, the best first"
    assert order[15:20] == [(13, 100), (14, 100), (15, 100), (16, 100), (13, 0)]
    assert [number for number, _ in asks.told] == [asked for asked, rows in order if rows]
    assert len([rows for _, rows in order if not rows]) <= len(order) // 4


def test_a_share_of_the_seconds_ends_the_first_look() -> None:
    _, order = tried(3, float, spent=0.2)
    assert order == [(1, 100), (1, 0), (2, 100)], "a first model stands soon on a slow machine"


def test_what_came_to_nothing_does_not_go_on() -> None:
    asks, order = tried(14, lambda number: None if number > 2 else float(number))
    assert order[12:14] == [(2, 0), (1, 0)] and asks.told[5] == (6, None)


def test_without_few_rows_all_are_asked_for_in_turn() -> None:
    asks, order = tried(5, float, few=0)
    assert order == [(k, 0) for k in range(1, 6)] and asks.told == [(k, float(k)) for k in range(1, 6)]


@pytest.mark.parametrize(
    ("asked", "search_by", "rows", "seconds", "few"),
    [
        (True, "bayesian", 40_000, 60.0, FEW_ROWS),
        (True, "bayesian", 4 * FEW_ROWS - 1, 60.0, 0),
        (True, "bayesian", 40_000, math.inf, 0),
        (True, "none", 40_000, 60.0, 0),
        (False, "bayesian", 40_000, 60.0, 0),
    ],
)
def test_rungs_are_for_many_rows_and_minutes_where_they_are_asked_for(
    spec: Any, asked: bool, search_by: str, rows: int, seconds: float, few: int
) -> None:
    folds: Any = SimpleNamespace(folds=[SimpleNamespace(train=np.zeros(rows))])
    assert few_rows(spec(rungs=asked, search=search_by).train, folds, seconds) == few
    assert not spec().train.rungs


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rungs, "FEW_ROWS", 60)
    monkeypatch.setattr(rungs, "FIRST", 4)


def test_a_search_says_what_was_tried_on_few_rows_and_chooses_among_the_others(
    table: Any, spec: Any, few: None
) -> None:
    rows, project = table(900), spec(trials=9, rungs=True)
    kept: list[KeptTrial] = []
    found = search(
        rows, split(rows, project.predict), project, deadline_s=300.0, on_trial=lambda t: kept.append(t.kept)
    )
    low, whole = [t for t in found.trials if t.rows], [t for t in found.trials if not t.rows]
    assert {t.rows for t in low} == {60} and {t.state for t in low} == {"pruned"} and len(low) + len(whole) == 9
    assert all(len(t.fold_scores) == 1 and t.value == t.fold_scores[0] for t in low)
    assert [bool(t.rows) for t in found.trials[:5]] == [True] * 4 + [False]
    best = max(found.trials[:4], key=lambda t: t.value * metrics.sign(found.metric))
    assert {k: v for k, v in whole[0].params.items() if k != "rounds"} == best.params
    chosen = [(m.family, {k: v for k, v in m.params.items() if k != "rounds"}) for m in found.members]
    assert all((t.family, {k: v for k, v in t.params.items() if k != "rounds"}) in chosen for t in whole[:1])
    said = f"{len(low)} settings were tried on 60 rows of one fold, and {len(whole)} of them on more."
    assert said in found.notes
    page = trials_shown(found, found.metric)
    assert page.count("tried on 60 rows of one fold") == len(low)
    again = search(rows, split(rows, project.predict), project, deadline_s=300.0, earlier=kept)
    assert [msgspec.structs.replace(t, seconds=0) for t in again.trials] == [
        msgspec.structs.replace(t, seconds=0) for t in found.trials
    ]


def test_a_trial_of_few_rows_prunes_none_of_all_rows(table: Any, spec: Any, few: None, monkeypatch: Any) -> None:
    """Scores of few rows that are far better than all others: nothing is given up for them."""
    monkeypatch.setattr(Folds, "on_few", lambda *_: 0.999)
    rows, project = table(600), spec(trials=8, rungs=True)
    found = search(rows, split(rows, project.predict), project, deadline_s=300.0)
    assert all(t.state == "complete" for t in found.trials[4:6] if not t.rows) and found.value < 0.999


@pytest.mark.parametrize(
    ("error", "why"),
    [(MemoryError("refused"), "refused"), (ValueError("one class\n only"), "ValueError: one class only")],
)
def test_of_few_rows_too_a_score_that_is_no_number_and_an_error_are_results(
    table: Any, spec: Any, few: None, monkeypatch: Any, error: Exception, why: str
) -> None:
    def on_few(folds: Folds, family: Any, params: Any, rows: int, seconds: float) -> float:
        if isinstance(family, LinearFamily):
            raise error
        return math.nan if params["leaves"] == 31 else 0.5

    monkeypatch.setattr(Folds, "on_few", on_few)
    rows, project = table(600), spec(trials=8, rungs=True)
    found = search(rows, split(rows, project.predict), project, deadline_s=300.0)
    failed = {t.why for t in found.trials if t.state == "failed"}
    assert failed == {NO_NUMBER, why} and found.members
    page = trials_shown(found, found.metric)
    assert f"came to nothing: {NO_NUMBER}" in page


def test_the_score_of_few_rows_is_of_held_rows(table: Any, spec: Any) -> None:
    rows, project = table(900), spec()
    folds = Folds(rows, split(rows, project.predict).folds, task_of("classification"), "roc_auc", 7)
    family = LinearFamily(task_of("classification"))
    told = [folds.on_few(family, {"c": 1.0}, few, math.inf) for few in (40, 10_000)]
    whole = folds.run(family, {"c": 1.0}, hopeless=lambda _: False).scores[0]
    assert told[1] == pytest.approx(whole) and told[0] > 0.5 and told[0] != told[1]


def test_what_was_tried_on_few_rows_is_not_taken_for_all_of_them(table: Any, spec: Any, few: None) -> None:
    """Taken up again without an end in sight there is no lower rung; the same settings are asked for."""
    rows, project = table(600), spec(trials=5, rungs=True)
    parts, kept = split(rows, project.predict), list[KeptTrial]()
    search(rows, parts, project, deadline_s=300.0, on_trial=lambda told: kept.append(told.kept))
    assert [bool(each.trial.rows) for each in kept] == [True] * 4 + [False]
    again = search(rows, parts, project, earlier=kept)
    assert len(again.trials) == 5 and not any(trial.rows for trial in again.trials)
