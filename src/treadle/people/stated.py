"""Who may approve a bundle, by the briefs that the record has of its project."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.people.reviews import POLICY


class _People(Struct, frozen=True):
    reviewers: tuple[str, ...] = ()
    approve: str = "reviewer"


class _Brief(Struct, frozen=True):
    people: _People = _People()


class _Input(Struct, frozen=True):
    """Where people stand in a step's input: beside the rest in a packing's, in the brief in that of a brief stated."""

    people: _People = _People()
    brief: _Brief = _Brief()


def reviewers_of(reader: Reader, packing: Entry[ModelPacked], approval: Entry[ReviewApproved]) -> set[str]:
    """Who may approve, by the brief that the bundle was packed with, or one that was stated before the approval."""
    stated = reader.find(BriefStated, subject=packing.subject, status="done", newest_first=True)
    before = [entry for entry in stated if entry.seq < approval.seq][:1]
    out: set[str] = set()
    for entry in (packing, *before):
        try:
            found = msgspec.json.decode(entry.input, type=_Input)
        except msgspec.MsgspecError:
            continue
        for people in (found.people, found.brief.people):
            out |= {*people.reviewers, *([POLICY] if people.approve == "policy" else [])}
    return out
