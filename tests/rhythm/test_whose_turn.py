"""What waits for whom, and why; who is asked to review; what stands in the way of a release."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from stage_shop import edit, opened
from written_shop import packed, released, written_shop

from treadle.errors import EvidenceError, TeamError
from treadle.evidence import Entry
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.people import approve
from treadle.people.assigning import assign, assigned
from treadle.people.deciding import open_decision, state_position
from treadle.people.mediating import accept_outcome, propose
from treadle.rhythm.acting import asked_in, open_actions
from treadle.rhythm.home import home_of
from treadle.rhythm.reviewing import ask_to_review, review, say
from treadle.rhythm.showing import home_page
from treadle.rhythm.turns import turns
from treadle.workspace import Workspace

HOLDS = Gate("recall", 0.4, 0.5, True, "recall is 0.5")
FAILS = Gate("recall", 0.6, 0.5, False, "recall is 0.5, must be at least 0.6")
FINDING = Gate("leak", 0.0, None, False, "a feature knows the label", acceptable=True)
ROLE = Gate("roles", 0.0, 1.0, False, "nobody holds the role expert")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    written_shop(tmp_path / "shop")
    edit(tmp_path / "shop", "reviewers: [grace]", "reviewers: [grace, bo, ada]")
    return tmp_path / "shop"


def asked(workspace: Workspace, *gates: Gate) -> Entry[ReviewRequested]:
    said = packed(workspace, 1, 0.5).payload
    return workspace.chain.append(ReviewRequested(model=said.model, bundle=said.bundle, gates=gates), "model/shop:1")


def waits(workspace: Workspace) -> list[tuple[str, str]]:
    return [(each.person, each.what) for each in turns(workspace, workspace.chain.clock())]


def test_of_a_project_in_which_nothing_happened_nothing_waits(shop: Path) -> None:
    assert waits(opened(shop)) == []


@pytest.mark.parametrize(
    ("gates", "expected"),
    [
        ((HOLDS,), [("grace", "review shop:1"), ("bo", "review shop:1")]),
        ((FINDING,), [("grace", "shop:1: a feature knows the label"), ("bo", "shop:1: a feature knows the label")]),
        ((FAILS,), [("ada", "shop:1: recall is 0.5, must be at least 0.6")]),
        ((ROLE,), [("ada", "shop:1: nobody holds the role expert")]),
    ],
)
def test_a_version_waits_for_whoever_can_end_what_is_in_its_way(
    shop: Path, gates: tuple[Gate, ...], expected: list[tuple[str, str]]
) -> None:
    workspace = opened(shop)
    asked(workspace, *gates)
    assert waits(workspace) == expected
    told = review(workspace, None)
    assert [each.what for each in told.obstacles] == [gate.text for gate in gates if not gate.holds]
    if gates == (FINDING,):
        assert [each.do.split(" --as ")[1].split(";")[0] for each in turns(workspace, workspace.chain.clock())] == [
            "grace",
            "bo",
        ], "each is told the command in their own name"
        assert told.next.startswith("treadle models accept . shop:1")
    assert told.next.startswith("treadle models release . shop:1 --as ") == (gates == (HOLDS,))
    found = [*turns(workspace, workspace.chain.clock(), "shops/one"), *review(workspace, None, "shops/one").obstacles]
    for each in found:  # pasted where they were typed, they are about the project that was asked about
        assert not each.do or re.match(r"treadle models (review|accept) shops/one shop:1\b", each.do), each
        assert each.do or (each.also and "treadle" not in each.also), "a command stands alone, and words apart"
        assert " or " not in each.do and ";" not in each.do
    page = home_page(home_of(workspace), served=True)
    assert not re.search("<code>[^<]* or ", page) and "<code></code>" not in page


def test_what_was_released_or_approved_waits_for_nobody(shop: Path) -> None:
    workspace = opened(shop)
    request = asked(workspace, HOLDS)
    spec = workspace.project.spec
    approve(workspace.chain, spec, "shop:1", request.payload.bundle.digest, by="grace")
    assert waits(workspace) == []
    assert review(workspace, None).next == ""
    with pytest.raises(TeamError, match="was approved by grace"):
        assign(workspace.chain, spec, request, ["bo"], "")


def test_a_released_version_waits_for_nobody_whatever_its_gates_were(shop: Path) -> None:
    workspace = opened(shop)
    packing = packed(workspace, 1, 0.5)
    said = ReviewRequested(model="shop:1", bundle=packing.payload.bundle, gates=(FAILS,))
    workspace.chain.append(said, "model/shop:1")
    assert len(waits(workspace)) == 1
    released(workspace, packing)
    assert waits(workspace) == []


def test_who_is_asked_to_review_has_it_on_their_list_and_a_later_word_takes_its_place(shop: Path) -> None:
    workspace = opened(shop)
    request = asked(workspace, HOLDS)
    made = ask_to_review(workspace, None, ["bo", "bo"], "  knows\nthe orders ")
    assert (made.model, made.reviewers, made.by) == ("shop:1", ["bo"], "ada")
    assert waits(workspace) == [("bo", "review shop:1")]
    told = review(workspace, "1")
    assert told.assigned == ["bo"] and told.next == "treadle models release . shop:1 --as bo"
    again = ask_to_review(workspace, "1", ["bo"], "")
    assert again.entry == made.entry, "the same once more is the first one"
    ask_to_review(workspace, "1", ["grace", "bo"], "")
    assert waits(workspace) == [("grace", "review shop:1"), ("bo", "review shop:1")]
    with workspace.chain.reading() as reader:
        assert assigned(reader, "shop:1", request.payload.bundle.digest) == ["grace", "bo"]
        assert assigned(reader, "shop:1", "f" * 64) == [], "another bundle was assigned to nobody"


@pytest.mark.parametrize(
    ("name", "said"), [("ada", "asked for this release"), ("lin", "is no reviewer"), ("Grace", "is no reviewer")]
)
def test_nobody_is_asked_who_may_not_approve(shop: Path, name: str, said: str) -> None:
    workspace = opened(shop)
    asked(workspace, HOLDS)
    with pytest.raises(TeamError, match=said) as refused:
        ask_to_review(workspace, None, ["bo", name], "")
    assert "grace" in refused.value.mend
    assert ("bo", "review shop:1") in waits(workspace) and review(workspace, None).assigned == []


def test_a_version_of_which_no_release_was_asked_for_is_reviewed_by_nobody(shop: Path) -> None:
    workspace = opened(shop)
    packed(workspace, 1, 0.5)
    with pytest.raises(TeamError, match="nobody has asked for a release of shop:1"):
        ask_to_review(workspace, None, ["grace"], "")
    assert waits(workspace) == [] and review(workspace, None).obstacles == []


def mediated(shop: Path, decides: str) -> tuple[Workspace, date]:
    """With a decision of grace and who decides, which bo mediates once today is over."""
    workspace = opened(shop)
    today = workspace.chain.clock().date()
    options = (Option("keep", ""), Option("drop", ""))
    said = DecisionOpened(
        decision="d", question="Keep it?", options=options, decides=decides, asked=("grace",), mediator="bo",
        until=str(today),
    )  # fmt: skip
    open_decision(workspace.chain, workspace.project.spec, said, today)
    return workspace, today


def test_a_decision_goes_from_those_who_were_not_heard_to_who_decides_and_to_who_accepts(shop: Path) -> None:
    workspace, today = mediated(shop, "ada")
    chain = workspace.chain
    assert waits(workspace) == [("grace", "Keep it?")]
    state_position(chain.acting("grace"), "d", "keep", "it helps", (), today)
    (turn,) = turns(workspace, chain.clock())
    assert (turn.person, turn.due) == ("ada", str(today)) and turn.do.startswith("treadle decide close . d --for")
    propose(chain.acting("bo"), "d", "drop", "for a quarter", "2099-01-01", today)
    found = turns(workspace, chain.clock())
    assert [(each.person, each.why) for each in found] == [("ada", "bo proposes drop"), ("grace", "bo proposes drop")]


def test_actions_come_by_their_day_and_comments_until_they_are_answered(shop: Path) -> None:
    workspace = opened(shop)
    lines = [asked_in(f"{text} @grace 2099-0{month}-01", "here") for text, month in (("later", 2), ("sooner", 1))]
    with workspace.chain.alone() as alone:
        open_actions(alone, workspace.project.spec, lines, workspace.chain.clock().date())
    asked(workspace, FAILS)
    grace = opened(shop, actor="grace")
    first = say(grace, None, "why?", "", None)
    told = waits(workspace)
    assert told[:2] == [("ada", "shop:1: recall is 0.5, must be at least 0.6"), ("ada", "answer grace: why?")]
    assert told[2:] == [("grace", "sooner"), ("grace", "later")]
    say(workspace, None, "since it is so", "", first.entry)
    assert ("ada", "answer grace: why?") not in waits(workspace)


def test_log_of_a_kind_that_there_is_not_names_those_that_there_are() -> None:
    from treadle.api.evidence import _refuse_no_kind

    for kind, said in (("sources.reed", '"sources.read"'), ("alertt.", '"alert."'), ("nonsense", "alert.")):
        with pytest.raises(EvidenceError) as refused:
            _refuse_no_kind(kind)
        assert said in refused.value.mend
    _refuse_no_kind("alert.raised")
    _refuse_no_kind("alert.")


def test_who_was_asked_to_review_and_is_no_reviewer_any_more_hides_it_from_nobody(shop: Path) -> None:
    workspace = opened(shop)
    asked(workspace, HOLDS)
    ask_to_review(workspace, None, ["grace", "bo"], "")
    edit(shop, "reviewers: [grace, bo, ada]", "reviewers: [bo, lin]")
    assert waits(opened(shop)) == [("bo", "review shop:1")]
    edit(shop, "reviewers: [bo, lin]", "reviewers: [lin, max]")
    left = opened(shop)
    assert waits(left) == [("lin", "review shop:1"), ("max", "review shop:1")]
    told = review(left, None)
    assert told.assigned == [] and re.fullmatch(r"treadle models release . shop:1 --as (lin|max)", told.next)


def test_who_was_named_to_decide_is_told_of_a_proposal_after_its_day_too(shop: Path) -> None:
    edit(shop, "reviewers: [grace, bo, ada]", "reviewers: [grace, bo, dan]")
    workspace, today = mediated(shop, "dan")
    chain = workspace.chain
    state_position(chain.acting("grace"), "d", "keep", "it helps", (), today)
    number = propose(chain.acting("bo"), "d", "drop", "for a quarter", "2099-01-01", today).seq
    after = chain.clock() + timedelta(days=2)
    for who in ("ada", "grace"):
        accept_outcome(chain.acting(who), "d", number, after.date())
    assert [(each.person, each.why) for each in turns(workspace, after)] == [("dan", "bo proposes drop")]
