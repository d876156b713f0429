"""Text: each level as fixed numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from treadle.scoring.steps.step import Append

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

CROSS = "\x1f"
"""Between the levels of several features that are told as one."""


class Levels(Struct, frozen=True, tag="levels"):
    """Each level of a text feature as fixed numbers: one-hot, a rate and a share, or a code.

    With `others`, the levels are those of `name` and the others together; then none of them may be missing.
    """

    ORDER: ClassVar[int] = 1
    name: str
    outputs: tuple[str, ...]
    values: dict[str, tuple[float, ...]]
    unseen: tuple[float, ...]
    null: tuple[float, ...]
    others: tuple[str, ...] = ()
    codes: bool = False
    """Whether the number of a level is its name, and no amount: for families that take categories as they are."""

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.name, *self.others)

    def columns(self, frame: pl.DataFrame) -> list[np.ndarray[Any, Any]]:
        import numpy as np
        import polars as pl

        # Each level gets a row of one small table; the last two rows are the unseen and the missing.
        table = np.array([*self.values.values(), self.unseen, self.null], dtype=np.float64)
        count = len(self.values)
        text = levels_of(frame, self.reads)
        code = np.full(len(text), count, dtype=np.int64)
        if count:
            found = text.replace_strict(list(self.values), list(range(count)), default=count, return_dtype=pl.Int64)
            code = found.to_numpy().copy()
        code[text.is_null().to_numpy()] = count + 1
        return [table[code, output] for output in range(len(self.outputs))]

    @classmethod
    def appends(cls, steps: Sequence[Levels], place: Mapping[str, int]) -> Append:
        single = [(place[s.name], s.values.get, s.unseen, s.null) for s in steps if not s.others]
        several = [(tuple(place[name] for name in s.reads), s.values.get, s.unseen, s.null) for s in steps if s.others]
        in_order = [bool(s.others) for s in steps]
        if not several:

            def append(values: Sequence[Any], out: list[float]) -> None:
                for index, level, unseen, null in single:
                    value = values[index]
                    out += null if value is None else level(value, unseen)

            return append
        alone, together = iter(single), iter(several)
        steps_in_order: list[Any] = [next(together) if crossed else next(alone) for crossed in in_order]

        def append_all(values: Sequence[Any], out: list[float]) -> None:
            for index, level, unseen, null in steps_in_order:
                if type(index) is int:
                    value = values[index]
                else:
                    told = [values[i] for i in index]
                    value = None if None in told else CROSS.join(map(level_of, told))
                out += null if value is None else level(value, unseen)

        return append_all


def level_of(value: Any) -> str:
    """A level as Polars casts texts, truth values and whole numbers to one."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def levels_of(frame: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    """The level of each row, of one feature or of several together."""
    import polars as pl

    if len(names) == 1:
        return frame.get_column(names[0]).cast(pl.String)
    whole = pl.concat_str([pl.col(name).cast(pl.String) for name in names], separator=CROSS)
    return frame.select(whole.alias("level")).get_column("level")
