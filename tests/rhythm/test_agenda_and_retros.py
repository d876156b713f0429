"""An agenda says what happened since the last meeting and why each point is there; looking back names nobody."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec import structs
from sqlalchemy import event
from stage_shop import edit
from written_shop import by, packed, released, written_shop

from treadle.api.operation import Context
from treadle.api.retro import ListRetrosRequest, ShowRetroRequest, retro_list, retro_show
from treadle.errors import EvidenceError, TeamError
from treadle.evidence import Chain, Payload, Price, StepInput
from treadle.evidence.kinds.access_refused import AccessRefused
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.decision_reviewed import DecisionReviewed
from treadle.evidence.kinds.note_written import NoteWritten
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.evidence.kinds.source_read import SourceRead
from treadle.filing.pages import pages
from treadle.knowledge.writing import Draft, add_note, edit_note
from treadle.money import money
from treadle.principal import Principal
from treadle.rhythm.acting import Asked, open_actions
from treadle.rhythm.agenda import agenda, markdown
from treadle.rhythm.found import Point, Retro
from treadle.rhythm.meeting import keep_minutes
from treadle.rhythm.retros import keep_retro, left_out, open_retro, retro, retros, unnamed
from treadle.rhythm.since import entries_between, entries_since, first_at, spent_since
from treadle.rhythm.waiting import waiting
from treadle.spec import load
from treadle.stages import Work
from treadle.stages.stating import state_brief
from treadle.store import Blob, EntryRef, Snapshot
from treadle.workspace import Workspace

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
PEOPLE = ("ada", "grace", "lin")
CONTEXT = Context(Principal("person", "ada"))


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    made = written_shop(tmp_path / "shop")
    edit(tmp_path / "shop", "approve: reviewer}", "approve: reviewer, roles: {expert: [lin]}}")
    return replace(made, project=load(tmp_path / "shop"))


class Ask(StepInput[Noted], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = Noted


def ago(shop: Workspace, days: float) -> Workspace:
    return replace(shop, chain=replace(shop.chain, clock=lambda: NOW - timedelta(days=days)))


def points(shop: Workspace, days: int | None = None) -> list[Point]:
    with shop.chain.reading() as reader:
        return agenda(shop, reader, NOW, days).points


def alert(shop: Workspace, text: str = "recall fell") -> int:
    said = AlertRaised(model="shop:1", about="quality", until="2026-03-01", text=text)
    return shop.chain.append(said, "endpoint/shop").seq


def ask_release(shop: Workspace, *, holds: bool) -> None:
    gate = Gate("recall", 0.5, 0.4, holds, "recall is 0.4, must be at least 0.5")
    shop.chain.append(ReviewRequested(model="shop:1", bundle=Blob("b" * 64), gates=(gate,)), "model/shop:1")


def test_what_was_before_the_last_meeting_is_not_told_again(shop: Workspace) -> None:
    alert(ago(shop, 9), "old")
    keep_minutes(ago(shop, 8).chain, shop.project.spec, "", "We met.", ["ada"])
    new = alert(ago(shop, 2), "new")
    assert [(p.topic, p.text, p.why, p.where) for p in points(shop)] == [
        ("quality", "new", "an alert 2026-03-18", str(new))
    ]
    assert [p.text for p in points(shop, days=30)] == ["new", "old"]


def test_the_first_agenda_goes_back_two_weeks(shop: Workspace) -> None:
    alert(ago(shop, 15), "older")
    alert(ago(shop, 13), "newer")
    assert [p.text for p in points(shop)] == ["newer"]


def test_every_point_says_why_it_is_there(shop: Workspace) -> None:
    recent = ago(shop, 3)
    asked = [Asked("Ask the airline", "lin", "2026-03-18", "x"), Asked("Buy labels", "ada", "2026-03-25", "x"),
             Asked("Later", "ada", "2026-05-25", "x")]  # fmt: skip
    with recent.chain.alone() as alone:
        open_actions(alone, shop.project.spec, asked, NOW.date() - timedelta(days=3), "meeting of 2026-03-17")
    opened = DecisionOpened(
        decision="weather", question="Worth it?", options=(Option("yes"), Option("no")), decides="ada", asked=("lin",),
        until="2026-03-19",
    )  # fmt: skip
    recent.chain.append(opened, "decision/weather")
    ask_release(recent, holds=False)
    released(recent, packed(recent, 2, 0.5))
    said = CostBooked(category="data", text="weather", day="2026-03-18")
    recent.chain.append(said, "costs", price=Price(money("12.5", "EUR")))
    recent.chain.append(NoteWritten(note="n", number=1, title="Weather", text="x"), "note/n")
    found = points(shop)
    assert [
        (p.topic, p.text, p.why, p.who) for p in found if p.topic in ("actions", "decisions", "releases", "spend")
    ] == [
        ("actions", "1: Ask the airline", "2 days late, of meeting of 2026-03-17", "lin"),
        ("actions", "2: Buy labels", "due on 2026-03-25", "ada"),
        ("decisions", "weather: Worth it?", "it was to be decided until 2026-03-19: ada has not decided", "lin"),
        ("releases", "released shop:2", "released 2026-03-17", "ada"),
        ("releases", "shop:1 is not released: recall is 0.4, must be at least 0.5", "1 of 1 gates do not hold", "ada"),
        ("spend", "12.5000 EUR", "spent and booked from 2026-03-06 on", ""),
    ]
    assert {p.topic for p in found} >= {"runs", "notes"} and all(p.why and p.where for p in found)
    with shop.chain.reading() as reader:
        page = markdown(agenda(shop, reader, NOW), "shop", NOW.date())
    assert (
        page.startswith("# shop, 2026-03-20\n")
        and "## actions\n" in page
        and "- 1: Ask the airline (2 days late" in page
    )


def test_what_waits_for_its_release_waits_from_meeting_to_meeting(shop: Workspace) -> None:
    asked = packed(ago(shop, 6), 1, 0.5).payload
    gate = Gate("recall", 0.5, 0.4, False, "recall is 0.4, must be at least 0.5")
    ago(shop, 5).chain.append(ReviewRequested(model="shop:1", bundle=asked.bundle, gates=(gate,)), "model/shop:1")
    gone = ReviewRequested(model="of_before:3", bundle=asked.bundle, gates=(gate,))
    ago(shop, 4).chain.append(gone, "model/of_before:3")  # a target that is gone waits for nobody
    keep_minutes(ago(shop, 3).chain, shop.project.spec, "", "We met.", ["ada"])
    told = [p.text for p in points(shop) if p.topic == "releases"]
    assert told == ["shop:1 is not released: recall is 0.4, must be at least 0.5"]
    released(ago(shop, 2), packed(ago(shop, 2), 2, 0.5))
    assert not [p for p in points(shop) if "is not released" in p.text]


def test_a_version_that_was_asked_for_waits_also_where_a_newer_one_was_packed_and_not_asked_for(
    shop: Workspace,
) -> None:
    """A run may be killed after it has packed a version, and before it asks for the release."""
    asked = packed(ago(shop, 6), 9, 0.5).payload
    gate = Gate("recall", 0.5, 0.6, True, "recall is 0.6")
    ago(shop, 5).chain.append(ReviewRequested(model="shop:9", bundle=asked.bundle, gates=(gate,)), "model/shop:9")
    older = packed(ago(shop, 5), 2, 0.5).payload
    ago(shop, 5).chain.append(ReviewRequested(model="shop:2", bundle=older.bundle, gates=(gate,)), "model/shop:2")
    keep_minutes(ago(shop, 3).chain, shop.project.spec, "", "We met.", ["ada"])
    packed(ago(shop, 2), 10, 0.5)
    told = [p.text for p in points(shop) if p.topic == "releases"]
    assert told == ["shop:9 is not released"]
    said = ReviewApproved(model="shop:9", bundle=asked.bundle, request=EntryRef("e" * 64))
    ago(shop, 4).chain.append(said, "model/shop:9")
    assert not [p for p in points(shop) if "is not released" in p.text], "who approved it knows"


def test_of_many_decisions_those_that_are_due_first_are_told(shop: Workspace) -> None:
    for number in range(13):
        opened = DecisionOpened(
            decision=f"d{number}", question="Q?", options=(Option("yes"), Option("no")), decides="ada",
            until="" if number == 5 else f"2026-03-{30 - number}",
        )  # fmt: skip
        at = shop.chain.append(opened, f"decision/d{number}")
        if number == 12:
            said = DecisionClosed(decision="d12", opened=at.ref, option="no", because="x")
            shop.chain.append(said, "decision/d12")
    with shop.chain.reading() as reader:
        found, more = waiting(reader, NOW.date())
    assert [each.name for each in found] == [f"d{number}" for number in (11, 10, 9, 8, 7, 6, 4, 3, 2, 1)] and more == 2
    told = [p for p in points(shop) if p.topic == "decisions"]
    assert len(told) == 11 and told[-1].text == "2 more"
    again = DecisionReviewed(decision="d12", closed=at.ref, holds=True, because="x", review="2026-03-01")
    shop.chain.append(again, "decision/d12")
    with shop.chain.reading() as reader:
        assert waiting(reader, NOW.date())[0][0].status == "review due"


def test_a_note_that_may_no_longer_hold_is_told_until_it_is_mended(shop: Workspace) -> None:
    packed(ago(shop, 9), 1, 0.5)
    add_note(ago(shop, 9), "score", "note", Draft(text="{shop.average_precision}", title="The score"))
    keep_minutes(ago(shop, 8).chain, shop.project.spec, "", "We met.", ["ada"])
    assert points(shop) == []
    later = packed(ago(shop, 2), 2, 0.9)
    (told,) = [p for p in points(shop) if p.topic == "notes"]
    assert (told.text, told.where, told.who) == ("The score may no longer hold", "note/score", "ada")
    assert told.why == f"shop.average_precision was 0.50 when ada wrote it, and is 0.90 now (#{later.seq})"
    edit_note(ago(shop, 1), "score", 1, Draft())
    assert [p.text for p in points(shop) if p.topic == "notes"] == ["note The score, version 2"]


def test_a_failed_step_is_told(shop: Workspace) -> None:
    recent = ago(shop, 1)
    with pytest.raises(RuntimeError), recent.chain.step(Ask(), "shop"):
        raise RuntimeError("the disk is full")
    (found,) = [p for p in points(shop) if p.topic == "runs"]
    assert "the disk is full" in found.text and found.why == "it failed 2026-03-19"


def test_what_went_wrong_last_is_looked_back_at_and_not_what_went_well_before(shop: Workspace) -> None:
    table = Snapshot("shop/orders", 1, "a" * 64, 9)
    read = SourceRead(table=table, rows=9, quarantined=0, rules=0, bytes=1)
    good = ago(shop, 3).chain.append(read, "source/orders")
    for name, of in (("first", good.payload.said()), ("then", "failed: the disk is full")):
        open_retro(ago(shop, 0), name, "source/orders", 3)
        with shop.chain.reading() as reader:
            assert retro(reader, name, NOW.date(), []).what.endswith(of)
        with suppress(RuntimeError), ago(shop, 1).chain.step(Ask(), "source/orders"):
            raise RuntimeError("the disk is full")
    open_retro(ago(shop, 0), "named", str(good.seq), 3)
    with shop.chain.reading() as reader:
        assert retro(reader, "named", NOW.date(), []).what.endswith(good.payload.said())


def test_many_of_one_kind_are_counted(shop: Workspace) -> None:
    for number in range(13):
        alert(ago(shop, 1), f"alert {number}")
    found = points(shop)
    assert [p.text for p in found][-1] == "3 more" and len(found) == 11 and found[0].text == "alert 12"


def test_the_first_entry_of_a_time_is_found_by_halves(chain: Chain) -> None:
    times = [NOW + timedelta(hours=n // 2) for n in range(21)]
    for time in times:
        replace(chain, clock=lambda t=time: t).append(Noted(text="x"), "s")  # type: ignore[misc]
    with chain.reading() as reader:
        for asked in (NOW - timedelta(days=1), *times, NOW + timedelta(minutes=30), NOW + timedelta(days=9)):
            wanted = next((n for n, time in enumerate(times, 1) if time >= asked), len(times) + 1)
            assert first_at(reader, asked.isoformat(timespec="microseconds")) == wanted
        found, more = entries_since(reader, 5, (Noted,), 3)
        assert [entry.seq for entry in found] == [21, 20, 19] and more == 14
        for newest, numbers in ((True, [20, 19, 18]), (False, [7, 6, 5])):
            found, more = entries_between(reader, 5, 20, ("note", "x"), 3, newest=newest)
            assert [entry.seq for entry in found] == numbers and more == 13
        assert entries_between(reader, 1, 21, ("x",), 3, newest=True) == ([], 0)
        assert spent_since(reader, "2026-01-01") == {}


def test_of_an_empty_record_nothing_is_told(chain: Chain, shop: Workspace) -> None:
    with chain.reading() as reader:
        assert first_at(reader, NOW.isoformat()) == 1 and agenda(shop, reader, NOW).points == []


def looked_back(shop: Workspace, name: str = "labels") -> Retro:
    with shop.chain.reading() as reader:
        return retro(reader, name, NOW.date(), PEOPLE)


def test_a_timeline_is_filled_in_from_the_record_and_names_nobody(shop: Workspace) -> None:
    alert(ago(shop, 30), "long before")
    ago(shop, 6).chain.append(Noted(text="grace moved the labels, as ada.b asked lin's"), "labels")
    about = alert(ago(shop, 5))
    ago(shop, 4).chain.append(Noted(text="after"), "labels")
    ago(shop, 4).chain.append(AccessRefused(who="lin", operation="run", why="lin may not", channel="cli"), "access")
    open_retro(ago(shop, 3), "labels", str(about), 3)
    ago(shop, 2).chain.append(Noted(text="later than it was opened"), "labels")
    found = looked_back(shop)
    assert found.status == "open" and found.what == "alert.raised endpoint/shop: recall fell"
    assert [(m.text, m.about) for m in found.timeline] == [
        ("somebody moved the labels, as ada.b asked somebody's", False), ("recall fell", True), ("after", False),
    ]  # fmt: skip
    assert not re.search(r"\b(grace|lin)\b", " ".join(m.text for m in found.timeline)) and found.left == 0


def test_causes_that_come_again_are_found_and_actions_counted(shop: Workspace) -> None:
    about = str(alert(ago(shop, 9)))
    for name, cause, action in (
        ("labels", "Late  labels", "Watch the labels @lin 2026-03-12"),
        ("season", "drift", "Add a year @ada 2026-05-01"),
        ("again", "late labels", "Watch them daily @lin 2026-05-01"),
    ):
        open_retro(ago(shop, 8), name, about, 3)
        keep_retro(ago(shop, 8), name, "We saw it too late.", [cause, cause], [action])
    found = looked_back(shop, "again")
    assert found.status == "kept" and found.causes == ["late labels"] and found.text == "We saw it too late."
    assert [(r.cause, r.retros) for r in found.repeats] == [("late labels", ["labels"])]
    assert [(a.owner, a.origin) for a in found.actions] == [("lin", "retro again")]
    assert looked_back(shop, "season").repeats == []
    first = looked_back(shop, "labels")
    assert (first.share.due, first.share.done, first.actions[0].state) == (1, 0, "late")
    keep_retro(ago(shop, 1), "labels", "Once more.", ["drift"], [])
    assert looked_back(shop, "again").repeats == [], "what was learned last counts"
    assert len(looked_back(shop, "labels").actions) == 1


def test_a_list_of_retros_tells_what_each_tells_and_reads_the_record_once(shop: Workspace) -> None:
    about, asked = str(alert(ago(shop, 9))), []
    event.listen(shop.chain.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    def listed() -> tuple[list[Retro], int]:
        with shop.chain.reading() as reader:
            asked.clear()
            return retros(reader, NOW.date(), PEOPLE), len(asked)

    assert listed()[0] == []
    for name, causes in (("labels", ["drift", "late labels"]), ("season", ["drift"]), ("again", ["late labels"])):
        open_retro(ago(shop, 8), name, about, 3)
        keep_retro(ago(shop, 8), name, f"{name}: too late.", causes, [f"Watch {name} @lin 2026-03-12"])
    keep_retro(ago(shop, 7), "season", "Once more.", ["drift"], ["Watch it @ada 2026-03-14"])
    three, few = listed()
    open_retro(ago(shop, 6), "open", about, 3)
    four, many = listed()
    assert [each.name for each in four] == ["open", "again", "season", "labels"] and four[1:] == three
    assert four == [structs.replace(looked_back(shop, each.name), timeline=[], left=0) for each in four]
    assert [each.state for each in four[2].actions] == ["late", "late"] and few == many


def test_a_retro_that_is_open_stands_in_the_agenda(shop: Workspace) -> None:
    about = str(alert(ago(shop, 9)))
    open_retro(ago(shop, 8), "labels", about, 3)
    assert ("look back at: alert.raised endpoint/shop: recall fell", "retro/labels") in [
        (p.text, p.where) for p in points(shop)
    ]
    keep_retro(ago(shop, 8), "labels", "x", ["y"], [])
    assert not [p for p in points(shop) if p.where == "retro/labels"]


def test_what_makes_no_looking_back_is_refused(shop: Workspace) -> None:
    about = str(alert(ago(shop, 9)))
    with pytest.raises(EvidenceError, match="nothing in the record is called"):
        open_retro(shop, "labels", "no such thing", 3)
    for name, days, what in (
        ("A b", 3, "is no name"),
        ("labels", -1, "-1 days are no span"),
        ("labels", 367, "no span"),
    ):
        with pytest.raises(TeamError, match=what):
            open_retro(shop, name, about, days)
    open_retro(shop, "labels", about, 3)
    with pytest.raises(TeamError, match="there is a retrospective labels already"):
        open_retro(shop, "labels", about, 3)
    for text, causes, actions, what in (
        (" ", ["x"], [], "what was learned is a text"),
        ("x", [], [], "what was the cause"),
        ("x", ["a, b"], [], '"a, b" is no cause'),
        ("x", ["y"], ["do it"], "lacks an owner"),
        ("x", ["Lin"], [], '"lin" names a person'),
    ):
        with pytest.raises(TeamError, match=what):
            keep_retro(ago(by(shop, "lin"), 1), "labels", text, causes, actions)
    with pytest.raises(TeamError, match="there is no retrospective label") as told:
        keep_retro(shop, "label", "x", ["y"], [])
    assert told.value.mend == 'did you mean "labels"?' and looked_back(shop).status == "open"


def test_names_are_words_and_no_parts_of_them() -> None:
    assert unnamed("adam saw ada, grace:ada and lin.x", ["ada", "lin"]) == "adam saw somebody, grace:somebody and lin.x"
    assert unnamed("ada", []) == "ada"
    assert unnamed("_Ada_, __ada__, *_ada_* and (_ada, lin_)", ["ada", "lin"]) == (
        "_somebody_, __somebody__, *_somebody_* and (_somebody, somebody_)"
    )
    assert unnamed("x_ada ada_x _ada_x file_ada_ my-ada ada@x", ["ada"]) == "x_ada ada_x _ada_x file_ada_ my-ada ada@x"
    assert unnamed(unicodedata.normalize("NFD", "Inès was asleep"), ["inès"]) == "somebody was asleep"
    assert unnamed("jörg forgot; Mary-Jane and MARY-JANE did not", ["Jörg", "mary-jane"]) == (
        "somebody forgot; somebody and somebody did not"
    )


def test_what_somebody_kept_is_not_written_over_by_another_and_names_nobody(shop: Workspace) -> None:
    asked = str(alert(ago(shop, 9)))
    open_retro(ago(shop, 8), "labels", asked, 3)
    keep_retro(ago(by(shop, "lin"), 7), "labels", "Lin and @grace were asleep; see lin.csv.", ["late labels"], [])
    with pytest.raises(TeamError, match=r"lin has kept what was learned of labels \(#\d+\)"):
        keep_retro(ago(by(shop, "grace"), 6), "labels", "Bad luck.", ["luck"], [])
    found = looked_back(shop, "labels")
    assert found.text == "somebody and somebody were asleep; see lin.csv." and found.causes == ["late labels"]


def test_who_has_left_is_named_no_more_than_who_is_there(shop: Workspace) -> None:
    """lin was in a brief that a run stated; max was given an action under one that none did."""
    state_brief(Work(shop))
    edit(shop.project.root, "expert: [lin]", "expert: [max]")
    between = replace(shop, project=load(shop.project.root))
    about = str(alert(ago(shop, 9), "max and Lin pushed"))
    open_retro(ago(between, 8), "labels", about, 3)
    keep_retro(ago(between, 7), "labels", "lin and @max were asleep.", ["late labels"], ["Watch them @max 2026-04-01"])
    open_retro(ago(between, 6), "again", about, 3)
    edit(shop.project.root, ", roles: {expert: [max]}", "")
    now = replace(shop, project=load(shop.project.root))
    for name in ("labels", "again"):
        told = retro_show(ShowRetroRequest(project=str(shop.project.root), name=name), CONTEXT)
        assert told.what == "alert.raised endpoint/shop: somebody and somebody pushed"
        assert "somebody and somebody pushed" in [each.text for each in told.timeline]
    listed = retro_list(ListRetrosRequest(project=str(shop.project.root)), CONTEXT)
    assert {each.what for each in listed.retros} == {told.what}
    with now.chain.reading() as reader:
        kept = retro(reader, "labels", NOW.date(), left_out(reader, now.project.spec))
        page = pages(now, reader)["retros/labels.md"]
    assert kept.text == "somebody and somebody were asleep." and kept.text in page.text
    assert not re.search(r"(?i)\b(lin|max)\b", page.text)
    assert f"look back at: {told.what}" in [each.text for each in points(now)]
    for gone in ("lin", "max"):
        with pytest.raises(TeamError, match=f'"{gone}" names a person'):
            keep_retro(now, "again", "x", [gone], [])
