"""Events that a project is run for: told to the record, heard by a scheduler, lost by no kill and heard once."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from test_keeping_a_schedule import BEGIN, ILL, Day

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from ingest import BY_NUMBER, begin, insert, row
from stage_shop import edit, opened
from test_running_and_ending import scheduler, told

from treadle.errors import SpecError
from treadle.evidence.kinds.schedule_ran import ScheduleRan
from treadle.scheduling import tell


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = begin(tmp_path / "shop", BY_NUMBER)
    edit(made, "serve: {endpoint: shop}", "serve: {endpoint: shop}\nschedule: {on: [closing, prices]}")
    return made


def trigger(place: Path, event: str = "closing", text: str = "") -> None:
    workspace = opened(place, actor="grace")
    tell(workspace, event, text)
    workspace.chain.engine.dispose()


def test_an_event_is_a_reason_to_run_once(place: Path) -> None:
    day = Day(place, 0.05, happens={1: lambda: trigger(place, text="books of May")})
    assert len(day.ran) == 1 and 1 <= day.ran[0] < 1.2
    (ran,) = day.kept()
    assert ran.why.startswith("of the event closing: books of May (entry ") and ran.why.endswith(", by grace)")
    assert Day(place, 0.02, begin=BEGIN + timedelta(hours=2)).ran == [], (
        "it was heard, also by one that is started anew"
    )


def test_one_that_is_told_while_nothing_runs_is_heard_by_the_next(place: Path) -> None:
    trigger(place)
    trigger(place, "prices")
    day = Day(place, 0.02)
    assert day.ran == [0], "one run hears all that was told before it"


def test_one_that_is_told_during_a_run_is_a_reason_for_another(place: Path) -> None:
    class Telling(Day):
        def run(self) -> object:  # type: ignore[override]
            if not self.ran:
                trigger(place, "prices")
            return super().run()

    day = Telling(place, 0.05, happens={1: lambda: trigger(place)})
    assert len(day.ran) == 2 and "event prices" in day.kept()[1].why


def test_a_run_that_is_given_up_has_heard_it_and_one_that_is_stopped_has_not(place: Path) -> None:
    trigger(place)
    assert len(Day(place, 0.05, [ILL], retries=1).ran) == 2
    assert Day(place, 0.02, begin=BEGIN + timedelta(days=1)).ran == []
    trigger(place)
    assert len(Day(place, 0.001, [ILL], begin=BEGIN + timedelta(days=2)).ran) == 1  # stopped before the second attempt
    assert len(Day(place, 0.02, begin=BEGIN + timedelta(days=3)).ran) == 1


def test_an_event_that_nobody_waits_for_is_refused_and_the_file_is_read_again(place: Path) -> None:
    with pytest.raises(SpecError, match='waits for no event "closng"') as bad:
        trigger(place, "closng")
    assert 'did you mean "closing"?' in bad.value.mend and "treadle.yaml:" in bad.value.where
    with pytest.raises(SpecError, match="too many"):
        trigger(place, text="x" * 501)
    trigger(place, text="\x1b[31mred\nline")
    assert "\x1b" not in Day(place, 0.02).kept()[0].why
    edit(place, "schedule: {on: [closing, prices]}", "")
    with pytest.raises(SpecError, match="waits for no event") as bad:
        trigger(place)
    assert "write schedule: {on: [closing]}" in bad.value.mend


def call(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "treadle", "schedule", *words, str(place)], capture_output=True, text=True, check=False
    )


def test_with_processes_that_are_killed(place: Path) -> None:
    edit(place, "schedule:", "access: {trust: local, logins: {'*': ada}}\nschedule:")
    edit(place, "table: orders", "table: nowhere")  # each run fails at once
    insert(place, map(row, range(5)))
    with scheduler(place, "--retries", "1") as first:
        told(first, "shop is run at the event closing or prices")
        done = call(place, "trigger", "closing", "--because", "May")
        assert done.returncode == 0 and "closing is told to shop (entry " in done.stdout, done.stderr
        told(first, "run, because of the event closing: May")
        told(first, "again in")
        first.kill()
        first.wait()
    with scheduler(place, "--retries", "0") as second:
        told(second, "run, because of the event closing: May")
        told(second, "given up")
        second.send_signal(signal.SIGTERM)
        second.communicate(timeout=60)
    workspace = opened(place)
    assert [each.payload.ok for each in workspace.chain.find(ScheduleRan)] == [False]
    workspace.chain.engine.dispose()
