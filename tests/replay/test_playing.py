"""What a replay tells an endpoint of, and what it says of what it did not play."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
import polars as pl
import pytest
from msgspec.structs import replace

sys.path.insert(0, str(Path(__file__).parents[1] / "features"))

from worlds import START, plan_of, project, table

from treadle.cli.show import console
from treadle.cli.show.work import show_replay
from treadle.features import EventReader, FeaturePlan, Memory
from treadle.features.plan import Stream
from treadle.replay.client import Client
from treadle.replay.found import Replayed
from treadle.replay.playing import _tell, _told
from treadle.replay.tally import Tally, left_out
from treadle.spec import Features, Lookup

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
    """A client whose endpoint refuses the row of one label, and with it all that is sent along."""

    def __init__(self, status: int = 422) -> None:
        self.taken, self.asked, self.status = list[str](), 0, status

    def try_post(self, path: str, body: Any) -> tuple[int, Any]:
        self.asked += 1
        rows = body if isinstance(body, list) else [body]
        if any(row["label"] == "new" for row in rows):
            return self.status, {"error": "label is 'new'"}
        self.taken += [row["label"] for row in rows]
        return 200, {"taken": len(rows)}


ROWS = [{"label": name} for name in ("a", "new", "b", "new", "a")]


@pytest.mark.parametrize("path", ["/outcomes", "/events/sales"])
def test_a_row_that_is_refused_takes_no_other_with_it(path: str) -> None:
    client, tally = Taking(), Tally()
    assert _tell(cast(Client, client), path, ROWS, tally) == 3 and client.taken == ["a", "b", "a"]
    assert (tally.refused, tally.first_refusal) == (2, "label is 'new'")
    assert _tell(cast(Client, client), path, [{"label": "new"}], tally) == 0 and tally.refused == 3


def test_where_no_row_is_at_fault_they_are_not_sent_one_by_one() -> None:
    client, tally = Taking(503), Tally()
    assert _tell(cast(Client, client), "/outcomes", ROWS, tally) == 0
    assert (client.asked, tally.refused) == (1, 1)


def test_a_refusal_in_other_words_than_ours_is_kept_too() -> None:
    tally = Tally()
    tally.refuse(["no"])
    assert (tally.refused, tally.first_refusal) == (1, "['no']")


# ---- the rows that are told

HOUR = timedelta(hours=1)


def told(plan: FeaturePlan, name: str, source: str, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    """What is played of them in the first hour; all of it is taken by the endpoint's reader, as it is sent."""
    found = _told(plan, name, table(source, rows).lazy(), START, START + HOUR)
    reader = EventReader(plan, name)
    sent = msgspec.json.encode(found.drop("__known__").to_dicts())
    assert reader.put(reader.read(sent), Memory()) == found.height
    return found


def test_rows_that_become_known_in_the_span_are_told_in_their_order() -> None:
    times = [START + HOUR, START + HOUR / 2, START, START - HOUR / 60]
    rows = [(number, "a", 1, when, 0.5, 2, True, "x", None) for number, when in enumerate(times)]
    assert told(plan_of(project()), "seen", "events", rows)["id"].to_list() == [2, 1]


def test_rows_without_a_key_or_a_time_are_not_told() -> None:
    keys = [("a", 1, START), (None, 1, START), ("a", None, START), ("a", 1, None)]
    rows = [(number, *key, 0.5, 2, True, "x", None) for number, key in enumerate(keys)]
    assert told(plan_of(project()), "seen", "events", rows)["id"].to_list() == [0, 2]


def test_a_row_with_the_key_of_one_lookup_is_told_and_one_that_happened_never_is_not() -> None:
    later = START + HOUR / 2
    keys = [("a", None, START, later), (None, 1, START, later), (None, None, START, later), ("a", 1, None, later)]
    rows = [(*key, float(number), "x", None) for number, key in enumerate(keys)]
    assert told(plan_of(project()), "prices", "prices", rows)["price"].to_list() == [0.0, 1.0]


def test_a_source_that_is_looked_up_twice_is_told_with_what_both_take() -> None:
    twice = {"a": Lookup(source="prices", on="k", take=("price",)), "b": Lookup(source="prices", on="n", take=("tag",))}
    found = told(plan_of(project(Features(lookup=twice))), "prices", "prices", [("a", 1, START, START, 2.5, "x", None)])
    assert found.select("k", "n", "price", "tag").rows() == [("a", 1, 2.5, "x")]
