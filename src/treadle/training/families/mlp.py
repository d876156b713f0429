"""A multilayer perceptron, learned by Adam with decoupled decay (Kingma and Ba 2015; Loshchilov and Hutter 2019)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from treadle.training.families.family import UNKNOWN, Array, Estimator, Footprint, Graph, Inputs, Kept, Params, Sample
from treadle.training.families.network import KINK, MEAN, Layers, Learner, Network, NetworkFamily, batch_of

BATCH = 256


class Perceptron(Network):
    """A network that reads its columns as they are."""

    def margin(self, x: Array) -> Array:
        return self.through(x)

    def kept(self) -> Kept:
        packed = {f"layer{i}": part.astype("<f4").tobytes() for i, part in enumerate(self.layers)}
        shapes = {f"layer{i}": part.shape for i, part in enumerate(self.layers)}
        numbers = {"losses": self.losses, "held_losses": self.held_losses}
        return Kept(MLPFamily.name, numbers=numbers, packed=packed, shapes=shapes, rounds=self.rounds)

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        return self.graph_through(graph, graph.columns(columns), weight)


class MLPFamily(NetworkFamily):
    """Search: width and depth, the rate, decay, and the share of a layer that is left out in learning."""

    name = "mlp"
    encoding = "linear"
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

    def restore(self, kept: Kept) -> Estimator:
        parts = [
            np.frombuffer(kept.packed[f"layer{i}"], dtype="<f4").astype(np.float32).reshape(kept.shapes[f"layer{i}"])
            for i in range(len(kept.packed))
        ]
        return Perceptron(tuple(parts), kept.rounds, kept.numbers["losses"], kept.numbers["held_losses"])

    def footprint(self, params: Params, rows: int, inputs: Inputs = UNKNOWN) -> Footprint:
        return Footprint.of_numbers(self.dense_numbers(inputs.width, params))

    def started(self, rows: Sample, near_zero: Array, params: Params, weight: Array) -> Network:
        return Perceptron(self._first(rows.x.shape[1], near_zero, params, weight), 0)

    @contextmanager
    def learning(self, first: Any, rows: Sample, truth: Array, weight: Array, params: Params) -> Iterator[Learner]:
        adam = _Adam(first.layers, float(params["rate"]), float(params["decay"]))
        with threadpool_limits(1):  # small products: sharing them takes longer, and would change the last bits
            yield _Learning(self, adam, rows.x, truth, weight, params)

    def _epoch(
        self, learner: _Adam, x: Array, truth: Array, weight: Array, random: Any, params: Params, end: float
    ) -> float:
        """Once through all rows in an order drawn by chance; their mean loss on the way."""
        order = random.permutation(len(x))
        size = batch_of(len(x), BATCH)
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


@dataclass(frozen=True, eq=False)
class _Learning:
    """A perceptron while it is learned, on these rows."""

    family: MLPFamily
    adam: _Adam
    x: Array
    truth: Array
    weight: Array
    params: Params

    def epoch(self, number: int, end: float) -> float:
        random = np.random.default_rng((self.family.seed, number))
        return self.family._epoch(self.adam, self.x, self.truth, self.weight, random, self.params, end)

    def averaged(self) -> Layers:
        return self.adam.averaged()

    def margin(self, layers: Layers, x: Array) -> Array:
        return Perceptron(layers, 0).margin(x)


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
            self._mean[i] += np.float32(MEAN) * (self.layers[i] - self._mean[i])

    def averaged(self) -> Layers:
        whole = np.float32(1 - (1 - MEAN) ** self.steps)
        return tuple(mean / whole for mean in self._mean)
