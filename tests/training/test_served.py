"""A model held against what is served: on rows that neither learned from, by the draws of the other gains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from treadle.errors import ModelError
from treadle.spec import ProjectSpec
from treadle.training import FittedModel, Served, Split, TrainingTable, evaluate, hold_against, split, train

Made = tuple[TrainingTable, Split, FittedModel, ProjectSpec]


_KEPT: dict[str, Made] = {}


@pytest.fixture(params=["time", "stratified", "group"])
def made(request: pytest.FixtureRequest, table: Callable[..., TrainingTable], spec: Callable[..., ProjectSpec]) -> Made:
    """Weighted rows and a model of them, trained once for each way to split."""
    by = request.param
    if by not in _KEPT:
        rows, asked = table(800, timed=by == "time"), spec(by=by, families=("linear",), search="none", seed=11)
        weight, group = np.random.default_rng(5).uniform(0.5, 2.0, len(rows)), [number % 37 for number in range(800)]
        rows = replace(rows, weight=weight, group=group if by == "group" else None)
        _KEPT[by] = (rows, split(rows, asked.predict, seed=11), train(rows, asked)[0], asked)
    return _KEPT[by]


def served(made: Made, predict: Callable[[np.ndarray], np.ndarray], unlearned: np.ndarray | None = None) -> Served:
    _, parts, model, _ = made
    every = np.ones(len(parts.test), dtype=bool)
    return Served("t:1", "b" * 64, predict, model.summary.rule, every if unlearned is None else unlearned)


def test_the_draws_are_those_of_the_gain_over_the_baseline(made: Made) -> None:
    """As if the served version knew nothing: then the two gains are one (`evaluate` keeps draws as float32)."""
    rows, parts, model, spec = made
    judged = evaluate(model, rows, parts, spec, replicates=60)
    rate = float(model.summary.task.link(model.baseline.margin(rows.label[:1]))[0])
    over = hold_against(
        served(made, lambda at: np.full(len(at), rate)), model, rows, parts, seed=spec.train.seed, replicates=60
    )
    for mine, other in ((over.found.gain, judged.gain_over_baseline), (over.found.ours, judged.value)):
        assert (mine.value, mine.low, mine.high) == pytest.approx((other.value, other.low, other.high), abs=1e-6)
    assert over.rows == len(parts.test) and over.left_out == 0


def test_against_itself_the_gain_is_nothing_and_no_doubt_about_it(made: Made) -> None:
    rows, parts, model, _ = made
    over = hold_against(served(made, lambda at: model.predict(rows.frame[at])), model, rows, parts, seed=7)
    assert over.found is not None and (over.found.gain.value, over.found.gain.low, over.found.gain.high) == (0, 0, 0)
    assert over.verdict == "noise"


def test_rows_that_it_learned_from_are_not_asked_about(made: Made) -> None:
    rows, parts, model, _ = made
    unlearned = np.arange(len(parts.test)) % 3 > 0
    asked: list[np.ndarray] = []

    def predict(at: np.ndarray) -> np.ndarray:
        asked.append(at)
        return np.full(len(at), 0.5)

    over = hold_against(served(made, predict, unlearned), model, rows, parts, seed=7, replicates=20)
    assert [at.tolist() for at in asked] == [parts.test[unlearned].tolist()]
    assert (over.rows, over.left_out) == (unlearned.sum(), (~unlearned).sum())


def test_too_few_rows_or_one_class_are_no_telling(made: Made) -> None:
    rows, parts, model, _ = made
    for most, told in ((29, False), (30, True)):
        kept = np.argsort(np.argsort(-rows.label[parts.test], kind="stable") * 7 % len(parts.test)) < most
        over = hold_against(served(made, lambda at: np.full(len(at), 0.5), kept), model, rows, parts, seed=7)
        assert (over.found is not None) == told and ("30 are needed" in over.untold) != told
    none = hold_against(
        served(made, lambda at: at / 0, np.zeros(len(parts.test), dtype=bool)), model, rows, parts, seed=7
    )
    assert none.untold.startswith("0 of") and none.left_out == len(parts.test)
    negative = rows.label[parts.test] == 0
    one = hold_against(served(made, lambda at: np.full(len(at), 0.5), negative), model, rows, parts, seed=7)
    assert one.verdict == "untold" and "one class" in one.untold


def test_a_graph_that_cannot_be_run_is_no_telling(made: Made) -> None:
    def broken(_: np.ndarray) -> np.ndarray:
        raise ModelError("the graph cannot be loaded")

    rows, parts, model, _ = made
    over = hold_against(served(made, broken), model, rows, parts, seed=7)
    assert over.verdict == "untold" and over.untold == "the graph cannot be loaded"
