"""What is known of each run: a line of JSON each, appended; the newest line of a key counts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

State = Literal["done", "failed", "out of memory", "out of time", "not supported"]


class Key(NamedTuple):
    set_name: str
    system: str
    seed: int
    budget_s: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One system on one set. `score` is None where it gave no predictions that count; `seconds` are those of the fit.

    `quiet`: the machine did nothing else worth a word; only such results may be told as measured.
    """

    set_name: str
    system: str
    seed: int
    budget_s: float
    kind: str
    state: State
    metric: str
    score: float | None = None
    seconds: float | None = None
    over_budget: bool = False
    whole_s: float = 0.0
    one_row_ms: float | None = None
    size_bytes: int | None = None
    peak_bytes: int = 0
    train_rows: int = 0
    held_out_rows: int = 0
    quiet: bool = False
    others: float = 0.0
    version: str = ""
    note: str = ""
    at: str = ""

    @property
    def key(self) -> Key:
        return Key(self.set_name, self.system, self.seed, self.budget_s)


class ResultsFile:
    """Appends are whole lines; a line torn by a crash is left out when read, and what follows starts on its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[Key, Result]:
        found: dict[Key, Result] = {}
        if self.path.exists():
            for line in self.path.read_bytes().splitlines():
                try:
                    result = msgspec.json.decode(line, type=Result)
                except msgspec.DecodeError:
                    continue
                found[result.key] = result
        return found

    def append(self, result: Result) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = not self.path.exists() or self.path.read_bytes()[-1:] in (b"", b"\n")
        with self.path.open("ab") as file:
            file.write((b"" if whole else b"\n") + msgspec.json.encode(result) + b"\n")
