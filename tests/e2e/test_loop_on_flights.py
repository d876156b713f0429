"""The whole loop on real flights, over the command line and HTTP, as its users work with it."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from terminal import answer, http, refusal, serving, token, treadle

Flights = tuple[Path, Any]


def test_run_answers_what_others_script_against(flights: Flights) -> None:
    _, run = flights
    named = {"model", "metric", "value", "interval", "baseline", "threshold", "calibration_error", "seconds"}
    assert named | {"cpu_seconds", "peak_mb", "cost", "report", "cached_steps"} <= set(run)
    assert run["model"] == "flights:1" and run["metric"] == "average_precision"
    low, high = run["interval"]
    assert run["baseline"] < low < run["value"] < high < 1
    assert run["without_history"] < run["value"], "windows and lookups must add something"
    assert 0 < run["threshold"] < 1 and 0 <= run["calibration_error"] < 0.1
    assert run["cpu_seconds"] > 0 and run["peak_mb"] > 100 and run["cost"] > 0
    assert run["cached_steps"] == []
    report = Path(run["report"]).read_text(encoding="utf-8")
    assert report.startswith("<!doctype html>") and f"{run['value']:.2f}" in report


def test_a_second_run_does_nothing_again_and_says_why(flights: Flights) -> None:
    project, first = flights
    again = answer("run", project)
    assert again["model"] == first["model"] and again["value"] == first["value"]
    assert len(again["cached_steps"]) == len(again["steps"]) and again["this_run_cost"] == 0
    assert all(step["why"].startswith("nothing changed since") for step in again["steps"])
    said = treadle("run", project)
    assert "not run again" in said.stderr and "nothing was done again" in said.stdout


def test_batch_and_online_features_agree_in_every_cell(flights: Flights) -> None:
    proof = answer("features", "prove", flights[0])
    assert proof["rows"] > 40_000
    assert proof["features"] == 46 and proof["cells"] == proof["rows"] * 46
    assert proof["differing"] == 0 and proof["max_abs_difference"] == 0.0


def test_the_endpoint_answers_and_a_prediction_can_be_explained(flights: Flights) -> None:
    project, run = flights
    record = {
        "flight_id": "x1", "carrier": "UA", "origin": "EWR", "dest": "IAH", "distance": 1400, "tailnum": "N14228",
        "sched_dep": "2013-02-20T10:15:00Z", "sched_arr": "2013-02-20T14:00:00Z",
    }  # fmt: skip
    reader = token(project, "read")
    with serving(project) as (url, _):
        status, one = http(f"{url}/predict", record)
        assert status == 200, one
        assert one["model"] == run["model"] and one["threshold"] == run["threshold"]
        assert one["prediction"] == (one["probability"] >= one["threshold"])
        status, two = http(f"{url}/predict", [record, record | {"dest": "ORD"}])
        assert status == 200 and len(two["predictions"] if isinstance(two, dict) else two) == 2
        status, refused = http(f"{url}/predict", record | {"origin": 5})
        assert status == 422 and refused["field"] == "origin" and refused["value"] == 5 and refused["rule"]
        status, refused = http(f"{url}/predict", record | {"orgin": "EWR"})
        assert status == 422 and "origin" in refused["mend"]
        assert http(f"{url}/healthz")[0] == 200
        assert "treadle_" in http(f"{url}/metrics", token=reader)[1]
        assert http(f"{url}/openapi.json")[1]["openapi"].startswith("3.")
        identity = one["prediction_id"]
        time.sleep(1.2)
        found = answer("why", identity, project)
        assert found["prediction"]["model"] == run["model"]
    kinds = {node["kind"] for node in found["nodes"]}
    assert {"brief.stated", "sources.read", "features.build", "training.search", "training.fit"} <= kinds
    assert {"training.evaluate", "model.packed", "review.approved", "release.made"} <= kinds


def test_predictions_outlive_a_killed_server(flights: Flights) -> None:
    """What was answered more than a second before the kill is in the ledger."""
    project, _ = flights
    record = {
        "flight_id": "k", "carrier": "B6", "origin": "JFK", "dest": "BOS", "distance": 187, "tailnum": "N328JB",
        "sched_dep": "2013-02-20T12:00:00Z", "sched_arr": "2013-02-20T13:10:00Z",
    }  # fmt: skip
    before = answer("watch", project)["predictions"]
    with serving(project) as (url, process):
        for number in range(50):
            assert http(f"{url}/predict", record | {"flight_id": f"k{number}"})[0] == 200
        time.sleep(1.1)
        os.kill(process.pid, signal.SIGKILL)
    assert answer("watch", project)["predictions"] - before == 50


def test_replay_then_watch_shows_realised_quality(flights: Flights) -> None:
    project, run = flights
    before = answer("watch", project)
    played = answer("replay", project, "--from", "2013-02-14", "--to", "2013-02-18")
    assert played["predictions"] > 2000 and played["refused"] == 0
    assert played["outcomes"] > 0.9 * played["predictions"] and played["events"] > played["predictions"]
    seen = answer("watch", project)
    assert seen["predictions"] - before["predictions"] == played["predictions"]
    assert seen["joined"] - before["joined"] == played["outcomes"]
    days = {row["day"][:10]: row for row in seen["metric_by_day"]}
    assert {"2013-02-14", "2013-02-15", "2013-02-16"} <= set(days)
    one = days["2013-02-15"]
    assert one["low"] < one["value"] < one["high"]
    assert {row["feature"] for row in seen["drift"]} >= {"carrier", "origin", "dest", "origin_departures_mean_3h"}
    page = Path(seen["page"]).read_text(encoding="utf-8")
    assert "<svg" in page and run["model"] in page


def test_replay_refuses_what_the_model_has_seen(flights: Flights) -> None:
    said = refusal("replay", flights[0], "--from", "2013-01-05", "--to", "2013-01-06")
    assert "training" in said and "--even-training" in said
    assert "nothing to play" in refusal("replay", flights[0], "--from", "2030-01-01")


def test_the_record_holds_and_an_edit_is_found(flights: Flights, tmp_path: Path) -> None:
    import shutil
    import sqlite3

    project = tmp_path / "copy"
    shutil.copytree(flights[0], project)
    assert answer("verify", project)["ok"]
    with sqlite3.connect(project / ".treadle" / "catalog.db") as catalog:
        catalog.execute("update entries set actor = 'eve' where seq = 3")
    done = treadle("verify", project, "--json", ok=False)
    found = json.loads(done.stdout)
    assert not found["ok"] and "entry 3" in found["faults"][0]


def test_costs_add_up_by_run_step_and_day(flights: Flights) -> None:
    project, run = flights
    costs = answer("costs", project)
    assert costs["amount"] >= run["cost"] > 0
    for by in ("by_run", "by_step", "by_day"):
        assert sum(line["amount"] for line in costs[by]) == pytest.approx(costs["amount"], abs=1e-5)
    assert {"training.search", "features.build"} <= {line["name"] for line in costs["by_step"]}


def test_predict_without_a_server_gives_what_the_server_gives(flights: Flights) -> None:
    project, _ = flights
    record = {
        "flight_id": "p", "carrier": "DL", "origin": "LGA", "dest": "ATL", "distance": 762, "tailnum": "N668DN",
        "sched_dep": "2013-02-20T16:00:00Z", "sched_arr": "2013-02-20T18:30:00Z",
    }  # fmt: skip
    alone = answer("predict", project, "--record", json.dumps(record))
    with serving(project) as (url, _):
        served = http(f"{url}/predict", record)[1]
    assert alone["predictions"][0]["probability"] == served["probability"]
