"""Guess what a table is that nothing is predicted from: what names its rows, and when they happened."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from treadle.drafting.endless import endless
from treadle.drafting.keyed import key_of
from treadle.errors import DataError

if TYPE_CHECKING:
    import polars as pl

ALONE = (
    "nothing is predicted: the project takes data, holds them to a contract and keeps a record; with --target "
    "COLUMN it would be one that predicts"
)


class Tabled:
    """What a table seems to be, for a project of data alone. `said` holds a sentence for each guess.

    key: the columns that are declared to name its rows.

    Raises:
        DataError: it has no rows.
    """

    target = ""

    def __init__(
        self,
        frame: pl.DataFrame,
        name: str,
        owner: str,
        *,
        place: str = "--from",
        key: tuple[str, ...] = (),
    ) -> None:
        from treadle import expr

        self.frame, self.name, self.owner = frame, name, owner
        self.types = expr.column_types(frame.schema)
        if frame.height == 0:
            raise DataError("the table has no rows", where=place, mend="give a table with rows")
        counts = Counter(self.types.values())
        self.said = ["types: " + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))]
        nested = [name for name in frame.columns if name not in self.types]
        if nested:
            self.said.append(f"nested, and kept as they are: {', '.join(nested)}")
        self.endless, aside = endless(frame, self.types, "")
        if self.endless:
            aside = f"no rule for {', '.join(self.endless)}: many of their values are infinite"
        self.said += [aside] if aside else []
        self.key = key_of(frame, self.types, (), self.said, key, name)
        self.time = self._time()
        self.said.append(ALONE)

    def _time(self) -> str | None:
        """The one column of times without a gap; of several nobody can tell which."""
        times = [
            name
            for name, kind in self.types.items()
            if kind == "timestamp" and self.frame.get_column(name).null_count() == 0
        ]
        if len(times) > 1:
            self.said.append(
                f"no time: {', '.join(times)} are times; write happened: with the one at which a row happened"
            )
        if len(times) != 1:
            return None
        self.said.append(f"time: rows happened at {times[0]}, the one column of times without a gap")
        return times[0]
