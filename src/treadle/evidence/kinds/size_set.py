"""The kind `size.set`."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from treadle.evidence.payload import Payload
from treadle.figures import counted
from treadle.store import EntryRef


class Size(Struct, frozen=True):
    """What a process may use: CPUs, memory in MiB. 0 of either: as much as there is."""

    cpus: int = 0
    memory_mb: int = 0

    def said(self) -> str:
        cpus = f"{self.cpus} CPU{'' if self.cpus == 1 else 's'}" if self.cpus else "all CPUs"
        return f"{cpus} and {f'{self.memory_mb:,} MiB' if self.memory_mb else 'all memory'}"


class SizeSet(Payload, frozen=True, kw_only=True):
    """From now on runs are held to `size`, where `was` held before. `peak_mb`, `cpus`: measured over `runs`, which led
    to it; `undoes`: the entry whose size is taken back."""

    KIND: ClassVar[str] = "size.set"
    FACT: ClassVar[bool] = True

    size: Size
    was: Size
    peak_mb: float = 0.0
    cpus: float = 0.0
    runs: int = 0
    undoes: EntryRef | None = None

    def said(self) -> str:
        why = "undone" if self.undoes is not None else f"by the peaks of {counted(self.runs, 'run')}"
        return f"runs are held to {self.size.said()}, where it was {self.was.said()}; {why}"
