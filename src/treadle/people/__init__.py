"""People's part in a release: who asked for it, who approved it, by which gates."""

from treadle.people.reviews import Gate, Review, approve, gates_of, request_review, review_of

__all__ = ["Gate", "Review", "approve", "gates_of", "request_review", "review_of"]
