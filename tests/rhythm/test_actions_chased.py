"""Actions: opened with an owner and a day, late when it is over, moved with a reason, counted when they are closed."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from stage_shop import edit
from written_shop import by, written_shop

from treadle.errors import DecisionError, TeamError
from treadle.evidence import verify
from treadle.evidence.kinds.action_changed import State
from treadle.evidence.kinds.action_opened import ActionOpened
from treadle.rhythm.acting import MOST_ACTIONS, Asked, asked_in, change_action, open_actions, tasks_in
from treadle.rhythm.actions import action, actions, share_of
from treadle.rhythm.found import Action, Share
from treadle.rhythm.meeting import keep_minutes, minutes
from treadle.spec import load
from treadle.workspace import Workspace

DAY = date(2026, 3, 2)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    made = written_shop(tmp_path / "shop")
    edit(tmp_path / "shop", "approve: reviewer}", "approve: reviewer, roles: {expert: [lin], lead: [bo]}}")
    return at(replace(made, project=load(tmp_path / "shop")), DAY)


def at(shop: Workspace, day: date) -> Workspace:
    now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return replace(shop, chain=replace(shop.chain, clock=lambda: now))


def open_one(shop: Workspace, owner: str = "lin", due: str = "2026-03-05", text: str = "Ask the airline") -> int:
    with shop.chain.alone() as alone:
        (number,) = open_actions(alone, shop.project.spec, [Asked(text, owner, due, "here")], shop.chain.clock().date())
    return number


def change(shop: Workspace, number: int, state: State, **said: str) -> None:
    change_action(shop.chain, shop.project.spec, number, state=state, **said)  # type: ignore[arg-type]


def all_of(shop: Workspace) -> list[Action]:
    with shop.chain.reading() as reader:
        return actions(reader, shop.chain.clock().date())


def test_an_action_is_late_on_the_day_after_its_own(shop: Workspace) -> None:
    number = open_one(shop)
    for day, state, late in (("2026-03-05", "open", 0), ("2026-03-06", "late", 1), ("2026-04-05", "late", 31)):
        (found,) = all_of(at(shop, date.fromisoformat(day)))
        assert (found.number, found.state, found.days) == (number, state, late)


def test_what_is_done_in_time_and_late_is_counted(shop: Workspace) -> None:
    in_time, late, dropped, waiting = (open_one(shop) for _ in range(4))
    open_one(shop, due="2026-12-24")
    change(by(shop, "lin"), in_time, "done")
    later = at(shop, DAY + timedelta(days=10))
    change(later, late, "done", because="asked twice")
    change(later, dropped, "dropped", because="nobody flies there")
    found = {each.number: each for each in all_of(later)}
    assert [(found[n].state, found[n].days) for n in (in_time, late, dropped, waiting)] == [
        ("done", 0), ("done", 7), ("dropped", 0), ("late", 7),
    ]  # fmt: skip
    assert share_of(found.values(), DAY + timedelta(days=10)) == Share(3, 2, 1)
    assert share_of([], DAY) == Share(0, 0, 0)
    assert found[late].history == ["ada on 2026-03-12: action 2 is done: asked twice"]
    assert verify(shop.chain).ok


def test_late_ones_stand_first(shop: Workspace) -> None:
    for due in ("2026-03-20", "2026-03-04", "2026-03-03", "2026-03-10"):
        open_one(shop, due=due)
    assert [each.due for each in all_of(at(shop, date(2026, 3, 9)))] == [
        "2026-03-03", "2026-03-04", "2026-03-10", "2026-03-20",
    ]  # fmt: skip


def test_an_action_is_moved_and_opened_again_with_a_reason(shop: Workspace) -> None:
    number = open_one(shop)
    change(shop, number, "open", owner="bo", due="2026-03-09", because="lin is ill")
    (found,) = all_of(shop)
    assert (found.owner, found.due, found.state) == ("bo", "2026-03-09", "open")
    change(shop, number, "done")
    change(shop, number, "open", due="2026-03-11", because="it was the wrong airline")
    (found,) = all_of(shop)
    assert (found.owner, found.due, found.state, len(found.history)) == ("bo", "2026-03-11", "open", 3)
    assert found.history[0] == "ada on 2026-03-02: action 1 is open (bo, until 2026-03-09): lin is ill"


def test_what_makes_no_change_is_refused(shop: Workspace) -> None:
    number = open_one(shop)
    cases = [
        ({"state": "open"}, TeamError, "action 1 is open already"),
        ({"state": "dropped"}, TeamError, "a reason is needed"),
        ({"state": "open", "due": "2026-03-09"}, TeamError, "a reason is needed"),
        ({"state": "open", "due": "2026-03-01", "because": "x"}, TeamError, "2026-03-01 is over: today is 2026-03-02"),
        ({"state": "open", "due": "tomorrow", "because": "x"}, TeamError, '"tomorrow" is no day'),
        ({"state": "open", "owner": "lim", "because": "x"}, DecisionError, "lim is nobody of shop"),
    ]
    for said, kind, what in cases:
        with pytest.raises(kind, match=what):
            change(shop, number, **said)  # type: ignore[arg-type]
    with pytest.raises(TeamError, match="there is no action 7"):
        change(shop, 7, "done")
    change(shop, number, "done")
    with pytest.raises(TeamError, match="action 1 is done already"):
        change(shop, number, "done")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("Ask the airline", "lacks an owner, such as @lin and a day"),
        ("Ask the airline @lin", "lacks a day, such as 2027-01-15"),
        ("Ask the airline 2027-01-15", "lacks an owner, such as @lin"),
        ("mail lin@example.org 2027-01-15", "lacks an owner"),
        ("build 2027-01-150 @lin", "lacks a day"),
    ],
)
def test_an_action_without_owner_or_day_is_refused(line: str, what: str) -> None:
    with pytest.raises(TeamError, match=what) as told:
        asked_in(line, "--text, line 3")
    assert told.value.where == "--text, line 3"


def test_tasks_of_markdown_are_actions_and_those_that_are_ticked_are_not() -> None:
    text = "# Notes\n- [ ] One @lin 2027-01-15\n* [ ] @bo.x two, until 2027-02-01.\n- [x] done @lin 2027-01-15\n- not"
    assert tasks_in(text, "here") == [
        Asked("One", "lin", "2027-01-15", "here, line 2"), Asked("two, until .", "bo.x", "2027-02-01", "here, line 3"),
    ]  # fmt: skip
    with pytest.raises(TeamError, match="51 actions are too many"):
        tasks_in("- [ ] x @lin 2027-01-15\n" * (MOST_ACTIONS + 1), "here")


def test_minutes_open_all_their_actions_or_none(shop: Workspace) -> None:
    spec = shop.project.spec
    for wrong, kind in (("- [ ] x @lim 2026-04-01", DecisionError), ("- [ ] x @lin 2026-01-01", TeamError),
                        ("- [ ] @lin 2026-04-01", TeamError)):  # fmt: skip
        with pytest.raises(kind):
            keep_minutes(shop.chain, spec, "", f"- [ ] fine @bo 2026-04-01\n{wrong}", ["ada"])
        assert not shop.chain.find(ActionOpened)
    held = keep_minutes(shop.chain, spec, "2026-03-01", "We met.\n- [ ] fine @bo 2026-04-01", ["ada", "lin", "ada"])
    assert (held.payload.day, held.payload.present, held.payload.actions) == ("2026-03-01", ("ada", "lin"), (1,))
    with shop.chain.reading() as reader:
        (found,) = minutes(reader, "shop", DAY, 5)
        assert [(each.owner, each.origin) for each in found.actions] == [("bo", "meeting of 2026-03-01")]
        assert action(reader, 1, DAY)[0].text == "fine"


@pytest.mark.parametrize(
    ("day", "text", "present", "what"),
    [
        ("", " ", ("ada",), "minutes are a text"),
        ("", "x", (), "who was there"),
        ("2026-03-03", "x", ("ada",), "2026-03-03 is to come"),
        ("monday", "x", ("ada",), '"monday" is no day'),
    ],
)
def test_what_makes_no_minutes_is_refused(
    shop: Workspace, day: str, text: str, present: tuple[str, ...], what: str
) -> None:
    with pytest.raises(TeamError, match=what):
        keep_minutes(shop.chain, shop.project.spec, day, text, present)


def test_all_that_is_wrong_with_minutes_is_told_with_its_line(shop: Workspace) -> None:
    text = "\n# Met\n- [ ] One @lim 2026-04-01\n- [ ] Two @lin 24/12/2026\n- [ ] Three @lin 2026-04-01\n- [ ] Four"
    with pytest.raises(TeamError) as told:
        keep_minutes(shop.chain, shop.project.spec, "", text, ["ada"], where="met.md", first=5)
    assert [fault.where for fault in told.value.faults] == ["met.md, line 7", "met.md, line 8", "met.md, line 10"]
    assert "did you mean" in told.value.faults[0].mend and "write 2026-12-24" in told.value.faults[1].mend
    with pytest.raises(TeamError, match="2 who were there are nobody") as told:
        keep_minutes(shop.chain, shop.project.spec, "", "x", ["mallory", "eve", "ada"])
    with pytest.raises(TeamError) as told:
        keep_minutes(shop.chain, shop.project.spec, "10/12/2026", "x", ["ada"])
    assert told.value.mend == "write 2026-12-10, or 2026-10-12 if the month stands first"


def test_a_name_is_one_name_however_its_accents_were_typed(shop: Workspace) -> None:
    folder = shop.project.root
    edit(folder, "reviewers: [grace]", "reviewers: [grace, inès]")
    spec, typed = load(folder).spec, unicodedata.normalize("NFD", "inès")
    text = f"- [ ] One @{typed} 2026-04-01"
    kept = keep_minutes(shop.chain, spec, "", text, [typed, "ada"])
    assert kept.payload.present == ("inès", "ada")
    with shop.chain.reading() as reader:
        assert [each.owner for each in actions(reader, date(2026, 3, 20))] == ["inès"]
