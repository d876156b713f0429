"""A fit in a process of its own makes what it makes here, and what ends that process ends nothing else."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from treadle.errors import DataError
from treadle.testing.families import content, sample_of, task_named
from treadle.training import memory, search, split, train
from treadle.training.families import Family, Params, Sample, apart, families, learn
from treadle.training.families.apart import Worker, can_be_sent, fitted, laid, lifted
from treadle.training.families.lightgbm import LightGBMFamily
from treadle.training.families.linear import LinearFamily
from treadle.training.in_memory import in_memory
from treadle.training.in_time import InTime
from treadle.training.thinning import Picked

QUICK: Params = {"rounds": 20, "width": 16, "trees": 10, "leaves": 31}


@pytest.mark.parametrize("name", ["lightgbm", "linear", "mlp", "extra_trees", "additive"])
@pytest.mark.parametrize("kind", ["classification", "multiclass"])
def test_what_is_made_apart_is_what_is_made_here(name: str, kind: str) -> None:
    (family,) = families(name, task_named(kind), threads=1)
    rows, held = (sample_of(kind, family.encoding, 600, seed=seed) for seed in (1, 2))
    rows = Sample(rows.x, rows.y, np.linspace(0.5, 1.5, 600), (4,) if family.native else ())
    params = {**family.defaults(), **QUICK}
    here, there = (
        family.fit(rows, params, held, metric="log_loss"),
        fitted(family, rows, params, held, metric="log_loss"),
    )
    assert content(here.kept()) == content(there.kept())
    assert (here.rounds, here.most_rounds) == (there.rounds, there.most_rounds)
    assert (here.cut(2).margin(held.x) == there.cut(2).margin(held.x)).all()


def test_rows_are_laid_down_and_lifted_as_they_are(tmp_path: Path) -> None:
    whole = Sample(np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1.0, 2.0]), np.array([0.5, 1.5]), (0, 2))
    for sample in (whole, Sample(whole.x, whole.y)):
        found = lifted(laid(sample, tmp_path / str(sample.weight is None)))
        assert (found.x == sample.x).all() and (found.y == sample.y).all() and found.categories == sample.categories
        assert (found.weight is None) == (sample.weight is None)
        found.x[0, 0] = 9.0
        assert sample.x[0, 0] == 0.0, "a fit may write into what it is given"


class Ends(LinearFamily):
    """Does to its process what libraries do that are refused memory."""

    def fit(self, rows, params, valid=None, *, metric="", seconds=math.inf):  # type: ignore[no-untyped-def]
        if params["how"] == "raises":
            raise MemoryError("no room")
        if params["how"] == "errs":
            raise ValueError("seven is no number of leaves")
        if params["how"] == "says":
            print("a library tells of its warnings" * 1000, flush=True)
            os.write(1, b"and another")
            return super().fit(rows, {"c": 1.0}, valid, metric=metric, seconds=seconds)
        if params["how"] == "waits":
            while True:
                time.sleep(1)
        os.kill(os.getpid(), params["how"])
        raise AssertionError


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (signal.SIGABRT, "ended with SIGABRT"),
        (signal.SIGKILL, "ended with SIGKILL"),
        (signal.SIGSEGV, "ended with SIGSEGV"),
        ("waits", "got stuck"),
        ("raises", "no room"),
    ],
)
def test_what_ends_the_process_of_a_fit_is_told(how: object, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "GRACE_S", 0.0)
    rows = sample_of("classification", "linear", 100)
    with pytest.raises(MemoryError, match=why):
        fitted(Ends(task_named("classification")), rows, {"how": how}, seconds=3.0 if how == "waits" else 100.0)
    made = fitted(LinearFamily(task_named("classification")), rows, {"c": 1.0}, seconds=100.0)
    assert np.isfinite(made.margin(rows.x)).all(), "the next fit has a process again"


def test_an_error_of_a_fit_is_that_error_and_what_it_prints_is_no_answer() -> None:
    rows = sample_of("classification", "linear", 100)
    with pytest.raises(ValueError, match="seven is no number"):
        fitted(Ends(task_named("classification")), rows, {"how": "errs"})
    made = fitted(Ends(task_named("classification")), rows, {"how": "says"})
    assert made.margin(rows.x).shape == (100, 1)


def test_a_process_that_takes_the_last_memory_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "of_share", lambda: 0.0)
    monkeypatch.setattr(memory, "claim", lambda *_: None)
    rows = sample_of("classification", "linear", 100)
    with pytest.raises(MemoryError, match="left too little for anything else"):
        fitted(Ends(task_named("classification")), rows, {"how": "waits"}, seconds=100.0)


def test_the_process_ends_with_its_caller(tmp_path: Path) -> None:
    code = """
