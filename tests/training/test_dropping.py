"""In which order a linear model gives its features up: the path of the lasso, and what a report says of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from treadle.scoring.encoder import Encoder
from treadle.scoring.steps import Number
from treadle.testing.families import KINDS, sample_of, task_named
from treadle.training import Chosen, anatomy, dropping, evaluate, report, train
from treadle.training.dropping import dropped
from treadle.training.families import Array, Blend, LinearFamily, Member, Sample


def encoder_of(width: int) -> Encoder:
    names = tuple(f"n{i}" for i in range(width))
    return Encoder(inputs=names, steps=tuple(map(Number, names)))


def order(kind: str, rows: Sample, c: float = 10.0) -> list[tuple[str, float]]:
    family = LinearFamily(task_named(kind))
    found = family.fit(rows, {"c": c})
    told = dropped(found, encoder_of(rows.x.shape[1]), rows.x, family.task, c, len(rows))
    return [(each.feature, each.penalty) for each in told]


def test_it_is_the_path_of_scikit_learns_lasso() -> None:
    """Of a regression the approximation is the loss itself, and the path that of the rows."""
    from sklearn.linear_model import lasso_path

    random = np.random.default_rng(2)
    x = random.normal(size=(500, 6)).astype(np.float32)
    x[:, 1] += x[:, 0]
    y = x @ np.array([3.0, -2.0, 0.7, 0.0, 0.2, 0.05]) + random.normal(size=500)
    told = dict(order("regression", Sample(x, y), 1e6))
    wide, aim = x.astype(np.float64) - x.mean(axis=0), y - y.mean()
    most = np.abs(wide.T @ aim).max() / len(y)
    penalties, path, _ = lasso_path(wide, aim, alphas=most * np.geomspace(1, 1e-3, 100))
    theirs = np.where(path != 0, penalties, 0.0).max(axis=1)
    assert [told[f"n{i}"] for i in range(6)] == pytest.approx(list(theirs / theirs.max()), rel=0.08, abs=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_noise_goes_before_what_tells_the_label(kind: str) -> None:
    told = order(kind, sample_of(kind, "linear", 3000))
    assert [name for name, _ in told][-1] == "n0" and told[-1][1] == 1.0
    assert {"n1", "n2", "n3", "n4"} == {name for name, _ in told[:4]} and told[0][1] < 0.5
    assert [penalty for _, penalty in told] == sorted(penalty for _, penalty in told)


def test_a_feature_of_several_columns_goes_with_its_last(table: Any, spec: Any) -> None:
    rows, project = table(900), spec(families=("linear",), search="none")
    model, parts, found = train(rows, project)
    seen = evaluate(model, rows, parts, project, replicates=20)
    names = [each.feature for each in seen.anatomy.path]
    assert sorted(names) == sorted(rows.names) and names[-1] == "amount" and seen.anatomy.shapes == ()
    page = report(seen, project, found)
    assert "Which features would go first" in page and "What each column adds" not in page


def test_the_linear_member_of_a_blend_is_asked_for_its_own_columns() -> None:
    family, rows = LinearFamily(task_named("regression")), sample_of("regression", "linear")
    some = np.array([4, 0])
    found = family.fit(Sample(np.ascontiguousarray(rows.x[:, some]), rows.y), {"c": 1.0})
    blend = Blend((Member(0.3, some, found),))
    told = dropped(blend, encoder_of(6), rows.x, family.task, 1.0, len(rows))
    assert [each.feature for each in told] == ["n4", "n0"]


def test_other_models_and_wide_ones_have_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, task = sample_of("regression", "linear", 200), task_named("regression")
    found = LinearFamily(task).fit(rows, {"c": 1.0})
    flat: Array = np.zeros((6, 1), dtype=np.float32)
    assert dropped(type(found)(flat, flat[0]), encoder_of(6), rows.x, task, 1.0, 200) == ()
    monkeypatch.setattr(dropping, "MOST_COLUMNS", 5)
    assert dropped(found, encoder_of(6), rows.x, task, 1.0, 200) == ()
    assert dropped(Blend(()), encoder_of(6), rows.x, task, 1.0, 200) == ()


def test_columns_that_say_the_same_are_no_error() -> None:
    x = sample_of("counts", "linear", 400).x
    x[:, 1], x[:, 2] = x[:, 0], 0.0
    y = np.random.default_rng(0).poisson(np.exp(x[:, 0] / 2)).astype(np.float64)
    told = dict(order("counts", Sample(x, y)))
    assert told["n2"] == 0.0 and max(told.values()) == 1.0
    assert pl.Series(list(told.values())).is_finite().all()


def test_a_row_of_weight_three_is_three_rows_and_some_rows_stand_for_all() -> None:
    """Beside a penalty that is worth many rows, so that it counts how many there are; a column goes with the weight, so
    that its mean does too."""
    family, rows = LinearFamily(task_named("classification")), sample_of("classification", "linear", 300)
    weight = np.random.default_rng(3).integers(1, 5, 300)
    rows.x[:, 4] += 2 * weight
    found, many = family.fit(rows, {"c": 0.01}), np.repeat(np.arange(300), weight)
    told = [
        dropped(found, encoder_of(6), x, family.task, 0.01, int(weight.sum()), each)
        for x, each in ((rows.x, weight / weight.mean()), (rows.x[many], None))
    ]
    assert [each.feature for each in told[0]] == [each.feature for each in told[1]]
    assert [each.penalty for each in told[0]] == pytest.approx([each.penalty for each in told[1]], rel=1e-6)
    fewer = dropped(found, encoder_of(6), rows.x, family.task, 0.01, 300)
    assert [each.penalty for each in fewer] != pytest.approx([each.penalty for each in told[0]], rel=1e-3)


def test_the_linear_member_that_weighs_most_is_read_beside_rows_as_they_weigh(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    rows, asked = replace(table(100), weight=np.linspace(0.5, 1.5, 100)), []
    monkeypatch.setattr(anatomy, "dropped", lambda *given: asked.append(given) or ())
    members = (Chosen("linear", {"c": 1.0}, 0.2), Chosen("linear", {"c": 5.0}, 0.5), Chosen("lightgbm", {}, 0.3))
    model: Any = SimpleNamespace(
        summary=SimpleNamespace(members=members, task=task_named("classification")),
        encoder=SimpleNamespace(matrix=lambda frame: frame),
        estimator=None,
    )
    anatomy.anatomy(model, rows, np.arange(40))
    ((_, _, x, _, strength, count, weight),) = asked
    assert strength == 5.0 and count == 40 and np.array_equal(weight, rows.weight[:40]) and x.height == 40
