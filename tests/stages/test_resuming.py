"""A search that was killed, or is given more, goes on from the trials that stand in the record."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from stage_shop import edit, opened

from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.kinds.sealed_opened import SealedOpened
from treadle.evidence.kinds.trials_kept import TrialsKept
from treadle.loop import RunResult
from treadle.stages import resuming
from treadle.stages.resuming import TrialsInRecord
from treadle.stages.work import Work
from treadle.training.kept_trials import KeptTrial, unpack_trials
from treadle.training.model import Trial

Runs = Callable[..., RunResult]
SLOW = """
import sys, time
sys.path.insert(0, {here!r})
from pathlib import Path
from stage_shop import opened
from treadle.loop import run
from treadle.stages import resuming
from treadle.training import searching
resuming._SECONDS = resuming._SHARE = 0.0
tried = searching._run
def slow(*args):
    time.sleep(0.1)
    return tried(*args)
searching._run = slow
run(opened(Path({shop!r})))
"""


@pytest.fixture
def searching(shop: Path) -> Path:
    edit(shop, "search: none", "search: bayesian, trials: 12")
    return shop


def lines_of(shop: Path) -> list[tuple[str, float, float]]:
    workspace = opened(shop)
    try:
        return [(t.family, t.value, t.seconds) for t in workspace.chain.last(ModelsSearched).payload.trials]
    finally:
        workspace.chain.engine.dispose()


def kept(shop: Path) -> list[TrialsKept]:
    workspace = opened(shop)
    try:
        return [entry.payload for entry in workspace.chain.find(TrialsKept)]
    finally:
        workspace.chain.engine.dispose()


def seconds_kept(shop: Path) -> list[float]:
    workspace = opened(shop)
    try:
        blobs = [workspace.blobs.get(entry.payload.kept.digest) for entry in workspace.chain.find(TrialsKept)]
        return [round(kept.trial.seconds, 3) for blob in blobs for kept in unpack_trials(blob)]
    finally:
        workspace.chain.engine.dispose()


def test_a_killed_search_goes_on(searching: Path, runs: Runs) -> None:
    script = SLOW.format(here=str(Path(__file__).parent), shop=str(searching))
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if (searching / ".treadle").exists() and len(kept(searching)) >= 4:
            break
        time.sleep(0.05)
    assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before, took = kept(searching), seconds_kept(searching)
    assert 4 <= len(before) < 12 and [(k.first, k.last) for k in before] == [(n, n) for n in range(1, len(before) + 1)]
    runs()
    lines = lines_of(searching)
    assert len(lines) == 12
    assert [seconds for _, _, seconds in lines[: len(before)]] == took, "these were not tried again"
    after = kept(searching)[len(before) :]
    assert after[0].first == len(before) + 1 and after[-1].last == 12


def test_more_trials_open_the_sealed_rows_again_only_for_another_model(searching: Path, runs: Runs) -> None:
    edit(searching, "trials: 12", "trials: 2")
    first = runs()
    edit(searching, "trials: 2", "trials: 3")
    second = runs()
    workspace = opened(searching)
    looks = len(workspace.chain.find(SealedOpened))
    judged = workspace.chain.find(ModelEvaluated)
    workspace.chain.engine.dispose()
    same = [s.kind for s in second.steps if s.cached and s.kind == "training.evaluate"]
    assert bool(same) == (looks == 1) and len(judged) == looks
    assert [line[:2] for line in lines_of(searching)][:2] and len(lines_of(searching)) == 3
    assert (first.model == second.model) == bool(same)


def test_more_minutes_do_not_open_the_sealed_rows_again_for_the_same_model(shop: Path, runs: Runs) -> None:
    edit(shop, "  people:", "  limits: {train_minutes: 5}\n  people:")
    runs()
    edit(shop, "train_minutes: 5", "train_minutes: 6")
    again = runs()
    workspace = opened(shop)
    assert len(workspace.chain.find(SealedOpened)) == 1
    workspace.chain.engine.dispose()
    assert {s.kind for s in again.steps if not s.cached} >= {"training.search"}
    assert "training.evaluate" in {s.kind for s in again.steps if s.cached}


def test_other_code_settings_or_rows_begin_anew(searching: Path, runs: Runs) -> None:
    runs()
    known = {k.search for k in kept(searching)}
    edit(searching, "seed: 7", "seed: 8")
    runs()
    assert len({k.search for k in kept(searching)} - known) == 1
    begun = [k.first for k in kept(searching) if k.search not in known]
    assert begun[0] == 1


@pytest.mark.parametrize(("metric", "taken_up"), [("average_precision", True), ("f1", False)])
def test_other_costs_take_the_trials_up_where_no_metric_of_decisions_is_compared(
    searching: Path, runs: Runs, metric: str, taken_up: bool
) -> None:
    edit(searching, "metric: average_precision", f"metric: {metric}")
    edit(searching, "trials: 12", "trials: 4")
    runs()
    before, known = lines_of(searching), {k.search for k in kept(searching)}
    edit(searching, "missed: 3", "missed: 9")
    again = runs()
    assert (lines_of(searching) == before) == taken_up
    assert ({k.search for k in kept(searching)} == known) == taken_up
    assert "training.fit" in {s.kind for s in again.steps if not s.cached}, "the costs count in the fit all the same"


def trial(number: int) -> KeptTrial:
    return KeptTrial({"family": "linear"}, Trial(number, "linear", {}, (0.5,), 0.5, 1.0, "complete"), 0, (), b"1234")


def record(work: Work, times: list[float] | None = None) -> TrialsInRecord:
    return TrialsInRecord(work.bench(), "ab" * 32, clock=lambda: (times or [0.0]).pop(0) if times else 0.0)


@pytest.fixture
def work(shop: Path) -> Work:
    workspace = opened(shop)
    yield Work(workspace)
    workspace.chain.engine.dispose()


def test_trials_are_written_some_at_a_time_and_the_last_when_it_ends_badly(work: Work) -> None:
    times = [0.0, 0.5, 0.5, 1.0, 6.0, 6.0, 7.0, 7.0]
    with pytest.raises(KeyboardInterrupt), record(work, times) as going:
        for number in range(4):
            going.take(trial(number))
        raise KeyboardInterrupt
    kept = [(k.payload.first, k.payload.last) for k in work.workspace.chain.find(TrialsKept)]
    assert kept == [(1, 1), (2, 3), (4, 4)], "the first at once: a second that never ends must not lose it"
    assert record(work).earlier == [trial(n) for n in range(4)]


def test_what_was_taken_from_the_record_is_not_written_again(work: Work) -> None:
    with record(work) as going:
        going.take(trial(0))
        going.take(trial(1))
    with record(work) as again:
        assert again.earlier == [trial(0), trial(1)]
        for known in again.earlier:
            again.take(known)
        again.take(trial(2))
    assert [(k.payload.first, k.payload.last) for k in work.workspace.chain.find(TrialsKept)] == [
        (1, 1),
        (2, 2),
        (3, 3),
    ]


def test_the_newer_of_two_that_went_on_at_once_is_gone_on_from(work: Work) -> None:
    one, other = record(work), record(work)
    with one:
        for number in range(3):
            one.take(trial(number))
    with other:
        other.take(trial(7))
    assert record(work).earlier == [trial(7)], "what came after a trial was asked for knowing it"


def test_lost_trials_end_what_can_be_gone_on_from(work: Work) -> None:
    with record(work) as going:
        going.take(trial(0))
    with record(work) as going:
        going.take(trial(0))
        going.take(trial(1))
    second = work.workspace.chain.find(TrialsKept)[1].payload
    work.workspace.blobs.path(second.kept.digest).unlink()
    assert record(work).earlier == [trial(0)]
    assert resuming._SECONDS > 0


def written(work: Work) -> list[tuple[int, int]]:
    return [(k.payload.first, k.payload.last) for k in work.workspace.chain.find(TrialsKept)]


def test_a_long_search_is_written_less_often_and_counted_from_the_last_time(work: Work) -> None:
    """Of a thousand seconds a twentieth may be lost, and of none five."""
    times = [0.0, 1000.0, 1000.0, 1040.0, 1060.0, 1060.0, 1100.0]
    with record(work, times) as going:
        wanted = [[(1, 1)], [(1, 1)], [(1, 1), (2, 3)], [(1, 1), (2, 3)]]
        for number, so_far in enumerate(wanted):
            going.take(trial(number))
            assert written(work) == so_far
    assert written(work) == [(1, 1), (2, 3), (4, 4)]


def test_only_the_first_trial_of_all_is_written_at_once(work: Work) -> None:
    with record(work, [0.0, 1.0, 1.0]) as going:
        going.take(trial(0))
        assert written(work) == [(1, 1)]
    with record(work, [0.0, 1.0, 6.0, 6.0]) as again:
        again.take(trial(8))
        assert written(work) == [(1, 1)], "it takes the place of one that is kept"
        again.take(trial(9))
        assert written(work) == [(1, 1), (1, 2)]
    assert record(work).earlier == [trial(8), trial(9)]


def test_trials_beyond_a_gap_and_those_of_another_search_are_not_gone_on_from(work: Work) -> None:
    with record(work) as going:
        going.take(trial(0))
    bench, known = work.bench(), work.workspace.chain.find(TrialsKept)[0]
    bench.chain.append(msgspec.structs.replace(known.payload, first=3, last=3), known.subject)
    assert record(work).earlier == [trial(0)]
    assert TrialsInRecord(bench, "ab" * 8 + "cd" * 24).earlier == [], "its name begins alike"
    assert TrialsInRecord(bench, "ab" * 32).earlier == [trial(0)]


def test_once_a_trial_is_another_all_that_follow_are_written(work: Work) -> None:
    with record(work) as going:
        for number in range(3):
            going.take(trial(number))
    with record(work) as again:
        for each in (trial(0), trial(9), trial(2)):
            again.take(each)
    assert record(work).earlier == [trial(0), trial(9), trial(2)]


def test_what_came_after_a_lost_trial_does_not_follow_an_older_one(work: Work) -> None:
    for first in (trial(0), trial(7)):
        with record(work) as going:
            going.take(first)
    with record(work) as going:
        for each in (trial(7), trial(8)):
            going.take(each)
    lost = work.workspace.chain.find(TrialsKept)[1].payload
    work.workspace.blobs.path(lost.kept.digest).unlink()
    assert record(work).earlier == [trial(0)]
