"""From a model's raw margin to a probability that can be believed, as data.

A margin is the log-odds before the sigmoid, or the value of a regression. `treadle.training` fits the maps.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from msgspec import Struct

Array = np.ndarray[Any, Any]


class Calibrator(Struct, frozen=True):
    """`identity` (regression): the value itself. `sigmoid`: 1 / (1 + exp(-(a x + b))). `isotonic`: lines between
    the knots (x, y), constant outside them.

    >>> Calibrator("sigmoid").scalar(0.0)
    0.5
    """

    kind: Literal["identity", "sigmoid", "isotonic"] = "sigmoid"
    a: float = 1.0
    b: float = 0.0
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def scalar(self, margin: float) -> float:
        """One margin."""
        return self.function()(margin)

    def function(self) -> Callable[[float], float]:
        """`scalar` with its look-ups done beforehand."""
        if self.kind == "identity":
            return float
        if self.kind == "sigmoid":
            a, b, exp = self.a, self.b, math.exp

            def sigmoid(margin: float) -> float:
                z = a * margin + b
                if z >= 0:
                    return 1.0 / (1.0 + exp(-z))
                small = exp(z) if z > -700.0 else 0.0
                return small / (1.0 + small)

            return sigmoid
        x, y, last, find = self.x, self.y, len(self.x) - 1, bisect.bisect_right

        def isotonic(margin: float) -> float:
            right = find(x, margin)
            if right == 0:
                return y[0]
            if right > last:
                return y[last]
            left = right - 1
            return y[left] + (y[right] - y[left]) * ((margin - x[left]) / (x[right] - x[left]))

        return isotonic

    def vector(self, margins: Array) -> Array:
        """Many margins, float64."""
        m = np.asarray(margins, dtype=np.float64)
        if self.kind == "identity":
            return m
        if self.kind == "sigmoid":
            return sigmoid(self.a * m + self.b)
        x, y = np.array(self.x), np.array(self.y)
        right = np.searchsorted(x, m, side="right")
        left, inner = np.clip(right - 1, 0, len(x) - 1), np.clip(right, 0, len(x) - 1)
        width = np.where(inner > left, x[inner] - x[left], 1.0)
        line = y[left] + (y[inner] - y[left]) * ((m - x[left]) / width)
        bounded: Array = np.where(right == 0, y[0], np.where(right >= len(x), y[-1], line))
        return bounded


def sigmoid(z: Array) -> Array:
    small = np.exp(-np.abs(z))
    bounded: Array = np.where(z >= 0, 1.0 / (1.0 + small), small / (1.0 + small))
    return bounded
