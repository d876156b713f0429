"""One thing that several sources tell of: which of their rows are the same, and which of their values counts.

Names here are the names in `treadle.yaml`, under `entities`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from treadle.spec.names import FeatureName, Identifier
from treadle.spec.part import Part, Positive, Some

Share = Annotated[float, Meta(gt=0, lt=1)]
By = Literal["exact", "jaro_winkler", "levenshtein", "token_set", "numeric", "date"]


class Comparing(Part, frozen=True, kw_only=True):
    """How two values of a field are compared: in levels, from equal values down.

    `at`: of texts the likeness, from 0 to 1, that each level below equal needs, falling. `within`: of numbers and
    times how far apart two may be at each level, rising; times in lengths such as `2d`. `weights`: how many bits each
    level says for the rows being the same, from equal values down to the last level, which is all others; if not
    given, they are learned from the rows. `frequencies`: an equal value that is rare says more.
    """

    by: By
    at: tuple[Share, ...] = ()
    within: tuple[Positive | Some, ...] = ()
    weights: tuple[Annotated[float, Meta(ge=-60, le=60)], ...] = ()
    frequencies: bool = True


class Matching(Part, frozen=True, kw_only=True):
    """When two rows are the same thing.

    `exact`: fields, or lists of fields, in which equal rows are the same, whatever else they say. `compare`: fields
    that speak for or against it; `block`: which pairs are compared at all, those that are equal in one of these: an
    expression over the fields, or a list of several, all of which count. `same`: the probability from which two rows
    are taken for one thing; `perhaps`: from which they are shown to a person, and below which no two rows of one thing
    may be. `largest_block`: of more rows that are equal so, each is compared with a few neighbours only.
    """

    exact: tuple[Some | tuple[Some, ...], ...] = ()
    compare: dict[FeatureName, Comparing | By] = field(default_factory=dict)
    block: tuple[Some | tuple[Some, ...], ...] = ()
    same: Share = 0.9
    perhaps: Share = 0.5
    largest_block: Annotated[int, Meta(ge=2, le=100_000)] = 500


class Settling(Part, frozen=True, kw_only=True):
    """The value with the newest time in the field `newest`; or of the first of the sources `trusted` that has one."""

    newest: FeatureName | None = None
    trusted: tuple[Identifier, ...] = ()


Rule = Literal["majority", "longest"] | Settling


class Entity(Part, frozen=True, kw_only=True):
    """A table with a row for each thing, such as a customer, that rows of several sources tell of.

    `from`: for each source an expression over its columns for each field. `settle`: which of unlike values of a field
    counts; `otherwise`: of fields that are not named there. `distinct`: sources in which nothing comes twice. `known`:
    the field with the time from which a row counts in lookups.
    """

    sources: Annotated[dict[Identifier, dict[FeatureName, Some]], Meta(min_length=1)] = field(name="from")
    match: Matching
    settle: dict[FeatureName, Rule] = field(default_factory=dict)
    otherwise: Rule = "majority"
    distinct: tuple[Identifier, ...] = ()
    known: FeatureName | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """All that some source has, each once, in the order of the file."""
        return tuple(dict.fromkeys(name for columns in self.sources.values() for name in columns))
