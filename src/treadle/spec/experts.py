"""How what domain experts say of single rows is settled, and whose word is taken: a part of the project file."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from treadle.spec.names import Actor, Identifier
from treadle.spec.part import Part

Rule = Literal["majority", "unanimous", "trusted", "newest"]


class Experts(Part, Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """`rule`: which label stands where labellers differ: what more than half say, what all say, what the first of
    `trusted` says who spoke, or what was said last. Where it settles nothing the first of `trusted` does, and else a
    third person is asked."""

    rule: Rule = "majority"
    trusted: tuple[Actor, ...] = ()
    """Whose word counts most comes first."""
    least: Annotated[int, Meta(ge=1, le=50)] = 1
    """So many persons must have spoken of a row before anything stands."""
    roles: tuple[Identifier, ...] = ()
    """Who may label: those who hold one of these roles; if none is named, everybody whom the brief names."""
