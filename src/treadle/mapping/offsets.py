"""Texts of times that say their distance from UTC, as RFC 3339 writes it: `2024-05-01T10:00:00+02:00`, or with `Z`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_OFFSET = r"^(.*:\d\d(?:\.\d+)?) *(?:([Zz]|UTC)|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?) *$"
"""After a time of day: of a date alone `-05` would be a day."""


@dataclass(frozen=True, eq=False)
class Offsets:
    """`local`: the texts without it. `minutes`: how far each is ahead of UTC; missing of one that does not say."""

    local: pl.Series
    minutes: pl.Series

    def taken_off(self, times: pl.Series) -> pl.Series:
        """Instants, of times that were read as if they were UTC."""
        import polars as pl

        ahead = (self.minutes.fill_null(0).cast(pl.Int64) * 60_000_000).cast(pl.Duration("us"))
        return (times - ahead).alias(times.name)


def offsets_of(values: pl.Series) -> Offsets | None:
    """None where none of the values is a text that says its offset.

    >>> import polars as pl
    >>> found = offsets_of(pl.Series(["2024-05-01T10:00:00+02:00", "2024-05-01 10:00Z", "2024-05-01"]))
    >>> found.local.to_list(), found.minutes.to_list()
    (['2024-05-01T10:00:00', '2024-05-01 10:00', '2024-05-01'], [120, 0, None])
    """
    import polars as pl

    if values.dtype != pl.String:
        return None
    parts = values.str.extract_groups(_OFFSET).struct.unnest()
    names = ("time", "utc", "sign", "hours", "minutes")
    found = parts.rename(dict(zip(parts.columns, names, strict=True)))
    if found.get_column("time").null_count() == len(values):
        return None
    minutes = pl.col("hours").cast(pl.Int32) * 60 + pl.col("minutes").cast(pl.Int32).fill_null(0)
    signed = pl.when(pl.col("sign") == "-").then(-minutes).otherwise(minutes)
    ahead = pl.when(pl.col("utc").is_not_null()).then(0).otherwise(signed)
    told = found.select(local=pl.coalesce("time", pl.lit(values)), ahead=ahead)
    return Offsets(told.get_column("local").alias(values.name), told.get_column("ahead"))
