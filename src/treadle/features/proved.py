"""What a proof of features found, as types."""

from __future__ import annotations

from msgspec import Struct


class FeatureProof(Struct, frozen=True):
    name: str
    differing: int
    max_abs_difference: float


class Differing(Struct, frozen=True):
    """One cell that differs: the example's key, and both values as they are written in Python."""

    key: str
    feature: str
    batch: str
    online: str


class Proof(Struct, frozen=True):
    """`ok`: no cell differs. `of`: the rows that there are, where they are too many to be held at once and a sample of
    them was compared, over the events of its keys; else 0."""

    rows: int
    cells: int
    differing: int
    max_abs_difference: float
    features: int
    events: int
    ok: bool
    by_feature: list[FeatureProof]
    examples: list[Differing]
    of: int = 0
