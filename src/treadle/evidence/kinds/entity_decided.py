"""The kind `entities.decided`."""

from __future__ import annotations

from typing import ClassVar, Literal

from treadle.evidence.payload import Payload


class EntityDecided(Payload, frozen=True, kw_only=True):
    """A person said of rows of an entity that `one` and `other` are the same (`joined`), or are not (`split`), or that
    `field` of what `one` is has a `value` (`set`; None for none). Heeded when it is reconciled next.

    `undone`: the decision in the entry with the hash `undoes` counts no longer. `base`: the hash of the decision before
    it about this entity; empty for the first.
    """

    KIND: ClassVar[str] = "entities.decided"

    entity: str
    done: Literal["joined", "split", "set", "undone"]
    base: str
    one: str
    other: str = ""
    field: str = ""
    value: str | None = None
    undoes: str = ""
    reason: str = ""

    def said(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        what = {
            "joined": f"{self.one} and {self.other} are the same {self.entity}",
            "split": f"{self.one} and {self.other} are not the same {self.entity}",
            "set": f"{self.field} of the {self.entity} that {self.one} is: {self.value}",
            "undone": f"it counts no longer what was said of {self.one} among {self.entity}",
        }
        return what[self.done] + why
