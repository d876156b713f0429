"""Who must have agreed to terms hangs on who was to decide on each day; that all once had counts for good."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import pytest

from treadle.evidence import Chain, Payload
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.decision_terms import Side, TermsStated
from treadle.evidence.kinds.mediation_called import MediationCalled
from treadle.evidence.kinds.position_stated import PositionStated
from treadle.people.agreeing import agree
from treadle.people.decisions import decision
from treadle.people.found import ExperimentShown
from treadle.store import Blob, EntryRef


class Question:
    """Whether to keep or to drop, which ada decides; grace is to mediate until the third of January."""

    def __init__(self, chain: Chain, mediator: str) -> None:
        self.chain = chain
        until = "2030-01-03" if mediator else ""
        options = (Option("keep"), Option("drop"), Option("halve"))
        asked = DecisionOpened(
            decision="d", question="?", options=options, decides="ada", until=until, mediator=mediator
        )
        self.opened: EntryRef = self.says(1, "ada", asked).ref

    def says(self, day: int, who: str, said: Payload):  # type: ignore[no-untyped-def]
        then = dataclasses.replace(self.chain, actor=who, clock=lambda: datetime(2030, 1, day, 9, tzinfo=UTC))
        return then.append(said, "decision/d")

    def is_for(self, day: int, option: str, *people: str) -> None:
        for who in people:
            self.says(day, who, PositionStated(decision="d", opened=self.opened, option=option, because="so"))

    def terms(self, day: int, who: str) -> int:
        sides = (Side("keep", (), Blob("a" * 64)), Side("drop", ("x=1",), Blob("b" * 64)))
        said = TermsStated(decision="d", opened=self.opened, sides=sides, metric="auc", margin=0.1, minutes=1.0)
        return int(self.says(day, who, said).seq)

    def agrees(self, day: int, number: int, *people: str) -> None:
        for who in people:
            then = dataclasses.replace(self.chain, actor=who, clock=lambda: datetime(2030, 1, day, 9, tzinfo=UTC))
            agree(then, "d", number, date(2030, 1, day))

    def stands(self, day: int) -> ExperimentShown:
        with self.chain.reading() as reader:
            found = decision(reader, "d", date(2030, 1, day))
        assert found is not None and found.experiment is not None
        return found.experiment


@pytest.mark.parametrize("called", [False, True])
def test_what_all_agreed_to_while_a_mediator_was_there_stays_so(chain: Chain, called: bool) -> None:
    """bo, who has not agreed, is for a third thing for a while, and comes back; then the mediator's day is over."""
    it = Question(chain, "" if called else "grace")
    it.is_for(1, "keep", "bo", "eve")
    it.is_for(1, "drop", "lin")
    if called:
        until = MediationCalled(decision="d", opened=it.opened, mediator="grace", until="2030-01-03", because="so")
        it.says(1, "lin", until)
    number = it.terms(1, "lin")
    it.agrees(1, number, "ada", "eve")
    assert (it.stands(1).waits_for, it.stands(4).waits_for) == (["bo"], ["bo", "grace"])
    for option in ("halve", "keep"):
        it.is_for(2, option, "bo")
        assert it.stands(2).status == it.stands(4).status == "agreed", option


@pytest.mark.parametrize("called", [False, True])
def test_once_a_mediators_day_is_over_theirs_is_the_word_that_is_waited_for(chain: Chain, called: bool) -> None:
    it = Question(chain, "" if called else "grace")
    it.is_for(1, "keep", "bo")
    it.is_for(1, "drop", "lin")
    number = it.terms(1, "lin")
    if called:
        until = MediationCalled(decision="d", opened=it.opened, mediator="grace", until="2030-01-03", because="so")
        it.says(1, "lin", until)
    it.agrees(2, number, "ada")
    it.agrees(4, number, "bo")
    assert (it.stands(4).status, it.stands(4).waits_for) == ("stated", ["grace"])
    it.is_for(4, "halve", "bo")
    it.is_for(4, "keep", "bo")
    assert it.stands(4).status == "stated", "ada decides no more"
    it.agrees(4, number, "grace")
    assert it.stands(4).status == "agreed"


def test_who_decided_at_the_opening_does_so_once_it_is_opened_again(chain: Chain) -> None:
    from treadle.evidence.kinds.decision_closed import DecisionClosed
    from treadle.evidence.kinds.decision_reviewed import DecisionReviewed

    it = Question(chain, "grace")
    it.is_for(1, "keep", "bo", "eve")
    it.is_for(1, "drop", "lin")
    closed = it.says(4, "grace", DecisionClosed(decision="d", opened=it.opened, option="keep", because="so"))
    it.says(5, "lin", DecisionReviewed(decision="d", closed=closed.ref, holds=False, because="so"))
    number = it.terms(6, "lin")
    it.agrees(6, number, "ada", "eve")
    it.is_for(7, "halve", "bo")
    it.is_for(8, "keep", "bo")
    assert it.stands(9).status == "agreed"
