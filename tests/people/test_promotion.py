"""What may take the place of what is served: the gate by each setting, and that a reviewer may answer for it."""

from __future__ import annotations

import pytest

from treadle.evidence import Chain
from treadle.people import PROMOTED, OverStanding, accept, cure_of, mend_of, place_of, promotion_gate, request_review
from treadle.spec import Brief, People, Predict, ProjectSpec, Source
from treadle.store import Blob


@pytest.mark.parametrize(
    ("low", "high", "better", "not_worse"),
    [
        (0.01, 0.2, True, True),
        (0.0, 0.2, False, True),
        (-0.1, 0.2, False, True),
        (0.0, 0.0, False, True),
        (-0.2, 0.0, False, True),
        (-0.2, -0.1, False, False),
        (None, None, False, False),
    ],
)
def test_the_gate_holds_by_the_whole_interval(
    low: float | None, high: float | None, better: bool, not_worse: bool
) -> None:
    over = OverStanding(0.0, low, high, "what was found")
    for promote, holds in (("better", better), ("not_worse", not_worse)):
        gate = promotion_gate(over, promote)
        assert (gate.name, gate.holds, gate.acceptable) == (PROMOTED, holds, not holds)
        assert gate.text.startswith("what was found; it must ")
        assert ("not_worse" in gate.text) == (promote == "better" and not_worse and not better), "where that would help"


def test_a_gate_that_does_not_hold_says_where_and_how() -> None:
    gate = promotion_gate(OverStanding(None, None, None, "untold"), "better")
    assert place_of(gate) == "brief.promote" and gate.found is None
    assert cure_of(gate) in mend_of(gate, "shop:2") and f'--finding "{PROMOTED}"' in mend_of(gate, "shop:2")


def test_a_reviewer_argues_for_it(chain: Chain) -> None:
    spec = ProjectSpec(
        project="shop",
        brief=Brief(people=People(owner="ada", reviewers=("grace",))),
        sources={"s": Source(read="s.csv")},
        predict=Predict(name="y", each="s", label="y"),
    )
    bundle = Blob("b" * 64, "bundle")
    request_review(chain, "shop:2", [promotion_gate(OverStanding(-0.1, -0.2, -0.05, "a loss"), "better")], bundle)
    given = accept(chain.acting("grace"), spec, "shop:2", bundle.digest, gate=PROMOTED, reason="the old one is unfair")
    assert given.payload.gate == PROMOTED
