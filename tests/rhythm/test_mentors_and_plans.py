"""Who learns what from whom, by work that is really open, and how far it is by what was done since."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from stage_shop import edit
from written_shop import packed, searched, trial, written_shop

from treadle.errors import DecisionError, TeamError
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.evidence.kinds.quarantine_changed import QuarantineChanged
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.savings_reviewed import Offer, SavingsReviewed
from treadle.knowledge.writing import Draft, add_note, edit_note
from treadle.people.comments import comment, place_of_line
from treadle.rhythm.acting import asked_in, change_action, open_actions
from treadle.rhythm.growing import MOST_TASKS, answer, draw, gaps, take, team_now
from treadle.rhythm.growth_found import Drawn, Gap, Plan
from treadle.rhythm.milestones import drop_milestone, set_milestone
from treadle.rhythm.progress import shown
from treadle.rhythm.retros import open_retro
from treadle.rhythm.skills import rate
from treadle.rhythm.turns import turns
from treadle.spec import load
from treadle.workspace import Workspace

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    made = written_shop(tmp_path / "shop")
    edit(tmp_path / "shop", "approve: reviewer}", "approve: reviewer, roles: {expert: [lin], lead: [bo]}}")
    return replace(made, project=load(tmp_path / "shop"))


def did(shop: Workspace, who: str, days: float = 0) -> Workspace:
    return replace(shop, chain=replace(shop.chain, actor=who, clock=lambda: NOW - timedelta(days=days)))


def to_do(shop: Workspace, *lines: str) -> list[int]:
    with did(shop, "ada").chain.alone() as alone:
        return open_actions(alone, shop.project.spec, [asked_in(line, "--action") for line in lines], date(2026, 3, 1))


def worth(shop: Workspace, who: str, wanted: str | None = None) -> dict[str, Gap]:
    return {gap.area: gap for gap in gaps(team_now(shop, NOW), who, wanted)}


def drawn(shop: Workspace, who: str, area: str, mentor: str | None = None) -> Drawn:
    return draw(team_now(shop, NOW), who, area, mentor)


def plan(shop: Workspace, who: str, number: int = 1) -> Plan:
    team = team_now(shop, NOW)
    found = next(each for each in team.plans if each.entry.payload.number == number)
    with shop.chain.reading() as reader:
        return shown(shop, reader, team, found, who)


def trained(shop: Workspace, who: str, times: int = 3, days: float = 3) -> None:
    for _ in range(times):
        searched(did(shop, who, days), trial(0, "mlp", 0.3))


def test_an_area_is_worth_learning_for_reasons_that_are_said(shop: Workspace) -> None:
    trained(shop, "ada")
    assert worth(shop, "lin")["training"].why == ["ada alone knows it"]
    trained(shop, "grace")
    assert "training" not in worth(shop, "lin"), "two know it, and nothing there waits for lin"
    to_do(shop, "Find a better metric @lin 2026-03-25")
    assert worth(shop, "lin")["training"].why == ["1 open thing there waits for lin"]
    rate(did(shop, "lin").chain, ["training"], "training", "new")
    assert worth(shop, "lin", "training")["training"].why == [
        "lin asked for it", "1 open thing there waits for lin", "lin says of themselves: new",
    ]  # fmt: skip
    assert "training" not in worth(shop, "ada")


def test_who_has_time_stands_first_whoever_did_more(shop: Workspace) -> None:
    trained(shop, "ada", 30)
    trained(shop, "grace", 4)
    assert [each.person for each in worth(shop, "lin", "training")["training"].mentors] == ["ada", "grace"], "by name"
    to_do(shop, "Search more trials @ada 2026-03-25")
    found = worth(shop, "lin", "training")["training"].mentors
    assert [(each.person, each.waits, each.why) for each in found] == [
        ("grace", 0, ["4 training.search"]), ("ada", 1, ["30 training.search"]),
    ]  # fmt: skip
    for who, area in (("lin", "training"), ("bo", "training")):
        take(did(shop, who), area, "grace", shown=False)
    found = worth(shop, "lin", "training")["training"].mentors
    assert [(each.person, each.mentors, each.busy) for each in found] == [("ada", 0, False), ("grace", 2, True)]


def test_a_plan_is_of_what_is_open_the_learner_s_own_first(shop: Workspace) -> None:
    trained(shop, "ada")
    to_do(shop, "Tune the model @bo 2026-03-22", "A better metric @ada 2026-03-23", "Train on more @lin 2026-03-30")
    to_do(shop, "Ask the airline for gates @lin 2026-03-30")
    found = drawn(shop, "lin", "training")
    assert found.mentor.person == "ada"
    assert [(each.what, each.people) for each in found.tasks] == [
        ("Train on more", ("lin",)), ("A better metric", ("ada",)), ("Tune the model", ("bo",)),
    ]  # fmt: skip
    to_do(shop, *(f"Try model {number} @bo 2026-03-25" for number in range(MOST_TASKS)))
    more = drawn(shop, "lin", "training")
    assert (len(more.tasks), more.left) == (MOST_TASKS, 3)


def test_the_backlog_is_all_that_the_record_has_open(shop: Workspace) -> None:
    packing = packed(did(shop, "ada"), 1, 0.5)
    said = packing.payload
    did(shop, "ada").chain.append(ReviewRequested(model=said.model, bundle=said.bundle, gates=()), "model/shop:1")
    add_note(did(shop, "ada"), "gain", "note", Draft(text="It is {shop.average_precision}."))
    packed(did(shop, "ada"), 2, 0.7, 0.6, 0.8)
    alert = AlertRaised(model="shop:1", about="drift", until="2026-03-19", text="amount has drifted")
    did(shop, "ada", 1).chain.append(alert, "endpoint/shop")
    did(shop, "ada", 40).chain.append(alert, "endpoint/shop")
    dropped = QuarantineChanged(source="orders", done="dropped", base="0" * 64, rows=1, left=2)
    did(shop, "ada").chain.append(dropped, "source/orders")
    set_milestone(did(shop, "ada"), "first", "x", "2026-04-01", ["released"])
    offer = Offer(saving="idle", text="stop the idle machine")
    saved = SavingsReviewed(seen=(), offers=(offer,), warnings=(), due="2026-04-01")
    did(shop, "ada").chain.append(saved, "saving/shop")
    found = {(each.area, each.what): each.do for each in team_now(shop, NOW).open}
    assert found == {
        ("operation", "find out why: amount has drifted"): "treadle retro open . NAME --about 5",
        ("data", "mend the 2 rows of orders that are set aside"): "treadle data quarantine list orders .",
        ("notes", "see whether gain still holds"): "treadle notes edit . gain",
        ("releases", "reach released"): "treadle milestones list .",
        ("money", "stop the idle machine"): "treadle costs review .",
    }


def test_progress_is_what_was_done_since_and_no_word_about_it(shop: Workspace) -> None:
    trained(shop, "ada")
    first, second, third, _ = to_do(
        shop, "Train on more @lin 2026-03-30", "A better metric @lin 2026-03-30", "Tune the model @bo 2026-03-30",
        "Search wider @ada 2026-03-30",
    )  # fmt: skip
    take(did(shop, "lin", 2), "training", None, shown=False)
    assert plan(shop, "lin").state == "asked" and plan(shop, "lin").did == []
    answer(did(shop, "ada", 2).chain, 1, "agreed", "")
    spec = shop.project.spec
    change_action(did(shop, "lin", 1).chain, spec, first, state="done")
    change_action(did(shop, "lin", 1).chain, spec, second, state="open", due="2026-04-02", because="more data first")
    change_action(did(shop, "bo", 1).chain, spec, third, state="done")
    to_do(shop, "Calibrate the scores @bo 2026-03-30")
    found = plan(shop, "ada")
    assert [(task.what, task.state, len(task.entries)) for task in found.tasks] == [
        ("Train on more", "done", 1), ("A better metric", "begun", 1), ("Search wider", "open", 0),
        ("Tune the model", "gone", 0),
    ]  # fmt: skip
    assert (found.state, [each.what for each in found.more]) == ("agreed", ["Calibrate the scores"])
    trained(shop, "lin", 2, days=0)
    assert (plan(shop, "lin").state, plan(shop, "lin").did) == ("reached", ["2 training.search"])


def test_an_action_that_was_dropped_is_no_progress(shop: Workspace) -> None:
    trained(shop, "ada")
    (number,) = to_do(shop, "Train on more @lin 2026-03-30")
    take(did(shop, "lin", 2), "training", None, shown=False)
    change_action(did(shop, "lin", 1).chain, shop.project.spec, number, state="dropped", because="no")
    assert [task.state for task in plan(shop, "lin").tasks] == ["gone"]


def test_a_milestone_that_its_learner_dropped_is_no_progress(shop: Workspace) -> None:
    rate(did(shop, "ada").chain, ["releases"], "releases", "teaches")
    set_milestone(did(shop, "ada", 4), "first", "x", "2026-04-01", ["released"])
    take(did(shop, "lin", 3), "releases", "ada", shown=False)
    drop_milestone(did(shop, "lin", 1), "first", "it is of no use")
    assert [task.state for task in plan(shop, "lin").tasks] == ["gone"]


def test_notes_and_alerts_are_evidence(shop: Workspace) -> None:
    for area in ("notes", "operation"):
        rate(did(shop, "ada").chain, [area], area, "teaches")
    packed(did(shop, "ada", 5), 1, 0.5)
    add_note(did(shop, "ada", 5), "gain", "note", Draft(text="It is {shop.average_precision}."))
    packed(did(shop, "ada", 4), 2, 0.7, 0.6, 0.8)
    alert = AlertRaised(model="shop:1", about="drift", until="2026-03-19", text="amount has drifted")
    raised = did(shop, "ada", 4).chain.append(alert, "endpoint/shop")
    for area in ("notes", "operation"):
        take(did(shop, "lin", 3), area, "ada", shown=False)
    edit_note(did(shop, "lin", 2), "gain", 1, Draft(text="It is {shop.average_precision} now."))
    open_retro(did(shop, "lin", 2), "drift", str(raised.seq), 3)
    tasks = [task for number in (1, 2) for task in plan(shop, "lin", number).tasks]
    assert [(task.state, len(task.entries)) for task in tasks] == [("done", 1)] * 2


def test_answers_to_comments_and_commits_with_the_mentor_are_evidence(shop: Workspace) -> None:
    root = shop.project.root
    (root / "src").mkdir()
    (root / "src" / "load.py").write_text("x = 1\n", encoding="utf-8")
    rate(did(shop, "ada").chain, ["code: src/"], "code: src/", "teaches")
    packing = packed(did(shop, "lin", 5), 1, 0.5)
    asked = ReviewRequested(model="shop:1", bundle=packing.payload.bundle, gates=())
    did(shop, "lin", 5).chain.append(asked, "model/shop:1")
    place = place_of_line(root, "src/load.py:1")
    said = comment(did(shop, "ada", 4).chain, "shop", packing, "shop:1", "why 1?", place, None)
    take(did(shop, "lin", 3), "code: src/", None, shown=False)
    assert [(task.what, task.state) for task in plan(shop, "lin").tasks] == [("answer ada: why 1?", "open")]
    comment(did(shop, "lin", 2).chain, "shop", packing, "shop:1", "because", None, said.seq)
    git = ["git", "-C", str(root), "-c", "user.name=Lin", "-c", "user.email=lin@shop.example"]
    day = {**os.environ, "GIT_AUTHOR_DATE": "2026-03-19T12:00:00Z", "GIT_COMMITTER_DATE": "2026-03-19T12:00:00Z"}
    message = "Load\n\nCo-authored-by: Ada <ada@shop.example>"
    for words in (["init", "-q"], ["add", "src"], ["commit", "-qm", message]):
        subprocess.run([*git, *words], check=True, env=day)
    found = plan(shop, "lin")
    assert ([task.state for task in found.tasks], found.did) == (["done"], ["1 commit, 1 of them with ada"])


def test_others_see_that_it_is_there_and_not_how_far(shop: Workspace) -> None:
    trained(shop, "ada")
    to_do(shop, "Train on more @lin 2026-03-30", "Tune @bo 2026-03-30")
    take(did(shop, "lin", 2), "training", None, shown=False)
    answer(did(shop, "ada", 1).chain, 1, "declined", "no time in April")
    assert plan(shop, "lin").because == plan(shop, "ada").because == "no time in April"
    seen = plan(shop, "bo")
    assert (seen.told, seen.tasks, seen.did, seen.more, seen.because) == (False, [], [], [], "")
    take(did(shop, "lin", 0), "training", None, shown=True)
    assert plan(shop, "bo", 2).told and plan(shop, "bo", 2).tasks


def test_that_an_area_was_reached_is_told_to_the_two_alone(shop: Workspace) -> None:
    trained(shop, "ada")
    to_do(shop, "Train on more @lin 2026-03-30")
    take(did(shop, "lin", 2), "training", None, shown=False)
    assert plan(shop, "bo").state == "asked"
    answer(did(shop, "ada", 1).chain, 1, "agreed", "")
    trained(shop, "lin", 3, days=0)
    assert [plan(shop, who).state for who in ("lin", "ada", "bo")] == ["reached", "reached", "agreed"]


def test_the_mentor_alone_agrees_and_either_ends_it(shop: Workspace) -> None:
    trained(shop, "ada")
    to_do(shop, "Train on more @lin 2026-03-30")
    take(did(shop, "lin"), "training", None, shown=False)
    asked = [(each.person, each.what, each.do) for each in turns(shop, NOW) if each.where == "growth/1"]
    assert asked == [("ada", "be lin's mentor in training", "treadle skills agree . 1 --as ada")]
    for who, said, what in (
        ("bo", "agreed", "ada was asked"),
        ("lin", "agreed", "ada was asked"),
        ("bo", "ended", "of lin and ada"),
    ):
        with pytest.raises(TeamError, match=what):
            answer(did(shop, who).chain, 1, said, "")  # type: ignore[arg-type]
    with pytest.raises(TeamError, match="by plan 1 already"):
        take(did(shop, "lin"), "training", None, shown=False)
    answer(did(shop, "ada").chain, 1, "agreed", "")
    assert not [each for each in turns(shop, NOW) if each.where == "growth/1"]
    with pytest.raises(TeamError, match="agreed already"):
        answer(did(shop, "ada").chain, 1, "declined", "")
    answer(did(shop, "lin").chain, 1, "ended", "")
    with pytest.raises(TeamError, match="ended already"):
        answer(did(shop, "ada").chain, 1, "ended", "")
    take(did(shop, "lin"), "training", None, shown=False)
    with pytest.raises(TeamError, match="no plan 9"):
        answer(did(shop, "ada").chain, 9, "agreed", "")


def test_what_cannot_be_planned_is_refused_with_what_to_do(shop: Workspace) -> None:
    trained(shop, "ada")
    with pytest.raises(TeamError, match="nothing that the record has open is about training"):
        drawn(shop, "lin", "training")
    to_do(shop, "Train on more @lin 2026-03-30", "Ask for rows @lin 2026-03-30")
    for who, area, mentor, what in (
        ("lin", "trainings", None, "no area trainings"),
        ("ada", "training", None, "ada knows training"),
        ("lin", "data", None, "nobody else of the project knows data"),
        ("lin", "training", "lin", "their own mentor"),
        ("lin", "training", "bo", "bo does not know training"),
        ("lin", "training", "adda", "adda does not know training"),
    ):
        with pytest.raises(TeamError, match=what):
            drawn(shop, who, area, mentor)
    with pytest.raises(DecisionError, match="nobody of shop"):
        take(did(shop, "mallory"), "training", None, shown=False)
