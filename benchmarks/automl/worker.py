"""One system on one task, in the system's own environment: `python -m benchmarks.automl.worker FOLDER`."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from benchmarks.automl.systems import SYSTEMS
from benchmarks.automl.task import FITTED, PREDICTIONS, READY, NotSupported, System, Task, Told

MOST_SINGLES, SINGLES_S = 200, 8.0
"""So many rows are predicted alone, or as many as go into so many seconds."""


def main(folder: Path) -> None:
    task = Task.read(folder)
    entry = SYSTEMS[task.system]
    try:
        system = entry.build(task, folder)
        _run(system, folder, version(entry.package))
    except NotSupported as refused:
        Told(version=version(entry.package), refused=str(refused)).write(folder)


def _take_cores(count: int) -> None:
    """Only so many cores, also for a library that counts the machine's."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def _run(system: System, folder: Path, release: str) -> None:
    import numpy as np

    (folder / READY).touch()
    began = time.perf_counter()
    system.fit()
    fit_s = time.perf_counter() - began
    (folder / FITTED).touch()
    predictions = np.asarray(system.predictions(), dtype=np.float64)
    np.save(folder / PREDICTIONS, predictions)
    places = np.linspace(0, len(predictions) - 1, min(MOST_SINGLES, len(predictions))).astype(int).tolist()
    note, one_row_ms, size = system.note(), None, None
    try:
        one_row_ms = _median_ms(system.singles(places))
        kept = folder / "kept"
        kept.mkdir()
        size = system.size(kept)
    except Exception as bad:  # its predictions stand: only latency or size is not known
        note = f"{note}; not measured: {bad!r}"[:400]
    Told(fit_s, one_row_ms, size, release, note).write(folder)


def _median_ms(calls: list[Callable[[], object]]) -> float:
    for call in calls[:3]:
        call()
    took: list[float] = []
    end = time.perf_counter() + SINGLES_S
    for call in calls:
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
        if began > end:
            break
    return statistics.median(took) * 1e3


if __name__ == "__main__":
    _take_cores(Task.read(Path(sys.argv[1])).threads)
    main(Path(sys.argv[1]))
    sys.stdout.flush(), sys.stderr.flush()
    os._exit(0)  # a peer's threads and atexit handlers are not waited for
