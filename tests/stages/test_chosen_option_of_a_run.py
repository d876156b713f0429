"""What those who pay have chosen holds a run: its gate is measured, and the policy releases nothing below it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from stage_shop import NEWEST, edit, opened

from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.options_offered import Offered, OptionsOffered
from treadle.loop import RunResult
from treadle.models.registry import find
from treadle.people.chosen import CHOSEN
from treadle.people.deciding import close_decision, open_with_offer, review_decision
from treadle.store import Blob

Runs = Callable[..., RunResult]
DAY: date = NEWEST.date()


def choose(shop: Path, reaches: float) -> None:
    workspace = opened(shop)
    option = Offered(name="best", text="", metric="average_precision", reaches=reaches)
    offer = OptionsOffered(
        decision="how", target="shop", page=Blob(workspace.blobs.put(b"page"), "page"),
        options=(option, Offered(name="as-it-is", text="")),
    )  # fmt: skip
    asked = DecisionOpened(decision="how", question="How?", options=(Option("best"), Option("as-it-is")), decides="ada")
    open_with_offer(workspace.chain, workspace.project.spec, asked, offer, DAY)
    close_decision(workspace.chain, "how", "best", "it must be so good", (), DAY)
    workspace.chain.engine.dispose()


def test_the_policy_releases_nothing_below_what_was_chosen_until_it_is_opened_again(shop: Path, runs: Runs) -> None:
    edit(shop, "approve: reviewer", "approve: policy")
    choose(shop, 0.999)
    result = runs()
    (gate,) = (each for each in result.gates if each.name == CHOSEN)
    assert not gate.holds and not result.released and "ada chose best in decision/how" in gate.text
    workspace = opened(shop)
    assert find(workspace.chain, "shop").payload.value == gate.found
    review_decision(workspace.chain, "how", holds=False, because="too much", review="", today=DAY)
    workspace.chain.engine.dispose()
    assert runs().released, "nothing else was in its way"
