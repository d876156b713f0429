"""How much two columns tell of each other: mutual information over bins, beside what chance shows.

One measure for numbers, texts, times and missing values alike. Of the entropy of the one that is told, the share that
the other takes away (Theil's uncertainty coefficient), less the bias of counting (Miller and Madow, 1955). What chance
shows is from the chi-square limit of 2n times the mutual information, by Wilson and Hilferty's approximation (1931).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from treadle.profiling.columns import as_measured, kind_of
from treadle.profiling.found import Kind, Pair, Relation

MOST_ROWS, MOST_PAIRED = 20_000, 120
"""Rows that are asked; columns that are held against each other."""
STRONG = 0.5
"""From this share on a pair is told."""
_BINS, _LEVELS = 16, 15
_Z = 1.6449  # 95 of 100
_LEAST_ENTROPY = 0.01
_MOST_TOLD = 30
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Coded:
    """A column as bins: a code a row, how many codes there are, and the entropy of them in nats."""

    name: str
    codes: Array
    bins: int
    entropy: float
    kind: Kind


def coded(frame: pl.DataFrame, name: str) -> Coded | None:
    """None of a column that has no bins: one of lists, of bytes, or that hardly varies."""
    dtype = frame.schema[name]
    kind = kind_of(dtype)
    if kind in ("nested", "bytes", "empty"):
        return None
    values = frame.select(as_measured(name, dtype)).to_series()
    if kind in ("number", "time"):
        numbers = values if kind == "number" else values.cast(pl.Datetime("us")).to_physical()
        codes = _by_size(numbers.cast(pl.Float64).fill_null(float("nan")).to_numpy())
    else:
        codes = _by_level(values.cast(pl.String))
    counts = np.bincount(codes)
    codes = np.cumsum(counts > 0)[codes] - 1  # bins that nothing is in are none
    entropy = _entropy(counts[counts > 0])
    return Coded(name, codes, int((counts > 0).sum()), entropy, kind) if entropy > _LEAST_ENTROPY else None


def _by_size(numbers: Array) -> Array:
    """Few values by themselves, many by parts of about equal counts; missing and what is not finite have the code 0."""
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return np.zeros(len(numbers), dtype=np.int64)
    cuts = np.unique(known)
    if len(cuts) > _BINS:
        cuts = np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS))
    return np.where(np.isfinite(numbers), np.searchsorted(cuts, numbers, side="left") + 1, 0)


def _by_level(values: pl.Series) -> Array:
    """The commonest texts by themselves, the others together, missing ones apart."""
    top = values.drop_nulls().value_counts(sort=True).head(_LEVELS).to_series(0)
    places = {text: n + 2 for n, text in enumerate(top)}
    return np.array([0 if text is None else places.get(text, 1) for text in values], dtype=np.int64)


def _entropy(counts: Array) -> float:
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def told_by(label: Coded, by: Coded) -> Relation:
    """Of the label's uncertainty, what the other column takes away."""
    return Relation(*_share(label, by, label.entropy))


def _share(first: Coded, second: Coded, of: float) -> tuple[float, float]:
    rows = len(first.codes)
    joint = np.bincount(first.codes * second.bins + second.codes, minlength=first.bins * second.bins)
    found = first.entropy + second.entropy - _entropy(joint[joint > 0])
    free = (first.bins - 1) * (second.bins - 1)
    bias = free / (2 * rows)
    chance = free * (1 - 2 / (9 * free) + _Z * math.sqrt(2 / (9 * free))) ** 3 / (2 * rows)
    return round(min(max(found - bias, 0.0) / of, 1.0), 4), round(max(chance - bias, 0.0) / of, 4)


def pairs(columns: Sequence[Coded], same: set[tuple[str, str]]) -> tuple[list[Pair], int]:
    """Pairs that tell much of each other, the strongest first, and how many columns were not held against others.

    `same`: pairs that are known to be equal.
    """
    asked, found = columns[:MOST_PAIRED], [Pair(a, b, True, 1.0, 0.0) for a, b in sorted(same)]
    for n, first in enumerate(asked):
        for second in asked[n + 1 :]:
            if (first.name, second.name) in same or first.kind == second.kind == "time":
                continue  # two times tell each other since both go on
            share, chance = _share(first, second, min(first.entropy, second.entropy))
            if share >= STRONG and share > 2 * chance:
                found.append(Pair(first.name, second.name, False, share, chance))
    found.sort(key=lambda pair: (not pair.equal, -pair.share, pair.first, pair.second))
    return found[:_MOST_TOLD], len(columns) - len(asked)


def alike(drawn: pl.DataFrame) -> list[tuple[str, str]]:
    """Pairs that are the same in every row that was drawn: they may be equal. What never varies is left out."""
    seen = dict[bytes, str]()
    found = list[tuple[str, str]]()
    for name, dtype in drawn.schema.items():
        if kind_of(dtype) in ("nested", "empty"):
            continue
        hashes = drawn.get_column(name).hash()
        if hashes.n_unique() < 2:
            continue
        print_of = hashes.to_numpy().tobytes()
        if print_of in seen:
            found.append((seen[print_of], name))
        seen.setdefault(print_of, name)
    return found
