"""A scheduler by a clock that only waiting moves: when it runs, what it does with what failed, and where it goes on."""

from __future__ import annotations

import random
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from ingest import BY_FILES, BY_NUMBER, Reading, begin, deliver, row
from stage_shop import edit, opened

from treadle.errors import SpecError
from treadle.evidence.kinds.schedule_ran import ScheduleRan
from treadle.principal import person
from treadle.scheduling import Outcome, Scheduled, Scheduler, schedule
from treadle.workspace import Workspace

HOURLY = BY_NUMBER.replace("new:", "every: 1h, new:")
BEGIN = datetime(2024, 6, 1, 12, tzinfo=UTC)
WELL, ILL = Outcome(True, "shop:1 is released", 2.0), Outcome(False, "the server is away", 2.0)


class Day:
    """Hours of a scheduler: `outcomes` of its runs (the last again and again), each of which takes `takes` seconds."""

    def __init__(
        self,
        folder: Path,
        hours: float,
        outcomes: Sequence[Outcome] = (WELL,),
        *,
        begin: datetime = BEGIN,
        takes: float = 10.0,
        happens: dict[float, Callable[[], object]] | None = None,
        **options: object,
    ) -> None:
        self.now, self.begin, self.ends = begin, begin, begin + timedelta(hours=hours)
        self.outcomes, self.takes, self.happens = list(outcomes), takes, dict(happens or {})
        self.ran, self.waited, self.said = list[float](), list[float](), list[str]()
        workspace = opened(folder)
        self.workspace = replace(workspace, chain=replace(workspace.chain, clock=lambda: self.now))
        self.scheduler = Scheduler(
            self.workspace, self.run, self.wait, self.said.append, chance=random.Random(1), **options  # type: ignore[arg-type]
        )  # fmt: skip
        self.found: Scheduled = self.scheduler.until_stopped()

    @property
    def minutes(self) -> float:
        return (self.now - self.begin).total_seconds() / 60

    def run(self) -> Outcome:
        self.ran.append(round(self.minutes, 2))
        self.now += timedelta(seconds=self.takes)
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]

    def wait(self, seconds: float) -> bool:
        if seconds:
            self.waited.append(seconds)
        self.now += timedelta(seconds=seconds)
        for at in [at for at in self.happens if at <= self.minutes]:
            self.happens.pop(at)()
        return self.now >= self.ends

    def kept(self) -> list[ScheduleRan]:
        return [entry.payload for entry in self.workspace.chain.find(ScheduleRan)]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return begin(tmp_path / "shop", HOURLY)


def test_it_runs_as_often_as_rows_come(place: Path) -> None:
    day = Day(place, 3.5)
    assert day.ran == [0, 60, 120, 180]
    assert day.found == Scheduled(project="shop", runs=4, failed=0)
    assert [each.why for each in day.kept()] == ["it is due every 1 h"] * 4
    assert day.kept()[0].began == BEGIN and day.kept()[0].seconds == 10


def test_as_often_as_the_quickest_source_or_as_asked(place: Path) -> None:
    edit(place, "every: 1h", "every: 30m")
    assert Day(place, 1.2).ran == [0, 30, 60]
    assert Day(place, 2.2, begin=BEGIN + timedelta(days=1), every="1h").ran == [0, 60, 120]


def test_one_that_is_started_anew_goes_on_where_the_last_was(place: Path) -> None:
    Day(place, 1.2)  # runs at 12:00 and 13:00
    assert Day(place, 1.2, begin=BEGIN + timedelta(minutes=90)).ran == [30]
    assert Day(place, 0.5, begin=BEGIN + timedelta(days=2)).ran == [0]  # what was missed is run once


def test_a_clock_that_was_put_back_does_not_stop_it(place: Path) -> None:
    Day(place, 0.5)
    assert Day(place, 1.2, begin=BEGIN - timedelta(days=300)).ran == [0, 60]


def test_channels_hear_on_after_the_clock_was_put_back(tmp_path: Path) -> None:
    told = list[datetime]()

    class PutBack(Day):
        def wait(self, seconds: float) -> bool:
            if self.minutes > 1 and len(self.ran) < 2:  # no new file is there, so nothing runs
                self.now, self.ran = self.now - timedelta(minutes=2), [*self.ran, 0]
            return super().wait(seconds)

    def tell(workspace: Workspace) -> list[str]:
        told.append(workspace.chain.clock())
        return []

    PutBack(begin(tmp_path / "shop", BY_FILES), 0.03, tell=tell)
    assert min(told) < BEGIN


