"""Free text: which of some words stand in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from treadle.scoring.steps.step import Append

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

_WORD = re.compile(r"[^\W_]+")


class Words(Struct, frozen=True, tag="words"):
    """For each of `words` one number where it stands in the text and another where it does not, as in a text that is
    missing. Words are runs of letters and digits, in any case."""

    ORDER: ClassVar[int] = 6
    name: str
    words: tuple[str, ...]
    there: tuple[float, ...]
    absent: tuple[float, ...]

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(f"{self.name}:{word}" for word in self.words)

    def told(self, text: str | None) -> tuple[float, ...]:
        """One text."""
        if not text:
            return self.absent
        found = words_of(text)
        return tuple(
            [yes if word in found else no for word, yes, no in zip(self.words, self.there, self.absent, strict=True)]
        )

    def columns(self, frame: pl.DataFrame) -> list[np.ndarray[Any, Any]]:
        import numpy as np
        import polars as pl

        # Python's own letters and case for a table as for one row: those of Polars differ in a few alphabets
        texts = frame.get_column(self.name).cast(pl.String).to_list()
        each = {text: self.told(text) for text in dict.fromkeys(texts)}
        rows = np.array([each[text] for text in texts], dtype=np.float64).reshape(len(texts), len(self.words))
        return list(rows.T)

    @classmethod
    def appends(cls, steps: Sequence[Words], place: Mapping[str, int]) -> Append:
        told = [(place[step.name], step.told) for step in steps]

        def append(values: Sequence[Any], out: list[float]) -> None:
            for index, of in told:
                out += of(values[index])

        return append


def words_of(text: str) -> set[str]:
    """Its words, each once.

    >>> sorted(words_of("Call me LATER, order_17 is late: straße"))
    ['17', 'call', 'is', 'late', 'later', 'me', 'order', 'straße']
    """
    return set(_WORD.findall(text.lower()))
