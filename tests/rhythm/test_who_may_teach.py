"""Mentors by the time that they have, and what counts as progress: drawn by hand, at the bounds."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace

import pytest
from test_mentors_and_plans import did, plan, shop, to_do, trained

from treadle.errors import TeamError
from treadle.evidence import Chain
from treadle.evidence.kinds.growth_answered import Answer, GrowthAnswered
from treadle.evidence.kinds.growth_planned import GrowthPlanned, GrowthTask
from treadle.evidence.kinds.saving_chosen import SavingChosen
from treadle.evidence.kinds.source_read import Followed, SourceRead
from treadle.rhythm.acting import change_action
from treadle.rhythm.found import Area, Knowing, Turn
from treadle.rhythm.growing import BUSY, MOST_PLANS, Team, answer, gaps, take
from treadle.rhythm.growth import plans
from treadle.store import Snapshot
from treadle.workspace import Workspace

__all__ = ["shop"]

AREA = Area("training", [Knowing(who, 5.0, ["5 training.search"], "") for who in ("ada", "bo", "grace")])


def planned(chain: Chain, number: int, mentor: str, said: Answer | None = None) -> None:
    """A plan of lin, and what was answered to it."""
    taken = replace(chain, actor="lin")
    made = taken.append(GrowthPlanned(number=number, area="training", mentor=mentor, tasks=()), f"growth/{number}")
    if said is not None:
        of = GrowthAnswered(number=number, plan=made.ref, answer=said, because="")
        replace(chain, actor=mentor).append(of, f"growth/{number}")


def mentors(chain: Chain, **waits: int) -> list[tuple[str, int, int, bool]]:
    """In their order: who, how much waits for them, how many they teach, whether that is too much."""
    turns = [Turn(who, "x", "y", "do", "where") for who, many in waits.items() for _ in range(many)]
    with chain.reading() as reader:
        team = Team(["ada", "bo", "grace", "lin"], [AREA], turns, [], plans(reader))
    (gap,) = gaps(team, "lin", "training")
    return [(each.person, each.waits, each.mentors, each.busy) for each in gap.mentors]


def test_who_is_busy_comes_after_who_is_not(chain: Chain) -> None:
    """Bo has two plans and ada nine things that wait, which is more, but it is not too much."""
    for number in range(MOST_PLANS):
        planned(chain, number, "bo")
    assert mentors(chain, ada=BUSY - 1, grace=BUSY) == [
        ("ada", BUSY - 1, 0, False), ("bo", 0, MOST_PLANS, True), ("grace", BUSY, 0, True),
    ]  # fmt: skip


def test_ten_things_that_wait_are_too_many_and_nine_are_not(chain: Chain) -> None:
    assert mentors(chain, ada=9, grace=10) == [("bo", 0, 0, False), ("ada", 9, 0, False), ("grace", 10, 0, True)]


def test_a_plan_weighs_as_much_as_a_thing_that_waits_and_one_that_is_over_nothing(chain: Chain) -> None:
    planned(chain, 1, "ada", "agreed")
    planned(chain, 2, "bo", "declined")
    planned(chain, 3, "bo", "ended")
    assert mentors(chain) == [("bo", 0, 0, False), ("grace", 0, 0, False), ("ada", 0, 1, False)]
    assert [who for who, *_ in mentors(chain, bo=2)] == ["grace", "ada", "bo"]


def test_who_was_declined_ends_nothing(chain: Chain) -> None:
    planned(chain, 1, "ada", "declined")
    with pytest.raises(TeamError, match="plan 1 is declined already"):
        answer(replace(chain, actor="lin"), 1, "ended", "")
    planned(chain, 2, "ada")
    answer(replace(chain, actor="lin"), 2, "ended", "")
    with chain.reading() as reader:
        assert [each.answer for each in plans(reader)] == ["declined", "ended"]


def test_what_was_done_before_a_plan_is_no_progress_in_it(shop: Workspace) -> None:
    trained(shop, "ada", 30)
    (number,) = to_do(shop, "Train on more @lin 2026-03-30")
    moved = {"state": "open", "due": "2026-04-02", "because": "more data first"}
    change_action(did(shop, "lin", 3).chain, shop.project.spec, number, **moved)  # type: ignore[arg-type]
    trained(shop, "lin", 2)
    take(did(shop, "lin", 2), "training", None, shown=False)
    found = plan(shop, "lin")
    assert ([(task.state, task.entries) for task in found.tasks], found.did) == ([("open", [])], [])


def test_what_was_written_before_a_plan_and_committed_after_it_is_none_of_it(shop: Workspace) -> None:
    root = shop.project.root
    (root / "src").mkdir()
    git = ["git", "-C", str(root), "-c", "user.name=Lin", "-c", "user.email=lin@shop.example"]
    subprocess.run([*git, "init", "-q"], check=True)
    with did(shop, "lin", 2).chain.alone() as alone:  # at 9 in the morning of March 18
        alone.append(GrowthPlanned(number=1, area="code: src/", mentor="ada", tasks=()), "growth/1")
    for written, wanted in (("2026-03-18T08:59", []), ("2026-03-18T09:01", ["1 commit, 0 of them with ada"])):
        (root / "src" / "load.py").write_text(f"x = '{written}'\n", encoding="utf-8")
        days = {"GIT_AUTHOR_DATE": f"{written}:00Z", "GIT_COMMITTER_DATE": "2026-03-20T08:00:00Z"}
        for words in (["add", "src"], ["commit", "-qm", "Load"]):
            subprocess.run([*git, *words], check=True, env={**os.environ, **days})
        assert plan(shop, "lin").did == wanted


def test_what_is_over_offers_no_more_and_is_not_reached(shop: Workspace) -> None:
    trained(shop, "ada")
    to_do(shop, "Train on more @lin 2026-03-30")
    take(did(shop, "lin", 2), "training", None, shown=False)
    answer(did(shop, "ada", 2).chain, 1, "agreed", "")
    to_do(shop, "Tune the model @lin 2026-03-30")
    assert [each.what for each in plan(shop, "lin").more] == ["Tune the model"]
    answer(did(shop, "lin", 1).chain, 1, "ended", "")
    trained(shop, "lin", 3, days=0)
    assert (plan(shop, "lin").state, plan(shop, "lin").more) == ("ended", [])


def test_to_look_is_no_progress_and_to_mend_or_to_set_about_it_is(shop: Workspace) -> None:
    """A source read anew and a saving given up count nothing; rows replayed and a saving chosen do."""
    rows = GrowthTask(key="source/orders", subject="source/orders", what="mend", why="y")
    idle = GrowthTask(key="saving/idle", subject="saving/shop", what="stop it", why="y")
    with did(shop, "lin", 2).chain.alone() as alone:
        alone.append(GrowthPlanned(number=1, area="data", mentor="ada", tasks=(rows, idle)), "growth/1")
    chain, table = did(shop, "lin", 1).chain, Snapshot("shop/source/orders", 0, "0" * 64, 9)

    def read(followed: Followed | None = None) -> None:
        said = SourceRead(table=table, rows=9, quarantined=1, rules=0, bytes=1, followed=followed)
        chain.append(said, "source/orders")

    def chosen(name: str, *, dropped: bool = False) -> None:
        said = SavingChosen(saving=name, text="x", review="2026-04-01", because="y", dropped=dropped)
        chain.append(said, "saving/shop")

    def counts() -> list[int]:
        return [len(task.entries) for task in plan(shop, "lin").tasks]

    read()
    chosen("other")
    chosen("idle", dropped=True)
    assert counts() == [0, 0]
    read(Followed(done="replayed", root="0" * 64, rows=1))
    chosen("idle")
    assert counts() == [1, 1]
