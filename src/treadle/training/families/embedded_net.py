"""A network on embeddings, as numbers: it predicts, is kept and becomes a graph without the library that learned it.

Each column of numbers is told by pieces of its range (piecewise linear encoding: Gorishniy, Rubachev and Babenko 2022,
"On Embeddings for Numerical Features in Tabular Deep Learning"): a piece that lies below the value is 1, one above it
0, and that which holds it says how far through. So the first layer sees a bent line of each column, and nothing is far
out: beyond the ends it goes on level. A missing value counts as below all pieces and has an input of its own, where
training rows had any; else it counts as the middle one.

Each column of codes has rows in a table: one for what was never seen, and one for each level; missing is a level, where
it was seen. All is float32, step by step the same as in the graph, up to the sums of the dense layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from treadle.training.families.family import Array, Graph, Kept, Sample
from treadle.training.families.network import Layers, Network

FAR = 1e30
"""Beyond it, either way, values are taken for this when pieces are cut: the width of a piece stays a number."""
NEAR = 1e-30
"""A piece is at least so wide."""
NAME = "embeddings"
CHUNK = 4096
"""Rows at once: in pieces, a row is many times as wide."""


@dataclass(frozen=True, eq=False)
class Embedding:
    """How a row becomes what the first layer reads: pieces of its numbers, which are missing, rows of the table."""

    numbers: Array
    """Columns that hold numbers, int64, as are all places here."""
    fill: Array
    """What a missing one counts as, float32."""
    flagged: Array
    """Places in `numbers` of those whose being missing is an input."""
    place: Array
    """Of each piece, its number's place in `numbers`."""
    lower: Array
    """Where each piece begins, float32, and one over its width."""
    steep: Array
    codes: Array
    """Columns that hold codes."""
    sizes: Array
    """Rows of the table that each of them has."""

    PLACES = ("numbers", "flagged", "place", "codes", "sizes")
    AMOUNTS = ("fill", "lower", "steep")

    @property
    def first(self) -> Array:
        """Of each column of codes, the row of the table for what was never seen."""
        return np.cumsum(self.sizes) - self.sizes

    @property
    def amounts(self) -> int:
        """Inputs that are no rows of the table."""
        return len(self.place) + len(self.flagged)

    @classmethod
    def of(cls, rows: Sample, pieces: int) -> Embedding:
        """Cut so that each piece holds as many of the rows; of few values, one between each two."""
        width = rows.x.shape[1]
        numbers = np.array([c for c in range(width) if c not in rows.categories], dtype=np.int64)
        fill, flagged, place, lower, steep = np.zeros(len(numbers), np.float32), list[int](), list[int](), [], []
        for number, column in enumerate(numbers):
            x = rows.x[:, column]
            missing = np.isnan(x)
            known = np.clip(x[~missing].astype(np.float64), -FAR, FAR)
            edges = _edges(known, pieces)
            fill[number] = np.median(known) if len(known) else 0.0
            if missing.any() and len(known):
                flagged.append(number)
                fill[number] = edges[0]
            place += [number] * (len(edges) - 1)
            lower.append(edges[:-1])
            steep.append(1.0 / np.diff(edges))
        codes = np.array(rows.categories, dtype=np.int64)
        sizes = np.array([2 + int(rows.x[:, column].max(initial=-1.0)) for column in codes], dtype=np.int64)
        return cls(
            numbers,
            fill,
            np.array(flagged, dtype=np.int64),
            np.array(place, dtype=np.int64),
            np.concatenate([np.empty(0), *lower]).astype(np.float32),
            np.concatenate([np.empty(0), *steep]).astype(np.float32),
            codes,
            sizes,
        )

    def read(self, x: Array) -> tuple[Array, Array]:
        """Pieces and flags, float32 [rows, amounts]; rows of the table, int64 [rows, codes]."""
        with np.errstate(over="ignore", invalid="ignore"):
            raw = x[:, self.numbers].astype(np.float32)
            gaps = np.isnan(raw)
            filled = np.where(gaps, self.fill, raw)
            pieces = np.clip((filled[:, self.place] - self.lower) * self.steep, np.float32(0), np.float32(1))
            told = x[:, self.codes].astype(np.float32)
            rows = np.where(np.isnan(told), np.float32(-1), told) + np.float32(1)
            rows = np.clip(np.where(rows > self._last, np.float32(0), rows), np.float32(0), self._last)
        return np.concatenate([pieces, gaps[:, self.flagged].astype(np.float32)], axis=1), (
            rows.astype(np.int64) + self.first
        )

    def graph(self, graph: Graph, columns: Array, table: Array | None) -> str:
        """What the first layer reads, as nodes: the same, step by step."""
        parts = self._graph_of_numbers(graph, columns) if len(self.numbers) else []
        parts += [self._graph_of_codes(graph, columns, table)] if table is not None else []
        return parts[0] if len(parts) == 1 else graph.add("Concat", parts, "inputs", axis=1)

    def _graph_of_numbers(self, graph: Graph, columns: Array) -> list[str]:
        raw = graph.columns(columns[self.numbers])
        gaps = graph.add("IsNaN", [raw], "gaps")
        filled = graph.add("Where", [gaps, graph.constant("fill", self.fill), raw], "filled")
        spread = graph.add("Gather", [filled, graph.constant("place", self.place)], "spread", axis=1)
        above = graph.add("Sub", [spread, graph.constant("lower", self.lower)], "above")
        share = graph.add("Mul", [above, graph.constant("steep", self.steep)], "share")
        parts = [graph.add("Clip", [share, *_bounds(graph, 0.0, 1.0)], "pieces")]
        if len(self.flagged):
            some = graph.add("Gather", [gaps, graph.constant("flagged", self.flagged)], "missing", axis=1)
            parts.append(graph.add("Cast", [some], "flags", to=1))
        return parts

    def _graph_of_codes(self, graph: Graph, columns: Array, table: Array) -> str:
        told = graph.columns(columns[self.codes])
        none, one, zero = (graph.constant("number", np.array(v, dtype=np.float32)) for v in (-1.0, 1.0, 0.0))
        known = graph.add("Where", [graph.add("IsNaN", [told], "unknown"), none, told], "known")
        counted = graph.add("Add", [known, one], "counted")
        last = graph.constant("last", self._last)
        beyond = graph.add("Greater", [counted, last], "beyond")
        within = graph.add("Max", [graph.add("Where", [beyond, zero, counted], "bounded"), zero], "within")
        rows = graph.add("Cast", [within], "rows", to=7)
        rows = graph.add("Add", [rows, graph.constant("first", self.first)], "placed")
        taken = graph.add("Gather", [graph.constant("table", table), rows], "taken", axis=0)
        flat = graph.constant("flat", np.array([0, len(self.codes) * table.shape[1]], dtype=np.int64))
        return graph.add("Reshape", [taken, flat], "embedded")

    @property
    def _last(self) -> Array:
        return (self.sizes - 1).astype(np.float32)


