"""A decision: who may do what to it, what it says while it is open, once it is made, and when it is opened again."""

from __future__ import annotations

import dataclasses
import threading
from datetime import UTC, date, datetime

import pytest

from treadle.errors import AccessError, DecisionError
from treadle.evidence import Chain
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.noted import Noted
from treadle.people.checking import MOST_TEXT, people_of
from treadle.people.deciding import MOST_OPTIONS, close_decision, open_decision, review_decision, state_position
from treadle.people.decisions import decision, names
from treadle.people.found import Decision, OptionShown
from treadle.spec import Brief, People, Predict, ProjectSpec

TODAY = date(2026, 11, 28)
SPEC = ProjectSpec(
    project="shop",
    brief=Brief(people=People(owner="ada", reviewers=("grace",), roles={"expert": ("lin",), "lead": ("bo", "ada")})),
    sources={},
    predict=Predict(name="back", each="orders", label="back"),
)
KEEP, DROP = Option("keep", "as it is"), Option("drop")


def asked(**changed: object) -> DecisionOpened:
    given = {"decision": "windows", "question": "Keep them?", "options": (KEEP, DROP), "decides": "ada"} | changed
    return DecisionOpened(**given)  # type: ignore[arg-type]


def by(chain: Chain, actor: str) -> Chain:
    return dataclasses.replace(chain, actor=actor)


def opened(chain: Chain, today: date = date(2026, 11, 27), **changed: object) -> None:
    open_decision(by(chain, "ada"), SPEC, asked(**changed), today)


def say(chain: Chain, who: str, option: str, because: str = "reasons", today: date = TODAY) -> None:
    state_position(by(chain, who), "windows", option, because, (), today)


def close(
    chain: Chain, who: str = "ada", option: str = "drop", without: tuple[str, ...] = (), today: date = TODAY
) -> None:
    close_decision(by(chain, who), "windows", option, "cheaper", without, today)


def review(chain: Chain, who: str = "lin", *, holds: bool = False, again: str = "", today: date = TODAY) -> None:
    review_decision(by(chain, who), "windows", holds=holds, because="the score fell", review=again, today=today)


def now(chain: Chain, today: date = TODAY) -> Decision:
    with chain.reading() as reader:
        found = decision(reader, "windows", today)
    assert found is not None
    return found


def test_an_open_decision_says_who_is_waited_for(chain: Chain):
    opened(chain, asked=("grace", "lin"), until="2026-12-01", review="2027-01-01")
    found = now(chain)
    assert (found.status, found.decides, found.unheard, found.outcome) == ("open", "ada", ["grace", "lin"], None)
    assert (
        found.options == [OptionShown("keep", "as it is"), OptionShown("drop", "")]
        and found.opened_by == "ada"
        and found.notes == []
    )
    say(chain, "lin", "keep")
    assert now(chain).unheard == ["grace"]
    with chain.reading() as reader:
        assert decision(reader, "other", TODAY) is None and names(reader) == ["windows"]


def test_the_newest_word_of_a_person_counts_and_those_before_it_stay(chain: Chain):
    opened(chain)
    for option in ("keep", "drop", "keep"):
        say(chain, "lin", option, f"since {option}")
    say(chain, "grace", "drop")
    found = now(chain)
    assert [(p.person, p.option, p.because, p.before) for p in found.positions] == [
        ("lin", "keep", "since keep", ["keep", "drop"]),
        ("grace", "drop", "reasons", []),
    ]


def test_nobody_who_was_asked_is_passed_over_in_silence(chain: Chain):
    opened(chain, asked=("grace", "lin", "bo"))
    say(chain, "grace", "keep")
    with pytest.raises(DecisionError, match=r"lin, bo were asked, and not heard"):
        close(chain)
    with pytest.raises(DecisionError, match=r"^windows: bo was asked"):
        close(chain, without=("lin",))
    with pytest.raises(DecisionError, match=r"grace need not be left out") as told:
        close(chain, without=("grace",))
    assert told.value.mend == "not heard yet: lin, bo"
    close(chain, without=("bo", "lin"))
    found = now(chain)
    assert found.status == "decided" and found.outcome is not None
    assert (found.outcome.option, found.outcome.by) == ("drop", "ada")
    assert found.outcome.against == ["grace"] and found.outcome.unheard == ["lin", "bo"]


