"""What all networks have: layers, a loss, and epochs that held rows, seconds or settings end.

Four tasks have their canonical link, so the slope of the loss by a margin is what is predicted less what was so. Of
quantiles it is the share by which the label counts as below, less the level: one network tells all levels (as Rodrigues
and Pereira 2020, "Beyond expectation: deep joint mean and quantile regression"), and the task puts them in order where
they cross.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Protocol, Self

import numpy as np
from threadpoolctl import threadpool_limits

from treadle.scoring.quantiles import pinball
from treadle.training.families.family import Array, Estimator, Family, Graph, Kept, Params, Sample, product

MOST_EPOCHS = 100
PATIENCE = 10
LEAST_STEPS = 20
"""In an epoch: few rows come in smaller batches."""
MOST_NUMBERS = 20_000_000
"""In all the networks of one growth that `cut` may ask for; larger ones have only each second of them, each fourth …"""
KINK = 0.02
"""In standard deviations of the label: within it the pinball loss bends from one slope to the other, so that the last
steps to a quantile get shorter (Fernandes, Guerre and Horta 2021, with a uniform kernel)."""
EXPONENT = 20.0
"""A count beyond e to this, as a slope, would end all learning."""
MEAN = 0.02
"""Of each step, in the running mean of the layers, which wanders less than they do."""
Layers = tuple[Array, ...]
"""Float32. The last are weights and offsets in turn; what stands before them, the network knows."""


@dataclass(frozen=True, eq=False)
class Network(ABC):
    """Layers of `max(0, x @ weights + offsets)`; the last without the bound."""

    layers: Layers
    rounds: int
    losses: tuple[float, ...] = ()
    """Of the training rows, as each epoch went by."""
    held_losses: tuple[float, ...] = ()
    """Of the rows that it was stopped by, after each epoch."""
    earlier: dict[int, Layers] = field(default_factory=dict)
    """The network after each epoch, or after some."""

    @property
    def most_rounds(self) -> int:
        return max(self.rounds, *self.earlier) if self.earlier else self.rounds

    @property
    def dense(self) -> Layers:
        """Weights and offsets in turn."""
        return self.layers

    def cut(self, rounds: int) -> Self:
        """After so many epochs; where that network was not kept, after the last before it that was."""
        near = max((epoch for epoch in self.earlier if epoch <= rounds), default=0)
        return replace(self, layers=self.earlier[near], rounds=rounds) if near else self

    @abstractmethod
    def margin(self, x: Array) -> Array: ...

    @abstractmethod
    def kept(self) -> Kept: ...

    @abstractmethod
    def graph(self, graph: Graph, columns: Array, weight: float) -> str: ...

    def through(self, x: Array) -> Array:
        """What the dense layers make of `x`."""
        with threadpool_limits(1):
            out, layers = x.astype(np.float64), self.dense
            for place in range(0, len(layers), 2):
                out = out @ layers[place].astype(np.float64) + layers[place + 1].astype(np.float64)
                out = np.maximum(out, 0.0) if place + 2 < len(layers) else out
        return out

    def graph_through(self, graph: Graph, out: str, weight: float) -> str:
        """The dense layers in `graph`, of what `out` names."""
        layers = self.dense
        for place in range(0, len(layers), 2):
            last = place + 2 == len(layers)
            parts = [part * np.float32(weight) if last else part for part in layers[place : place + 2]]
            names = [graph.constant(what, part) for what, part in zip(("weights", "offsets"), parts, strict=True)]
            out = graph.add("Gemm", [out, *names], "layer")
            out = out if last else graph.add("Relu", [out], "bounded")
        return out


class Learner(Protocol):
    """A network while it is learned, in units in which labels are near zero."""

    def epoch(self, number: int, end: float) -> float:
        """Once through all rows, or until `end`; their mean loss on the way."""

    def averaged(self) -> Layers:
        """The running mean of the layers."""

    def margin(self, layers: Layers, x: Array) -> Array:
        """What a network of these layers says."""


class NetworkFamily(Family):
    """A family of networks: what of its learning does not depend on what they look like."""

    quantiles = True

    @abstractmethod
    def started(self, rows: Sample, near_zero: Array, params: Params, weight: Array) -> Network:
        """The network before its first epoch. `near_zero`: the labels, in the units in which it learns."""

    @abstractmethod
    def learning(
        self, first: Any, rows: Sample, truth: Array, weight: Array, params: Params
    ) -> AbstractContextManager[Learner]:
        """The learner that goes on from the network `first`."""

    def fit(
        self,
        rows: Sample,
        params: Params,
        valid: Sample | None = None,
        *,
        metric: str = "",
        seconds: float = float("inf"),
    ) -> Estimator:
        return self._learned(None, rows, params, valid, seconds)

    def resume(
        self,
        start: Estimator,
        rows: Sample,
        params: Params,
        valid: Sample | None = None,
        *,
        seconds: float = float("inf"),
    ) -> Estimator:
        """Go on from `start`, fitted or restored: its epochs and losses count on. `params` say how long in all."""
        assert isinstance(start, Network)
        return self._learned(start, rows, params, valid, seconds)

    def _learned(
        self, start: Network | None, rows: Sample, params: Params, valid: Sample | None, seconds: float
    ) -> Network:
        end = time.monotonic() + seconds
        weight = product(rows.weight, self.weights(rows.y, params, rows.weight))
        weight = np.ones(len(rows)) if weight is None else weight / weight.mean()
        middle, scale = self._units(rows.y, weight)
        near_zero = (rows.y - middle) / scale
        truth, unit = self._truth(near_zero), scale if self.task.levels else scale**2
        if start is None:
            first = self.started(rows, near_zero, params, weight)
        else:
            first = replace(start, layers=_scaled(start.layers, -middle / scale, 1 / scale))
        done = 0 if start is None else start.rounds
        losses, held_losses = ([], []) if start is None else (list(start.losses[:done]), list(start.held_losses[:done]))
        kept: dict[int, Layers] = {}
        best, step = done, 1
        most = int(params.get("rounds", 30)) if valid is None else MOST_EPOCHS
        with self.learning(first, rows, truth, weight, params) as learner:
            for epoch in range(done, max(most, done + 1)):
                losses.append(learner.epoch(epoch, end) * unit)
                told = _scaled(learner.averaged(), middle, scale)
                if epoch % step == 0 or epoch + 1 == most:
                    kept[epoch + 1] = told
                    if sum(part.size for part in told) * len(kept) > MOST_NUMBERS:
                        step *= 2
                        kept = {k: v for k, v in kept.items() if (k - 1) % step == 0 or k == epoch + 1}
                if valid is not None:
                    held_losses.append(self._loss(learner.margin(told, valid.x), valid))
                    best = int(np.argmin(held_losses)) + 1
                    if epoch + 1 - best >= PATIENCE:
                        break
                if time.monotonic() > end:
                    break
        rounds = best if valid is not None else epoch + 1
        near = max((k for k in kept if k <= rounds), default=min(kept))
        went = {"losses": tuple(losses), "held_losses": tuple(held_losses)}
        return replace(first, layers=kept[near], rounds=near, earlier=kept, **went)

    def _units(self, y: Array, weight: Array) -> tuple[float, float]:
        """Labels are learned as (y - middle) / scale, where any number can be one."""
        if self.task.plain().kind != "identity" and not self.task.levels:
            return 0.0, 1.0
        middle = float(np.average(y, weights=weight))
        return middle, float(np.sqrt(np.average((y - middle) ** 2, weights=weight))) or 1.0

    def _truth(self, y: Array) -> Array:
        """What margins are to predict, float32 [rows, outputs]."""
        if self.task.levels or self.task.outputs == 1:
            return np.repeat(y[:, None].astype(np.float32), self.task.outputs, axis=1)
        truth: Array = np.eye(self.task.outputs, dtype=np.float32)[y.astype(np.int64)]
        return truth

    def _first(self, columns: int, y: Array, params: Params, weight: Array) -> Layers:
        """Weights by chance (He et al. 2015); the last layer begins with what is known without any feature."""
        random = np.random.default_rng(self.seed)
        widths = [columns, *[int(params["width"])] * int(params["depth"]), self.task.outputs]
        layers: list[Array] = []
        for a, b in pairwise(widths):
            layers += [(random.normal(size=(a, b)) * math.sqrt(2 / a)).astype(np.float32), np.zeros(b, np.float32)]
        layers[-2] *= np.float32(0.1)
        if self.task.plain().kind != "identity":
            layers[-1] += self.base(y, weight).astype(np.float32)
        return tuple(layers)

    def dense_numbers(self, columns: int, params: Params) -> int:
        """Weights and offsets of the dense layers, where the first reads so many columns."""
        widths = [columns, *[int(params["width"])] * int(params["depth"]), self.task.outputs]
        return sum((a + 1) * b for a, b in pairwise(widths))

    def _told(self, margins: Array) -> Array:
        if self.task.levels:
            return margins
        if self.task.outputs > 1:
            odds = np.exp(margins - margins.max(axis=1, keepdims=True))
            shares: Array = odds / odds.sum(axis=1, keepdims=True)
            return shares
        if self.task.plain().kind == "identity":
            return margins
        within = np.clip(margins, -EXPONENT, EXPONENT)
        told: Array = np.exp(within) if self.task.plain().kind == "exponential" else 1 / (1 + np.exp(-within))
        return told

    def _each_loss(self, margins: Array, told: Array, truth: Array) -> Array:
        """Of each row; of quantiles the mean over them, and the kink as it is."""
        if self.task.levels:
            each: Array = pinball(truth[:, 0], told, self.task.levels).mean(axis=1)
            return each
        if self.task.outputs > 1:
            loss: Array = -(np.log(np.maximum(told, 1e-30)) * truth).sum(axis=1)
        elif self.task.plain().kind == "identity":
            loss = 0.5 * ((told - truth) ** 2)[:, 0]
        elif self.task.plain().kind == "exponential":
            loss = (told - truth * margins)[:, 0]
        else:
            loss = (np.logaddexp(0, margins) - truth * margins)[:, 0]
        return loss

    def _loss(self, margins: Array, held: Sample) -> float:
        each = self._each_loss(margins, self._told(margins), self._truth(held.y).astype(np.float64))
        return float(np.average(each, weights=held.weight))


def batch_of(rows: int, most: int) -> int:
    """Rows of a step."""
    return max(8, min(most, rows // LEAST_STEPS))


def _scaled(layers: Layers, middle: float, scale: float) -> Layers:
    """The last layer times `scale`, plus `middle`."""
    *before, weights, offsets = layers
    wide = offsets.astype(np.float64) * scale + middle
    return (*before, (weights * np.float32(scale)), wide.astype(np.float32))
