"""The kind `entities.reconciled`."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct, field

from treadle.evidence.payload import Payload
from treadle.store import Snapshot


class LevelWeights(Struct, frozen=True, kw_only=True):
    """What each level of one field said for two rows being the same, in `bits`; `m` and `u` are its probabilities among
    rows that are the same and that are not, empty where the project file states the weights."""

    field: str
    by: str
    levels: tuple[str, ...]
    bits: tuple[float, ...]
    m: tuple[float, ...] = ()
    u: tuple[float, ...] = ()


class EntitiesReconciled(Payload, frozen=True, kw_only=True):
    """Rows of several sources were found to be `entities` things, by `pairs` of rows that were compared.

    `table` has a row a thing, `members` says which rows it is of, `links` which pairs are the same, or perhaps
    (`doubts` of them), `choices` which value won where rows said unlike ones; `by_key` has a table for each source,
    with the thing that each of its keys is. `prior`: the share of all pairs that are the same; 0 where none were
    compared. `decided`: how many decisions of persons it heeds.
    """

    KIND: ClassVar[str] = "entities.reconciled"

    entity: str
    rows: int
    entities: int
    pairs: int
    doubts: int
    decided: int
    table: Snapshot
    members: Snapshot
    links: Snapshot
    choices: Snapshot
    by_key: dict[str, Snapshot] = field(default_factory=dict)
    prior: float = 0.0
    weights: tuple[LevelWeights, ...] = ()
    notes: tuple[str, ...] = ()

    def said(self) -> str:
        return (
            f"{self.rows:,} rows are {self.entities:,} of {self.entity}"
            + (f", {self.pairs:,} pairs compared" if self.pairs else "")
            + (f", {self.doubts:,} to look at" if self.doubts else "")
            + (f", {self.decided:,} decided by persons" if self.decided else "")
            + "".join(f"; {note}" for note in self.notes[:3])
            + (f"; and {len(self.notes) - 3} more to know" if len(self.notes) > 3 else "")
        )
