"""Of all decisions at once it is told how each stands, and that is what each tells of itself."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from stage_shop import opened, write_shop

from treadle.api.decide import ListDecisionsRequest, decide_list
from treadle.api.operation import Context
from treadle.errors import DecisionError, SpecError
from treadle.evidence import Chain
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.decision_reviewed import DecisionReviewed
from treadle.evidence.kinds.mediation_called import MediationCalled
from treadle.evidence.kinds.noted import Noted
from treadle.people.decisions import decision, names, standings
from treadle.principal import Principal
from treadle.rhythm.waiting import waiting

TODAY = date(2026, 11, 28)
DAYS = [(TODAY + timedelta(days)).isoformat() for days in (-3, -1, 0, 1, 4)]


def ask(chain: Chain, name: str, until: str = "", review: str = "", decides: str = "ada") -> DecisionOpened:
    said = DecisionOpened(
        decision=name, question=f"{name}?", options=(Option("yes"), Option("no")), decides=decides, until=until,
        review=review,
    )  # fmt: skip
    chain.append(said, f"decision/{name}")
    return said


def goes_on(chain: Chain, name: str, chance: random.Random) -> None:
    """Mediators, outcomes and reviews as they may follow each other."""
    at = chain.append(Noted(text="x"), "x").ref
    for _ in range(chance.randrange(4)):
        day, closed = chance.choice(["", *DAYS]), False
        if chance.random() < 0.4:
            said = MediationCalled(decision=name, opened=at, mediator="bo", until=chance.choice(DAYS), because="x")
            chain.append(said, f"decision/{name}")
        if chance.random() < 0.6:
            chain.append(
                DecisionClosed(decision=name, opened=at, option="no", because="x", review=day), f"decision/{name}"
            )
            closed = True
        if closed and chance.random() < 0.5:
            holds, day = chance.random() < 0.6, chance.choice(["", *DAYS])
            chain.append(
                DecisionReviewed(decision=name, closed=at, holds=holds, because="x", review=day), f"decision/{name}"
            )


def test_how_all_stand_is_how_each_stands(chain: Chain) -> None:
    chance = random.Random(4)
    for number in range(60):
        ask(chain, f"d{number}", chance.choice(["", *DAYS]), chance.choice(["", *DAYS]))
        goes_on(chain, f"d{number}", chance)
    with chain.reading() as reader:
        found = standings(reader, TODAY)
        each = {name: decision(reader, name, TODAY) for name in names(reader)}
        due, more = waiting(reader, TODAY)
    assert [one.name for one in found] == list(each)
    for one in found:
        whole = each[one.name]
        assert whole is not None and one.status == whole.status
        assert one.day == ((whole.review if whole.outcome else whole.until) or "9999")
    assert {one.status for one in found} == {"open", "overdue", "review due", "decided"}
    waits = [one for one in found if one.status != "decided"]
    days = {one.name: one.day for one in waits}
    assert len(due) + more == len(waits) and [days[one.name] for one in due] == sorted(days.values())[: len(due)]


def test_a_day_of_review_that_was_given_as_it_was_closed_is_waited_for(chain: Chain) -> None:
    said = ask(chain, "trees")
    at = chain.append(Noted(text=said.question), "x").ref
    for review, status in ((DAYS[3], "decided"), (DAYS[1], "review due")):
        closed = DecisionClosed(decision="trees", opened=at, option="no", because="x", review=review)
        chain.append(closed, "decision/trees")
        with chain.reading() as reader:
            assert [one.status for one in standings(reader, TODAY)] == [status]
            assert [one.name for one in waiting(reader, TODAY)[0]] == ["trees"] * (status == "review due")


def test_a_list_ends_at_its_limit_and_says_how_many_more_there_are(tmp_path: Path) -> None:
    folder = write_shop(tmp_path / "shop")
    workspace = opened(folder)
    for number in range(4):
        ask(workspace.chain, f"d{number}", DAYS[0] if number == 1 else "")
    ask(workspace.chain, "mine", decides="bo")
    workspace.chain.engine.dispose()

    def listed(person: str | None = None, limit: int = 50) -> tuple[list[str], int, int]:
        asked = ListDecisionsRequest(str(folder), person, limit)
        found = decide_list(asked, Context(Principal("person", "ada")))
        return [line.name for line in found.decisions], found.more, found.others

    assert listed() == (["d1", "mine", "d3", "d2", "d0"], 0, 0), "what is late first, then the newest"
    assert listed(limit=2) == (["d1", "mine"], 3, 0)
    assert listed("ada", 3) == (["d1", "d3", "d2"], 1, 1) and listed("bo") == (["mine"], 0, 4)
    with pytest.raises(SpecError, match="0 is no limit"):
        listed(limit=0)
    with pytest.raises(DecisionError, match="zoe"):
        listed("zoe")
