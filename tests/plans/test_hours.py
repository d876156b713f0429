"""Minutes of work by the times between acts, by hand; what was booked wins; what a schedule and a policy spared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.costs.booking import Booked, book
from treadle.errors import SpecError
from treadle.evidence import Price, Usage
from treadle.evidence.entry import Body
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.schedule_ran import ScheduleRan
from treadle.money import money
from treadle.plans.hours import Act, hours_of, minutes_of
from treadle.store import Blob
from treadle.workspace import Workspace

MORNING = datetime(2026, 11, 10, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
Does = Callable[..., None]


@pytest.fixture
def shop_at(workspace: Workspace) -> Workspace:
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: NOW))


@pytest.fixture
def does(workspace: Workspace) -> Does:
    def write(minute: float, kind: str, *, actor: str = "ada", run: str = "", seconds: float | None = None) -> None:
        """An entry so many minutes after nine; `seconds`: of a step that ended then."""
        at = MORNING + timedelta(minutes=minute)
        with replace(workspace.chain, clock=lambda: at).alone() as alone:
            usage = None if seconds is None else Usage(seconds=seconds)
            alone.write(
                Body(seq=0, id="", kind=kind, version=1, subject="shop", run=run, time="", actor=actor, status="done",
                     usage=usage)
            )  # fmt: skip

    return write


def test_a_day_by_hand(shop_at: Workspace, does: Does):
    """9:00 a note, 9:10 a run begins (10 minutes on features) and ends at 9:40, 9:45 an approval (5), 11:00 a note."""
    does(0, "note.written")
    does(30, "features.build", run="r1", seconds=20 * 60)
    does(40, "training.fit", run="r1", seconds=10 * 60)
    does(45, "review.approved")
    does(120, "note.written")
    does(121, "note.written", actor="grace")
    does(122, "release.made", actor="policy:gates")
    found = hours_of(shop_at, 30, 20.0)
    assert {(each.person, each.stage): each.minutes for each in found.stages} == {
        ("ada", "features"): 10.0, ("ada", "releases"): 5.0,
    }  # fmt: skip
    ada, grace = found.people
    assert (ada.measured, ada.sessions, ada.acts, ada.booked) == (15.0, 2, 4, None)
    assert (grace.measured, grace.sessions, grace.acts) == (0.0, 1, 1)
    assert found.waited == 30.0 and [each.what for each in found.automated] == ["versions released by policy"]
    assert found.automated[0].minutes is None and "only 0 by hand" in found.automated[0].why
    wider = hours_of(shop_at, 30, 80.0)
    assert sum(each.minutes for each in wider.stages) == 15.0 + 75.0
    assert not hours_of(shop_at, 9, 20.0).stages, "the tenth is eleven days ago"


def test_booked_hours_win_and_are_parted_as_was_measured(shop_at: Workspace, does: Does):
    for minute, kind in ((0, "note.written"), (10, "note.written"), (40, "review.approved")):
        does(minute, kind)
    booked = CostBooked(
        category="people", text="work", day="2026-11-10", person="ada", quantity=Decimal(4), unit="hours"
    )
    book(shop_at.chain, "shop", Booked(booked, money(400, shop_at.book.currency)))
    found = hours_of(shop_at, 30, 60.0)
    assert {each.stage: each.minutes for each in found.stages} == {"notes": 60.0, "releases": 180.0}
    assert found.people[0].counts == 240.0 and found.hour == 100
    assert {each.stage: each.measured for each in found.stages} == {"notes": 10.0, "releases": 30.0}
    book(shop_at.chain, "shop", Booked(booked, money(400, shop_at.book.currency)))
    told = [(each.stage, each.minutes) for each in hours_of(shop_at, 30, 60.0).stages]
    assert told == [("not told", 480.0)], "40 minutes of 8 hours say nothing of the rest"


def test_what_a_schedule_ran_is_no_work_and_saves_what_the_quickest_quarter_by_hand_took(shop_at, does: Does):
    for number, minutes in enumerate((4, 8, 12, 16)):
        does(200 * number, "note.written")
        does(200 * number + minutes + 1, "training.fit", run=f"h{number}", seconds=60)
    for number in range(3):
        does(2000 + number, "training.fit", run=f"s{number}", seconds=30)
    began = MORNING + timedelta(minutes=1999)
    replace(shop_at.chain, clock=lambda: began + timedelta(minutes=5)).append(
        ScheduleRan(why="of the clock", began=began, seconds=300, attempts=1, ok=True, text="ran"), "schedule/shop"
    )
    found = hours_of(shop_at, 30, 20.0)
    (saved,) = found.automated
    assert (saved.times, saved.by_hand, saved.each, saved.minutes) == (3, 4, 4.0, 12.0)
    assert sum(each.minutes for each in found.stages if each.stage == "training") == 4 + 8 + 12 + 16
    assert found.saved is None, "no hour was booked, so none has a price"


def booked(workspace: Workspace, day: str, hours: int, paid: int, *, person: str = "ada", unit: str = "hours") -> None:
    said = CostBooked(category="people", text="work", day=day, person=person, quantity=Decimal(hours), unit=unit)
    book(workspace.chain, "shop", Booked(said, money(paid, workspace.book.currency)))


@pytest.mark.parametrize(
    ("hours", "told"), [((3, -3), []), ((3,), [("not told", 180.0)]), ((-3,), [("not told", -180.0)])]
)
def test_of_hours_that_were_booked_and_taken_back_nothing_is_told(
    shop_at: Workspace, does: Does, hours: tuple[int, ...], told: list[tuple[str, float]]
):
    """Her only act began a session, so nothing was measured by which hours could be parted."""
    does(0, "note.written")
    for each in hours:
        said = CostBooked(
            category="people", text="work", day="2026-11-10", person="ada", quantity=Decimal(each), unit="hours"
        )
        shop_at.chain.append(said, "cost/shop", price=Price(money(each * 60, shop_at.book.currency)))
    found = hours_of(shop_at, 30, 20.0)
    assert [(each.stage, each.minutes) for each in found.stages] == told
    assert [(each.booked, each.measured) for each in found.people] == [(60.0 * sum(hours), 0.0)]


@pytest.mark.parametrize("hours", [1, -1])
def test_a_refund_takes_its_hours_away_however_it_is_signed(shop_at: Workspace, hours: int):
    booked(shop_at, "2026-11-10", 3, 1500, person="lin")
    booked(shop_at, "2026-11-12", hours, -500, person="lin")
    found = hours_of(shop_at, 30, 20.0)
    assert [(each.person, each.booked) for each in found.people][1:] == [("lin", 120.0)] and found.hour == 500


def test_an_hour_costs_what_all_hours_did_and_what_is_no_hour_of_a_person_is_none(shop_at: Workspace, does: Does):
    """30 for 1 hour and 210 for 3 are 60 an hour, and not the mean of 30 and 70."""
    for minute, kind in ((0, "note.written"), (30, "note.written")):
        does(minute, kind)
    booked(shop_at, "2026-11-10", 1, 30)
    booked(shop_at, "2026-11-12", 3, 210, unit="h")
    booked(shop_at, "2026-11-10", 500, 1, unit="km")
    booked(shop_at, "2026-11-10", 500, 1, person="")
    booked(shop_at, "2026-10-01", 500, 1)
    booked(shop_at, "2026-11-21", 500, 1)
    found = hours_of(shop_at, 30, 60.0)
    assert found.hour == 60 and [(each.month, each.booked) for each in found.people] == [("2026-11", 240.0)]


def test_hours_are_booked_for_a_month_and_a_person(shop_at: Workspace, does: Does):
    booked(shop_at, "2026-10-31", 1, 10)
    booked(shop_at, "2026-11-01", 2, 10)
    booked(shop_at, "2026-11-01", 4, 10, person="grace")
    told = [(each.month, each.person, each.booked) for each in hours_of(shop_at, 30, 60.0).people]
    assert told == [("2026-10", "ada", 60.0), ("2026-11", "ada", 120.0), ("2026-11", "grace", 240.0)]


def test_what_a_policy_approved_saves_what_approvals_by_hand_took(shop_at: Workspace, does: Does):
    """Three by hand took 5, 7 and 9 minutes; notes are no approvals. Two of 5 at 60 an hour: 10."""
    for number, minutes in enumerate((5, 7, 9)):
        does(100 * number, "note.written")
        does(100 * number + 1, "note.written")
        does(100 * number + 1 + minutes, "review.approved")
    for number in range(2):
        does(500 + number, "review.approved", actor="policy:gates")
        does(500 + number, "review.approved", actor="service:other")
    booked(shop_at, "2026-11-10", 1, 60)
    found = hours_of(shop_at, 30, 20.0)
    (spared,) = found.automated
    assert (spared.what, spared.times, spared.by_hand) == ("versions approved by policy", 2, 3)
    assert (spared.each, spared.minutes, found.saved) == (5.0, 10.0, 10)


def test_a_run_of_a_schedule_saves_what_runs_by_hand_took_and_not_what_notes_did(shop_at: Workspace, does: Does):
    for number in range(3):
        does(100 * number, "note.written")
        does(100 * number + 1, "note.written")
        does(100 * number + 10, "training.fit", run=f"h{number}", seconds=60)
    does(500, "training.fit", run="s", seconds=30)
    began = MORNING + timedelta(minutes=499)
    replace(shop_at.chain, clock=lambda: began + timedelta(minutes=5)).append(
        ScheduleRan(why="of the clock", began=began, seconds=300, attempts=1, ok=True, text="ran"), "schedule/shop"
    )
    (saved,) = hours_of(shop_at, 30, 20.0).automated
    assert (saved.times, saved.by_hand, saved.each) == (1, 3, 8.0)


@pytest.mark.parametrize("ok", [True, False])
def test_what_a_schedule_ran_is_nobodys_work_and_not_waited_for_though_it_failed(
    shop_at: Workspace, does: Does, ok: bool
):
    does(30, "training.fit", run="h", seconds=10 * 60)
    does(60, "training.fit", run="s", seconds=20 * 60)
    began = MORNING + timedelta(minutes=39)
    replace(shop_at.chain, clock=lambda: began + timedelta(minutes=22)).append(
        ScheduleRan(why="of the clock", began=began, seconds=22 * 60, attempts=1, ok=ok, text="ran"), "schedule/shop"
    )
    found = hours_of(shop_at, 30, 20.0)
    assert found.waited == 10.0 and [each.acts for each in found.people] == [1]
    assert [each.times for each in found.automated] == [1] * ok


def test_what_a_run_took_from_another_is_counted_with_the_minutes_that_it_took_to_make(shop_at: Workspace):
    """r1 makes a table in 12 minutes and uses it itself; r2 uses it twice, and what nobody made; r0 used it before."""
    table = Blob(shop_at.blobs.put(b"a table"), "table")

    def step(minute: int, run: str, seconds: float, made: tuple[Blob, ...] = (), uses: tuple[Blob, ...] = ()) -> None:
        at = MORNING + timedelta(minutes=minute)
        with replace(shop_at.chain, clock=lambda: at).alone() as alone:
            alone.write(
                Body(seq=0, id="", kind="features.build", version=1, subject="shop", run=run, time="", actor="ada",
                     status="done", usage=Usage(seconds=seconds), made=made, uses=uses)
            )  # fmt: skip

    step(5, "r0", 60.0, uses=(table,))
    step(20, "r1", 12 * 60.0, made=(table,))
    step(21, "r1", 60.0, uses=(table,))
    found = hours_of(shop_at, 30, 20.0)
    assert (found.reused, found.spared) == (0, 0.0)
    step(30, "r2", 60.0, uses=(table,))
    step(31, "r2", 60.0, uses=(table, Blob(shop_at.blobs.put(b"given"), "given")))
    step(40, "r3", 60.0, uses=(table,))
    found = hours_of(shop_at, 30, 20.0)
    assert (found.reused, found.spared) == (2, 24.0), "once by r2, once by r3"


@pytest.mark.parametrize(("days", "gap"), [(0, 20.0), (30, 0.0), (30, float("nan")), (30, 1e9)])
def test_days_and_gaps_that_cannot_be(workspace: Workspace, days: int, gap: float):
    with pytest.raises(SpecError):
        hours_of(workspace, days, gap)


def test_of_an_empty_record_there_is_nothing_to_say(workspace: Workspace):
    found = hours_of(workspace, 30, 20.0)
    assert (found.stages, found.people, found.automated, found.waited) == ([], [], [], 0.0)


ACTS = st.lists(st.tuples(st.sampled_from(["ada", "grace"]), st.integers(0, 600), st.integers(0, 90)), max_size=30)


@given(ACTS, st.integers(1, 60))
def test_work_is_never_more_than_the_day_nor_counted_while_a_run_goes_on(acts: list[tuple[str, int, int]], gap: int):
    made = [
        Act(who, MORNING + timedelta(minutes=at), MORNING + timedelta(minutes=at + long), "notes", ())
        for who, at, long in acts
    ]
    worked = list(minutes_of(made, gap))
    assert len(worked) == len(made) and all(each.minutes is None or 0 <= each.minutes <= gap for each in worked)
    for who in ("ada", "grace"):
        mine = [each for each in made if each.person == who]
        minutes = sum(each.minutes or 0 for each in worked if each.act.person == who)
        busy = {minute for each in mine for minute in range(each_minute(each.begin), each_minute(each.end))}
        span = max(map(each_minute, (e.end for e in mine)), default=0) - min(
            map(each_minute, (e.begin for e in mine)), default=0
        )
        assert minutes <= span - len(busy)


def each_minute(at: datetime) -> int:
    return round((at - MORNING).total_seconds() / 60)
