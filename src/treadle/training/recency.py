"""Rows that weigh less the older they are: where the world moves, what happened lately tells more of what comes.

The weight halves with each `share` of the time that the rows span (exponential forgetting). It is a setting like any
other: forward folds say whether it helps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from treadle.training.families import Array, Sample
from treadle.training.families.family import product
from treadle.training.splits import Split
from treadle.training.table import TrainingTable

RECENT = {"all": None, "half": 0.5, "fifth": 0.2}
"""What the setting `recent` can be: all rows alike, or half the weight with each such share of the span."""


def days_ahead(table: TrainingTable, split: Split) -> float | None:
    """The days that the training rows span, where the model is tested on what comes after them."""
    if table.at is None or split.by != "time":
        return None
    times = table.at[split.train]
    return float((times.max() - times.min()) / np.timedelta64(1, "D"))


def recency(at: Array, share: float) -> Array:
    """Weights [rows], whose mean is 1, of rows that happened `at` (datetime64)."""
    age = (at.max() - at) / np.timedelta64(1, "us")
    span = float(age.max())
    weight: Array = 0.5 ** (age / (share * span)) if span else np.ones(len(at))
    even: Array = weight / weight.mean()
    return even


def weighted_by_age(sample: Sample, at: Array | None, params: Mapping[str, Any]) -> Sample:
    """`sample`, whose rows happened `at`, with weights as `params["recent"]` asks for."""
    share = RECENT[params.get("recent", "all")]
    if share is None or at is None:
        return sample
    return replace(sample, weight=product(sample.weight, recency(at, share)))
