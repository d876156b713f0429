"""Rows that come every so often: how far a source is behind, and what a run does when it is late."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ingest import BY_FILES, BY_TIME, FIRST, begin, deliver, insert, row
from stage_shop import edit, opened

from treadle.cli.progress import Progress
from treadle.drafting.checking import check_project
from treadle.errors import DataError
from treadle.evidence import Silent
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.evidence.kinds.source_late import SourceLate
from treadle.evidence.kinds.source_read import SourceRead
from treadle.spec import spoken
from treadle.stages.alerting import read_watched
from treadle.stages.reading import read_sources
from treadle.stages.work import Work

HOURLY = BY_TIME.replace("table: orders,", "table: orders, happened: told, every: 1h, late_after: 15m,")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = begin(tmp_path / "shop", HOURLY)
    insert(folder, [row(1), row(2)])
    return folder


class Run:
    """A reading at a time, by a clock that sleeping moves; `during` is called with how long was slept so far."""

    def __init__(self, folder: Path, now: datetime, during: Any = lambda slept: None) -> None:
        self.now, self.slept, self.during = now, 0.0, during
        workspace = opened(folder)
        object.__setattr__(workspace.chain, "clock", lambda: self.now)
        self.work = Work(workspace, sleep=self.sleep, ticks=lambda: self.slept)
        self.chain = workspace.chain

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += timedelta(seconds=seconds)
        self.during(self.slept)

    def watched_by(self, observer: Silent) -> None:
        object.__setattr__(self.chain, "observer", observer)

    def read(self) -> int:
        return read_sources(self.work)["orders"].payload.table.rows


NEWEST = FIRST + timedelta(minutes=2)


@pytest.mark.parametrize(("minutes", "late"), [(0, False), (75, False), (76, True)])
def test_when_rows_are_late(place: Path, minutes: int, late: bool) -> None:
    run = Run(place, NEWEST + timedelta(minutes=minutes))
    assert run.read() == 2 and bool(run.work.late) == late
    told = run.chain.last(SourceLate)
    assert (told is not None) == late
    if told is not None:
        assert (told.payload.done, told.payload.due) == ("last", NEWEST + timedelta(hours=1))
        assert run.work.late == [
            "the newest rows of orders are of 2024-01-01 00:02:00Z, 1 h 16 min old; newer ones were due 16 min ago"
        ]


def test_to_stop(place: Path) -> None:
    edit(place, "late_after: 15m", "late_after: 15m, when_late: stop")
    assert Run(place, NEWEST + timedelta(hours=1)).read() == 2
    run = Run(place, NEWEST + timedelta(hours=3))
    with pytest.raises(DataError, match="newer ones were due 2 h ago") as told:
        run.read()
    assert "when_late: last" in told.value.mend and "sources.orders" in told.value.where
    kept = run.chain.last(SourceLate)
    assert kept is not None and kept.payload.done == "stopped"


def test_to_wait_until_rows_come(place: Path) -> None:
    edit(place, "late_after: 15m", "late_after: 15m, when_late: wait")

    def come(slept: float) -> None:
        if slept == 600:
            insert(place, [row(180)])

    run = Run(place, NEWEST + timedelta(hours=3), come)
    assert run.read() == 3 and run.slept == 600 and not run.work.late
    assert [line.cached for line in run.work.lines] == [False, False]  # looks that found nothing leave no line
    assert len(run.chain.find(SourceRead)) == 2 and run.chain.last(SourceLate) is None


def test_nobody_waits_for_ever(place: Path) -> None:
    edit(place, "late_after: 15m", "late_after: 15m, when_late: wait")
    run = Run(place, NEWEST + timedelta(hours=3))
    with pytest.raises(DataError, match="did not come in 1h"):
        run.read()
    assert run.slept == 3600
    kept = run.chain.last(SourceLate)
    assert kept is not None and kept.payload.done == "waited"


def test_a_clock_that_is_set_back_makes_no_wait_longer(place: Path) -> None:
    edit(place, "late_after: 15m", "late_after: 15m, when_late: wait")

    def back(slept: float) -> None:
        assert slept <= 3600
        run.now -= timedelta(seconds=60)  # as much as was slept: it stands still

    run = Run(place, NEWEST + timedelta(hours=3), back)
    with pytest.raises(DataError, match="did not come in 1h"):
        run.read()
    assert run.slept == 3600


def test_how_long_is_waited_is_told_by_a_clock_that_goes_on_while_the_machine_sleeps(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = Work(opened(place)).ticks
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", time.CLOCK_REALTIME, raising=False)
    assert ticks() == pytest.approx(time.time(), abs=3600), "by the system's own clock, where it counts sleep"
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    assert ticks() == pytest.approx(time.monotonic(), abs=3600)


def test_files_are_as_new_as_their_newest(tmp_path: Path) -> None:
    import os

    place = begin(tmp_path / "shop", BY_FILES.replace("new:", "every: 1d, new:"))
    for name, day in (("a.csv", 3), ("b.csv", 2)):
        at = datetime(2024, 5, day, tzinfo=UTC).timestamp()
        os.utime(deliver(place, name, [row(day)]), (at, at))
    run = Run(place, datetime(2024, 5, 4, 0, 0, 1, tzinfo=UTC))
    run.read()
    (said,) = run.work.late
    assert "of 2024-05-03 00:00:00Z" in said
    assert not Run(place, datetime(2024, 5, 4, tzinfo=UTC)).work.late


def test_else_by_when_rows_last_came(place: Path) -> None:
    edit(place, "happened: told, ", "")
    now = datetime(2024, 6, 1, tzinfo=UTC)
    Run(place, now).read()
    again = Run(place, now + timedelta(hours=2))
    again.read()
    assert "of 2024-06-01 00:00:00Z, 2 h old" in again.work.late[0]
    insert(place, [row(9)])
    fresh = Run(place, now + timedelta(hours=3))
    fresh.read()
    assert not fresh.work.late


def test_a_check_tells_the_lag(place: Path) -> None:
    Run(place, NEWEST).read()
    run = Run(place, NEWEST + timedelta(minutes=30))
    found = check_project(run.work.workspace, data=True)
    assert found.sources[0].lag.endswith("30 min old") and not [w for w in found.warnings if "every" in w]
    late = Run(place, NEWEST + timedelta(days=2))
    assert any("newer ones were due 1 d 23 h ago" in w for w in check_project(late.work.workspace, data=False).warnings)


@pytest.mark.parametrize(
    ("length", "said"),
    [(timedelta(), "0 s"), (timedelta(days=3, hours=2, minutes=5), "3 d 2 h"), (timedelta(seconds=-5), "0 s")],
)
def test_lengths(length: timedelta, said: str) -> None:
    assert spoken(length) == said


class Hears(Silent):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def waits(self, text: str) -> None:
        self.heard.append(text)


def test_that_it_waits_is_said_once_and_that_it_goes_on_once(place: Path) -> None:
    edit(place, "late_after: 15m", "late_after: 15m, when_late: wait")
    hears = Hears()
    run = Run(place, NEWEST + timedelta(hours=3), lambda slept: slept == 600 and insert(place, [row(180)]))
    run.watched_by(hears)
    run.read()
    begins, ends = hears.heard
    until = "2024-01-01 04:02:00Z"
    assert begins.startswith(f"waiting for newer rows of orders, until {until} at the latest, with a look each 1 min: ")
    assert "of 2024-01-01 00:02:00Z, 3 h old; newer ones were due 2 h ago" in begins
    assert ends.startswith("newer rows of orders came after 10 min:") and ends.endswith("; going on")


@pytest.mark.parametrize("rule", ["last", "stop"])
def test_who_does_not_wait_says_nothing_of_it(place: Path, rule: str) -> None:
    edit(place, "late_after: 15m", f"late_after: 15m, when_late: {rule}")
    run, hears = Run(place, NEWEST + timedelta(hours=3)), Hears()
    run.watched_by(hears)
    with suppress(DataError):
        run.read()
    assert not hears.heard


def test_looks_while_it_waits_are_no_lines(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(place, "late_after: 15m", "late_after: 15m, when_late: wait")
    run = Run(place, NEWEST + timedelta(hours=3), lambda slept: slept == 600 and insert(place, [row(180)]))
    with Progress() as progress:
        run.watched_by(progress)
        run.read()
    said = capsys.readouterr().err
    assert "not run again" not in said and said.count("read and check orders") == 2
    assert said.count("waiting for newer rows of orders") == 1 and said.count("going on") == 1


def test_lateness_is_an_alert_once_for_each_time_that_rows_were_due(place: Path) -> None:
    def alerts(minutes: int, said: str = HOURLY) -> list[AlertRaised]:
        run = Run(place, NEWEST + timedelta(minutes=minutes))
        with suppress(DataError):
            read_watched(run.work)
        return [entry.payload for entry in run.chain.find(AlertRaised, subject="source/orders")]

    assert alerts(75) == []
    (one,) = alerts(76)
    assert (one.about, one.model, one.until) == ("late", "", "2024-01-01 01:02:00Z") and "due 16 min ago" in one.text
    assert len(alerts(90)) == 1
    insert(place, [row(3, minutes=97)])
    assert len(alerts(100)) == 1
    edit(place, "late_after: 15m,", "late_after: 15m, when_late: stop,")
    assert [each.until for each in alerts(400)] == ["2024-01-01 01:02:00Z", "2024-01-01 02:37:00Z"]
    edit(place, "serve: {endpoint: shop}", "serve: {endpoint: shop}\nwatch: {alert: []}")
    insert(place, [row(4, minutes=502)])
    assert len(alerts(900)) == 2
