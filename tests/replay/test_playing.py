"""What a replay says of what it did not play."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from treadle.cli.show import console
from treadle.cli.show.work import show_replay
from treadle.features import FeaturePlan
from treadle.features.plan import Stream
from treadle.replay.found import Replayed
from treadle.replay.tally import Tally, left_out

END = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture
def plan() -> FeaturePlan:
    return FeaturePlan(
        project="shop", each="orders", each_types={}, key=("id",), at="at", label="late", label_type="bool",
        label_known="arrived", group=None, kind="classification", inputs=(), rows=(), views={}, lookup_streams={},
        arguments={}, lookups=(), windows=(), features=(),
    )  # fmt: skip


def test_without_label_known_no_outcome_is_played_and_it_says_why(plan: FeaturePlan) -> None:
    (said,) = left_out(replace(plan, label_known=None), Tally(predictions=5))
    assert said.startswith("no outcomes were played") and "`label_known:`" in said and "drift" in said


def test_outcomes_that_became_known_later_are_said_to_be_missing(plan: FeaturePlan) -> None:
    assert left_out(plan, Tally(predictions=5, outcomes=5)) == []
    (said,) = left_out(plan, Tally(predictions=5, outcomes=2))
    assert said == "3 of 5 predictions have no outcome: their label is missing, or became known after the end"


def test_rows_without_a_time_are_not_played(plan: FeaturePlan) -> None:
    shops = Stream("shops", "shops", {}, ("id",), None, None, ())
    (said,) = left_out(replace(plan, lookup_streams={"shops by id": shops}), Tally(1, 1, 1))
    assert said == "shops has no time, so its rows are not played: they stand as they were last read"


def test_the_terminal_shows_what_was_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    answer = Replayed("2024-01-01", "2024-02-01", "url", 0, 5, 0, 0, 1.0, 5.0, 0.1, 0.2, "next", ["no outcomes"])
    console.cache_clear()
    show_replay(answer, console())
    assert "no outcomes\n" in capsys.readouterr().out
