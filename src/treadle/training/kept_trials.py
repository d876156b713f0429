"""A trial as it is kept while a search goes on, with all that the search needs to go on from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from treadle.training.folds import Tried
from treadle.training.model import Trial


class KeptTrial(Struct, frozen=True):
    """`settings` are what was drawn for it, by name; `margins` are float32, or float64 where `double`,
    little-endian, empty where it was given up or is not among the best, which alone can become members of a blend."""

    settings: dict[str, bool | int | float | str | None]
    trial: Trial
    rounds: int = 0
    grown: tuple[int, ...] = ()
    margins: bytes = b""
    double: bool = False

    @classmethod
    def of(cls, settings: Mapping[str, Any], trial: Trial, tried: Tried | None) -> KeptTrial:
        if tried is None or tried.margins is None:
            return cls(dict(settings), trial)
        double = tried.margins.dtype == np.float64
        margins = tried.margins.astype("<f8" if double else "<f4").tobytes()
        return cls(dict(settings), trial, tried.rounds, tried.grown, margins, double)

    def tried(self, outputs: int) -> Tried:
        """What its folds came to."""
        kind = "<f8" if self.double else "<f4"
        margins = np.frombuffer(self.margins, kind).reshape(-1, outputs) if self.margins else None
        return Tried(self.trial.fold_scores, self.rounds, margins, self.grown, self.trial.state == "failed")


class Standing(Struct, frozen=True):
    """How a search stands after a trial, which is `kept` with all that it came to.

    `best`: the best whole trial so far; `seconds_left`: infinite without a limit; `trials_left`: None where seconds
    alone, or want of gain, end it.
    """

    kept: KeptTrial
    best: Trial | None
    metric: str
    seconds_left: float
    trials_left: int | None


OnTrial = Callable[[Standing], None]


def pack_trials(kept: list[KeptTrial]) -> bytes:
    return msgspec.msgpack.encode(kept)


def unpack_trials(content: bytes) -> list[KeptTrial]:
    """
    Raises:
        msgspec.DecodeError: what is no such list.
    """
    return msgspec.msgpack.decode(content, type=list[KeptTrial])
