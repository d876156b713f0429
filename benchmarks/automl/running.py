"""Run each system on each set, back to back on one set, and keep every result as soon as it is known."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.automl.cuts import Cut, cut
from benchmarks.automl.paired import Kept
from benchmarks.automl.results import Key, Result, ResultsFile, State
from benchmarks.automl.scores import METRICS, score
from benchmarks.automl.sets import TabularSet
from benchmarks.automl.systems import SYSTEMS, Entry
from benchmarks.automl.task import HELD_OUT, PREDICTIONS, TOLD, TRAIN, Task, Told
from benchmarks.automl.watching import Limits, Watched, watch

ROOT = Path(__file__).parents[2]
THREADS = 2
MOST_BYTES = 4 * 1024**3
TIME_CAP = 1.5
"""Times the budget: who fits longer is ended."""
QUIET = 0.05
"""The share of the cores that others may use in a result that counts as measured on a quiet machine."""
Again = Literal["busy", "failed", "all"]
RunOne = Callable[[TabularSet, Cut, Key], Result]


@dataclass(frozen=True)
class Plan:
    """What to run, in this order: seeds, then sets, then systems."""

    sets: tuple[TabularSet, ...]
    systems: tuple[str, ...]
    seeds: tuple[int, ...]
    budget_s: float

    def keys(self, chosen: TabularSet, seed: int) -> list[Key]:
        return [Key(chosen.name, system, seed, self.budget_s) for system in self.systems]


def missing(keys: Iterable[Key], known: dict[Key, Result], again: Again | None) -> list[Key]:
    """Those of `keys` to run: without a result, or with one that `again` asks to replace."""
    return [key for key in keys if key not in known or _is_again(known[key], again)]


def _is_again(result: Result, again: Again | None) -> bool:
    if again == "busy":
        return not result.quiet
    if again == "failed":
        return result.state != "done"
    return again == "all"


def run(plan: Plan, data: Path, file: ResultsFile, run_one: RunOne, again: Again | None = None) -> int:
    """Run what is missing; how many that were."""
    known, count = file.read(), 0
    for seed in plan.seeds:
        for chosen in plan.sets:
            wanted = missing(plan.keys(chosen, seed), known, again)
            if not wanted:
                continue
            with tempfile.TemporaryDirectory(prefix="automl-") as folder:
                made = cut(chosen, data, Path(folder), seed)
                for key in wanted:
                    result = run_one(chosen, made, key)
                    file.append(result)
                    count += 1
                    print(_line(result), file=sys.stderr, flush=True)
    return count


def _line(result: Result) -> str:
    value = "-" if result.score is None else f"{result.score:.5g}"
    took = "-" if result.seconds is None else f"{result.seconds:.1f} s"
    return (
        f"{result.set_name:15s} {result.system:9s} seed {result.seed}  {result.state:13s} {result.metric} {value:9s} "
        f"fit {took:8s} whole {result.whole_s:5.0f} s  {result.peak_bytes / 1e6:5.0f} MB  {result.note[-100:]}"
    )


class Runner:
    """Runs one system in its environment below `venvs`. `busy`: whoever started it knows that others work here.
    `kept`: where predictions are kept, so that systems can be compared row by row."""

    def __init__(self, venvs: Path, kept: Kept, *, busy: bool) -> None:
        self.venvs, self.kept, self.busy = venvs, kept, busy

    def __call__(self, chosen: TabularSet, made: Cut, key: Key) -> Result:
        task = Task(
            chosen.name, key.system, chosen.kind, made.classes, made.time_column, key.budget_s, key.seed, THREADS
        )
        entry = SYSTEMS[key.system]
        with tempfile.TemporaryDirectory(prefix="automl-run-") as name:
            folder = Path(name)
            for part in (TRAIN, HELD_OUT):
                (folder / part).symlink_to(made.folder / part)
            task.write(folder)
            command = [str(self._python(entry)), "-m", "benchmarks.automl.worker", str(folder)]
            limits = Limits(MOST_BYTES, key.budget_s * TIME_CAP)
            watched = watch(command, folder, limits, _environment(entry, folder), ROOT)
            return self._result(task, made, folder, watched)

    def _python(self, entry: Entry) -> Path:
        if entry.home is None:
            return Path(sys.executable)
        python = self.venvs / entry.home / "bin" / "python"
        if not python.exists():
            raise SystemExit(f"{entry.name} needs the environment {python.parents[1]} (see docs/benchmarks.md)")
        return python

    def _result(self, task: Task, made: Cut, folder: Path, watched: Watched) -> Result:
        told = Told.read(folder) if (folder / TOLD).exists() else None
        state: State = watched.ended
        value, note = None, told.note if told else ""
        if watched.ended == "done" and told and told.refused:
            state, note = "not supported", told.refused
        elif watched.ended == "done":
            try:
                said = np.load(folder / PREDICTIONS)
                value = score(task.kind, made.truth, said, made.classes)
                self.kept.put(Key(task.set_name, task.system, task.seed, task.budget_s), made.truth, said)
            except (ValueError, OSError) as bad:
                state, note = "failed", str(bad)
        else:
            note = watched.last_words
        return Result(
            set_name=task.set_name,
            system=task.system,
            seed=task.seed,
            budget_s=task.budget_s,
            kind=task.kind,
            state=state,
            metric=METRICS[task.kind],
            score=value,
            seconds=told.fit_s if told and value is not None else None,
            over_budget=state == "out of time" or bool(told and told.fit_s > task.budget_s),
            whole_s=watched.seconds,
            one_row_ms=told.one_row_ms if told else None,
            size_bytes=told.size_bytes if told else None,
            peak_bytes=watched.peak_bytes,
            train_rows=made.train_rows,
            held_out_rows=len(made.truth),
            quiet=not self.busy and watched.others < QUIET,
            others=round(watched.others, 4),
            version=told.version if told else "",
            note=note,
            at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )


def _environment(entry: Entry, scratch: Path) -> dict[str, str]:
    """The runner's own, with two threads for all; a peer sees no path of Treadle's, and writes nothing outside."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT", "POLARS_MAX_THREADS")
    environment = dict(os.environ) | dict.fromkeys(threads, str(THREADS)) | {"TMPDIR": str(scratch)}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"}
    if entry.home is not None:
        environment.pop("PYTHONPATH", None)
    return environment
