"""What training rows looked like, feature by feature, for drift to be measured against. No row can be read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from treadle.features.plan import FeatureColumn

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

BINS = 20
SCORE_BINS = 10
"""Of scores, which come from other models than the one that is served: tenths, as PSI is read by (Siddiqi 2006)."""
MOST_LEVELS = 50
LEAST_COUNT = 5
"""A level that fewer rows had is counted among the others: it could name someone."""


class Numbers(Struct, frozen=True, tag="numbers"):
    """Counts in (edges[i], edges[i+1]]; the first bin also holds what lies below, the last what lies above.
    Times are counted by their second of the day, truth values as 0 and 1."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int


class Texts(Struct, frozen=True, tag="texts"):
    """Counts by level, the rarer ones together in `others`."""

    counts: dict[str, int]
    others: int
    missing: int


class Reference(Struct, frozen=True):
    """`features` by name over training rows; `scores` are out-of-fold predictions: for training rows, each by a
    model of as many rounds that was not fitted on it."""

    rows: int
    features: dict[str, Numbers | Texts]
    scores: Numbers


def describe(frame: pl.DataFrame, features: tuple[FeatureColumn, ...], scores: np.ndarray[Any, Any]) -> Reference:
    """The reference of `frame`, with `scores` beside it."""
    made: dict[str, Numbers | Texts] = {}
    for feature in features:
        series = frame.get_column(feature.name)
        made[feature.name] = texts(series) if feature.type == "str" else numbers(_plain(series, feature))
    return Reference(frame.height, made, score_numbers(scores))


def _plain(series: pl.Series, feature: FeatureColumn) -> np.ndarray[Any, Any]:
    import polars as pl

    if feature.type == "timestamp":
        series = series.dt.hour().cast(pl.Float64) * 3600 + series.dt.minute().cast(pl.Float64) * 60
    elif feature.type == "date":
        series = series.dt.weekday().cast(pl.Float64) - 1
    values: np.ndarray[Any, Any] = series.cast(pl.Float64).to_numpy()
    return values


def numbers(values: np.ndarray[Any, Any], bins: int = BINS) -> Numbers:
    """Counts between quantiles; a number that so many rows have as a bin should hold, or that is one of few, gets a bin
    that holds no other number of these rows."""
    import numpy as np

    known = values[np.isfinite(values)]
    if len(known) == 0:
        return Numbers((), (), len(values))
    distinct, often = np.unique(known, return_counts=True)
    few, common = len(distinct) <= bins, np.flatnonzero(often > len(known) / bins)
    edges = distinct
    if not few:
        alone = distinct[np.concatenate([common, common[common > 0] - 1])]
        edges = np.unique(np.concatenate([np.quantile(known, np.linspace(0, 1, bins + 1)), alone]))
    if few or (common < 2).any():  # the first bin holds what lies on its lower edge too
        edges = np.concatenate([[edges[0] - 0.5], edges])
    place = np.clip(np.searchsorted(edges, known, side="left") - 1, 0, len(edges) - 2)
    counts = np.bincount(place, minlength=len(edges) - 1)
    return Numbers(tuple(map(float, edges)), tuple(map(int, counts)), int(len(values) - len(known)))


def score_numbers(values: np.ndarray[Any, Any]) -> Numbers:
    """As `numbers`, in tenths, with edges half way between two scores that were seen.

    Trees and the steps of a calibration give many rows one score. On another machine, or with fewer digits, it differs
    in the last one, and must not fall into the next bin for that.
    """
    import numpy as np

    found = numbers(values, SCORE_BINS)
    if len(found.edges) < 3:
        return found
    seen, inner = np.unique(values[np.isfinite(values)]), np.array(found.edges[1:-1])
    after = np.searchsorted(seen, inner, side="right")
    between = (seen[after - 1].astype(np.float64) + seen[after]) / 2
    return Numbers((found.edges[0], *map(float, between), found.edges[-1]), found.counts, found.missing)


def texts(series: pl.Series) -> Texts:
    import polars as pl

    text = series.cast(pl.String).alias("level")
    table = text.drop_nulls().value_counts(name="n").sort(["n", "level"], descending=[True, False])
    kept = table.head(MOST_LEVELS).filter(pl.col("n") >= LEAST_COUNT)
    counts = {str(level): int(n) for level, n in kept.iter_rows()}
    missing = text.null_count()
    return Texts(counts, len(text) - missing - sum(counts.values()), missing)
