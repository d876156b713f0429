"""Libraries by their defaults are what the libraries themselves give; rivals are scored, and paid, on the same rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from treadle.errors import SpecError
from treadle.scoring.tasks import task_of
from treadle.spec import Mistakes
from treadle.training import TrainingTable, split
from treadle.training.plain import LIBRARIES, fit_plain
from treadle.training.rivals import Rival, compare


def test_linear_is_scikit_learns_own_ridge_with_its_defaults(table: Callable[..., TrainingTable]):
    from dataclasses import replace

    found = table(300, kind="regression")
    found = replace(found, features=tuple(f for f in found.features if f.name in ("count", "flag", "city")))
    train, rest = np.arange(200), np.arange(200, 300)
    plain = fit_plain("linear", found, train, task_of("regression"), seed=7, threads=1)
    numbers = found.frame.select("count", "flag").to_numpy().astype(float)
    city = found.frame.select("city").fill_null("none").to_numpy()
    scaler, hot = StandardScaler().fit(numbers[train]), OneHotEncoder(sparse_output=False).fit(city[train])
    x = np.column_stack([scaler.transform(numbers), hot.transform(city)])
    own = Ridge().fit(x[train], found.label[train])
    assert np.allclose(plain.predict(found.frame[rest]), own.predict(x[rest]), atol=1e-6)
    assert plain.cpu_seconds > 0 and plain.said == LIBRARIES["linear"]


@pytest.mark.parametrize("library", sorted(LIBRARIES))
@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_each_library_learns_and_answers_for_levels_it_never_saw(table, kind: str, library: str):
    import polars as pl

    found, task = table(300, kind=kind), task_of(kind)
    plain = fit_plain(library, found, np.arange(200), task, seed=7, threads=1)
    text = next(f.name for f in found.features if f.type == "str")
    strange = found.frame[np.arange(200, 300)].with_columns(pl.lit("never seen").alias(text))
    for rows in (strange, found.frame[:1]):
        told = plain.predict(rows)
        assert told.shape == (rows.height,) and np.isfinite(told).all()
    again = fit_plain(library, found, np.arange(200), task, seed=7, threads=1)
    assert np.array_equal(again.predict(strange), plain.predict(strange))


def test_several_classes_of_which_the_training_rows_lack_one(table):
    from dataclasses import replace

    found = table(300, kind="regression")
    found = replace(found, label=np.arange(300.0) % 2 * 2, classes=("a", "b", "c"))
    task = task_of("multiclass", ("a", "b", "c"))
    for library in LIBRARIES:
        told = fit_plain(library, found, np.arange(200), task, seed=7, threads=1).predict(found.frame)
        assert told.shape == (300, 3) and not told[:, 1].any() and np.allclose(told.sum(axis=1), 1)


def test_what_is_not_known_is_refused(table):
    found, task = table(60), task_of("classification")
    with pytest.raises(SpecError, match='no defaults are known of a library "lightgmb"') as bad:
        fit_plain("lightgmb", found, np.arange(50), task, seed=7, threads=1)
    assert "lightgbm" in bad.value.mend
    with pytest.raises(SpecError, match="tells no quantiles"):
        fit_plain("linear", found, np.arange(50), task_of("quantiles", levels=(0.1, 0.9)), seed=7, threads=1)


def test_costs_by_hand_and_pairs_in_either_order(table, spec):
    """Of 100 rows 50 are true. Acting on all costs 50 false alarms of 1: 0.5 a row; on none 50 missed of 3: 1.5."""
    from dataclasses import replace

    found = table(300)
    found = replace(found, label=(np.arange(300) % 2).astype(float), at=None, known=None)
    parts = split(found, spec(by="stratified").predict, seed=7)
    y = found.label[parts.test]
    own, always, never = (Rival(name, "rule", p, 0.5) for name, p in (("own", y), ("a", y * 0 + 1), ("n", y * 0)))
    made = compare("accuracy", task_of("classification"), found, parts, [own, always, never],
                   Mistakes(missed=3, false_alarm=1), seed=7, replicates=50)  # fmt: skip
    share = y.mean()
    costs = [each.cost.value for each in made.scored]
    assert costs == pytest.approx([0.0, 1 - share, 3 * share]) and made.currency == "USD"
    assert made.pair("own", "n").saves.value == pytest.approx(3 * share)
    turned = made.pair("n", "own")
    assert turned.saves.value == -made.pair("own", "n").saves.value
    assert (turned.gain.low, turned.gain.high) == (-made.pair("own", "n").gain.high, -made.pair("own", "n").gain.low)
    free = compare("accuracy", task_of("classification"), found, parts, [own, never], Mistakes(), seed=7, replicates=50)
    assert free.scored[0].cost is None and free.pairs[0].saves is None and free.currency == ""
