"""A state from tables: what was known strictly before a time, and answers as far back as a told state has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from worlds import START, Tables, Teller, differences, plan_of, posts, project, record, table, world

from treadle.features import FeaturePlan, Memory, build, compile_online, seed
from treadle.features.state import OnlineState
from treadle.spec import Features, Lookup, Window

MICRO = timedelta(microseconds=1)
DAY = timedelta(days=1)
TAKE = {"n": "count(*)", "sum": "sum(v)", "low": "min(v)", "last": "last(s)"}
PLAN = plan_of(
    project(
        Features(
            lookup={
                "price": Lookup(source="prices", on="k", take=("price",)),
                "both": Lookup(source="prices", on=("k", "n"), take=("price",)),
                "size": Lookup(source="sizes", on="k", take=("size",)),
                "latest": Lookup(source="seen", on="k", take=("v",)),
            },
            window={"w": Window(source="seen", on="k", last=("1h", "6h"), take=TAKE)},
        )
    )
)


def tables(days: int, trips: list[Any] | None = None) -> Tables:
    """An event and a price every eight hours under one key."""
    times = [START + timedelta(hours=8 * number) for number in range(3 * days)]
    return {
        "trips": table("trips", trips or [(0, "a", 1, START, 1.0)]),
        "events": table("events", [(i, "a", 1, t, i / 3, 1, True, str(i), None) for i, t in enumerate(times)]),
        "prices": table("prices", [("a", 1, t, t, i / 7, "x", None) for i, t in enumerate(times)]),
        "sizes": table("sizes", [("a", 5, "big")]),
    }


def asked(plan: FeaturePlan, given: Tables, state: OnlineState) -> dict[int, tuple[Any, ...]]:
    online = compile_online(plan)
    return {
        n: online.features(record(plan, row), state)[0] for n, row in enumerate(given["trips"].iter_rows(named=True))
    }


@pytest.mark.parametrize("late", [timedelta(0), MICRO])
def test_a_row_known_at_the_very_time_is_not_in_the_state(late: timedelta) -> None:
    state, last = Memory(), START + timedelta(hours=16)
    assert seed(PLAN, tables(1), state, last + late) == state.as_of == last + late
    history, prices = state.history("seen", "a"), state.versions("prices by k", "a")
    both = state.versions("prices by k,n", ("a", 1))
    assert history is not None and prices is not None and both is not None
    wanted = 3 if late else 2
    assert len(history.known) == wanted and history.ids == [str(number) for number in range(wanted)]
    newest = last if late else last - timedelta(hours=8)
    assert max(prices.known) == max(both.known) == max(history.known) == int(newest.timestamp()) * 1_000_000


def test_without_a_time_all_that_is_known_is_in_the_state() -> None:
    state = Memory()
    assert seed(PLAN, tables(1), state) == START + timedelta(hours=16) + MICRO
    history = state.history("seen", "a")
    assert history is not None and len(history.known) == 3


def test_a_table_without_time_is_always_known() -> None:
    state = Memory()
    seed(PLAN, tables(1), state, START - DAY)
    sizes = state.versions("sizes by k", "a")
    assert sizes is not None and sizes.find(0, None) is not None
    assert state.history("seen", "a") is None and state.versions("prices by k", "a") is None


def test_seeding_replaces_what_was_there() -> None:
    state = Memory()
    for known, name, body in posts(PLAN, tables(1)):
        assert known
        Teller(PLAN, state).tell(name, body.replace(b'"a"', b'"old"'))
    assert state.history("seen", "old") is not None
    seed(PLAN, tables(1), state)
    assert state.history("seen", "old") is None and state.versions("sizes by k", "old") is None
    assert state.history("seen", "a") is not None


def test_predictions_that_are_asked_late_are_answered_for_a_day() -> None:
    newest = START + timedelta(days=9, hours=16)
    trips = [(i, "a", 1, newest + MICRO - timedelta(hours=i), 1.0) for i in range(24)]
    given = tables(10, trips)
    batch, told, seeded = build(PLAN, given), Memory(), Memory()
    seed(PLAN, given, seeded)
    for _, name, body in posts(PLAN, given):
        Teller(PLAN, told).tell(name, body)
    assert not differences(PLAN, batch, asked(PLAN, given, seeded))
    assert not differences(PLAN, batch, asked(PLAN, given, told))


def test_a_window_that_reaches_further_back_than_is_kept_has_no_answer() -> None:
    given = tables(10, [(0, "a", 1, START + DAY, 1.0)])
    told, seeded = Memory(), Memory()
    seed(PLAN, given, seeded)
    for _, name, body in posts(PLAN, given):
        Teller(PLAN, told).tell(name, body)
    for state in (told, seeded):
        found = dict(zip((f.name for f in PLAN.features), asked(PLAN, given, state)[0], strict=True))
        assert {value for name, value in found.items() if name.startswith("w_")} == {None}
        history = state.history("seen", "a")
        assert history is not None and len(history.known) < 10, "the rest is forgotten"


def test_a_larger_history_is_seeded_as_batch_has_it() -> None:
    plan, given = plan_of(project()), world(8, 40, 300)
    newest = max(*given["events"]["seen"].drop_nulls(), *given["prices"]["told"].drop_nulls())
    given["trips"] = given["trips"].with_columns(at=given["trips"]["at"].clip(newest + timedelta(hours=1)))
    state = Memory()
    seed(plan, given, state)
    assert not differences(plan, build(plan, given), asked(plan, given, state))


def both_of(plan: FeaturePlan, given: Tables) -> tuple[Memory, Memory]:
    """A state that was told the rows, and one that was made of them."""
    told, seeded = Memory(), Memory()
    teller = Teller(plan, told)
    for _, name, body in posts(plan, given):
        teller.tell(name, body)
    seed(plan, given, seeded)
    return told, seeded


def test_a_row_that_will_be_known_later_silences_no_key() -> None:
    """A mistyped year, a planned price: what is asked now is answered, also of rows that are told after it."""
    now = datetime.now(UTC)
    times = [now - timedelta(hours=8 * number) for number in range(30, 0, -1)]
    times += [now + DAY, now + 365 * 50 * DAY]
    trips = [(0, "a", 1, now, 1.0), (1, "a", 1, now - 12 * timedelta(hours=1), 1.0), (2, "a", 1, now + 2 * DAY, 1.0)]
    given = tables(0, trips)
    given["events"] = table("events", [(i, "a", 1, t, i / 3, 1, True, str(i), None) for i, t in enumerate(times)])
    given["prices"] = table("prices", [("a", 1, t, t, i / 7, "x", None) for i, t in enumerate(times)])
    for state in both_of(PLAN, given):
        assert not differences(PLAN, build(PLAN, given), asked(PLAN, given, state))
        history = state.history("seen", "a")
        assert history is not None and len(history.known) < 12, "the rest is forgotten"
        late = {"id": 99, "k": "a", "seen": now - timedelta(minutes=5), "v": 0.5, "s": "late"}
        Teller(PLAN, state).tell("seen", msgspec.json.encode(late))
        assert "99" in history.ids


def test_a_lookup_goes_as_far_back_as_it_may_be_old_and_a_day() -> None:
    old = Lookup(source="prices", on="k", take=("price",), no_older_than="3d")
    plan = plan_of(project(Features(lookup={"old": old})))
    for state in both_of(plan, tables(10)):
        found = state.versions("prices by k", "a")
        assert found is not None and len(found.known) == 4 * 3 + 1 + 1, "and the one that counts before these"