def _edges(known: Array, pieces: int) -> Array:
    """Where pieces begin and end, as float32 has them; at least one piece."""
    values = np.unique(known)
    if len(values) > pieces + 1:
        values = np.unique(np.quantile(known, np.linspace(0, 1, pieces + 1)))
    edges = np.unique(values.astype(np.float32)).astype(np.float64)
    if len(edges):
        edges = edges[np.concatenate([[True], np.diff(edges) >= NEAR])]
    if len(edges) > 1:
        return edges
    only = float(edges[0]) if len(edges) else 0.0
    return np.array([only, only + max(1.0, abs(only))])


def _bounds(graph: Graph, *bounds: float) -> list[str]:
    return [graph.constant("bound", np.array(bound, dtype=np.float32)) for bound in bounds]


@dataclass(frozen=True, eq=False, kw_only=True)
class EmbeddedNet(Network):
    """A network that reads embeddings; before its dense layers stands the table, where there are codes."""

    embedding: Embedding

    @property
    def table(self) -> Array | None:
        return self.layers[0] if len(self.layers) % 2 else None

    @property
    def dense(self) -> Layers:
        return self.layers[len(self.layers) % 2 :]

    def margin(self, x: Array) -> Array:
        parts = [self._some(x[begin : begin + CHUNK]) for begin in range(0, len(x), CHUNK)]
        return np.concatenate(parts) if parts else np.empty((0, self.layers[-1].size))

    def _some(self, x: Array) -> Array:
        inputs, rows = self.embedding.read(x)
        if self.table is not None:
            inputs = np.concatenate([inputs, self.table[rows].reshape(len(x), -1)], axis=1)
        return self.through(inputs)

    def kept(self) -> Kept:
        parts = {f"layer{i}": part.astype("<f4") for i, part in enumerate(self.layers)}
        parts |= {name: getattr(self.embedding, name).astype("<f4") for name in Embedding.AMOUNTS}
        parts |= {name: getattr(self.embedding, name).astype("<i4") for name in Embedding.PLACES}
        return Kept(
            NAME,
            numbers={"losses": self.losses, "held_losses": self.held_losses},
            packed={name: part.tobytes() for name, part in parts.items()},
            shapes={name: part.shape for name, part in parts.items()},
            rounds=self.rounds,
        )

    @classmethod
    def restore(cls, kept: Kept) -> Self:
        def part(name: str, kind: str) -> Array:
            return np.frombuffer(kept.packed[name], dtype=kind).reshape(kept.shapes[name])

        layers = sum(name.startswith("layer") for name in kept.packed)
        amounts = {name: part(name, "<f4").astype(np.float32) for name in Embedding.AMOUNTS}
        places = {name: part(name, "<i4").astype(np.int64) for name in Embedding.PLACES}
        return cls(
            layers=tuple(part(f"layer{i}", "<f4").astype(np.float32) for i in range(layers)),
            rounds=kept.rounds,
            losses=kept.numbers["losses"],
            held_losses=kept.numbers["held_losses"],
            embedding=Embedding(**amounts, **places),
        )

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        return self.graph_through(graph, self.embedding.graph(graph, columns, self.table), weight)
