"""Each kind of turn: whose it is, why, by when and by which command; and when it is nobody's any more."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from stage_shop import edit, opened
from test_pages_escape import decision, filled
from written_shop import packed, released, written_shop

from treadle.evidence import Entry
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.experts_asked import ExpertsAsked
from treadle.evidence.kinds.labels_said import LabelsSaid, RowSaid
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.labelling import Item, Queue
from treadle.people import approve
from treadle.people.assigning import assign
from treadle.people.deciding import close_decision, open_decision, review_decision
from treadle.people.found import ExperimentShown
from treadle.people.team import confirm
from treadle.rhythm.acting import asked_in, change_action, open_actions
from treadle.rhythm.backlog import backlog
from treadle.rhythm.home import home_of
from treadle.rhythm.retros import keep_retro, open_retro
from treadle.rhythm.reviewing import review, say
from treadle.rhythm.turns import _words, turns
from treadle.store import Blob, EntryRef
from treadle.workspace import Workspace

HOLDS = Gate("recall", 0.4, 0.5, True, "recall is 0.5")
FAILS = Gate("recall", 0.6, 0.5, False, "recall is 0.5, must be at least 0.6")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    written_shop(tmp_path / "shop")
    return tmp_path / "shop"


def waits(workspace: Workspace) -> list[tuple[str, str, str]]:
    return [(each.person, each.what, each.why) for each in turns(workspace, workspace.chain.clock())]


def asked(workspace: Workspace, gate: Gate, number: int = 1) -> Entry[ReviewRequested]:
    said = packed(workspace, number, 0.5).payload
    made = ReviewRequested(model=said.model, bundle=said.bundle, gates=(gate,))
    return workspace.chain.append(made, f"model/{said.model}")


def decided(workspace: Workspace, name: str, **more: Any) -> None:
    today, spec = workspace.chain.clock().date(), workspace.project.spec
    options = (Option("keep", ""), Option("drop", ""))
    said = DecisionOpened(decision=name, question=f"{name}?", options=options, decides="ada", **more)
    open_decision(workspace.chain, spec, said, today)


def test_a_charter_waits_for_all_who_did_not_confirm_it_as_it_is(shop: Path) -> None:
    edit(shop, "brief:\n", "brief:\n  charter: {vision: Nothing comes back.}\n")
    workspace = opened(shop)
    why = "not confirmed, as it and the roles are now"
    assert waits(workspace) == [("ada", "confirm the charter", why), ("grace", "confirm the charter", why)]
    confirm(workspace.chain.acting("grace"), "shop", workspace.project.spec.brief)
    (turn,) = turns(workspace, workspace.chain.clock())
    assert (turn.person, turn.do) == ("ada", "treadle team confirm . --as ada")
    home = home_of(workspace)
    assert home.free == ["grace"] and [each.person for each in home.turns] == ["ada"]
    edit(shop, "Nothing comes back", "Little comes back")
    assert len(waits(opened(shop))) == 2, "of another charter nobody has confirmed anything"


def test_a_retro_waits_for_who_opened_it_until_something_is_kept(shop: Path) -> None:
    grace = opened(shop, actor="grace")
    open_retro(grace, "labels", str(packed(grace, 1, 0.5).seq), 3)
    (turn,) = turns(grace, grace.chain.clock())
    assert (turn.person, turn.what, turn.where) == ("grace", "look back at labels", "retro/labels")
    assert turn.do.endswith("--as grace")
    keep_retro(grace, "labels", "We saw it late.", ["late labels"], [])
    assert waits(grace) == []


def test_rows_wait_for_each_expert_who_did_not_speak_of_all_of_them(shop: Path) -> None:
    edit(shop, "approve: reviewer", "roles: {domain_expert: [lin, bo]}, approve: reviewer")
    workspace = opened(shop)
    queue = Queue(target="shop", labels=("no", "yes"), columns=(), items=tuple(
        Item(row=f"r{n}", key=str(n), why=()) for n in range(2)))  # fmt: skip
    blob = Blob(workspace.blobs.put(msgspec.json.encode(queue)), "queue")
    packed(workspace, 1, 0.5)
    entry = workspace.chain.append(ExpertsAsked(queue=blob, rows=2), "labels/shop")
    why = "asked by ada on 2024-05-01"
    both = "say what you hold of 2 rows of shop"
    assert waits(workspace) == [("lin", both, why), ("bo", both, why)]

    def hold(who: str, *rows: int) -> None:
        said = tuple(RowSaid(row=f"r{n}", key=str(n), label="yes") for n in rows)
        workspace.chain.acting(who).append(LabelsSaid(queue=entry.ref, rows=said, way="command"), "labels/shop")

    hold("lin", 1)
    assert waits(workspace)[0][1] == "say what you hold of 1 row of shop"
    hold("lin", 0)
    assert [who for who, *_ in waits(workspace)] == ["bo"]
    packed(workspace, 2, 0.6)
    assert [who for who, *_ in waits(workspace)] == ["bo"], "a newer model takes nothing off the queue"
    newer = Queue(target="shop", labels=("no", "yes"), columns=(), items=(Item(row="r7", key="7", why=()),))
    kept = Blob(workspace.blobs.put(msgspec.json.encode(newer)), "queue")
    workspace.chain.append(ExpertsAsked(queue=kept, rows=1), "labels/shop")
    assert [what for _, what, _ in waits(workspace)] == ["say what you hold of 1 row of shop"] * 2
    edit(shop, "domain_expert: [lin, bo]", "data_scientist: [ada]")
    (turn,) = turns(opened(shop), workspace.chain.clock(), "shops/one")
    assert turn.person == "ada", "where nobody is an expert, they wait for the owner"
    assert turn.do == "treadle experts sheet shops/one --out rows.xlsx --as ada" and turn.also == ""
    edit(shop, "brief:\n", "experts: {roles: [vet]}\nbrief:\n")
    (turn,) = turns(opened(shop), workspace.chain.clock())
    assert (turn.person, turn.do) == ("ada", "") and "vet" in turn.also
    edit(shop, "experts: {roles: [vet]}\n", "")
    released(workspace, packed(workspace, 3, 0.6))
    (turn,) = turns(opened(shop), workspace.chain.clock())
    assert turn.also == "open /experts of treadle serve"


def test_rows_that_cannot_be_are_looked_into_as_rows_and_features_by_their_names(shop: Path) -> None:
    workspace = opened(shop)
    said = tuple(
        RowSaid(row=f"r{n}", key=str(n), implausible=named) for n, named in enumerate([("row",), ("row",), ("amount",)])
    )
    workspace.chain.append(LabelsSaid(queue=EntryRef("a" * 64), rows=said, way="sheet"), "labels/shop")
    told = [(each.what, each.why) for each in backlog(workspace, workspace.chain.clock(), [])]
    rows = ("look into rows that experts hold to be implausible", "they hold 2 rows as a whole to be implausible")
    assert rows in told
    assert ("look into amount", "experts hold it to be implausible in 1 row") in told


def test_what_was_decided_waits_again_on_the_day_of_its_review(shop: Path) -> None:
    workspace = opened(shop)
    today = workspace.chain.clock().date()
    decided(workspace, "d", review="2024-05-09")
    assert waits(workspace) == [("ada", "d?", "all were heard: decide keep or drop")]
    close_decision(workspace.chain, "d", "keep", "it helps", (), today)
    assert waits(workspace) == []
    later = opened(shop, now=workspace.chain.clock().replace(day=9))
    (turn,) = turns(later, later.chain.clock())
    assert (turn.person, turn.why, turn.due) == ("ada", "ask whether it still holds", "2024-05-09")
    assert turn.do == "treadle decide review . d --holds yes --because REASON --as ada"
    review_decision(later.chain, "d", holds=True, because="it does", review="2024-06-09", today=date(2024, 5, 9))
    assert waits(later) == []


def test_a_review_is_due_also_where_somebody_was_never_heard(shop: Path) -> None:
    workspace = opened(shop)
    decided(workspace, "d", review="2024-05-09", asked=("grace",))
    today = workspace.chain.clock().date()
    close_decision(workspace.chain, "d", "keep", "it helps", ("grace",), today)
    later = opened(shop, now=workspace.chain.clock().replace(day=9))
    assert waits(later) == [("ada", "d?", "ask whether it still holds")]


def test_whoever_is_asked_waits_however_many_ask(shop: Path) -> None:
    """Of eleven decisions the one that is due last asks grace alone; home lists what is open before what is decided."""
    workspace = opened(shop)
    today = workspace.chain.clock().date()
    for number in range(10):
        decided(workspace, f"d{number}", until=f"2024-06-{10 + number}")
    decided(workspace, "late", until="2024-07-30", asked=("grace",))
    for number in range(3):
        decided(workspace, f"e{number}")
        close_decision(workspace.chain, f"e{number}", "keep", "it helps", (), today)
    assert ("grace", "late?", "you are asked, and were not heard") in waits(workspace)
    home = home_of(workspace)
    assert "grace" not in home.free and [each.name for each in home.decisions] == [f"d{number}" for number in range(10)]


def test_what_has_a_day_comes_before_what_has_none(shop: Path) -> None:
    workspace = opened(shop)
    asked(workspace, FAILS)
    decided(workspace, "b", until="2024-05-08")
    decided(workspace, "a", until="2024-05-07")
    assert [what for _, what, _ in waits(workspace)] == ["a?", "b?", f"shop:1: {FAILS.text}"]


def test_where_a_policy_approves_its_release_waits_for_who_ran_it_or_for_the_owner(shop: Path) -> None:
    edit(shop, "approve: reviewer", "approve: policy")
    asked(opened(shop, actor="grace"), HOLDS)
    told = "all holds, and the policy approves"
    assert waits(opened(shop)) == [("grace", "release shop:1", told)]
    asked(opened(shop, actor="service:schedule"), HOLDS, 2)
    assert waits(opened(shop)) == [("ada", "release shop:2", told)]


def test_what_a_service_asked_for_and_what_is_in_its_way_waits_for_the_owner(shop: Path) -> None:
    asked(opened(shop, actor="service:schedule"), FAILS)
    say(opened(shop, actor="grace"), None, "why?", "", None)
    assert [(who, what) for who, what, _ in waits(opened(shop))] == [
        ("ada", f"shop:1: {FAILS.text}"), ("ada", "answer grace: why?"),
    ]  # fmt: skip


def test_a_word_of_the_author_s_own_and_an_answer_wait_for_nobody(shop: Path) -> None:
    workspace = opened(shop)
    asked(workspace, FAILS)
    say(workspace, None, "a note of my own", "", None)
    first = say(opened(shop, actor="grace"), None, "why?", "", None)
    assert [what for _, what, _ in waits(workspace)][1:] == ["answer grace: why?"]
    say(opened(shop, actor="grace"), None, "I see", "", first.entry)
    assert len(waits(workspace)) == 1


def test_nothing_is_in_the_way_of_what_was_approved_whatever_is_asked_for_since(shop: Path) -> None:
    workspace = opened(shop)
    request = asked(workspace, HOLDS)
    approve(workspace.chain, workspace.project.spec, "shop:1", request.payload.bundle.digest, by="grace")
    edit(shop, "approve: reviewer", "roles: {expert: [lin]}, signs: [expert], approve: reviewer")
    assert waits(opened(shop)) == [] and review(opened(shop), None).obstacles == []


def test_why_somebody_is_asked_to_review_is_kept(shop: Path) -> None:
    workspace = opened(shop)
    made = assign(workspace.chain, workspace.project.spec, asked(workspace, HOLDS), ["grace"], "  knows\nthe orders ")
    assert made.payload.because == "knows the orders"


def test_an_action_waits_until_it_is_closed_and_says_how_late_it_is(shop: Path) -> None:
    workspace = opened(shop)
    with workspace.chain.alone() as alone:
        today = workspace.chain.clock().date()
        open_actions(alone, workspace.project.spec, [asked_in("look @grace 2024-05-08", "here")], today)
    late = opened(shop, now=workspace.chain.clock().replace(day=9))
    (turn,) = turns(late, late.chain.clock())
    assert (turn.person, turn.why, turn.due) == ("grace", "1 day late, asked for by ada", "2024-05-08")
    assert turn.do == "treadle actions close . 1 --because REASON --as grace"
    change_action(late.chain, late.project.spec, 1, state="done", because="it was looked at")
    assert waits(late) == []


def test_home_gathers_how_it_stands_what_happened_and_what_is_open(shop: Path) -> None:
    workspace = opened(shop)
    asked(workspace, FAILS)
    decided(workspace, "d")
    home = home_of(workspace)
    assert (home.project, home.decision) == ("shop", "Call a customer before an order comes back.")
    assert [each.name for each in home.decisions] == ["d"] and home.free == ["grace"]
    assert home.status and home.happened and home.since.startswith("What happened ")


@pytest.mark.parametrize(
    ("status", "waits_for", "wanted"),
    [
        ("stated", ["lin", "bo"], [("lin", "agree . d --terms 5"), ("bo", "agree . d --terms 5")]),
        ("stated", [], [("ada", "close . d --for OPTION --because REASON")]),
        ("agreed", ["lin"], [("ada", "settle . d --by experiment")]),
        ("ran", [], [("ada", "close . d --for OPTION --because REASON")]),
    ],
)
def test_an_experiment_waits_for_who_did_not_agree_and_then_for_who_decides(
    status: Any, waits_for: list[str], wanted: list[tuple[str, str]]
) -> None:
    terms = replace(filled(ExperimentShown), entry=5, status=status, waits_for=waits_for)
    assert [(who, do) for who, _, do in _words(decision(experiment=terms, unheard=[]), ".")] == wanted
    unheard = list(_words(decision(experiment=terms, unheard=["grace"]), "."))
    assert unheard[0] == ("grace", "you are asked, and were not heard", "say . d --for OPTION --because REASON")
    assert "ada" not in [who for who, *_ in unheard], "nobody decides before all were heard"