def test_a_run_that_is_longer_than_the_time_between_two(place: Path) -> None:
    assert Day(place, 4.5, takes=5400).ran == [0, 90, 180]


def test_what_failed_is_tried_again_later_and_later(place: Path) -> None:
    day = Day(place, 0.9, [ILL, ILL, WELL])
    first, second = (seconds for seconds in day.waited[:2])
    assert 15 <= first <= 45 and 30 <= second <= 90
    (ran,) = day.kept()
    assert (ran.attempts, ran.ok, day.found.failed) == (3, True, 0)
    assert ran.said().startswith("run after 3 attempts, because it is due")
    assert any("failed: the server is away; again in" in said for said in day.said)


def test_what_fails_for_good_is_given_up_until_it_is_due_again(place: Path) -> None:
    day = Day(place, 1.5, [ILL], retries=2)
    assert len(day.ran) == 6 and (day.found.runs, day.found.failed) == (0, 2)
    assert [(each.attempts, each.ok, each.text) for each in day.kept()] == [(3, False, "the server is away")] * 2


def test_to_stop_while_it_waits_to_try_again_keeps_no_verdict(place: Path) -> None:
    day = Day(place, 0.005, [ILL])
    assert len(day.ran) == 1 and not day.kept() and day.found == Scheduled(project="shop")


def test_to_stop_amid_a_run(place: Path) -> None:
    day = Day(place, 5, [replace_said(ILL)])
    assert len(day.ran) == 1 and not day.kept()
    assert day.said[-1].endswith("the next run goes on from what was finished")


def replace_said(outcome: Outcome) -> Outcome:
    return Outcome(outcome.ok, outcome.said, outcome.seconds, stopped=True)


def test_a_new_file_is_a_reason_to_run_once_it_is_whole(tmp_path: Path) -> None:
    place = begin(tmp_path / "shop", BY_FILES)
    deliver(place, "a.csv", [row(1)])
    Reading(place)
    grows = {
        10.0: lambda: deliver(place, "b.csv", [row(2)]),
        10.05: lambda: deliver(place, "b.csv", [row(2), row(3)]),
        10.15: lambda: deliver(place, "b.csv", [row(2), row(3), row(4)]),
    }
    day = Day(place, 0.5, happens=grows)
    assert len(day.ran) == 1 and 10.2 <= day.ran[0] <= 10.5
    assert day.kept()[0].why == "there is a new file, b.csv"


SIGNS = "b\x1b[2J\nc\x9b\u202e.csv"
"""Clears a screen, begins a line, and turns the way letters run."""
PLAIN = "b\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.csv"


def test_the_name_of_a_file_moves_no_terminal(tmp_path: Path) -> None:
    place = begin(tmp_path / "shop", BY_FILES)
    deliver(place, "a.csv", [row(1)])
    Reading(place)
    day = Day(place, 0.5, happens={10.0: lambda: deliver(place, SIGNS, [row(2)])})
    assert len(day.ran) == 1 and any(said.endswith(f"there is a new file, {PLAIN}") for said in day.said)
    assert not [said for said in day.said if not said.isprintable()]
    assert day.kept()[0].why == f"there is a new file, {PLAIN}"


def test_neither_does_what_a_run_said_or_waits_for(place: Path) -> None:
    day = Day(place, 0.1, [Outcome(False, f"{SIGNS} cannot be read", 1.0)], retries=1)
    assert any(said.endswith(f"given up: {PLAIN} cannot be read") for said in day.said)
    day.scheduler.told(f"waiting for {SIGNS}")
    assert day.said[-1].endswith(f"waiting for {PLAIN}") and not [said for said in day.said if not said.isprintable()]
    assert day.kept()[-1].text == f"{PLAIN} cannot be read"


def test_files_that_come_without_end_do_not_hold_it_up_for_ever(tmp_path: Path) -> None:
    place = begin(tmp_path / "shop", BY_FILES)

    def come(n: int) -> Callable[[], object]:
        return lambda: deliver(place, f"{n}.csv", [row(n)])

    day = Day(place, 0.1, happens={n / 60: come(n) for n in range(360)})
    assert day.ran and day.ran[0] < 2


def test_waits_have_a_bound_and_come_apart_by_chance(place: Path) -> None:
    day = Day(place, 9, [ILL], retries=10)
    bounds = [min(3600.0, 30 * 2.0**n) for n in range(10)]
    shares = [seconds / bound for seconds, bound in zip(day.waited, bounds, strict=False)]
    assert len(shares) == 10 and all(0.5 <= share <= 1.5 for share in shares)
    assert len({round(share, 3) for share in shares}) > 5


