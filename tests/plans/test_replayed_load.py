"""History that was replayed is a load of the days that it is of, and is told as such."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from test_measured_workload import packed, write

from treadle.evidence import Usage
from treadle.monitoring import PLAYER, Moments, collect, moments_of, played_between
from treadle.plans import measure
from treadle.plans.found import Assumed
from treadle.plans.loads import counted_days
from treadle.workspace import Workspace

TODAY = datetime(2026, 11, 10, 12, tzinfo=UTC)
DAY = date(2026, 11, 10)


def seconds(day: int, month: int = 11, hour: int = 9) -> float:
    return datetime(2026, month, day, hour, tzinfo=UTC).timestamp()


def test_replayed_days_count_as_days_and_those_on_which_others_asked_count_them_alone():
    played = [seconds(each, 3) for each in range(1, 23) for _ in range(5)]
    alone = counted_days(Moments([], played), DAY, DAY, 30, 900.0)
    assert alone is not None
    assert alone.requests == (5,) * 22 and (alone.replayed, alone.history, alone.left_out) == (110, 22, 0)
    beside = counted_days(Moments([seconds(9)], [*played, seconds(9), seconds(8)]), date(2026, 11, 9), DAY, 30, 900.0)
    assert beside is not None, "of history the 30 days up to its newest one"
    assert beside.requests == (1, 1, 0) and (beside.replayed, beside.history, beside.left_out) == (1, 1, 1)
    apart = counted_days(Moments([seconds(9)], played), date(2026, 11, 9), DAY, 30, 900.0)
    assert apart is not None and apart.requests == (*(5,) * 22, 1, 0), "the months between are no days without requests"
    assert counted_days(Moments([seconds(1)], []), DAY, DAY, 30, 900.0) is None
    assert counted_days(Moments([], [], untold=3), DAY, DAY, 30, 900.0) is None


@pytest.fixture
def played(workspace: Workspace) -> Workspace:
    """22 days of history, 5 of each, played twice on one day; by the service, and with a token of somebody else."""
    usage = Usage(seconds=1.0, cpu_seconds=1.0, peak_mb=500.0)
    write(workspace, TODAY - timedelta(days=2), "r", usage, packed(workspace, 1, 10.0, 0.8))
    for again, client in enumerate((f"service:{PLAYER}", "ada")):
        writer = workspace.journal.writer("predictions")
        for number in range(110):
            at = datetime(2013, 11, 1 + number // 5, 9, tzinfo=UTC)
            writer.add(
                {"prediction_id": f"shop:1/{number}", "answered": TODAY.timestamp() + again, "at": at.isoformat(),
                 "model": "shop:1", "prediction": 1.0, "record": {}, "features": {}, "client": client}
            )  # fmt: skip
        writer.close()
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: TODAY))


def test_what_was_replayed_is_measured_by_its_own_days(played: Workspace):
    load = measure(played, 30, Assumed()).load
    assert load is not None and load.requests == (5,) * 22, "once, though it was played twice"
    assert load.of_history == "of 110 requests 110 were replayed, 22 days of history"
    before = moments_of(played.tables, played.names, played.journal)
    collect(played.tables, played.names, played.journal)
    after = moments_of(played.tables, played.names, played.journal)
    assert sorted(before.played) == sorted(after.played) and not before.live and not after.live
    begin = TODAY.timestamp() - 3600
    assert played_between(played.tables, played.names, played.journal, begin, begin + 7200) == (220, 220)