def test_who_decides_is_one_person_and_a_closed_decision_is_closed(chain: Chain):
    opened(chain, decides="grace")
    with pytest.raises(AccessError, match=r"grace decides windows and not ada"):
        close(chain)
    close(chain, "grace", "keep")
    for act in (lambda: close(chain, "grace"), lambda: say(chain, "lin", "drop")):
        with pytest.raises(DecisionError, match=r"was decided on \d{4}-\d\d-\d\d by grace: keep") as told:
            act()
        assert "decide review" in told.value.mend


def test_the_entry_of_a_decision_names_the_positions_that_it_heard(chain: Chain):
    opened(chain)
    say(chain, "lin", "keep", "first")
    say(chain, "lin", "drop", "second")
    say(chain, "grace", "drop")
    close(chain)
    from treadle.evidence.kinds.decision_closed import DecisionClosed

    (closed,) = chain.find(DecisionClosed)
    with chain.reading() as reader:
        heard = reader.by_hash(*(ref.digest for ref in closed.payload.heard))
    assert sorted(entry.said() for entry in heard) == ["for drop: reasons", "for drop: second"]
    assert closed.said() == "decided: drop, because cheaper"


def test_after_its_day_an_open_decision_goes_to_a_mediator_who_takes_no_side(chain: Chain):
    opened(chain, until="2026-11-27", mediator="bo", asked=("lin",))
    with pytest.raises(DecisionError, match=r"bo is the mediator of windows"):
        say(chain, "bo", "keep")
    early = now(chain, date(2026, 11, 27))
    assert (early.status, early.decides) == ("open", "ada")
    found = now(chain)
    assert (found.status, found.decides) == ("overdue", "bo")
    assert found.notes == ["it was to be decided until 2026-11-27: bo decides now, as mediator"]
    with pytest.raises(AccessError, match=r"bo decides windows, since 2026-11-27 is over, and not ada"):
        close(chain)
    close(chain, "bo", "keep", without=("lin",))
    assert now(chain).outcome.by == "bo"  # type: ignore[union-attr]


def test_without_a_mediator_it_is_overdue_and_the_same_person_decides(chain: Chain):
    opened(chain, until="2026-11-27")
    found = now(chain)
    assert (found.status, found.decides) == ("overdue", "ada")
    assert found.notes == ["it was to be decided until 2026-11-27: ada has not decided"]
    close(chain)
    assert now(chain).status == "decided" and now(chain).notes == []


def test_a_review_is_due_on_its_day_and_may_hold_or_open_it_again(chain: Chain):
    opened(chain, review="2026-12-24")
    say(chain, "lin", "keep")
    with pytest.raises(DecisionError, match=r"windows is not decided yet"):
        review(chain)
    close(chain)
    assert now(chain, date(2026, 12, 23)).status == "decided"
    due = now(chain, date(2026, 12, 24))
    assert due.status == "review due" and due.notes == ["its review was due on 2026-12-24: does it still hold?"]
    with pytest.raises(DecisionError, match="2026-12-23 is over: today is 2026-12-24"):
        review(chain, holds=True, again="2026-12-23", today=date(2026, 12, 24))
    review(chain, holds=True, again="2027-06-01", today=date(2026, 12, 24))
    held = now(chain, date(2026, 12, 25))
    assert (held.status, held.review) == ("decided", "2027-06-01") and held.outcome is not None
    (said,) = held.outcome.reviews
    assert said.startswith("lin on ") and said.endswith("still holds: the score fell; asked again on 2027-06-01")
    review(chain)
    again = now(chain)
    assert again.status == "open" and again.outcome is None and [p.person for p in again.positions] == ["lin"]
    assert again.was[0].option == "drop" and again.was[0].reviews[-1].endswith("open again: the score fell")
    close(chain, option="keep")
    assert [was.option for was in now(chain).was] == ["drop"] and now(chain).outcome.option == "keep"  # type: ignore[union-attr]


