"""Check-ins: for oneself alone, two numbers of them for a team of five or more, and what is warned of."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from stage_shop import edit, opened, write_shop

from treadle.errors import AccessError, DecisionError
from treadle.evidence.kinds.checkin_kept import CheckinKept
from treadle.evidence.kinds.checkins_shown import CheckinsShown
from treadle.evidence.kinds.concerns_shown import NOBODY
from treadle.people import unnamed
from treadle.people.checkins import answers_in, keep_checkin, own, pulse, show_waiting, warnings
from treadle.people.found import Pulse
from treadle.rhythm.agenda import agenda
from treadle.spec import load
from treadle.workspace import Workspace

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
FIVE = ("ada", "grace", "lin", "bo", "kim")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "account"))
    folder = write_shop(tmp_path / "shop", rows=10)
    made = opened(folder)
    edit(folder, "approve: reviewer}", "approve: reviewer, roles: {expert: [lin, bo, kim]}}")
    return at(replace(made, project=load(folder)), MONDAY)


def at(shop: Workspace, now: datetime, actor: str = "ada") -> Workspace:
    return replace(shop, chain=replace(shop.chain.acting(actor), clock=lambda: now))


def checks_in(shop: Workspace, actor: str, text: str, days: float = 0) -> bool:
    there = at(shop, MONDAY + timedelta(days=days), actor)
    return keep_checkin(there.chain, there.project, there.root, text) == "counted"


def shown(shop: Workspace, days: float) -> list[CheckinsShown]:
    now = at(shop, MONDAY + timedelta(days=days))
    show_waiting(now.chain, now.root, now.chain.clock().date())
    return [entry.payload for entry in shop.chain.find(CheckinsShown)]


@pytest.mark.parametrize(("text", "found"), [
    ("4 some", (4, "some")), ("1, NONE", (1, "none")), ("5; most: everything\nand more", (5, "most")),
])  # fmt: skip
def test_two_answers_come_first(text: str, found: tuple[int, str]) -> None:
    assert answers_in(text) == found


@pytest.mark.parametrize("text", ["", "hello", "6 some", "0 none", "4", "4 somewhat", "some 4"])
def test_other_answers_are_refused_and_nothing_is_kept(shop: Workspace, text: str) -> None:
    with pytest.raises(DecisionError, match="two answers"):
        checks_in(shop, "ada", text)
    assert not shop.chain.find(CheckinKept)


def test_five_are_shown_at_once_without_names_when_a_week_has_begun(shop: Workspace) -> None:
    for number, person in enumerate(FIVE):
        assert checks_in(shop, person, f"{number + 1} some", days=number) is True
        assert shown(shop, number) == []
    (batch,) = shown(shop, 7)
    assert sorted(each.load for each in batch.answers) == [1, 2, 3, 4, 5] and batch.week == "2026-W49"
    assert [each.id for each in batch.answers] == sorted(each.id for each in batch.answers)
    (entry,) = shop.chain.find(CheckinsShown)
    assert entry.actor == NOBODY
    assert len(shown(shop, 14)) == 1


def test_four_wait_and_a_second_word_in_a_week_is_not_counted_twice(shop: Workspace) -> None:
    for person in FIVE[:4]:
        checks_in(shop, person, "5 most")
    assert checks_in(shop, "ada", "1 none, I think again", days=1) is False
    assert shown(shop, 7) == []
    assert checks_in(shop, "kim", "5 most", days=8) is True
    (batch,) = shown(shop, 14)
    assert [each.load for each in batch.answers] == [5] * 5


def test_a_team_of_four_has_no_trend(shop: Workspace) -> None:
    edit(shop.project.root, "[lin, bo, kim]", "[lin, bo]")
    small = replace(shop, project=load(shop.project.root))
    assert not any(checks_in(small, person, "5 most") for person in FIVE[:4])
    assert shown(small, 7) == []


def test_what_is_written_is_its_authors_alone_and_shows_whether_it_was_changed(
    shop: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks_in(shop, "ada", "4 some, the labels\nare late again")
    checks_in(shop, "ada", "2 none, better", days=7)
    mine = own(shop.chain, shop.project)
    assert [(each.week, each.load, each.unchanged) for each in mine] == [("2026-W49", 2, True), ("2026-W48", 4, True)]
    assert mine[1].text == "4 some, the labels\nare late again"
    everything = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"labels" not in everything.replace(b"source/labels", b"") and b"are late again" not in everything
    kept = shop.chain.find(CheckinKept)
    assert {entry.actor for entry in kept} == {NOBODY}
    checks_in(shop, "grace", "5 most, nobody helps", days=7)
    assert [each.load for each in own(shop.chain, shop.project)] == [2, 4], "grace's are hers, in one account too"
    assert len({entry.payload.digest for entry in kept}) == 2 and "late" not in str(kept)
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "another"))
    assert own(shop.chain, shop.project) == []
    (tmp_path / "another" / "checkins").parent.mkdir(exist_ok=True)
    (tmp_path / "account" / "checkins").rename(tmp_path / "another" / "checkins")
    with pytest.raises(AccessError):
        own(shop.chain, shop.project)


def test_one_bad_week_is_a_week_and_two_are_warned_of(shop: Workspace) -> None:
    high, low = Pulse("2026-W10", 5, 4.2, 1, 0.6, 1), Pulse("2026-W10", 5, 3.0, 0, 0.2, 1)
    before, long_ago = changed(high, week="2026-W09"), changed(high, week="2026-W08")
    soon, later = date(2026, 3, 9), date(2026, 3, 24)
    for few in ([], [high], [high, changed(low, week="2026-W09")], [low, before], [high, long_ago]):
        assert warnings(few, soon) == []
    assert len(warnings([high, before], soon)) == 2 and warnings([high, before], later) == []
    assert len(warnings([high, before], date(2026, 3, 23))) == 2, "until two weeks have gone by without answers"
    edge = Pulse("2026-W10", 5, 4.0, 1, 2 / 5, 1)
    assert len(warnings([edge, changed(edge, week="2026-W09")], soon)) == 2, "from 4 of 5, and from two of five on"
    new_year = [changed(high, week="2027-W01"), changed(high, week="2026-W53")]
    assert len(warnings(new_year, date(2027, 1, 8))) == 2
    for week in (0, 7):
        for person in FIVE:
            checks_in(shop, person, "5 none", days=week)
    assert len(shown(shop, 14)) == 2
    with shop.chain.reading() as reader:
        assert [each.load for each in pulse(reader)] == [5.0, 5.0]
        found = agenda(shop, reader, MONDAY + timedelta(days=14))
    (point,) = [each for each in found.points if each.topic == "team"]
    assert point.text == "the load is 5.0 of 5, and was 5.0 before: it is too much for long"
    assert not point.who


def test_a_place_that_was_written_into_by_hand_stops_nobody(shop: Workspace) -> None:
    for number, person in enumerate(FIVE):
        checks_in(shop, person, "3 none", days=number)
    unnamed.put(shop.root, '[3, "odd"]', unnamed.CHECKINS)
    unnamed.put(shop.root, '[99, "some"]', unnamed.CHECKINS)
    unnamed.put(shop.root, "nothing", unnamed.CHECKINS)
    (batch,) = shown(shop, 7)
    assert [each.load for each in batch.answers] == [3] * 5


def test_who_removes_their_own_is_not_counted_again(shop: Workspace, tmp_path: Path) -> None:
    """Four answers of one's own beside another's one: five were shown, and the other's could be told."""
    assert checks_in(shop, "lin", "5 most") is True
    assert checks_in(shop, "ada", "1 none") is True
    for days in (0.1, 0.2, 0.3, 8, 15):
        for file in (tmp_path / "account" / "checkins").rglob("*.checkin"):
            file.unlink()
        (tmp_path / "account" / "private.key").unlink(missing_ok=True)
        assert checks_in(shop, "ada", "1 none", days=days) is False
    assert shown(shop, 22) == []
    for person in ("grace", "bo", "kim"):
        assert checks_in(shop, person, "3 none", days=22) is True
    (batch,) = shown(shop, 29)
    assert sorted(each.load for each in batch.answers) == [1, 3, 3, 3, 5]
    assert checks_in(shop, "ada", "2 none", days=29) is True, "what was shown is counted, and the next is another"