import sys, numpy as np
from treadle.training.families import apart, LinearFamily, Sample
from treadle.scoring import task_of
x = np.random.default_rng(1).normal(size=(50, 2)).astype(np.float32)
apart.fitted(LinearFamily(task_of("regression")), Sample(x, x[:, 0] * 1.0), {"c": 1.0})
print(apart.WORKER._process.pid, flush=True)
input()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        assert psutil.pid_exists(pid)
        caller.kill()
    end = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < end:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_only_what_may_not_fit_is_fitted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, asked = sample_of("classification", "linear", 200), []
    monkeypatch.setattr(apart, "fitted", lambda family, *more, **options: asked.append(family.name))
    made = LinearFamily(task_named("classification"))
    monkeypatch.setattr(memory, "room", lambda: 64e9)
    learn(made, rows, {"c": 1.0})
    assert not asked
    monkeypatch.setattr(memory, "room", lambda: 1e9)
    learn(made, rows, {"c": 1.0})
    assert asked == ["linear"]

    class Local(LinearFamily):
        pass

    assert not can_be_sent(Local(task_named("classification"))) and can_be_sent(made)
    assert learn(Local(task_named("classification")), rows, {"c": 1.0}).margin(rows.x).shape == (200, 1)


def test_what_cannot_fit_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "room", lambda: 100.0)
    monkeypatch.setattr(memory, "bounded", lambda: False)
    monkeypatch.setattr(Worker, "made", lambda *_: pytest.fail("it was begun"))
    with pytest.raises(MemoryError, match=r"the rows of a fit need at least 0\.0 GB of memory, and 0\.0 GB"):
        fitted(LinearFamily(task_named("classification")), sample_of("classification", "linear", 100), {"c": 1.0})


def test_a_trial_that_dies_is_a_failed_one_and_the_search_goes_on(table, spec, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    rows, project = table(300), spec(trials=6)
    monkeypatch.setattr(apart, "is_wanted", lambda *_: True)
    plain = LightGBMFamily.fit

    def dying(family: Family, rows: Sample, params: Params, *more: object, **options: object) -> object:
        if isinstance(family, LightGBMFamily):
            raise MemoryError("the process of the fit ended with SIGABRT, as libraries do that are refused memory")
        return family.fit(rows, params, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(apart, "fitted", dying)
    found = search(rows, split(rows, project.predict), project)
    failed = [t for t in found.trials if t.state == "failed"]
    assert len(found.trials) == 6 and failed and {t.family for t in failed} == {"lightgbm"}
    assert all("SIGABRT" in t.why for t in failed) and found.members[0].family == "linear"
    assert any("ended with SIGABRT" in note and "(lightgbm)" in note for note in found.notes)
    assert plain is LightGBMFamily.fit


def test_a_search_apart_comes_to_what_it_comes_to_here(table, spec, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    rows, project = table(300), spec(trials=4)
    here = train(rows, project)[0]
    monkeypatch.setattr(apart, "is_wanted", lambda *_: True)
    there = train(rows, project)[0]
    assert content(here.estimator.kept()) == content(there.estimator.kept())


def test_where_all_rows_do_not_fit_half_of_them_do(table, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    rows, asked = table(400), []
    monkeypatch.setattr("treadle.training.in_memory.most_fit_rows", lambda features: 50)

    def fit(some):  # type: ignore[no-untyped-def]
        asked.append(len(some))
        if len(some) > 150:
            raise MemoryError("the process of the fit ended with SIGKILL")
        return "made"

    taken, some, made = in_memory(rows, InTime((), Picked(np.arange(400)), ("Said before.",)), fit)
    assert asked == [400, 200, 100] and made == "made" and len(some) == len(taken.rows) == 100
    assert taken.said[0] == "Said before."
    assert taken.said[1] == (
        "Not all 400 rows could be fitted (the process of the fit ended with SIGKILL): "
        "the model is fitted on 100 of them."
    )
    with pytest.raises(DataError, match="cannot be fitted in the memory that there is: the process"):
        monkeypatch.setattr("treadle.training.in_memory.most_fit_rows", lambda features: 300)
        in_memory(rows, InTime((), Picked(np.arange(400)), ()), fit)
    same, _, _ = in_memory(rows, InTime((), Picked(np.arange(100)), ()), fit)
    assert same.said == ()


def test_a_model_is_made_though_the_fit_of_all_rows_dies(table, spec, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    rows, project = table(300), spec(trials=2, families=("linear",))
    monkeypatch.setattr("treadle.training.in_memory.most_fit_rows", lambda features: 40)
    plain = LinearFamily.fit

    def fit(family, sample, *more, **options):  # type: ignore[no-untyped-def]
        if len(sample) > 180:
            raise MemoryError("refused")
        return plain(family, sample, *more, **options)

    monkeypatch.setattr(LinearFamily, "fit", fit)
    model, parts, _ = train(rows, project)
    assert len(parts.train) > 180 >= model.summary.train_rows > 90
    assert any("could be fitted (refused)" in note for note in model.summary.notes)
    assert np.isfinite(model.predict(rows.frame)).all()
