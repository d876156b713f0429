"""Old rows may weigh less: by how much, where it is tried, and that it reaches the fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from treadle.training import search, split, train
from treadle.training.families import Sample
from treadle.training.recency import recency, weighted_by_age


def days(*numbers):
    return np.datetime64("2024-01-01", "us") + np.array(numbers) * np.timedelta64(1, "D")


def test_the_weight_halves_with_each_share_of_the_span():
    weight = recency(days(0, 5, 10), 0.5)
    assert weight.mean() == pytest.approx(1.0)
    assert weight[1] / weight[0] == pytest.approx(2.0) and weight[2] / weight[1] == pytest.approx(2.0)
    assert recency(days(3, 3, 3), 0.5).tolist() == [1.0, 1.0, 1.0], "of one moment all are alike"


def test_a_weight_of_the_rows_is_kept():
    sample = Sample(np.zeros((2, 1)), np.zeros(2), np.array([4.0, 1.0]))
    found = weighted_by_age(sample, days(0, 10), {"recent": "half"})
    assert found.weight[0] / found.weight[1] == pytest.approx(4.0 / 4.0), "two halvings, against four times the weight"
    assert weighted_by_age(sample, days(0, 10), {"recent": "all"}) is sample
    assert (
        weighted_by_age(sample, None, {"recent": "half"}) is sample
        and weighted_by_age(sample, days(0, 1), {}) is sample
    )


def turning(table, n=900):
    """What holds in the first half is turned round in the second."""
    rows = table(n, kind="regression")
    order = np.argsort(rows.at, kind="stable")
    rows = rows.rows(order)
    amount = rows.frame.get_column("amount").fill_null(0.0).to_numpy()
    sign = np.where(np.arange(n) < n // 2, 1.0, -1.0)
    return replace(rows, label=sign * amount + np.random.default_rng(0).normal(size=n) * 0.1 * amount.std())


def test_it_is_tried_in_order_of_time_alone_and_wins_where_the_world_turned(table, spec):
    rows, project = turning(table), spec("regression", families=("linear",), trials=14)
    found = search(rows, split(rows, project.predict), project)
    tried = {t.params["recent"] for t in found.trials}
    assert tried == {"all", "half", "fifth"}
    best = {way: min(t.value for t in found.trials if t.params["recent"] == way) for way in tried}
    assert best["fifth"] < best["all"]
    drawn = spec("regression", by="random", families=("linear",), trials=4)
    assert all("recent" not in t.params for t in search(rows, split(rows, drawn.predict), drawn).trials)


def test_the_final_fit_weighs_as_the_folds_did(table, spec, monkeypatch):
    rows, project = turning(table), spec("regression", families=("linear",), trials=1)
    plain, parts, _ = train(rows, project)
    monkeypatch.setattr("treadle.training.recency.RECENT", {"all": 0.05, "half": 0.5, "fifth": 0.2})
    recent, _, _ = train(rows, project)
    test = rows.rows(parts.test)
    wrong = [np.sqrt(np.mean((m.predict(test.frame) - test.label) ** 2)) for m in (plain, recent)]
    assert wrong[1] < 0.8 * wrong[0]
