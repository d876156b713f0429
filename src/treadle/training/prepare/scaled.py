"""Fit the scaling of a number: what fills it, where it is clipped, its mean and spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from treadle.scoring.steps import HIGHEST, LOWEST, Scaled

if TYPE_CHECKING:
    import polars as pl


def fit_scaled(name: str, series: pl.Series) -> Scaled:
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
