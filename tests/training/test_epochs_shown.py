"""How a network learned, epoch by epoch, is kept with its trial and drawn in the report."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from treadle.scoring.tasks import task_of
from treadle.training.families import families, learn, losses_of
from treadle.training.families.centred import Centred
from treadle.training.folds import Folds
from treadle.training.kept_trials import KeptTrial, pack_trials, unpack_trials
from treadle.training.model import Epochs, SearchResult, Trial
from treadle.training.splits import split
from treadle.training.trials import trials_shown


def test_a_trial_of_a_network_keeps_the_losses_of_the_latest_fold(table: Any, spec: Any) -> None:
    rows, task = table(400), task_of("classification")
    folds = Folds(rows, split(rows, spec().predict).folds, task, "log_loss", 3)
    (mlp,) = families(("mlp",), task, threads=1)
    params = {**mlp.defaults(), "width": 16}
    found = folds.run(mlp, params, hopeless=lambda _: False)
    assert found.epochs is not None
    alone = learn(mlp, *_first(folds, mlp, params), metric="log_loss")
    fitted, held = losses_of(alone)
    np.testing.assert_allclose(found.epochs.fitted, fitted, rtol=1e-4)
    np.testing.assert_allclose(found.epochs.held, held, rtol=1e-4)
    assert len(fitted) == len(held) and int(np.argmin(held)) + 1 == alone.rounds
    given_up = folds.run(mlp, params, hopeless=lambda _: True)
    assert given_up.margins is None and given_up.epochs == found.epochs

    (linear,) = families(("linear",), task, threads=1)
    assert folds.run(linear, {"c": 1.0}, hopeless=lambda _: False).epochs is None


def test_of_labels_far_from_zero_too(table: Any, spec: Any) -> None:
    task = task_of("regression")
    (mlp,) = families(("mlp",), task, threads=1)
    rows = table(200, kind="regression")
    folds = Folds(rows, split(rows, spec().predict).folds, task, "rmse", 3)
    fit, held = folds.rows_of(0, mlp, mlp.defaults())
    fit.y[:] += 1e6
    held.y[:] += 1e6
    found = learn(mlp, fit, {**mlp.defaults(), "width": 8}, held)
    assert isinstance(found, Centred) and losses_of(found)[1] == found.estimator.held_losses  # type: ignore[attr-defined]


def test_what_is_kept_of_a_trial_has_them_and_older_ones_are_read_without() -> None:
    trial = Trial(0, "mlp", {}, (0.5,), 0.5, 1.0, "complete", epochs=Epochs((0.7, 0.6), (0.8, 0.7)))
    assert unpack_trials(pack_trials([KeptTrial({}, trial)]))[0].trial == trial
    older = msgspec.to_builtins(msgspec.structs.replace(trial))
    del older["epochs"]
    assert msgspec.convert(older, Trial).epochs is None


def test_the_report_draws_the_best_network_of_each_family() -> None:
    def made(number: int, family: str, value: float, held: tuple[float, ...]) -> Trial:
        epochs = Epochs((0.9, 0.7, 0.6), held) if held else None
        return Trial(number, family, {}, (value,), value, 1.0, "complete", epochs=epochs)

    trials = (
        made(0, "mlp", 0.62, (0.8, 0.71, 0.75)),
        made(1, "mlp", 0.60, (0.8, 0.7123, 0.75)),
        made(2, "embeddings", 0.7, (0.81, 0.8, 0.79)),
        made(3, "lightgbm", 0.5, ()),
    )
    page = trials_shown(SearchResult("log_loss", "mlp", {}, 0.6, trials, 4.0, "trials"), "log loss")
    assert "How trial 2 (mlp) learned" in page and "How trial 3 (embeddings) learned" in page
    assert page.count(") learned</h3>") == 2 and "least: 0.7123" in page and "least: 0.7900" in page
    none = trials_shown(SearchResult("log_loss", "lightgbm", {}, 0.5, trials[3:], 4.0, "trials"), "log loss")
    assert "learned</h3>" not in none and "latest fold" not in none


def _first(folds: Folds, family: Any, params: Any) -> tuple[Any, Any, Any]:
    rows, held = folds.rows_of(0, family, params)
    return rows, params, held
