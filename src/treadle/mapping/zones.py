"""Times of a clock without a zone as instants: by a rule where it showed one twice, or never."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import polars as pl

_WHICH = {"refuse": "null", "earlier": "earliest", "later": "latest"}


@dataclass(frozen=True, eq=False)
class Placed:
    """Instants, in UTC; missing where the clock showed a time twice and no rule says which, or never."""

    instants: pl.Series
    twice: pl.Series
    never: pl.Series

    @property
    def unplaced(self) -> pl.Series:
        return self.twice | self.never


def placed(values: pl.Series, zone: str, ambiguous: Literal["refuse", "earlier", "later"]) -> Placed:
    """`values`: times as a clock in `zone` showed them, held as if they were UTC."""
    local = values.dt.replace_time_zone(None)
    known = local.is_not_null()
    which = _WHICH[ambiguous]
    found = local.dt.replace_time_zone(zone, ambiguous=which, non_existent="null")  # type: ignore[arg-type]
    some = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    never = known & some.is_null()
    return Placed(found.dt.convert_time_zone("UTC"), known & found.is_null() & ~never, never)
