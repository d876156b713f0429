"""Fit an encoder on training rows, and encode those rows without showing a row its own label.

Text becomes the smoothed rate of the label among the rows of the same level (Micci-Barreca 2001, "A preprocessing
scheme for high-cardinality categorical attributes"). Encoding the training rows with that table would leak each
row's label into its own features. So training rows see only others: with time, the rows whose label was known
before theirs was predicted; without time, the other folds. Later rows use the table of all training rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from treadle.scoring.encoder import HIGHEST, LOWEST, Clock, Encoder, Levels, Number, Scaled, Step
from treadle.training.table import FeatureColumn, TrainingTable

if TYPE_CHECKING:
    import polars as pl

Array = np.ndarray[Any, Any]
SMOOTHING = 20.0
"""How many rows of the overall rate are mixed into the rate of each level."""
MOST_LEVELS = 5000
"""Rarer levels than this many are left out of the table, and count as unseen."""
ONE_HOT_LEVELS = 30
OUT_OF_FOLD = 5


def fit_encoder(
    table: TrainingTable, *, linear: bool, features: tuple[FeatureColumn, ...] | None = None, seed: int = 7
) -> tuple[Encoder, Array]:
    """The encoder fitted on the rows of `table`, and those rows encoded, float32 [rows, width].

    `linear`: missing numbers get the median and an indicator, numbers are clipped to the 0.1 % and 99.9 % quantiles
    and standardised, text of up to 30 levels is one-hot. Otherwise (trees): numbers as they are, text as a
    rate and a share. `features`: a subset to use; None means all.
    """
    chosen = table.features if features is None else features
    steps: list[Step] = []
    own_rates: dict[str, Array] = {}
    for feature in chosen:
        series = table.frame.get_column(feature.name)
        if feature.type in ("date", "timestamp"):
            steps.append(Clock(feature.name, date=feature.type == "date", smooth=linear))
        elif feature.type == "str":
            step, rates = _fit_levels(feature.name, series, table, linear, seed)
            steps.append(step)
            if rates is not None:
                own_rates[f"{feature.name}:rate"] = rates
        else:
            steps.append(_fit_scaled(feature.name, series) if linear else Number(feature.name))
    encoder = Encoder(inputs=table.names, steps=tuple(steps))
    matrix = encoder.matrix(table.frame)
    for name, rates in own_rates.items():
        matrix[:, encoder.outputs.index(name)] = rates
    return encoder, matrix


def _fit_scaled(name: str, series: pl.Series) -> Scaled:
    import polars as pl

    values = series.cast(pl.Float64).to_numpy()
    known = values[(values > LOWEST) & (values < HIGHEST)]
    if len(known) == 0:
        return Scaled(name, fill=0.0, low=0.0, high=0.0, mean=0.0, scale=1.0, indicator=True)
    low, fill, high = (float(q) for q in np.quantile(known, (0.001, 0.5, 0.999)))
    filled = np.clip(np.where((values > LOWEST) & (values < HIGHEST), values, fill), low, high)
    scale = float(filled.std())
    return Scaled(
        name,
        fill=fill,
        low=low,
        high=high,
        mean=float(filled.mean()),
        scale=scale if scale > 1e-12 else 1.0,
        indicator=len(known) < len(values),
    )


def _fit_levels(
    name: str, series: pl.Series, table: TrainingTable, linear: bool, seed: int
) -> tuple[Levels, Array | None]:
    import polars as pl

    text = series.cast(pl.String)
    counts = text.drop_nulls().value_counts(sort=True, name="n")
    # value_counts breaks ties in no fixed order; names make the choice, and so the fit, repeatable.
    ordered = counts.sort(["n", text.name], descending=[True, False])
    levels: list[str] = ordered.get_column(text.name).to_list()
    if linear and len(levels) <= ONE_HOT_LEVELS:
        width = len(levels)
        hot = {level: tuple(float(i == j) for j in range(width)) for i, level in enumerate(levels)}
        none = (0.0,) * width
        missing = tuple(f"{name}={level}" for level in levels)
        return Levels(
            name, (*missing, f"{name}:missing"), {k: (*v, 0.0) for k, v in hot.items()}, (*none, 0.0), (*none, 1.0)
        ), None
    levels = levels[:MOST_LEVELS]
    code = np.full(len(text), len(levels), dtype=np.int64)
    if levels:
        code = (
            text.replace_strict(levels, list(range(len(levels))), default=len(levels), return_dtype=pl.Int64)
            .to_numpy()
            .copy()
        )
    code[text.is_null().to_numpy()] = len(levels) + 1
    return _rates(name, levels, code, table, linear, seed)


def _rates(
    name: str, levels: list[str], code: Array, table: TrainingTable, linear: bool, seed: int
) -> tuple[Levels, Array]:
    size = len(levels) + 2
    prior = float(table.label.mean())
    count = np.bincount(code, minlength=size).astype(np.float64)
    total = np.bincount(code, weights=table.label, minlength=size)
    rate = (total + SMOOTHING * prior) / (count + SMOOTHING)
    rate[len(levels)] = prior  # unseen levels know nothing, whatever the rare ones showed
    share = count / max(len(code), 1)
    own = _others_rates(code, table, prior, seed)
    mean, scale = 0.0, 1.0
    share_mean, share_scale = 0.0, 1.0
    if linear:
        mean, scale = float(rate[code].mean()), float(rate[code].std()) or 1.0
        share_mean, share_scale = float(share[code].mean()), float(share[code].std()) or 1.0
    rate, share, own = (rate - mean) / scale, (share - share_mean) / share_scale, (own - mean) / scale
    pairs = [(float(r), float(s)) for r, s in zip(rate, share, strict=True)]
    step = Levels(name, (f"{name}:rate", f"{name}:share"), dict(zip(levels, pairs, strict=False)), pairs[-2], pairs[-1])
    return step, own


def _others_rates(code: Array, table: TrainingTable, prior: float, seed: int) -> Array:
    """For each row the smoothed rate of its level over rows that may inform it."""
    if table.at is None:
        fold = np.random.default_rng(seed).integers(0, OUT_OF_FOLD, len(code))
        count, total = np.zeros(len(code)), np.zeros(len(code))
        for k in range(OUT_OF_FOLD):
            here, there = fold == k, fold != k
            count[here] = np.bincount(code[there], minlength=code.max() + 1)[code[here]]
            total[here] = np.bincount(code[there], weights=table.label[there], minlength=code.max() + 1)[code[here]]
        without_time: Array = (total + SMOOTHING * prior) / (count + SMOOTHING)
        return without_time
    known = table.at if table.known is None else table.known
    # Times as ranks, so that (level, time) fits one sortable integer.
    times, rank = np.unique(np.concatenate([table.at, known]), return_inverse=True)
    span = len(times) + 1
    asked = code * span + rank[: len(code)]
    told = code * span + rank[len(code) :]
    order = np.argsort(told, kind="stable")
    told = told[order]
    summed = np.concatenate([[0.0], np.cumsum(table.label[order])])
    first = np.searchsorted(told, code * span, side="left")
    last = np.searchsorted(told, asked, side="left")  # strictly before the prediction is made
    rates: Array = (summed[last] - summed[first] + SMOOTHING * prior) / (last - first + SMOOTHING)
    return rates