def test_a_mark_leads_to_no_answer_and_is_gone_when_they_are_shown(shop: Workspace) -> None:
    file, texts = shop.root / unnamed.CHECKINS.file, []
    for order in (FIVE, tuple(reversed(FIVE))):
        for person in order:
            checks_in(shop, person, "3 none", days=7 * len(texts))
        content = file.read_bytes()
        assert not any(name.encode() in content for name in FIVE)
        marks = [content[at : at + 16] for at in range(len(content) - 64 * 16, len(content), 16)]
        assert [each for each in marks if any(each)] == sorted(each for each in marks if any(each))
        texts.append(marks)
        shown(shop, 7 * len(texts))
        assert not any(file.read_bytes()[64:])
    assert not {*texts[0]} & {each for each in texts[1] if any(each)}, "another key each time"


def test_what_waits_in_a_file_of_before_marks_stays(shop: Workspace) -> None:
    file = shop.root / unnamed.CHECKINS.file
    for person in FIVE[:4]:
        checks_in(shop, person, "4 none")
    whole = file.read_bytes()
    file.write_bytes(whole[: 64 + unnamed.SLOTS * unnamed.SIZE])
    assert checks_in(shop, "kim", "4 none", days=1) is True
    assert len(shown(shop, 7)[0].answers) == 5


def test_one_that_finds_no_room_is_kept_and_not_counted(shop: Workspace) -> None:
    shown(shop, 0)  # this week has begun
    for _ in range(unnamed.SLOTS):
        unnamed.put(shop.root, '[3, "none"]', unnamed.CHECKINS)
    assert keep_checkin(shop.chain, shop.project, shop.root, "4 some, so many") == "no room"
    assert [(each.text, each.unchanged) for each in own(shop.chain, shop.project)] == [("4 some, so many", True)]
    assert len(shown(shop, 7)[0].answers) == unnamed.SLOTS
