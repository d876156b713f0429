"""A multilayer perceptron, learned by Adam with decoupled decay (Kingma and Ba 2015; Loshchilov and Hutter 2019).

Four tasks have their canonical link, so the slope of the loss by a margin is what is predicted less what was so. Of
quantiles it is the share by which the label counts as below, less the level: one network tells all levels (as Rodrigues
and Pereira 2020, "Beyond expectation: deep joint mean and quantile regression"), and the task puts them in order where
they cross.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from treadle.scoring.quantiles import pinball
from treadle.training.families.family import Array, Estimator, Family, Graph, Kept, Params, Sample, product

MOST_EPOCHS = 100
PATIENCE = 10
BATCH = 256
LEAST_STEPS = 20
"""In an epoch: few rows come in smaller batches."""
MOST_NUMBERS = 20_000_000
"""In all the networks of one growth that `cut` may ask for; larger ones have only each second of them, each fourth …"""
KINK = 0.02
"""In standard deviations of the label: within it the pinball loss bends from one slope to the other, so that the last
steps to a quantile get shorter (Fernandes, Guerre and Horta 2021, with a uniform kernel)."""
_EXPONENT = 20.0
"""A count beyond e to this, as a slope, would end all learning."""
Layers = tuple[Array, ...]
"""Weights and offsets in turn, float32."""


@dataclass(frozen=True, eq=False)
class Perceptron:
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

    def cut(self, rounds: int) -> Perceptron:
        """After so many epochs; where that network was not kept, after the last before it that was."""
        near = max((epoch for epoch in self.earlier if epoch <= rounds), default=0)
        return replace(self, layers=self.earlier[near], rounds=rounds) if near else self

    def margin(self, x: Array) -> Array:
        with threadpool_limits(1):
            out = x.astype(np.float64)
            for place in range(0, len(self.layers), 2):
                out = out @ self.layers[place].astype(np.float64) + self.layers[place + 1].astype(np.float64)
                out = np.maximum(out, 0.0) if place + 2 < len(self.layers) else out
        return out

    def kept(self) -> Kept:
        packed = {f"layer{i}": part.astype("<f4").tobytes() for i, part in enumerate(self.layers)}
        shapes = {f"layer{i}": part.shape for i, part in enumerate(self.layers)}
        numbers = {"losses": self.losses, "held_losses": self.held_losses}
        return Kept(MLPFamily.name, numbers=numbers, packed=packed, shapes=shapes, rounds=self.rounds)

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        out = graph.columns(columns)
        for place in range(0, len(self.layers), 2):
            last = place + 2 == len(self.layers)
            parts = [part * np.float32(weight) if last else part for part in self.layers[place : place + 2]]
            names = [graph.constant(what, part) for what, part in zip(("weights", "offsets"), parts, strict=True)]
            out = graph.add("Gemm", [out, *names], "layer")
            out = out if last else graph.add("Relu", [out], "bounded")
        return out


class MLPFamily(Family):
    """Search: width and depth, the rate, decay, and the share of a layer that is left out in learning."""

    name = "mlp"
    encoding = "linear"
    quantiles = True
    why = "smooth interactions; unlike trees in its errors"

    def defaults(self) -> Params:
        return {
            "width": 128,
            "depth": 2,
            "rate": 0.002,
            "decay": 0.02,
            "dropout": 0.1,
            "numbers": "ranked",
            "even_classes": False,
        }

    def suggest(self, trial: Any) -> Params:
        even = trial.suggest_categorical("mlp.even_classes", [False, True]) if self.weight_option else False
        return {
            "width": trial.suggest_int("mlp.width", 16, 256, log=True),
            "depth": trial.suggest_int("mlp.depth", 1, 3),
            "rate": trial.suggest_float("mlp.rate", 3e-4, 1e-2, log=True),
            "decay": trial.suggest_float("mlp.decay", 1e-4, 1.0, log=True),
            "dropout": trial.suggest_float("mlp.dropout", 0.0, 0.5),
            "numbers": trial.suggest_categorical("mlp.numbers", ["ranked", "scaled"]),
            "even_classes": even,
        }

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
        assert isinstance(start, Perceptron)
        return self._learned(start, rows, params, valid, seconds)

    def restore(self, kept: Kept) -> Estimator:
        parts = [
            np.frombuffer(kept.packed[f"layer{i}"], dtype="<f4").astype(np.float32).reshape(kept.shapes[f"layer{i}"])
            for i in range(len(kept.packed))
        ]
        return Perceptron(tuple(parts), kept.rounds, kept.numbers["losses"], kept.numbers["held_losses"])

    def _learned(
        self, start: Perceptron | None, rows: Sample, params: Params, valid: Sample | None, seconds: float
    ) -> Perceptron:
        end = time.monotonic() + seconds
        weight = product(rows.weight, self.weights(rows.y, params))
        weight = np.ones(len(rows)) if weight is None else weight / weight.mean()
        middle, scale = self._units(rows.y, weight)
        near_zero = (rows.y - middle) / scale
        truth, unit = self._truth(near_zero), scale if self.task.levels else scale**2
        if start is None:
            layers = self._first(rows.x.shape[1], near_zero, params, weight)
        else:
            layers = _scaled(start.layers, -middle / scale, 1 / scale)
        done = 0 if start is None else start.rounds
        losses, held_losses = ([], []) if start is None else (list(start.losses[:done]), list(start.held_losses[:done]))
        learner = _Adam(layers, float(params["rate"]), float(params["decay"]))
        kept: dict[int, Layers] = {}
        best, step = done, 1
        most = int(params.get("rounds", 30)) if valid is None else MOST_EPOCHS
        with threadpool_limits(1):  # small products: sharing them takes longer, and would change the last bits
            for epoch in range(done, max(most, done + 1)):
                random = np.random.default_rng((self.seed, epoch))
                losses.append(self._epoch(learner, rows.x, truth, weight, random, params, end) * unit)
                told = _scaled(learner.averaged(), middle, scale)
                if epoch % step == 0 or epoch + 1 == most:
                    kept[epoch + 1] = told
                    if sum(part.size for part in told) * len(kept) > MOST_NUMBERS:
                        step *= 2
                        kept = {k: v for k, v in kept.items() if (k - 1) % step == 0 or k == epoch + 1}
                if valid is not None:
                    held_losses.append(self._loss(told, valid))
                    best = int(np.argmin(held_losses)) + 1
                    if epoch + 1 - best >= PATIENCE:
                        break
                if time.monotonic() > end:
                    break
        rounds = best if valid is not None else epoch + 1
        near = max((k for k in kept if k <= rounds), default=min(kept))
        return Perceptron(kept[near], near, tuple(losses), tuple(held_losses), kept)

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

    def _epoch(
        self, learner: _Adam, x: Array, truth: Array, weight: Array, random: Any, params: Params, end: float
    ) -> float:
        """Once through all rows in an order drawn by chance; their mean loss on the way."""
        order = random.permutation(len(x))
        size = max(8, min(BATCH, len(x) // LEAST_STEPS))
        total, dropout = 0.0, float(params["dropout"])
        for number, begin in enumerate(range(0, len(x), size)):
            some = order[begin : begin + size]
            loss = self._step(learner, x[some], truth[some], weight[some, None].astype(np.float32), random, dropout)
            total += loss * len(some)
            if number % 64 == 63 and time.monotonic() > end:
                return total / (begin + len(some))
        return total / len(x)

    def _step(self, learner: _Adam, x: Array, truth: Array, weight: Array, random: Any, dropout: float) -> float:
        layers, inputs, masks = learner.layers, [x], []
        for place in range(0, len(layers) - 2, 2):
            out = inputs[-1] @ layers[place] + layers[place + 1]
            mask = (out > 0).astype(np.float32)
            if dropout > 0:
                mask *= (random.random(out.shape, dtype=np.float32) >= dropout) / np.float32(1 - dropout)
            masks.append(mask)
            inputs.append(out * mask)
        margins = inputs[-1] @ layers[-2] + layers[-1]
        told = self._told(margins)
        slope = self._slope(told, truth) * weight / np.float32(len(x))
        slopes: list[Array] = []
        for place in range(len(layers) - 2, -1, -2):
            slopes = [inputs[place // 2].T @ slope, slope.sum(axis=0), *slopes]
            if place:
                slope = (slope @ layers[place].T) * masks[place // 2 - 1]
        learner.step(slopes)
        return float((self._each_loss(margins, told, truth) * weight[:, 0]).mean())

    def _slope(self, told: Array, truth: Array) -> Array:
        """Of the loss by each margin."""
        if not self.task.levels:
            slope: Array = told - truth
            return slope
        below = np.clip((told - truth + np.float32(KINK)) / np.float32(2 * KINK), 0, 1)
        bent: Array = (below - np.asarray(self.task.levels, dtype=np.float32)) / np.float32(self.task.outputs)
        return bent

    def _told(self, margins: Array) -> Array:
        if self.task.levels:
            return margins
        if self.task.outputs > 1:
            odds = np.exp(margins - margins.max(axis=1, keepdims=True))
            shares: Array = odds / odds.sum(axis=1, keepdims=True)
            return shares
        if self.task.plain().kind == "identity":
            return margins
        within = np.clip(margins, -_EXPONENT, _EXPONENT)
        told: Array = np.exp(within) if self.task.plain().kind == "exponential" else 1 / (1 + np.exp(-within))
        return told

    def _each_loss(self, margins: Array, told: Array, truth: Array) -> Array:
        """Of each row: what `_slope` is the slope of; of quantiles the mean over them, and the kink as it is."""
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

    def _loss(self, layers: Layers, held: Sample) -> float:
        margins = Perceptron(layers, 0).margin(held.x)
        each = self._each_loss(margins, self._told(margins), self._truth(held.y).astype(np.float64))
        return float(np.average(each, weights=held.weight))


class _Adam:
    """Moments of the slopes, and a running mean of the layers, which wanders less than they do."""

    def __init__(self, layers: Layers, rate: float, decay: float) -> None:
        self.layers = [part.copy() for part in layers]
        self.rate, self.decay, self.steps = rate, decay, 0
        self._first, self._second, self._mean = ([np.zeros_like(part) for part in layers] for _ in range(3))

    def step(self, slopes: list[Array]) -> None:
        self.steps += 1
        first, second = 1 - 0.9**self.steps, 1 - 0.999**self.steps
        for i, slope in enumerate(slopes):
            self._first[i] += np.float32(0.1) * (slope - self._first[i])
            self._second[i] += np.float32(0.001) * (slope * slope - self._second[i])
            move = (self._first[i] / first) / (np.sqrt(self._second[i] / second) + np.float32(1e-8))
            if slope.ndim > 1:
                move += np.float32(self.decay) * self.layers[i]
            self.layers[i] -= np.float32(self.rate) * move.astype(np.float32)
            self._mean[i] += np.float32(0.02) * (self.layers[i] - self._mean[i])

    def averaged(self) -> Layers:
        whole = np.float32(1 - 0.98**self.steps)
        return tuple(mean / whole for mean in self._mean)


def _scaled(layers: Layers, middle: float, scale: float) -> Layers:
    """The last layer times `scale`, plus `middle`."""
    *before, weights, offsets = layers
    wide = offsets.astype(np.float64) * scale + middle
    return (*before, (weights * np.float32(scale)), wide.astype(np.float32))
