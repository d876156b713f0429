"""Learn the order in which a search tries its first settings, from what they score on the public sets.

    python -m benchmarks.automl.learn try            # each candidate on each set; kept as it goes, so it resumes
    python -m benchmarks.automl.learn choose         # the order, and what an order learned without a set scores on it

At most `MOST_ROWS` training rows of a set are looked at, never its held-out rows. A candidate is judged as a search
judges it: on forward folds where rows have an order in time, on drawn ones otherwise. `choose` is greedy: next comes
what lowers the mean regret most for its cost, where the regret of a set is 0 for its best single candidate and 1 for
the median of all, and what a prefix scores is the better of its best member and of its best three together.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from benchmarks.automl.cuts import cut
from benchmarks.automl.ours import spec_of, table_of
from benchmarks.automl.sets import TabularSet, home, read_manifest
from benchmarks.automl.task import TRAIN, Task
from treadle.scoring.tasks import task_of
from treadle.training.families import Array, Family, Params, families
from treadle.training.families.known import OWN
from treadle.training.folds import Folds
from treadle.training.prepare import recipes
from treadle.training.splits import split
from treadle.training.suited import metric_of
from treadle.training.thinning import thin

MOST_ROWS = 6_000
CANDIDATES = Path(__file__).with_name("candidates.json")
"""All that is tried: published strong defaults (`listed`), families as they are, and draws of each."""
SECONDS = 90.0
"""A fit of a fold is given up after so many."""


class Line(msgspec.Struct, frozen=True):
    """What a candidate came to on a set: `value` is signed, more is better; `cpu_s` of all folds."""

    set_name: str
    name: str
    value: float
    cpu_s: float


class Candidate(msgspec.Struct, frozen=True):
    name: str
    family: str
    params: Params


def candidates() -> list[Candidate]:
    """Those whose library is installed."""
    found = msgspec.json.decode(CANDIDATES.read_bytes(), type=list[Candidate])
    return [each for each in found if OWN[each.family].installed()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.automl.learn", description=__doc__)
    parser.add_argument("work", choices=("try", "choose"))
    parser.add_argument("--sets", default="")
    asked = parser.parse_args()
    place = home() / "learned"
    place.mkdir(exist_ok=True)
    sets = read_manifest(home() / "data")
    wanted = [sets[name] for name in asked.sets.split(",")] if asked.sets else list(sets.values())
    if asked.work == "try":
        for each in wanted:
            try_all(each, place)
    else:
        from benchmarks.automl.choosing import show

        show(place, [each.name for each in wanted])


def folds_of(chosen: TabularSet) -> tuple[Folds, Any, tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        made = cut(chosen, home() / "data", Path(folder), 0)
        task = Task(chosen.name, "ours", chosen.kind, made.classes, made.time_column, 60.0, 0, 1)
        table = table_of(pl.read_parquet(Path(folder) / TRAIN), task)
    table = table.rows(thin(np.arange(len(table)), MOST_ROWS))
    spec = spec_of(task, 0.01)
    parts = split(table, spec.predict, seed=0)
    ours = task_of(spec.predict.kind, table.classes)
    folds = Folds(table, parts.folds, ours, metric_of(spec, ours, table.label), 0)
    ahead = None if table.at is None else float(np.ptp(table.at[parts.train]) / np.timedelta64(1, "D"))
    return folds, ours, recipes(table.features, ahead)


def try_all(chosen: TabularSet, place: Path) -> None:
    lines, margins = place / "lines.jsonl", place / chosen.name
    margins.mkdir(exist_ok=True)
    known = {(line.set_name, line.name) for line in read_lines(lines)}
    left = [c for c in candidates() if (chosen.name, c.name) not in known]
    if not left:
        return
    folds, task, ways = folds_of(chosen)
    np.save(margins / "truth.npy", folds.truth)
    text = any(feature.type == "str" for feature in folds.table.features)
    for each in left:
        (family,) = families((each.family,), task, threads=1)
        params = settings_of(each, family, ways, text)
        if params is None:
            continue
        began = time.process_time()
        try:
            found = folds.run(family, params, hopeless=lambda early: False, seconds=SECONDS)
        except Exception as error:
            print(f"{chosen.name}: {each.name} failed: {error}", file=sys.stderr)
            continue
        if found.margins is None:
            continue
        line = Line(chosen.name, each.name, folds.objective(found.margins), time.process_time() - began)
        np.save(margins / f"{each.name}.npy", found.margins)
        with lines.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
        print(f"{chosen.name}: {each.name} {line.value:.5g} in {line.cpu_s:.1f} CPU-seconds", flush=True)


def settings_of(each: Candidate, family: Family, ways: tuple[str, ...], text: bool) -> Params | None:
    """Its settings on such features; None where it would be another candidate again."""
    params = family.defaults() | each.params
    features, listed = params.get("features", ways[0]), each.name.startswith("listed")
    if features not in ways:
        if listed:
            return None
        features = next((way for way in ways if way.endswith("pairs") == features.endswith("pairs")), ways[0])
    if params.get("text") == "native" and not (text and family.native):
        if listed:
            return None
        params = {**params, "text": "rates"}
    return {**params, "features": features}


def read_lines(file: Path) -> list[Line]:
    if not file.exists():
        return []
    return [msgspec.json.decode(line, type=Line) for line in file.read_bytes().splitlines() if line]


def margins_of(place: Path, set_name: str, name: str) -> Array:
    found: Array = np.load(place / set_name / f"{name}.npy")
    return found


if __name__ == "__main__":
    main()
