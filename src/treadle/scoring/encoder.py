"""The fitted encoder as data: raw feature values in, float32 numbers out.

It runs in two ways with equal results. `Encoder.matrix` takes a frame and works by column; `Encoder.row_source`
gives a function for one record in plain Python, for serving. Both compute in float64, in the same order of
operations, and round once to float32 at the end, so that batch and online agree to the last bit.

Needs NumPy only; `matrix` calls methods of the Polars frame that it is handed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import groupby
from operator import or_
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from treadle.scoring.steps import FittedStep, known

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Step = FittedStep
else:
    # what a bundle may hold: msgspec tells them apart by their tags
    Step = reduce(or_, known().values())

RowFunction = Callable[[Sequence[Any]], list[float]]


class Encoder(Struct, frozen=True):
    """Fitted on training rows only (`treadle.training.prepare`), then constant.

    `inputs` are the raw features in the order `row` takes them; the outputs come in the order of `ordered`.

    >>> from treadle.scoring.steps import Levels, Number
    >>> encoder = Encoder(inputs=("a", "b"), steps=(Number("a"), Levels("b", ("b:x",), {"x": (1.0,)}, (0.0,), (0.0,))))
    >>> encoder.row((3, "x")), encoder.row((None, "never seen"))
    ([3.0, 1.0], [nan, 0.0])
    """

    inputs: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def ordered(self) -> tuple[Step, ...]:
        """The steps by kind; plain numbers first, so that one row is encoded in one pass over them."""
        return tuple(sorted(self.steps, key=lambda step: step.ORDER))

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(name for step in self.ordered for name in step.outputs)

    @property
    def width(self) -> int:
        return len(self.outputs)

    def groups(self) -> dict[str, list[int]]:
        """The output columns that each raw feature has a part in."""
        groups: dict[str, list[int]] = {}
        column = 0
        for step in self.ordered:
            for _ in step.outputs:
                for name in step.reads:
                    groups.setdefault(name, []).append(column)
                column += 1
        return groups

    def matrix(self, frame: pl.DataFrame) -> np.ndarray[Any, Any]:
        """All rows of `frame` (its columns found by name) as float32 [rows, width]."""
        import numpy as np

        out = np.empty((frame.height, self.width), dtype=np.float32)
        column = 0
        for step in self.ordered:
            for values in step.columns(frame):
                out[:, column] = values
                column += 1
        return out

    def row(self, values: Sequence[Any]) -> list[float]:
        """One record. Build the function once with `row_source` where it is called often."""
        return self.row_source()(values)

    def row_source(self) -> RowFunction:
        """A function from raw values, in the order of `inputs`, to `width` floats. Safe to call from many threads."""
        place = {name: index for index, name in enumerate(self.inputs)}
        kinds: list[tuple[Any, list[Step]]] = [(kind, list(steps)) for kind, steps in groupby(self.ordered, type)]
        appends = [kind.appends(steps, place) for kind, steps in kinds]

        def encode(values: Sequence[Any]) -> list[float]:
            out: list[float] = []
            for append in appends:
                append(values, out)
            return out

        return encode
