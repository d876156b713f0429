"""What is counted of requests, in Prometheus' words: bounds, sums and labels, without a server."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from treadle.serving.metrics import Latencies, Metrics, Tally


def test_a_bucket_holds_its_bound_and_each_holds_those_before() -> None:
    found = Latencies()
    for seconds in (0.0001, 0.00010001, 0.001, 5.0, 5.1):
        found.observe(seconds)
    told, seconds = found.told()
    assert dict(told) == {
        "0.0001": 1, "0.0002": 2, "0.0003": 2, "0.0005": 2, "0.001": 3, "0.002": 3, "0.005": 3, "0.01": 3,
        "0.025": 3, "0.05": 3, "0.1": 3, "0.5": 3, "1.0": 3, "5.0": 4, "+Inf": 5,
    }  # fmt: skip
    assert seconds == pytest.approx(10.10120001)


def test_a_tally_adds_as_many_as_it_is_told() -> None:
    tally = Tally()
    tally.inc()
    tally.inc(41)
    assert tally.value == 42


def test_each_count_is_told_under_its_own_name_and_labels() -> None:
    metrics = Metrics("shop")
    metrics.predictions.inc(7)
    metrics.outcomes.inc(3)
    metrics.latency.observe(0.25)
    metrics.latency.observe(0.5)
    for path, status in (("/predict", 200), ("/predict", 422), ("/predict", 200), ("/metrics", 200)):
        metrics.request(path, status)
    found = {
        (sample.name, *(sample.labels.get(name, "") for name in ("endpoint", "path", "status", "le"))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if sample.name.startswith("treadle_")
    }
    wanted = {
        ("treadle_predictions_total", "shop", "", "", ""): 7,
        ("treadle_outcomes_total", "shop", "", "", ""): 3,
        ("treadle_requests_total", "shop", "/predict", "200", ""): 2,
        ("treadle_requests_total", "shop", "/predict", "422", ""): 1,
        ("treadle_requests_total", "shop", "/metrics", "200", ""): 1,
        ("treadle_predict_seconds_count", "shop", "", "", ""): 2,
        ("treadle_predict_seconds_sum", "shop", "", "", ""): 0.75,
        ("treadle_predict_seconds_bucket", "shop", "", "", "0.1"): 0,
        ("treadle_predict_seconds_bucket", "shop", "", "", "0.5"): 2,
        ("treadle_predict_seconds_bucket", "shop", "", "", "+Inf"): 2,
    }
    assert {name: found.get(name) for name in wanted} == wanted
