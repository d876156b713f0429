"""The kind `milestone.set`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload


class MilestoneSet(Payload, frozen=True, kw_only=True):
    """What is to be reached by a day, told by measurable gates. The newest of a name counts; `dropped`: it is none."""

    KIND: ClassVar[str] = "milestone.set"
    FACT: ClassVar[bool] = True

    milestone: str
    text: str
    by: str
    gates: tuple[str, ...]
    because: str = ""
    dropped: bool = False

    def said(self) -> str:
        why = f", because {self.because}" if self.because else ""
        if self.dropped:
            return f"milestone {self.milestone} is dropped{why}"
        return f"{self.text or self.milestone} by {self.by}: {' and '.join(self.gates)}{why}"

    def searched(self, asked: bytes) -> str:
        return f"{self.milestone} {self.text}"
