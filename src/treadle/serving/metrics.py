"""What the server counts, for Prometheus. One registry a server, so that two in one process do not mix."""

from __future__ import annotations

import os
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
# one prediction takes well under a millisecond, a batch of thousands tens of them
_BUCKETS = (0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0)


class Metrics:
    def __init__(self, endpoint: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "treadle_requests", "Requests by path and status.", ["endpoint", "path", "status"], registry=self.registry
        )
        self._known: dict[tuple[str, int], Counter] = {}
        self.endpoint = endpoint
        self.predictions = Counter(
            "treadle_predictions", "Predictions given.", ["endpoint"], registry=self.registry
        ).labels(endpoint)
        self.events = Counter("treadle_events", "Event rows taken.", ["endpoint", "view"], registry=self.registry)
        self.outcomes = Counter("treadle_outcomes", "Outcomes taken.", ["endpoint"], registry=self.registry).labels(
            endpoint
        )
        self.latency = Histogram(
            "treadle_predict_seconds",
            "Time inside the server for one /predict request.",
            ["endpoint"],
            buckets=_BUCKETS,
            registry=self.registry,
        ).labels(endpoint)
        self.model = Gauge(
            "treadle_model_info", "The served model version (value 1).", ["endpoint", "model"], registry=self.registry
        )
        self.journal_waiting = Gauge(
            "treadle_journal_errors", "Failed journal writes since start.", ["endpoint"], registry=self.registry
        ).labels(endpoint)
        Gauge("treadle_start_time_seconds", "Start of the server.", registry=self.registry).set(time.time())
        Gauge("treadle_pid", "Process id.", registry=self.registry).set(os.getpid())

    def request(self, path: str, status: int) -> None:
        counter = self._known.get((path, status))
        if counter is None:
            counter = self._known[(path, status)] = self._requests.labels(self.endpoint, path, str(status))
        counter.inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)
