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
from msgspec.structs import replace

from treadle.scoring.quantiles import of_levels

Array = np.ndarray[Any, Any]
HIGHEST_POWER = 80.0
"""Of e, in a count: more is no count of anything, and would not fit float32."""


class Calibrator(Struct, frozen=True):
    """`identity` (regression): the value itself, plus b. `sigmoid`: 1 / (1 + exp(-(a x + b))). `isotonic`: lines
    between the knots (x, y), constant outside them. `exponential` (counts): exp(a x + b). `softmax` (several classes):
    the share of exp(a x_k + offsets_k) in their sum. `rearranged` (quantiles): of each level x_k + offsets_k, put in
    order where they cross (Chernozhukov, Fernández-Val and Galichon 2010, "Quantile and probability curves without
    crossing").

    >>> Calibrator("sigmoid").scalar(0.0)
    0.5
    """

    kind: Literal["identity", "sigmoid", "isotonic", "exponential", "softmax", "rearranged"] = "sigmoid"
    a: float = 1.0
    b: float = 0.0
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    """Of quantiles: how much lies below each."""
    least: tuple[float, ...] = ()
    """Of several classes: least_k of the whole is k's whatever the margins say, and only the rest is shared by them;
    empty: all of it is."""

    @property
    def outputs(self) -> int:
        """Margins of a row."""
        return len(self.offsets) or 1

    def shifted(self, by: float) -> Calibrator:
        """Of margins that are smaller by so much, in the label's own unit: those of labels that were centred."""
        if not by:
            return self
        assert self.kind in ("identity", "rearranged"), f"margins of {self.kind} are no labels"
        return replace(self, b=self.b + by, offsets=tuple(offset + by for offset in self.offsets))

    def scale(self, largest: float, spread: float) -> float:
        """What a difference between predictions is small or large beside: of probabilities one; of amounts the largest
        of them, or a hundred times how far they lie apart where that is less. Counts are exponentials of what float32
        rounds, so that theirs is as large as they are, however near to each other they lie.
        """
        if self.kind in ("identity", "rearranged"):
            return min(largest, 100 * spread) if spread > 0 else largest
        return largest if self.kind == "exponential" else max(1.0, largest)

    @property
    def several(self) -> bool:
        """Whether a row is told by several numbers, though it may be one: classes, or quantiles."""
        return self.kind in ("softmax", "rearranged")

    def each(self) -> Callable[[list[float]], tuple[float, ...]]:
        """The numbers that are told of one row, from its margins: `classes`, or quantiles in their order."""
        if self.kind == "softmax":
            return self.classes()
        offsets = self.offsets
        return lambda margins: tuple(sorted([m + b for m, b in zip(margins, offsets, strict=True)]))

    def classes(self) -> Callable[[list[float]], tuple[float, ...]]:
        """The probability of each class from the margins of one row."""
        a, offsets, exp, least = self.a, self.offsets, math.exp, self.least
        rest = self._rest

        def softmax(margins: list[float]) -> tuple[float, ...]:
            z = [a * m + b for m, b in zip(margins, offsets, strict=True)]
            top = max(z)
            parts = [exp(value - top) for value in z]
            total = sum(parts)
            if least:
                return tuple([floor + rest * (part / total) for floor, part in zip(least, parts, strict=True)])
            return tuple([part / total for part in parts])

        return softmax

    @property
    def _rest(self) -> float:
        """What is left to be shared by the margins."""
        return 1.0 - sum(self.least)

    def scalar(self, margin: float) -> float:
        """One margin."""
        return self.function()(margin)

    def function(self) -> Callable[[float], float]:
        """`scalar` with its look-ups done beforehand."""
        if self.kind == "identity":
            middle = self.b
            return (lambda margin: margin + middle) if middle else float
        if self.kind == "exponential":
            slope, offset = self.a, self.b
            return lambda margin: math.exp(min(slope * margin + offset, HIGHEST_POWER))
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
        """Many rows of margins, [rows] or [rows, outputs]: float64 [rows], or [rows, classes] of several classes."""
        m = np.asarray(margins, dtype=np.float64)
        if self.kind == "softmax":
            z = self.a * m + np.array(self.offsets)
            parts = np.exp(z - z.max(axis=1, keepdims=True))
            shares: Array = parts / parts.sum(axis=1, keepdims=True)
            return np.array(self.least) + self._rest * shares if self.least else shares
        if self.kind == "rearranged":
            return of_levels(np.sort(m + np.array(self.offsets), axis=1), self.levels)
        m = m[:, 0] if m.ndim > 1 else m
        if self.kind == "exponential":
            powers: Array = np.exp(np.minimum(self.a * m + self.b, HIGHEST_POWER))
            return powers
        if self.kind == "identity":
            return m + self.b if self.b else m
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
