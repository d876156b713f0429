"""Numbers beside what is usual of them in a row's group: the price of a flat, and what flats of its town cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from msgspec import Struct

from treadle.scoring.steps.levels import level_of
from treadle.scoring.steps.step import HIGHEST, LOWEST, NAN, Append, numbers

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

How = Literal["mean", "spread", "minus", "over"]
MOST_SPREADS = 10.0
"""For models that want numbers of about unit size, nothing is told to lie further off than so many spreads."""


class Tell(Struct, frozen=True):
    """One column: of the number `name`, the `mean` of its group, or their `spread`; the number less that mean
    (`minus`), or that in spreads (`over`). `usual` is the mean and the spread of all rows."""

    name: str
    how: How
    usual: tuple[float, float]


class Grouped(Struct, frozen=True, tag="grouped"):
    """For a row's level of `group`, the mean and the spread of numbers in it, and how far the row's own lie from them.

    `values`: by level, the mean and the spread of the number of each of `tells` in turn. A level that was never seen
    has the usual of all rows, and so has a row without one, unless rows without one were seen: then these are a group
    (`null`). Where the number itself is missing or does not fit float32, `minus` and `over` are NaN. `smooth`, for
    models that take no gaps and want unit size: all is told in spreads, at most ten of them, and zero stands for what
    is missing.
    """

    ORDER: ClassVar[int] = 9
    group: str
    tells: tuple[Tell, ...]
    values: dict[str, tuple[float, ...]]
    null: tuple[float, ...]
    smooth: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.group, *(tell.name for tell in self.tells))))

    @property
    def outputs(self) -> tuple[str, ...]:
        said = {"mean": "mean of {} by {}", "spread": "spread of {} by {}", "minus": "{} less its mean by {}",
                "over": "{} in its spreads by {}"}  # fmt: skip
        return tuple(said[tell.how].format(tell.name, self.group) for tell in self.tells)

    @property
    def unseen(self) -> tuple[float, ...]:
        return tuple(each for tell in self.tells for each in tell.usual)

    def columns(self, frame: pl.DataFrame) -> list[np.ndarray[Any, Any]]:
        import numpy as np
        import polars as pl

        table = np.array([*self.values.values(), self.unseen, self.null], dtype=np.float64)
        count, text = len(self.values), frame.get_column(self.group).cast(pl.String)
        code = np.full(len(text), count, dtype=np.int64)
        if count:
            found = text.replace_strict(list(self.values), list(range(count)), default=count, return_dtype=pl.Int64)
            code = found.to_numpy().copy()
        code[text.is_null().to_numpy()] = count + 1
        return [self._column(tell, frame, *table[code, 2 * k : 2 * k + 2].T) for k, tell in enumerate(self.tells)]

    def _column(
        self, tell: Tell, frame: pl.DataFrame, mean: np.ndarray[Any, Any], spread: np.ndarray[Any, Any]
    ) -> np.ndarray[Any, Any]:
        import numpy as np

        usual, scale = tell.usual
        if tell.how == "mean":
            found = (mean - usual) / scale if self.smooth else mean
        elif tell.how == "spread":
            found = (spread - scale) / scale if self.smooth else spread
        else:
            found = numbers(frame.get_column(tell.name)) - mean
            found = found / spread if tell.how == "over" else found / scale if self.smooth else found
        if self.smooth:
            return np.where(np.isnan(found), 0.0, np.clip(found, -MOST_SPREADS, MOST_SPREADS))
        return np.where((found > LOWEST) & (found < HIGHEST), found, np.nan)

    @classmethod
    def appends(cls, steps: Sequence[Grouped], place: Mapping[str, int]) -> Append:
        each = [
            (
                place[step.group],
                step.values.get,
                step.unseen,
                step.null,
                [(2 * k, place[tell.name], tell.how, *tell.usual) for k, tell in enumerate(step.tells)],
                step.smooth,
            )
            for step in steps
        ]

        def append(values: Sequence[Any], out: list[float]) -> None:
            for index, of, unseen, null, tells, smooth in each:
                level = values[index]
                known = null if level is None else of(level_of(level), unseen)
                for at, number, how, usual, scale in tells:
                    if how == "mean":
                        found = (known[at] - usual) / scale if smooth else known[at]
                    elif how == "spread":
                        found = (known[at + 1] - scale) / scale if smooth else known[at + 1]
                    else:
                        value = values[number]
                        if value is None or not LOWEST < value < HIGHEST:
                            out.append(0.0 if smooth else NAN)
                            continue
                        found = value * 1.0 - known[at]
                        found = found / known[at + 1] if how == "over" else found / scale if smooth else found
                    if smooth:
                        found = min(max(found, -MOST_SPREADS), MOST_SPREADS)
                    elif not LOWEST < found < HIGHEST:
                        found = NAN
                    out.append(found)

        return append
