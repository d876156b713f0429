"""How many different values a column has, in 16,384 small counters and one pass: HyperLogLog.

Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm",
2007; few values are counted by the empty counters, as there. The standard error is 1.04 / sqrt(16384), 0.8 %. What
Polars has for it is off by a tenth in its streaming engine.
"""

from __future__ import annotations

import math

import polars as pl

_BITS = 14
_COUNTERS = 1 << _BITS
_ALPHA = 0.7213 / (1 + 1.079 / _COUNTERS)


def hyperloglog(column: pl.LazyFrame) -> int:
    """About how many values the one column of `column` has, without missing ones."""
    name = column.collect_schema().names()[0]
    hashes = column.select(pl.col(name).drop_nulls().hash())
    first = (pl.col(name) // _COUNTERS).bitwise_leading_zeros().cast(pl.Int32) - _BITS + 1
    counters = (
        hashes.select((pl.col(name) % _COUNTERS).alias("counter"), first.alias("first"))
        .group_by("counter")
        .agg(pl.col("first").max())
        .collect(engine="streaming")
    )
    empty = _COUNTERS - counters.height
    found = _ALPHA * _COUNTERS**2 / (float((2.0 ** -counters["first"].cast(pl.Float64)).sum()) + empty)
    if found <= 2.5 * _COUNTERS and empty:
        found = _COUNTERS * math.log(_COUNTERS / empty)
    return round(found)