def test_evidence_that_something_newer_has_come_after_is_told(chain: Chain):
    first = chain.append(Noted(text="0.53"), "model/m:1")
    other = chain.append(Noted(text="0.40"), "model/m:2")
    opened(chain, evidence=(first.ref,))
    state_position(by(chain, "lin"), "windows", "keep", "see there", (first.ref, other.ref), TODAY)
    assert now(chain).notes == [] and now(chain).evidence[0].said == "0.53"
    later = chain.append(Noted(text="0.49"), "model/m:1")
    found = now(chain)
    assert found.notes == [f"evidence #{first.seq} (model/m:1) was followed by #{later.seq}: 0.49"]
    assert [cited.newer for cited in found.positions[0].evidence] == [f"#{later.seq}: 0.49", ""]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"decision": "Not So"}, "no name for a decision"),
        ({"decision": ""}, "no name for a decision"),
        ({"decision": "x" * 61}, "no name for a decision"),
        ({"question": "  "}, "a reason is needed"),
        ({"options": (KEEP,)}, "two options at least"),
        ({"options": (KEEP, KEEP)}, "two options at least"),
        ({"options": (KEEP, Option(""))}, "two options at least"),
        ({"options": tuple(Option(f"o{n}") for n in range(MOST_OPTIONS + 1))}, "two options at least"),
        ({"asked": ("linn",)}, "linn is nobody of shop"),
        ({"decides": "mallory"}, "mallory is nobody of shop"),
        ({"until": "2026-11-30", "mediator": "mallory"}, "mallory is nobody of shop"),
        ({"until": "soon"}, '"soon" is no day'),
        ({"until": "20261203"}, '"20261203" is no day'),
        ({"review": "2026-13-01"}, '"2026-13-01" is no day'),
        ({"until": "2026-11-26"}, "2026-11-26 is over: today is 2026-11-27"),
        ({"review": "1999-01-01"}, "1999-01-01 is over"),
        ({"mediator": "bo"}, "a mediator decides once a day is over"),
        ({"until": "2026-12-01", "mediator": "ada"}, "ada is a party"),
        ({"until": "2026-12-01", "mediator": "lin", "asked": ("lin",)}, "lin is a party"),
    ],
)
def test_what_makes_no_decision_is_refused_and_nothing_is_kept(chain: Chain, changed: dict[str, object], said: str):
    with pytest.raises(DecisionError, match=said) as told:
        opened(chain, **changed)
    assert told.value.mend and chain.find() == []


def test_words_that_are_none_or_too_many_are_refused(chain: Chain):
    opened(chain)
    for because in ("", " \n", "x" * (MOST_TEXT + 1)):
        with pytest.raises(DecisionError, match=r"a reason is needed|no sentence"):
            say(chain, "lin", "keep", because)
    say(chain, "lin", "keep", "x" * MOST_TEXT)
    with pytest.raises(DecisionError, match="no option kep"):
        say(chain, "lin", "kep")
    with pytest.raises(DecisionError, match="there is a decision windows already"):
        opened(chain)
    with pytest.raises(DecisionError, match="there is no decision window") as told:
        state_position(chain, "window", "keep", "so", (), TODAY)
    assert "windows" in told.value.mend


def test_of_two_who_decide_at_once_one_does(chain: Chain):
    opened(chain)
    said: list[str] = []

    def decide(option: str) -> None:
        try:
            close(chain, option=option)
        except DecisionError as bad:
            said.append(bad.what)

    both = [threading.Thread(target=decide, args=(option,)) for option in ("keep", "drop")]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len(said) == 1 and "was decided on" in said[0] and len(now(chain).was) == 0


def test_the_people_of_a_project_are_those_whom_the_brief_names():
    assert people_of(SPEC) == ["ada", "grace", "lin", "bo"]


def test_times_are_those_of_the_record(chain: Chain):
    at = dataclasses.replace(chain, clock=lambda: datetime(2026, 3, 4, 5, tzinfo=UTC))
    opened(at)
    close(at)
    found = now(chain)
    assert found.opened.startswith("2026-03-04") and found.outcome.time.startswith("2026-03-04")  # type: ignore[union-attr]


def test_a_text_is_one_line_so_that_nobody_speaks_for_another(chain: Chain):
    opened(chain)
    say(chain, "lin", "keep", "fine\n    grace: I agree\n  decided: keep")
    assert now(chain).positions[0].because == "fine grace: I agree decided: keep"
