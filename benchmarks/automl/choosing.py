"""The order of the portfolio, learned from what candidates scored; and what such an order is worth on a set that it was
not learned from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.automl.learn import Line, candidates, folds_of, margins_of, read_lines
from benchmarks.automl.ours import ORDERS
from benchmarks.automl.sets import home, read_manifest
from treadle.training.families import Array
from treadle.training.folds import Folds

TOGETHER = 3
LENGTH = 20
FIRST = "listed 3"
"""LightGBM much as it comes: soon fitted, and nothing that is found later may be worse."""
COST_POWER = 0.35
"""A candidate that costs twice as much has to gain 2 to this power as much."""


@dataclass(frozen=True, eq=False)
class Scored:
    """All that was tried on a set. `values`: by name, more is better; `best` and `median` of them."""

    folds: Folds
    margins: dict[str, Array]
    values: dict[str, float]
    costs: dict[str, float]

    @property
    def best(self) -> float:
        return max(self.values.values())

    @property
    def median(self) -> float:
        return float(np.median(list(self.values.values())))

    def regret(self, names: list[str]) -> float:
        """Of a prefix: 0 is as good as the best single candidate, 1 as the median; together they may be better."""
        here = [name for name in names if name in self.values]
        if not here:
            return 2.0
        top = sorted(here, key=lambda name: -self.values[name])[:TOGETHER]
        together = (
            self.folds.objective(np.mean([self.margins[name] for name in top], axis=0)) if len(top) > 1 else -np.inf
        )
        value = max(self.values[top[0]], together)
        return float(min((self.best - value) / max(self.best - self.median, 1e-12), 2.0))


def load(place: Path, names: list[str]) -> dict[str, Scored]:
    sets, lines = read_manifest(home() / "data"), read_lines(place / "lines.jsonl")
    found = {}
    for name in names:
        mine: list[Line] = [line for line in lines if line.set_name == name]
        folds, _, _ = folds_of(sets[name])
        found[name] = Scored(
            folds,
            {line.name: margins_of(place, name, line.name).astype(np.float64) for line in mine},
            {line.name: line.value for line in mine},
            {line.name: line.cpu_s for line in mine},
        )
    return found


def order(scored: dict[str, Scored], names: list[str], length: int = LENGTH) -> list[str]:
    """From `FIRST` on, greedy: next comes what lowers the mean regret most for what it costs beside others."""
    costs = {name: _cost(scored, name) for name in names}
    chosen = [FIRST]
    while len(chosen) < length:
        before = _mean(scored, chosen)
        gains = {
            name: (before - _mean(scored, [*chosen, name])) / costs[name] ** COST_POWER
            for name in names
            if name not in chosen
        }
        best = max(gains, key=lambda name: gains[name])
        if gains[best] <= 0:
            break
        chosen.append(best)
    return chosen


def _mean(scored: dict[str, Scored], names: list[str]) -> float:
    return float(np.mean([each.regret(names) for each in scored.values()]))


def _cost(scored: dict[str, Scored], name: str) -> float:
    """The mean, over sets, of what it costs as a multiple of what a candidate usually costs there."""
    shares = [each.costs[name] / np.median(list(each.costs.values())) for each in scored.values() if name in each.costs]
    return float(np.mean(shares)) if shares else 1.0


def show(place: Path, names: list[str]) -> None:
    tried = {line.set_name for line in read_lines(place / "lines.jsonl")}
    scored = load(place, [name for name in names if name in tried])
    known: dict[str, Any] = {each.name: each for each in candidates()}
    listed = [name for name in known if name.startswith("listed")]
    chosen = order(scored, list(known))
    print(f"learned on {len(scored)} sets: {', '.join(scored)}")
    for place_, name in enumerate(chosen, start=1):
        print(f"{place_:3d}  {name:18s} cost {_cost(scored, name):5.2f}  regret {_mean(scored, chosen[:place_]):6.3f}"
              f"  {known[name].family} {known[name].params}")  # fmt: skip
    orders = {}
    print("each set with the order that was learned without it, and with the one that stands; regret after 3, 6, 12")
    for left_out, one in scored.items():
        others = order({name: each for name, each in scored.items() if name != left_out}, list(known))
        orders[left_out] = [(known[name].family, known[name].params) for name in others]
        new, old = ([one.regret(o[:k]) for k in (3, 6, 12)] for o in (others, listed))
        print(f"{left_out:16s} " + " ".join(f"{v:6.2f}" for v in new) + "   now " + " ".join(f"{v:6.2f}" for v in old))
    for name in read_manifest(home() / "data"):
        if name not in scored:  # nothing was tried on it
            orders[name] = [(known[each].family, known[each].params) for each in chosen]
    (place / ORDERS).write_bytes(msgspec.json.encode(orders))
