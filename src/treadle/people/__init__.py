"""People's part: who asked for a release, approved it, by which gates, answers for a finding; and what they decide.

It does not release (`treadle.models` does), and does not say who may do what else (`treadle.access` does).

Names are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.evidence.kinds.review_requested import Gate as Gate
    from treadle.people.promotion import PROMOTED as PROMOTED
    from treadle.people.promotion import OverStanding as OverStanding
    from treadle.people.promotion import promotion_gate as promotion_gate
    from treadle.people.proving import prove_by_brief as prove_by_brief
    from treadle.people.reviews import NO_SAVING as NO_SAVING
    from treadle.people.reviews import Finding as Finding
    from treadle.people.reviews import Gain as Gain
    from treadle.people.reviews import Review as Review
    from treadle.people.reviews import accept as accept
    from treadle.people.reviews import approve as approve
    from treadle.people.reviews import approve_within as approve_within
    from treadle.people.reviews import cure_of as cure_of
    from treadle.people.reviews import gates_of as gates_of
    from treadle.people.reviews import mend_of as mend_of
    from treadle.people.reviews import place_of as place_of
    from treadle.people.reviews import refusal as refusal
    from treadle.people.reviews import request_of as request_of
    from treadle.people.reviews import request_review as request_review
    from treadle.people.reviews import requesters as requesters
    from treadle.people.reviews import review_of as review_of
    from treadle.people.reviews import unmet as unmet
    from treadle.people.signatures import how_to_sign as how_to_sign
    from treadle.people.signatures import sign as sign
    from treadle.people.signatures import unsigned as unsigned
    from treadle.people.stated import POLICY as POLICY
    from treadle.people.stated import ever_named as ever_named
    from treadle.people.stated import reviewers_of as reviewers_of

_HOMES = {
    "Finding": "treadle.people.reviews",
    "Gain": "treadle.people.reviews",
    "Gate": "treadle.evidence.kinds.review_requested",
    "NO_SAVING": "treadle.people.reviews",
    "OverStanding": "treadle.people.promotion",
    "POLICY": "treadle.people.stated",
    "PROMOTED": "treadle.people.promotion",
    "Review": "treadle.people.reviews",
    "accept": "treadle.people.reviews",
    "approve": "treadle.people.reviews",
    "approve_within": "treadle.people.reviews",
    "cure_of": "treadle.people.reviews",
    "ever_named": "treadle.people.stated",
    "gates_of": "treadle.people.reviews",
    "how_to_sign": "treadle.people.signatures",
    "mend_of": "treadle.people.reviews",
    "place_of": "treadle.people.reviews",
    "promotion_gate": "treadle.people.promotion",
    "prove_by_brief": "treadle.people.proving",
    "refusal": "treadle.people.reviews",
    "request_of": "treadle.people.reviews",
    "request_review": "treadle.people.reviews",
    "requesters": "treadle.people.reviews",
    "review_of": "treadle.people.reviews",
    "reviewers_of": "treadle.people.stated",
    "sign": "treadle.people.signatures",
    "unmet": "treadle.people.reviews",
    "unsigned": "treadle.people.signatures",
}
OPEN = (
    "agreeing",
    "assigning",
    "checking",
    "checkins",
    "chosen",
    "comments",
    "concerns",
    "deciding",
    "decisions",
    "found",
    "mediating",
    "private",
    "team",
    "unnamed",
)
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