def test_a_file_that_grows_is_waited_for_after_a_run_that_was_held_up_too(tmp_path: Path) -> None:
    """A run that files without end held up begins the patience anew."""
    place = begin(tmp_path / "shop", BY_FILES)

    def come(name: str, rows: int) -> Callable[[], object]:
        return lambda: deliver(place, f"{name}.csv", map(row, range(rows)))

    happens: dict[float, Callable[[], object]] = {n / 30: come(f"{n}", 1) for n in range(40)}
    happens |= {5: come("whole", 1)} | {5 + n * 0.07: come("grows", n) for n in range(1, 5)}
    day = Day(place, 0.2, happens=happens)
    held_up = [at for at in day.ran if at < 5]
    assert held_up and held_up[0] > 0.9, "so long it was waited"
    assert min(at for at in day.ran if at >= 5) > 5.28


def test_a_file_that_was_read_or_tried_is_no_reason(tmp_path: Path) -> None:
    place = begin(tmp_path / "shop", BY_FILES)
    deliver(place, "a.csv", [row(1)])
    assert len(Day(place, 0.2, [ILL], retries=0).ran) == 1  # it was not read, and is tried once
    Reading(place)
    assert Day(place, 0.2).ran == []


def test_a_project_file_that_is_wrong_is_told_once_and_the_last_one_counts(place: Path) -> None:
    happens: dict[float, Callable[[], object]] = {
        10: lambda: edit(place, "every: 1h", "every: often"),
        70: lambda: edit(place, "every: often", "every: 20m"),
    }
    day = Day(place, 2.1, happens=happens)
    assert day.ran[:3] == [0, 60, 80]
    assert len([said for said in day.said if "the project file is refused" in said]) == 1


def test_a_catalog_that_is_away_for_a_while_does_not_end_it(place: Path) -> None:
    def called(name: str, other: str) -> Callable[[], object]:
        def renamed() -> None:
            with closing(sqlite3.connect(place / ".treadle" / "catalog.db")) as catalog:
                catalog.execute(f"alter table {name} rename to {other}")

        return renamed

    day = Day(place, 1.5, happens={10: called("entries", "away"), 70: called("away", "entries")})
    assert len(day.ran) == 2 and 70 <= day.ran[1] < 72 and len(day.kept()) == 2
    assert len([said for said in day.said if "tried again every 60 s: " in said]) == 1


def test_neither_does_a_disk_that_is_full_when_a_run_is_begun(place: Path) -> None:
    class Full(Day):
        def run(self) -> Outcome:
            if not self.ran:
                self.ran.append(round(self.minutes, 2))
                raise OSError(28, "No space left on device")
            return super().run()

    day = Full(place, 0.5)
    assert day.ran == [0, 1] and len(day.kept()) == 1
    assert any(said.endswith("tried again every 60 s: [Errno 28] No space left on device") for said in day.said)


def test_a_run_that_could_not_be_kept_is_kept_later_and_not_run_again(place: Path) -> None:
    def called(name: str, other: str) -> None:
        with closing(sqlite3.connect(place / ".treadle" / "catalog.db")) as catalog:
            catalog.execute(f"alter table {name} rename to {other}")

    class Away(Day):
        def run(self) -> Outcome:
            if len(self.ran) == 1:
                called("entries", "away")
            return super().run()

    day = Away(place, 2.5, happens={70: lambda: called("away", "entries")})
    assert day.ran == [0, 60, 120] and (day.scheduler.runs, day.scheduler.failed) == (3, 0)
    assert [ran.began for ran in day.kept()] == [BEGIN + timedelta(hours=each) for each in range(3)]


def test_what_is_wrong_from_the_start_ends_it(place: Path) -> None:
    with pytest.raises(SpecError, match="not a length of time"):
        Day(place, 1, every="soon")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"every": None, "retries": 3}, "nothing says when to run"),
        ({"every": "soon", "retries": 3}, "not a length of time"),
        ({"every": "0.2s", "retries": 3}, "too short"),
        ({"every": "1h", "retries": -1}, "no number of attempts"),
    ],
)
def test_what_is_refused_at_once(tmp_path: Path, options: dict[str, object], said: str) -> None:
    place = begin(tmp_path / "shop", BY_NUMBER)
    with pytest.raises(SpecError, match=said):
        schedule(opened(place), person("ada"), say=lambda text: None, **options)  # type: ignore[arg-type]
