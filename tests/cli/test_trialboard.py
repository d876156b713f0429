"""The trials of a search as a person sees them: a table on a terminal, few lines in a pipe."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from treadle.cli.progress import Progress
from treadle.cli.trialboard import QUIET_S, TrialBoard
from treadle.evidence import TrialSeen


def seen(number: int, value: float, best: int | None, state: str = "complete", **more: object) -> TrialSeen:
    told = {"seconds_left": 90.4, "trials_left": None, "best_value": 0.8, "best_family": "linear"} | more
    return TrialSeen(
        number=number, family="lightgbm", value=value, folds=4, seconds=0.25, state=state, metric="roc_auc", best=best,
        **told,  # type: ignore[arg-type]
    )  # fmt: skip


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def shown(board: TrialBoard) -> str:
    console = Console(record=True, width=100, file=io.StringIO())
    console.print(board.table())
    return console.export_text()


def test_the_best_stays_in_sight_when_it_is_long_ago() -> None:
    board = TrialBoard(Clock())
    for number in range(12):
        board.add(seen(number, 0.9 if number == 2 else 0.5 + number / 100, best=min(number, 2)))
    text = shown(board)
    assert "roc_auc" in text and "best" in text and "0.9" in text
    rows = [line.split()[0] for line in text.splitlines() if "lightgbm" in line]
    assert rows == ["3", "8", "9", "10", "11", "12"]
    assert "12 tried · at most 1 min 30 s left for search and fits" in text


def test_what_was_given_up_or_failed_is_counted_and_a_failed_one_has_no_value() -> None:
    board = TrialBoard(Clock())
    board.add(seen(0, 0.8, 0))
    board.add(seen(1, 0.4, 0, "pruned"))
    board.add(seen(2, 0.0, 0, "failed", seconds_left=math.inf, trials_left=7))
    assert board.standing() == "  3 tried, 1 given up early, 1 failed · 7 trials left"
    lines = {line.split()[0]: line for line in shown(board).splitlines() if "lightgbm" in line}
    assert "given up" in lines["2"] and "–" in lines["3"] and "failed" in lines["3"]


def test_without_a_limit_nothing_is_said_to_be_left() -> None:
    board = TrialBoard(Clock())
    board.add(seen(0, 0.8, 0, seconds_left=math.inf))
    assert board.standing() == "  1 tried"
    board.add(seen(1, 0.8, 0, seconds_left=-3.0))
    assert "at most 0 s left" in board.standing()


def test_a_pipe_is_told_of_a_gain_at_once_and_else_now_and_then() -> None:
    clock = Clock()
    board = TrialBoard(clock)
    told = []
    for number, best, now in [(0, None, 0), (1, 1, 1), (2, 1, 2), (3, 1, QUIET_S), (4, 1, QUIET_S + 1), (5, 5, 32)]:
        clock.now = now
        board.add(seen(number, 0.8, best))
        told.append(board.line())
    assert [bool(line) for line in told] == [True, True, False, False, True, True]
    assert "none completed yet" in told[0]
    assert told[1].startswith("  trial 2: best roc_auc 0.8000 (linear, trial 2), new · at most")
    assert ", new" not in told[4]


def test_a_new_search_begins_with_an_empty_board(capsys: pytest.CaptureFixture[str]) -> None:
    class Step:
        kind, subject, cached, why = "training.search", "shop", False, ""

    with Progress() as progress:
        progress.started(Step())
        progress.tried(Step(), seen(0, 0.8, 0))
        assert progress._board.trials
        progress.ended(Step(), None)
        assert not progress._board.trials
    said = capsys.readouterr()
    assert said.err.count("trial 1: best") == 1 and not said.out
