"""What a replay says of what it did not play."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from msgspec.structs import replace

from treadle.cli.show import console
from treadle.cli.show.work import show_replay
from treadle.features import FeaturePlan
from treadle.features.plan import Stream
from treadle.replay.client import Client
from treadle.replay.found import Replayed
from treadle.replay.playing import _tell
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


class Taking:
    """A client whose endpoint refuses the outcome of one label, and with it all that is sent along."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def try_post(self, path: str, body: Any) -> tuple[int, Any]:
        rows = body if isinstance(body, list) else [body]
        if any(row["label"] == "new" for row in rows):
            return 422, {"error": "label is 'new'"}
        self.taken += [row["label"] for row in rows]
        return 200, {"taken": len(rows)}


def test_an_outcome_that_is_refused_takes_no_other_with_it() -> None:
    client, tally = Taking(), Tally()
    status, _ = _tell(cast(Client, client), [{"label": name} for name in ("a", "new", "b", "new", "a")], tally)
    assert client.taken == ["a", "b", "a"] and status == 200
    assert (tally.outcomes, tally.refused, tally.first_refusal) == (3, 2, "label is 'new'")
    assert _tell(cast(Client, client), [{"label": "new"}], tally)[0] == 422
