"""Who may approve, by the briefs that the record has: the bundle's own, and the last before the approval."""

from __future__ import annotations

from typing import Any

import pytest
from test_reviews import BUNDLE

from treadle.evidence import Chain, Entry, Payload
from treadle.evidence.entry import Body, raw
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.people import POLICY, reviewers_of
from treadle.store.refs import EntryRef

PACKED = ModelPacked(
    model="shop:1", bundle=BUNDLE, family="f", metric="m", value=1.0, low=None, high=None, mb=1.0, p99_ms=1.0
)
APPROVED = ReviewApproved(model="shop:1", bundle=BUNDLE, request=EntryRef("0"), note="")
STATED = BriefStated(brief=BUNDLE, decision="")


def write(chain: Chain, payload: Payload, said: Any, *, subject: str = "project/shop", status: str = "done") -> Any:
    body = Body(
        seq=0, id="", kind=type(payload).KIND, version=type(payload).VERSION, subject=subject, run="", time="",
        actor="ada", status=status, payload=raw(payload), **({} if said is None else {"input": raw(said)}),
    )  # fmt: skip
    with chain.alone() as alone:
        return alone.write(body)


def people(*reviewers: str, **more: str) -> dict[str, Any]:
    return {"people": {"reviewers": reviewers, **more}}


def stated(*reviewers: str, **more: str) -> dict[str, Any]:
    return {"brief": people(*reviewers, **more)}


def asked(chain: Chain, packing: Entry[ModelPacked], approval: Entry[ReviewApproved]) -> set[str]:
    with chain.reading() as reader:
        return reviewers_of(reader, packing, approval)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, set()), ({}, set()), (people("grace", "lin"), {"grace", "lin"}), (stated("grace"), {"grace"}),
        (people("grace", approve="policy"), {"grace", POLICY}), (people("grace", approve="reviewer"), {"grace"}),
        (people(approve="policy"), {POLICY}), ({"people": 3}, set()), ([], set()),
    ],
)  # fmt: skip
def test_the_brief_of_the_packing_says_who_may(chain: Chain, said: Any, expected: set[str]) -> None:
    packing = write(chain, PACKED, said)
    approval = write(chain, APPROVED, None, subject="model/shop:1")
    assert asked(chain, packing, approval) == expected


def test_the_last_brief_before_the_approval_counts_and_no_later_or_other_one(chain: Chain) -> None:
    write(chain, STATED, stated("old"))
    packing = write(chain, PACKED, people("grace"))
    write(chain, STATED, stated("lin", approve="policy"))
    write(chain, STATED, stated("eve"), subject="project/other")
    write(chain, STATED, stated("mallory"), status="failed")
    approval = write(chain, APPROVED, None, subject="model/shop:1")
    write(chain, STATED, stated("later"))
    assert asked(chain, packing, approval) == {"grace", "lin", POLICY}


def test_a_brief_that_cannot_be_read_names_nobody_and_hides_no_other(chain: Chain) -> None:
    packing = write(chain, PACKED, "no brief")
    write(chain, STATED, stated("lin"))
    approval = write(chain, APPROVED, None, subject="model/shop:1")
    assert asked(chain, packing, approval) == {"lin"}
