"""What a project is for, and who answers for it: decision, metrics, mistakes, limits, charter, people."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from treadle.spec.choices import Metric
from treadle.spec.names import Actor, Identifier
from treadle.spec.part import Cost, Part, Positive, Some


class _Part(Part, Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A part of the project file; `Struct` is said once more for tools that know what its defaults are."""


class Duty(_Part, frozen=True, kw_only=True):
    """Who answers for a thing (one person), who does it, who is asked before, and who is told after."""

    accountable: Actor | tuple[Actor, ...]
    """One person; a list of several is told apart as what it is: an error."""
    responsible: tuple[Actor, ...] = ()
    consulted: tuple[Actor, ...] = ()
    informed: tuple[Actor, ...] = ()


class Charter(_Part, frozen=True, kw_only=True):
    """What the team is there for, and who answers for what. Each member confirms it in their own name."""

    vision: str = ""
    objectives: tuple[Some, ...] = ()
    duties: dict[Some, Duty] = {}


class People(_Part, frozen=True, kw_only=True):
    """Who owns the project and who may approve a release; names are local to the project."""

    owner: Actor
    reviewers: tuple[Actor, ...] = ()
    roles: dict[Identifier, tuple[Actor, ...]] = {}
    required: tuple[Identifier, ...] = ()
    """Roles without which nothing is released: somebody must hold each."""
    signs: tuple[Identifier, ...] = ()
    """Roles of which somebody must have signed a version before it may be approved."""
    approve: Literal["reviewer", "policy"] = "reviewer"
    """`policy`: a release is approved by the policy's own act when every gate of the brief holds."""

    @property
    def everybody(self) -> tuple[str, ...]:
        """Whom it names, each once, the owner first."""
        held = (name for names in self.roles.values() for name in names)
        return tuple(dict.fromkeys((self.owner, *self.reviewers, *held)))


class Mistakes(_Part, frozen=True, kw_only=True):
    """What each kind of error costs, in `currency`, per decision; one of them may be nothing, not both.

    Of several classes: `costs`, by the class that is true, then by the one that is decided on; `unlisted`: of a mistake
    that is not listed there; without it, all of them must be. To be right costs nothing, unless it is listed.
    """

    missed: Cost = 1.0
    false_alarm: Cost = 1.0
    costs: dict[Some, dict[Some, Cost]] = {}
    unlisted: Cost | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", title="currency")] = "USD"


class Limits(_Part, frozen=True, kw_only=True):
    p99_ms: Positive | None = None
    bundle_mb: Positive | None = None
    train_cost: Positive | None = None
    train_minutes: Positive | None = None
    """Of the search and the fits after it, which end in time for it; reading, judging and packing are not counted."""


class Brief(_Part, frozen=True, kw_only=True):
    """What decision is made, how good is good enough, what errors cost, who decides."""

    decision: str = ""
    good_enough: dict[Metric, float] = {}
    must_have: dict[Metric, float] = {}
    mistakes: Mistakes = Mistakes()
    limits: Limits = Limits()
    promote: Literal["better", "not_worse"] = "better"
    """What a model must be, to take the place of the version that its endpoint serves: surely better; or not surely
    worse, for those who retrain often on purpose."""
    charter: Charter = Charter()
    people: People
