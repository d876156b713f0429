"""The kind `skill.rated`."""

from __future__ import annotations

from typing import ClassVar, Literal

from treadle.evidence.payload import Payload

Level = Literal["new", "some", "well", "teaches"]


class SkillRated(Payload, frozen=True, kw_only=True):
    """How well the actor says that they know an area. The newest of a person and an area counts."""

    KIND: ClassVar[str] = "skill.rated"
    FACT: ClassVar[bool] = True

    area: str
    level: Level

    def said(self) -> str:
        return f"knows {self.area}: {self.level}"
