"""Who tells the others of what: topics from recent work, speakers in turn, and nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from stage_shop import edit
from written_shop import written_shop

from treadle.errors import DecisionError, TeamError
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.retro_kept import RetroKept
from treadle.knowledge.writing import Draft, add_note
from treadle.rhythm.rota import day_of, held, hold, rota
from treadle.spec import load
from treadle.store import EntryRef
from treadle.workspace import Workspace

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
FIRST = date(2026, 3, 27)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    made = written_shop(tmp_path / "shop")
    edit(tmp_path / "shop", "approve: reviewer}", "approve: reviewer, roles: {expert: [lin], lead: [bo]}}")
    return replace(made, project=load(tmp_path / "shop"))


def did(shop: Workspace, who: str, days: float = 0) -> Workspace:
    return replace(shop, chain=replace(shop.chain, actor=who, clock=lambda: NOW - timedelta(days=days)))


def proposed(shop: Workspace, sessions: int = 6) -> list[tuple[str, str, str]]:
    found = rota(did(shop, "ada"), FIRST, 7, sessions)
    return [(each.day, each.topic.speaker, each.topic.text) for each in found if each.topic.entry]


def worked(shop: Workspace) -> None:
    none = EntryRef("0" * 64, "opened")
    old = DecisionClosed(decision="old", opened=none, option="keep", because="x")
    did(shop, "lin", 200).chain.append(old, "decision/old")
    did(shop, "bo", 9).chain.append(RetroKept(retro="outage", opened=none, text="x", causes=("a",)), "retro/outage")
    add_note(did(shop, "lin", 5), "encoding", "paper", Draft(title="Target encoding", text="t", source="x"))
    did(shop, "lin", 1).chain.append(replace_option(old), "decision/weather")
    stranger = DecisionClosed(decision="theirs", opened=none, option="y", because="x")
    did(shop, "mallory", 1).chain.append(stranger, "decision/theirs")


def replace_option(said: DecisionClosed) -> DecisionClosed:
    return DecisionClosed(decision="weather", opened=said.opened, option="drop", because="no gain")


def test_topics_are_recent_work_and_speakers_take_turns(shop: Workspace) -> None:
    worked(shop)
    assert proposed(shop) == [
        ("2026-03-27", "lin", "Why weather: drop"),
        ("2026-04-03", "bo", "What we learned of outage"),
        ("2026-04-10", "lin", "A paper: Target encoding"),
    ], "nothing of half a year ago, and of nobody else; who never spoke comes first"
    assert len(proposed(shop, 2)) == 2


def test_what_was_told_is_not_proposed_again_and_who_spoke_waits(shop: Workspace) -> None:
    worked(shop)
    kept = hold(did(shop, "bo"), "Why weather:  drop", "lin", "2026-03-19", None)
    assert (kept.topic, kept.speaker) == ("Why weather: drop", "lin")
    assert [who for _, who, _ in proposed(shop)] == ["bo", "lin"]
    with shop.chain.reading() as reader:
        (entry,) = held(reader, "shop")
    assert entry.actor == "bo" and entry.payload.said() == "lin told of: Why weather: drop (2026-03-19)"


def test_an_area_that_one_alone_knows_is_a_topic(shop: Workspace) -> None:
    for day in range(3):
        add_note(did(shop, "ada", day), f"n{day}", "note", Draft(title=f"N{day}", text="t"))
    found = [each.topic for each in rota(did(shop, "ada"), FIRST, 14, 20)]
    assert "How notes works here" in {topic.text for topic in found} and all(topic.speaker == "ada" for topic in found)
    days = [each.day for each in rota(did(shop, "ada"), FIRST, 14, 2)]
    assert days == ["2026-03-27", "2026-04-10"]


def test_a_record_without_work_has_no_rota(shop: Workspace) -> None:
    assert proposed(shop) == []


@pytest.mark.parametrize(
    ("topic", "speaker", "day", "what"),
    [
        (" ", "lin", "2026-03-19", "a reason is needed"),
        ("x", "mallory", "2026-03-19", "nobody of shop"),
        ("x", "lin", "19.3.", "is no day"),
        ("x", "lin", "2026-03-21", "is to come"),
        ("x", "lin", "9999-12-31", "no day of a rota"),
    ],
)
def test_a_session_that_was_not_is_refused(shop: Workspace, topic: str, speaker: str, day: str, what: str) -> None:
    with pytest.raises((TeamError, DecisionError), match=what):
        hold(did(shop, "ada"), topic, speaker, day, None)


def test_a_rota_has_bounds(shop: Workspace) -> None:
    for every, sessions in ((0, 1), (7, 0), (7, 53), (367, 1)):
        with pytest.raises(TeamError, match="too many or too few"):
            rota(did(shop, "ada"), FIRST, every, sessions)
    with pytest.raises(TeamError, match="is no day"):
        day_of("soon", "--first")
