"""Steps of their own for tests of the chain: an input, and the kind that it ends in."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence import Payload, StepInput
from treadle.store import Blob, Snapshot


class Made(Payload, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "test.made"

    answer: int = 42
    blob: Blob | None = None

    def said(self) -> str:
        return f"made {self.answer}"


class Make(StepInput[Made], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = Made

    table: Snapshot = Snapshot("t", 0, "f1", 3)
    settings: dict[str, int] = {}  # noqa: RUF012
