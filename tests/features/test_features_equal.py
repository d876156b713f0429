"""Batch and online give equal features, to the last bit, whatever the tables hold."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, example, given, settings
from worlds import DAYS_LATER, Tables, differences, moment, plan_of, play, project, table, worlds

from treadle.backends.embedded.state import LmdbState
from treadle.features import Memory, OnlineState, build, seed

PLAN = plan_of(project())
EARLY: Tables = {
    "trips": table("trips", [(0, "a", 1, moment(min(DAYS_LATER), 0, 0), 0.0)]),
    "events": table("events", []),
    "prices": table("prices", []),
    "sizes": table("sizes", [("a", 5, "big")]),
}
"""A trip of long before all that is told: what has no time is known to it too."""


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(worlds())
@example(EARLY)
def test_batch_equals_what_events_told_in_the_order_of_knowing_give(tables: Tables) -> None:
    batch = build(PLAN, tables)
    assert batch.height == tables["trips"].height
    assert not differences(PLAN, batch, play(PLAN, tables, Memory()))

    with TemporaryDirectory() as folder:
        opened = [LmdbState(Path(folder))]

        def opened_again(state: OnlineState) -> OnlineState:
            state.close()
            opened.append(LmdbState(Path(folder)))
            return opened[-1]

        assert not differences(PLAN, batch, play(PLAN, tables, opened[0], again=opened_again))
        opened[-1].close()

    # a state that was seeded goes on as one that was told everything, and nothing that is told again counts twice
    middle = sorted(tables["trips"]["at"].to_list())[tables["trips"].height // 2]
    seeded = Memory()
    assert seed(PLAN, tables, seeded, middle) == seeded.as_of == middle
    assert not differences(PLAN, batch, play(PLAN, tables, seeded, since=middle))
