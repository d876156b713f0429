"""Who is how good: mean ranks, wins, ratings, and what the runs cost.

Compared is only where every system has a result, a failure being one: it ranks behind all that gave predictions.
Systems that tie share the ranks they hold together. Runs of several seeds count as one set together.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.automl.results import Result
from benchmarks.automl.scores import error

DRAWS = 2000
Errors = dict[tuple[str, int], dict[str, float]]
"""By set and seed, then by system: the lower the better."""


class Rating(msgspec.Struct, frozen=True):
    """Elo, with the bounds of its 95 % interval over sets."""

    elo: float
    low: float
    high: float


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One system over all that is compared. Medians are over its runs that gave predictions; `seconds`: of the fit."""

    system: str
    runs: int
    mean_rank: float
    rank_low: float
    rank_high: float
    rating: Rating | None
    wins: float
    over_budget: int
    out_of_memory: int
    out_of_time: int
    failed: int
    not_supported: int
    seconds: float | None
    one_row_ms: float | None
    size_mb: float | None
    peak_mb: float | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """`left_out`: runs of a set and seed where some system has none. `not_quiet`: compared runs on a busy machine."""

    budget_s: float
    sets: int
    compared: int
    left_out: int
    not_quiet: int
    standings: tuple[Standing, ...]


Rate = Callable[[Errors], Mapping[str, Rating]]


def summarise(results: Iterable[Result], systems: tuple[str, ...], budget_s: float, rate: Rate | None) -> Summary:
    """The systems by their mean rank; `rate` gives Elo ratings, None where there is nothing to ask."""
    mine = [each for each in results if each.system in systems and each.budget_s == budget_s]
    runs: dict[tuple[str, int], dict[str, Result]] = defaultdict(dict)
    for each in mine:
        runs[each.set_name, each.seed][each.system] = each
    whole = {task: by_system for task, by_system in sorted(runs.items()) if len(by_system) == len(systems)}
    compared = [each for by_system in whole.values() for each in by_system.values()]
    errors = {task: _errors(by_system) for task, by_system in whole.items()}
    ranks = {task: ranked(by_system) for task, by_system in errors.items()}
    ratings = rate(errors) if rate and len(errors) > 1 and len(systems) > 1 else {}
    names = sorted({name for name, _ in whole})
    standings = [_standing(name, compared, ranks, names, ratings.get(name)) for name in systems if compared]
    return Summary(
        budget_s=budget_s,
        sets=len(names),
        compared=len(compared),
        left_out=len(mine) - len(compared),
        not_quiet=sum(not each.quiet for each in compared),
        standings=tuple(sorted(standings, key=lambda each: each.mean_rank)),
    )


def _errors(by_system: Mapping[str, Result]) -> dict[str, float]:
    found = {name: error(r.metric, r.score) for name, r in by_system.items() if r.score is not None}
    behind = max(found.values(), default=1.0) * 1.01 + 1e-6  # all failures alike, behind the last that did not fail
    return {name: found.get(name, behind) for name in by_system}


def ranked(errors: Mapping[str, float]) -> dict[str, float]:
    """1 is best; equal errors get the mean of the ranks that they hold together."""
    values = list(errors.values())
    return {
        name: 1 + sum(other < value for other in values) + (values.count(value) - 1) / 2
        for name, value in errors.items()
    }


def _standing(
    name: str,
    compared: list[Result],
    ranks: Mapping[tuple[str, int], Mapping[str, float]],
    sets: list[str],
    rating: Rating | None,
) -> Standing:
    mine = [each for each in compared if each.system == name]
    done = [each for each in mine if each.score is not None]
    by_set = [statistics.mean(ranks[task][name] for task in ranks if task[0] == each) for each in sets]
    low, high = _interval(by_set)
    states = [each.state for each in mine]
    return Standing(
        system=name,
        runs=len(mine),
        mean_rank=statistics.mean(by_set),
        rank_low=low,
        rank_high=high,
        rating=rating,
        wins=sum(_win(ranks[each.set_name, each.seed], name) for each in done),
        over_budget=sum(each.over_budget for each in mine),
        out_of_memory=states.count("out of memory"),
        out_of_time=states.count("out of time"),
        failed=states.count("failed"),
        not_supported=states.count("not supported"),
        seconds=_median(each.seconds for each in done),
        one_row_ms=_median(each.one_row_ms for each in done),
        size_mb=_median(None if each.size_bytes is None else each.size_bytes / 1e6 for each in done),
        peak_mb=_median(each.peak_bytes / 1e6 for each in done),
    )


def _win(ranks: Mapping[str, float], name: str) -> float:
    """1 for the best alone, a share of it for several that are equal."""
    best = min(ranks.values())
    return 1 / list(ranks.values()).count(best) if ranks[name] == best else 0.0


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _interval(by_set: list[float]) -> tuple[float, float]:
    """The 95 % interval of the mean when sets are drawn again, with replacement."""
    values = np.array(by_set)
    drawn = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def bencheval(python: Path) -> Rate | None:
    """Ratings by bencheval in the environment of `python`; None where that is not there."""
    if not python.exists():
        return None

    def rate(errors: Errors) -> dict[str, Rating]:
        rows = [
            {"method": name, "task": task, "seed": seed, "metric_error": value}
            for (task, seed), by_system in errors.items()
            for name, value in by_system.items()
        ]
        script = str(Path(__file__).with_name("elo.py"))
        done = subprocess.run([python, script], input=json.dumps(rows), capture_output=True, text=True, check=True)
        return {each["system"]: Rating(each["elo"], each["low"], each["high"]) for each in json.loads(done.stdout)}

    return rate
