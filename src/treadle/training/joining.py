"""Several encoders of the same raw features as one, so that a record is encoded once for all members of a blend."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np

from treadle.scoring.encoder import Encoder
from treadle.scoring.steps import FittedStep
from treadle.training.families import Array

K = TypeVar("K", bound=Hashable)


def join(encoders: Mapping[K, Encoder]) -> tuple[Encoder, dict[K, Array]]:
    """One encoder with the steps of all, each once, and for each of them its columns in the output of that one."""
    steps: list[FittedStep] = []
    for encoder in encoders.values():
        steps += [step for step in encoder.steps if step not in steps]
    first = next(iter(encoders.values()))
    whole = Encoder(first.inputs, tuple(steps))
    begins, column = [], 0
    for step in whole.ordered:
        begins.append((step, column))
        column += len(step.outputs)
    columns = {}
    for name, encoder in encoders.items():
        places: list[int] = []
        for step in encoder.ordered:
            begin = next(begin for known, begin in begins if known == step)
            places += range(begin, begin + len(step.outputs))
        columns[name] = np.array(places, dtype=np.int64)
    return whole, columns
