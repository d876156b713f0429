"""Whose signature is wanted says the brief in the record: a project file that no run has stated changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from test_reviews import BUNDLE
from test_signatures import HOLDS, by, spec
from test_stated import PACKED, STATED, write

from treadle.errors import AccessError, GateError
from treadle.evidence import Chain, Entry
from treadle.evidence.kinds.finding_accepted import FindingAccepted
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import Gate
from treadle.models import registry
from treadle.people import accept, approve, request_of, request_review, review_of, sign, unsigned

LIN, EVE = {"expert": ["lin"]}, {"expert": ["lin", "eve"]}
AT = registry.address_of("shop:1")


def people(**more: Any) -> dict[str, Any]:
    return {"owner": "ada", "reviewers": ["grace"], "roles": LIN, "signs": ["expert"]} | more


def pack(chain: Chain, **more: Any) -> Entry[ModelPacked]:
    packing = write(chain, PACKED, {"people": people(**more)}, subject=AT)
    request_review(by(chain, "ada"), "shop:1", [HOLDS], BUNDLE)
    return packing


def state(chain: Chain, **more: Any) -> None:
    write(chain, STATED, {"brief": {"people": people(**more)}}, subject=AT)


def file(**more: Any) -> Any:
    return spec(approve="reviewer", **({"roles": {"expert": ("lin",)}} | more))


def signs(chain: Chain, who: str, found: Any) -> None:
    with chain.reading() as reader:
        asked = request_of(reader, "shop:1", BUNDLE.digest)
    sign(by(chain, who), found, asked, "", "")


def release(chain: Chain, packing: Entry[ModelPacked], found: Any) -> registry.Released:
    approval = lambda alone: _approved(alone, found)  # noqa: E731
    return registry.release(by(chain, "grace"), "shop", packing, approve=approval)


def _approved(alone: Any, found: Any) -> Entry[ReviewApproved]:
    from treadle.people import approve_within

    return approve_within(alone, found, "shop:1", BUNDLE.digest, by="grace")


def test_a_line_that_was_taken_out_of_the_file_alone_takes_no_signature_away(chain: Chain) -> None:
    packing = pack(chain)
    with pytest.raises(GateError, match=r"nobody has signed it as expert \(expert by the brief as it was stated\)"):
        release(chain, packing, file(signs=()))
    assert registry.current(chain, "shop") is None
    signs(chain, "lin", file(signs=()))
    assert release(chain, packing, file(signs=())).model == "shop:1"
    (approval,) = chain.find(ReviewApproved)
    assert approval.payload.signatures is not None and len(approval.payload.signatures) == 1


def test_who_was_named_in_the_file_alone_signs_for_nobody(chain: Chain) -> None:
    packing, sam = pack(chain), file(roles={"expert": ("lin", "sam")})
    with pytest.raises(AccessError, match="sam holds expert in the project file alone") as told:
        signs(chain, "sam", sam)
    assert "run the project" in told.value.mend
    state(chain, roles={"expert": ["sam"]})
    signs(chain, "sam", sam)
    state(chain)
    with chain.reading() as reader:
        assert unsigned(reader, sam, "shop:1", BUNDLE.digest) == ["expert"], "held while it was stated, and no more"
    with pytest.raises(GateError, match="nobody has signed"):
        release(chain, packing, sam)


def test_a_brief_that_a_run_stated_counts_from_then_on(chain: Chain) -> None:
    packing = pack(chain)
    state(chain, signs=[], roles={})
    assert release(chain, packing, file(signs=(), roles={})).model == "shop:1"
    state(chain)
    assert registry.current(chain, "shop").model == "shop:1", "what was wanted later was not wanted then"


@pytest.mark.parametrize("given", ["before", "after", "never"])
def test_a_release_is_proved_by_the_signatures_of_then(chain: Chain, given: str) -> None:
    """As an approval that was written by other means than ours."""
    packing = pack(chain)
    if given == "before":
        signs(chain, "lin", file())
    with chain.reading() as reader:
        asked = request_of(reader, "shop:1", BUNDLE.digest)
    said = ReviewApproved(model="shop:1", bundle=BUNDLE, request=asked.ref, signatures=())
    by(chain, "grace").append(said, "model/shop:1")
    if given == "after":
        signs(chain, "lin", file())
    if given == "before":
        assert registry.release(chain, "shop", packing).model == "shop:1"
        return
    with pytest.raises(GateError, match="nobody had signed it as expert, which the stated brief wants"):
        registry.release(chain, "shop", packing)


def test_an_approval_of_before_this_rule_stands_and_none_is_written_so_after_it(chain: Chain) -> None:
    packing = pack(chain)
    with chain.reading() as reader:
        asked = request_of(reader, "shop:1", BUNDLE.digest)
    old = ReviewApproved(model="shop:1", bundle=BUNDLE, request=asked.ref)
    by(chain, "grace").append(old, "model/shop:1")
    assert registry.release(chain, "shop", packing).model == "shop:1"
    request_review(by(chain, "ada"), "other:1", [HOLDS], BUNDLE)
    approve(chain, file(signs=()), "other:1", BUNDLE.digest, by="grace")
    assert registry.current(chain, "shop").model == "shop:1"
    by(chain, "grace").append(old, "model/shop:1")
    with pytest.raises(GateError, match="nobody had signed"):
        registry.release(chain, "shop", packing)


LEAK = Gate("leak: x", 0.0, None, False, "x tells the label", acceptable=True)


@pytest.mark.parametrize("way", ["by command", "by hand"])
def test_who_reviews_in_the_file_alone_answers_for_nothing(chain: Chain, way: str) -> None:
    packing = write(chain, PACKED, {"people": people(signs=[])}, subject=AT)
    asked, sam = request_review(by(chain, "ada"), "shop:1", [LEAK], BUNDLE), by(chain, "sam")
    with_sam = file(signs=(), reviewers=("grace", "sam"))
    if way == "by command":
        with pytest.raises(AccessError, match="sam reviews in the project file alone"):
            accept(sam, with_sam, "shop:1", BUNDLE.digest, gate=LEAK.name, reason="x")
    else:
        said = FindingAccepted(model="shop:1", bundle=BUNDLE, request=asked.ref, gate=LEAK.name, reason="x")
        sam.append(said, "model/shop:1")
    assert review_of(chain, "shop:1", BUNDLE.digest).open == [LEAK]
    with pytest.raises(GateError, match="x tells the label"):
        release(chain, packing, file(signs=()))
    state(chain, signs=[], reviewers=["grace", "sam"])
    with pytest.raises(GateError, match="x tells the label"):
        release(chain, packing, file(signs=()))
    accept(sam, with_sam, "shop:1", BUNDLE.digest, gate=LEAK.name, reason="known before")
    assert release(chain, packing, file(signs=())).model == "shop:1"
    state(chain, signs=[])
    assert registry.current(chain, "shop").model == "shop:1", "a reviewer when it was said"


def test_an_answer_of_before_this_rule_counts_for_its_approval(chain: Chain) -> None:
    packing = write(chain, PACKED, {"people": people(signs=[])}, subject=AT)
    asked = request_review(by(chain, "ada"), "shop:1", [LEAK], BUNDLE)
    said = FindingAccepted(model="shop:1", bundle=BUNDLE, request=asked.ref, gate=LEAK.name, reason="x")
    by(chain, "sam").append(said, "model/shop:1")
    old = ReviewApproved(model="shop:1", bundle=BUNDLE, request=asked.ref)
    by(chain, "grace").append(old, "model/shop:1")
    assert registry.release(chain, "shop", packing).model == "shop:1"
    assert review_of(chain, "shop:1", BUNDLE.digest).open == []
