"""Whatever stands in the record is text on the pages, and never a part of them; who was for what is told as it was."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from msgspec import Struct
from msgspec.structs import replace

from treadle.people.found import Decision, Outcome
from treadle.rhythm.found import Point
from treadle.rhythm.review_found import ChecklistLine, ReviewShown
from treadle.rhythm.showing import Home, decision_page, home_page, review_page

SHARP = "<script>alert('x')</script>&\"'"
DAYS = ("time", "opened", "day", "until")


def filled(kind: Any, name: str = "") -> Any:
    """A value of this type, with a sharp text wherever there may be any text."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return filled(next(each for each in args if each is not type(None)), name)
    if origin is Literal:
        return args[0]
    if origin is list:
        return [filled(args[0], name)] * 2
    if isinstance(kind, type) and issubclass(kind, Struct):
        return kind(**{field: filled(part, field) for field, part in get_type_hints(kind).items()})
    return {str: "2026-11-01" if name in DAYS else SHARP, int: 7, float: 0.5, bool: True}[kind]


@pytest.mark.parametrize("served", [True, False])
def test_no_text_is_a_part_of_a_page(served: bool) -> None:
    home = filled(Home)
    home = replace(home, happened=[replace(home.happened[0], topic="notes")])
    decision = filled(Decision)
    waiting = replace(decision, outcome=None)
    pages = [home_page(home, served=served), review_page(SHARP, filled(ReviewShown), served=served)]
    pages += [decision_page(SHARP, each, served=served) for each in (decision, waiting)]
    for page in pages:
        assert "<script" not in page and "&lt;script" in page
        assert ('href="/home"' in page) == served, "a page that is kept as a file leads nowhere"


def outcome(**more: Any) -> Outcome:
    given: dict[str, Any] = {"option": "keep", "because": "it helps", "by": "ada", "time": "2026-11-02T09:00:00+00:00",
                             "against": [], "unheard": [], "reviews": [], "agreed": []}  # fmt: skip
    return Outcome(**{**given, **more})


def decision(**more: Any) -> Decision:
    given: dict[str, Any] = {
        "name": "d", "question": "Keep it?", "status": "open", "options": [], "opened_by": "ada",
        "opened": "2026-11-01", "decides": "ada", "mediator": "", "until": "", "review": "", "asked": ["lin"],
        "unheard": ["lin"], "positions": [], "outcome": None, "was": [], "evidence": [], "notes": [],
    }  # fmt: skip
    return Decision(**{**given, **more})


def test_an_outcome_says_who_was_against_it_who_was_not_heard_and_which_was_before() -> None:
    made = outcome(against=["grace"], unheard=["lin"], agreed=["bo"])
    page = decision_page("p", decision(status="decided", outcome=made, was=[outcome(option="drop")]), served=False)
    for told in ("against it: grace", "not heard: lin", "accepted by: bo", "Decided: keep."):
        assert told in page
    assert "Was: </span><strong>drop</strong>" in page and "Was: </span><strong>keep</strong>" not in page


def test_home_says_for_whom_an_open_decision_waits_and_of_one_that_is_decided_what_it_was() -> None:
    open_one, heard = decision(), decision(name="h", question="Heard?", unheard=[])
    done = decision(name="e", question="Done?", status="decided", outcome=outcome(), unheard=["lin"])
    home = Home(project="p", day="today", decision="", turns=[], free=[], status=[], since="", happened=[],
                decisions=[open_one, heard, done])  # fmt: skip
    page = home_page(home, served=False)
    assert "<td>Keep it?</td><td>open</td><td>lin</td>" in page
    assert "<td>Heard?</td><td>open</td><td>ada</td>" in page
    assert "<td>Done?</td><td>decided: keep</td><td></td>" in page
    assert "Nothing waits for anybody." in page and "What happened" not in page
    noted = replace(home, happened=[Point("notes", "written", "of ada", "12"), Point("waits", "no", "no", "no")])
    told = home_page(noted, served=False)
    assert "written" in told and "of ada; #12" in told and "no; no" not in told


@pytest.mark.parametrize(("state", "said"), [("holds", "holds"), ("look", "to look at"), ("unknown", "not measured")])
def test_a_line_of_the_checklist_says_its_state_in_words(state: Any, said: str) -> None:
    line = ChecklistLine("leaks", state, "what it has", 4)
    found = replace(filled(ReviewShown), checklist=[line], status="open")
    page = review_page("p", found, served=False)
    words = ("> holds</td>", "> to look at</td>", "> not measured</td>")
    assert [word for word in words if word in page] == [f"> {said}</td>"] and "<td>#4</td>" in page
