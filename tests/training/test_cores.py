"""A fit wakes no more threads than can run; what it comes to does not depend on how many there were."""

from __future__ import annotations

import numpy as np
import pytest

from treadle.scoring import task_of
from treadle.training import cores
from treadle.training.families import Sample
from treadle.training.families.lightgbm import FEW_CELLS, LightGBMFamily


def free(monkeypatch: pytest.MonkeyPatch, count: int, busy: float, own: float) -> int:
    """What is left of `count` cores where all kept `busy` of them busy for a second, and this process `own`."""
    readings = iter([(0.0, 0.0, 0.0), (1.0, busy, own), (1.0, busy, own)])
    monkeypatch.setattr(cores, "_cores", lambda: count)
    monkeypatch.setattr(cores.Cores, "_now", staticmethod(lambda: next(readings)))
    return cores.Cores().free()


@pytest.mark.parametrize(
    ("count", "busy", "own", "left"),
    [
        (2, 0.0, 0.0, 2),
        (2, 2.0, 2.0, 2),  # busy with our own work
        (2, 1.0, 0.0, 1),
        (2, 2.0, 0.0, 1),  # all taken: one thread still has to do the work
        (2, 0.3, 0.0, 2),
        (16, 4.0, 0.0, 8),  # never more than are of use
        (1, 0.9, 0.5, 1),
    ],
)
def test_others_cores_are_left_to_them(
    monkeypatch: pytest.MonkeyPatch, count: int, busy: float, own: float, left: int
) -> None:
    assert free(monkeypatch, count, busy, own) == left


def test_the_real_machine_has_at_least_one() -> None:
    found = cores.Cores()
    assert 1 <= found.free() <= cores.MOST_THREADS and found.free(1) == 1


def test_the_number_of_threads_does_not_change_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(FEW_CELLS // 8, 10)).astype(np.float32)
    y = (x[:, 0] + random.normal(size=len(x)) > 0).astype(float)
    found = []
    for count in (1, 2):
        monkeypatch.setattr(cores.Cores, "free", lambda self, most=8, count=count: count)
        family = LightGBMFamily(task_of("classification"))
        found.append(family.fit(Sample(x, y), family.defaults() | {"rounds": 20}).margin(x))
    assert (found[0] == found[1]).all()
