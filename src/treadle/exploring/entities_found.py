"""What is told of the entities of a project, as types."""

from __future__ import annotations

from msgspec import Struct


class DecisionLine(Struct, frozen=True):
    """Something that a person said of single rows, and that counts. `number`: its entry, by which it is undone.
    `waits`: it was said after the entity was reconciled last."""

    entity: str
    number: int
    said: str
    time: str
    by: str
    reason: str
    waits: bool


class EntityListed(Struct, frozen=True):
    """An entity as it was reconciled last; `version`, of its table, is None where it was not yet. `doubts`: pairs of
    rows that a person may look at."""

    entity: str
    rows: int = 0
    entities: int = 0
    pairs: int = 0
    doubts: int = 0
    version: int | None = None
    time: str = ""
    by: str = ""
    notes: tuple[str, ...] = ()


class EntitiesListed(Struct, frozen=True):
    project: str
    entities: list[EntityListed]
    decisions: list[DecisionLine]
    next: str = ""


class PairLine(Struct, frozen=True):
    """Two rows and what became of them. `rule`: exact, alike or said; `by`: the exact key, or the
    block that formed the pair; `weight` in bits, where they were weighed."""

    one: str
    other: str
    rule: str
    by: str | None
    weight: float | None
    probability: float
    done: str


class Doubts(Struct, frozen=True):
    """Pairs that are perhaps the same, or were cut, the likeliest first; `all` of them, of which some are shown."""

    entity: str
    pairs: list[PairLine]
    all: int
    version: int
    next: str = ""


class MemberLine(Struct, frozen=True):
    """A row that tells of a thing, with its values as text."""

    record: str
    values: dict[str, str | None]


class ChoiceLine(Struct, frozen=True):
    """Which value of a field won, by which rule, from which row, over which `others`."""

    field: str
    value: str | None
    record: str | None
    rule: str
    others: str | None


class EntityShown(Struct, frozen=True):
    """One thing: what was settled of it, the rows that tell of it, why these are the same, and which values won."""

    entity: str
    id: str
    version: int
    values: dict[str, str | None]
    members: list[MemberLine]
    links: list[PairLine]
    choices: list[ChoiceLine]
    decisions: list[DecisionLine]


class FieldSaid(Struct, frozen=True):
    """What one field says of a pair. `bits`: of its level; `rarity`: what an equal value says more, being rare."""

    field: str
    one: str | None
    other: str | None
    level: str
    bits: float
    rarity: float


class PairShown(Struct, frozen=True):
    """Why two rows are the same, or are not. `done`: same, perhaps, cut, split, or apart where they were no pair.

    `prior` and what `fields` say add up, in bits, to the log of the odds that they are the same, which `probability`
    is. `decisions`: of persons, about these two.
    """

    entity: str
    one: str
    other: str
    done: str
    rule: str
    prior: float
    fields: tuple[FieldSaid, ...]
    weight: float
    probability: float
    same: float
    decisions: list[DecisionLine]
    notes: list[str]


class DecisionMade(Struct, frozen=True):
    """What was said, in which entry of the record, by whom."""

    entity: str
    said: str
    number: int
    by: str
    next: str
