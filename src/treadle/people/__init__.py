"""People's part: who asked for a release, approved it, by which gates, answers for a finding; and what they decide.

It does not release (`treadle.models` does), and does not say who may do what else (`treadle.access` does).
"""

from treadle.evidence.kinds.review_requested import Gate
from treadle.people.promotion import PROMOTED, OverStanding, promotion_gate
from treadle.people.reviews import (
    NO_SAVING,
    POLICY,
    Finding,
    Gain,
    Review,
    accept,
    approve,
    approve_within,
    cure_of,
    gates_of,
    mend_of,
    place_of,
    refusal,
    request_of,
    request_review,
    requesters,
    review_of,
    unmet,
)
from treadle.people.signatures import how_to_sign, sign, unsigned
from treadle.people.stated import reviewers_of

OPEN = ("deciding", "decisions", "team")
__all__ = [
    "NO_SAVING",
    "POLICY",
    "PROMOTED",
    "Finding",
    "Gain",
    "Gate",
    "OverStanding",
    "Review",
    "accept",
    "approve",
    "approve_within",
    "cure_of",
    "gates_of",
    "how_to_sign",
    "mend_of",
    "place_of",
    "promotion_gate",
    "refusal",
    "request_of",
    "request_review",
    "requesters",
    "review_of",
    "reviewers_of",
    "sign",
    "unmet",
    "unsigned",
]
