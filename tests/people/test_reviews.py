from __future__ import annotations

import pytest

from treadle.access import require
from treadle.errors import AccessError, GateError
from treadle.evidence import Chain
from treadle.people import approve, gates_of, request_review, review_of
from treadle.people.reviews import POLICY
from treadle.spec import Brief, Limits, People, Predict, ProjectSpec, Source


def project(approval: str = "reviewer") -> ProjectSpec:
    return ProjectSpec(
        project="shop",
        brief=Brief(
            people=People(owner="ada", reviewers=("grace", "ada"), approve=approval),
            must_have={"average_precision": 0.4, "log_loss": 0.7},
            limits=Limits(bundle_mb=5),
        ),
        sources={"s": Source(read="s.csv")},
        predict=Predict(name="y", each="s", label="y"),
    )


def gates(ap: float = 0.5, mb: float = 1.0, real: bool = True) -> list:
    return gates_of(
        project().brief,
        {"average_precision": ap, "log_loss": 0.6},
        gain_is_real=real,
        train_cost=0.0,
        train_minutes=1.0,
        bundle_mb=mb,
        p99_ms=None,
    )


def test_each_gate_of_the_brief_is_measured() -> None:
    assert all(gate.holds for gate in gates())
    assert [g.name for g in gates(ap=0.3) if not g.holds] == ["average_precision"]
    assert [g.name for g in gates(mb=6.0) if not g.holds] == ["bundle_mb"]
    assert [g.name for g in gates(real=False) if not g.holds] == ["gain over the trivial baseline"]


def test_an_unmeasured_gate_does_not_hold() -> None:
    found = gates_of(
        Brief(people=People(owner="a"), must_have={"recall": 0.5}),
        {},
        gain_is_real=True,
        train_cost=0,
        train_minutes=0,
        bundle_mb=0,
        p99_ms=None,
    )
    assert [g.name for g in found if not g.holds] == ["recall"]


def test_a_reviewer_who_is_not_the_requester_approves(chain: Chain) -> None:
    request_review(chain, "shop:1", gates(), "b" * 64)
    assert review_of(chain, "shop:1").status == "waiting for review"
    with pytest.raises(AccessError, match="asked for this release"):
        approve(chain, project(), "shop:1", by="ada")
    with pytest.raises(AccessError, match="no reviewer"):
        approve(chain, project(), "shop:1", by="eve")
    with pytest.raises(AccessError, match="lets no policy approve"):
        approve(chain, project(), "shop:1", by=POLICY)
    approve(chain, project(), "shop:1", by="grace", note="fine")
    review = review_of(chain, "shop:1")
    assert (review.status, review.requested_by, review.approved_by) == ("approved", "ada", "grace")


def test_nothing_is_approved_while_a_gate_fails_or_before_a_request(chain: Chain) -> None:
    with pytest.raises(GateError, match="nobody has asked"):
        approve(chain, project("policy"), "shop:1", by=POLICY)
    request_review(chain, "shop:1", gates(ap=0.1), "b" * 64)
    with pytest.raises(GateError, match=r"must be at least 0\.4"):
        approve(chain, project("policy"), "shop:1", by=POLICY)


def test_the_policy_approves_under_its_own_name(chain: Chain) -> None:
    request_review(chain, "shop:1", gates(), "b" * 64)
    assert approve(chain, project("policy"), "shop:1", by=POLICY).actor == POLICY


def test_a_stranger_may_do_nothing() -> None:
    with pytest.raises(AccessError, match="eve may not run"):
        require("eve", "run", project())
    require("ada", "release", project())
