"""Fit the ranks of a number: what fills it, and which score of a normal distribution each part of its range comes to.

Networks learn slowly of numbers with long tails; of their ranks they learn as well whatever the tails are (the
"quantile transformation" of Gorishniy et al. 2021, "Revisiting deep learning models for tabular data").
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from treadle.scoring.steps import HIGHEST, LOWEST, Ranked, Scaled
from treadle.training.prepare.scaled import fit_scaled

if TYPE_CHECKING:
    import polars as pl

KNOTS = 129
FEW_VALUES = 32
"""A number of so few values is scaled: its ranks would only pull apart what stands together."""
OUTERMOST = 0.001
"""The share of rows beyond which ranks are no further told apart."""


def fit_ranked(name: str, series: pl.Series) -> Ranked | Scaled:
    import polars as pl

    values = series.cast(pl.Float64).to_numpy()
    known = values[(values > LOWEST) & (values < HIGHEST)]
    # as float32, which models see: of numbers that lie closer no line between two would be finite
    if len(np.unique(known.astype(np.float32))) <= FEW_VALUES:
        return fit_scaled(name, series)
    # evenly between the knots that differ: of a number that is mostly zero, the others would lie on top of one another
    knots = np.unique(np.quantile(known, np.linspace(0.0, 1.0, KNOTS)).astype(np.float32)).astype(np.float64)
    shares = np.clip(np.linspace(0.0, 1.0, len(knots)), OUTERMOST, 1 - OUTERMOST)
    scores = map(NormalDist().inv_cdf, map(float, shares))
    return Ranked(
        name,
        fill=float(np.median(known)),
        knots=tuple(map(float, knots)),
        scores=tuple(scores),
        indicator=len(known) < len(values),
    )
