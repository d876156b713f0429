"""What the comparison with other learners keeps, repeats and counts; no peer runs here."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
import pytest
from benchmarks.automl import cuts, running, summary, tables, watching
from benchmarks.automl.paired import Kept, paired
from benchmarks.automl.results import Key, Result, ResultsFile
from benchmarks.automl.scores import score
from benchmarks.automl.sets import TabularSet, read_manifest
from benchmarks.automl.task import FITTED, HELD_OUT, LABEL, READY, TRAIN, Told


def result(set_name: str, system: str, value: float | None = None, **other: Any) -> Result:
    told: dict[str, Any] = {"seed": 0, "budget_s": 60.0, "kind": "binary", "metric": "roc_auc", "quiet": True}
    state = "done" if value is not None else "failed"
    return Result(set_name=set_name, system=system, score=value, **{**told, "state": state, **other})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two small sets: one with classes, one in time order, written out of order."""
    rows = 100
    labels = ["no", "no", "yes", "no"] * 25
    some = pl.DataFrame({"a b": np.arange(rows), "a-b": [1.0, float("nan")] * 50, "y": labels})
    some.write_parquet(tmp_path / "some.parquet")
    pl.DataFrame({"day": np.arange(rows)[::-1], "y": np.arange(rows)[::-1] / 10}).write_parquet(
        tmp_path / "days.parquet"
    )
    listed = [
        {"name": "some", "file": "some.parquet", "task": "binary", "target": "y", "rows": rows},
        {"name": "days", "file": "days.parquet", "task": "regression", "target": "y", "time_column": "day"},
    ]
    (tmp_path / "manifest.json").write_text(json.dumps(listed))
    return tmp_path


def test_a_run_skips_what_has_a_result_and_repeats_what_is_asked_for(data: Path) -> None:
    file = ResultsFile(data / "out" / "results.jsonl")
    sets = tuple(read_manifest(data).values())
    plan = running.Plan(sets, ("ours", "peer"), (0, 1), 60.0)
    ran: list[Key] = []

    def run_one(chosen: TabularSet, made: cuts.Cut, key: Key) -> Result:
        ran.append(key)
        assert (made.folder / TRAIN).exists() and len(made.truth) == 20
        quiet = key != ("days", "peer", 1, 60.0)
        value = None if key.system == "peer" and key.set_name == "some" else 0.9
        return result(key.set_name, key.system, value, seed=key.seed, quiet=quiet)

    assert running.run(plan, data, file, run_one) == 8
    assert [(key.set_name, key.system) for key in ran[:4]] == [
        ("some", "ours"), ("some", "peer"), ("days", "ours"), ("days", "peer"),
    ]  # fmt: skip
    assert [key.seed for key in ran] == [0] * 4 + [1] * 4
    ran.clear()
    assert running.run(plan, data, file, run_one) == 0
    assert running.run(running.Plan(sets[:1], ("ours",), (0,), 30.0), data, file, run_one) == 1  # another budget
    ran.clear()
    running.run(plan, data, file, run_one, "busy")
    assert ran == [("days", "peer", 1, 60.0)]
    ran.clear()
    running.run(plan, data, file, run_one, "failed")
    assert ran == [("some", "peer", 0, 60.0), ("some", "peer", 1, 60.0)]
    assert running.run(plan, data, file, run_one, "all") == 8


def test_the_newest_line_counts_and_a_torn_one_is_left_out(tmp_path: Path) -> None:
    file = ResultsFile(tmp_path / "results.jsonl")
    file.append(result("a", "ours", 0.7))
    file.append(result("a", "ours", 0.8))
    with file.path.open("ab") as torn:
        torn.write(b'{"set_name": "b", "sys')
    file.append(result("c", "ours"))
    found = file.read()
    assert {key.set_name: each.score for key, each in found.items()} == {"a": 0.8, "c": None}


def test_a_cut_by_classes_is_even_and_by_the_seed(data: Path, tmp_path: Path) -> None:
    chosen = read_manifest(data)["some"]
    made = cuts.cut(chosen, data, tmp_path, 0)
    train, held_out = pl.read_parquet(tmp_path / TRAIN), pl.read_parquet(tmp_path / HELD_OUT)
    assert (made.train_rows, made.classes, train.height, held_out.height) == (80, 2, 80, 20)
    assert train.columns == ["a_b", "a_b_1", LABEL] and held_out.columns == ["a_b", "a_b_1"]
    assert made.truth.sum() == 5 and train.get_column(LABEL).sum() == 20  # the rarer class is 1
    assert train.get_column("a_b_1").null_count() + held_out.get_column("a_b_1").null_count() == 50
    assert set(train.get_column("a_b")).isdisjoint(held_out.get_column("a_b"))
    cuts.cut(chosen, data, tmp_path, 1)
    assert set(pl.read_parquet(tmp_path / HELD_OUT).get_column("a_b")) != set(held_out.get_column("a_b"))


def test_a_cut_by_time_holds_out_the_last_fifth(data: Path, tmp_path: Path) -> None:
    made = cuts.cut(read_manifest(data)["days"], data, tmp_path, 3)
    assert pl.read_parquet(tmp_path / HELD_OUT).get_column("day").to_list() == list(range(80, 100))
    assert made.truth.tolist() == [day / 10 for day in range(80, 100)]
    assert made.time_column == "day"


@pytest.mark.parametrize(
    ("kind", "truth", "predictions", "expected"),
    [
        ("binary", [0, 1, 1, 0], [0.1, 0.9, 0.4, 0.5], 0.75),
        ("binary", [0, 1], [[0.9, 0.1], [0.2, 0.8]], 1.0),
        ("multiclass", [0, 2], [[0.5, 0.25, 0.25], [0.2, 0.2, 0.4]], float(np.log(2))),
        ("regression", [1.0, 3.0], [2.0, 3.0], 0.5**0.5),
    ],
)
def test_scores_by_hand(kind: Any, truth: list[float], predictions: list[Any], expected: float) -> None:
    assert score(kind, np.array(truth), np.array(predictions, dtype=float), 3) == pytest.approx(expected)


@pytest.mark.parametrize("predictions", [[0.1, float("nan")], [0.1], [[0.1, 0.2, 0.7]]])
def test_predictions_that_do_not_count_are_refused(predictions: list[Any]) -> None:
    with pytest.raises(ValueError, match="predictions"):
        score("regression", np.array([1.0, 2.0]), np.array(predictions), 0)


def test_ranks_are_shared_by_equals() -> None:
    assert summary.ranked({"a": 0.1, "b": 0.2, "c": 0.1, "d": 0.3}) == {"a": 1.5, "b": 3, "c": 1.5, "d": 4}


def test_a_summary_compares_where_all_have_a_result_and_a_failure_is_last() -> None:
    results = [
        result("s", "ours", 0.9, seconds=50.0, one_row_ms=0.1, size_bytes=2_000_000),
        result("s", "peer", 0.8, seconds=70.0, over_budget=True),
        result("s", "third", state="out of memory"),
        result("t", "ours", 3.0, metric="rmse", kind="regression", seconds=30.0, quiet=False),
        result("t", "peer", 2.0, metric="rmse", kind="regression", seconds=10.0),
        result("t", "third", 2.0, metric="rmse", kind="regression"),
        result("u", "ours", 0.9),  # no others: left out
        result("s", "ours", 0.1, budget_s=300.0),
        result("s", "stranger", 0.99),
    ]
    asked: list[summary.Errors] = []

    def rate(errors: summary.Errors) -> dict[str, summary.Rating]:
        asked.append(errors)
        return {"ours": summary.Rating(1010.0, 900.0, 1100.0)}

    found = summary.summarise(results, ("ours", "peer", "third"), 60.0, rate)
    assert (found.sets, found.compared, found.left_out, found.not_quiet) == (2, 6, 1, 1)
    by_name = {each.system: each for each in found.standings}
    assert {name: each.mean_rank for name, each in by_name.items()} == {"ours": 2.0, "peer": 1.75, "third": 2.25}
    assert {name: each.wins for name, each in by_name.items()} == {"ours": 1.0, "peer": 0.5, "third": 0.5}
    assert [each.system for each in found.standings] == ["peer", "ours", "third"]
    assert (by_name["third"].out_of_memory, by_name["peer"].over_budget, by_name["ours"].failed) == (1, 1, 0)
    assert (by_name["ours"].seconds, by_name["ours"].size_mb, by_name["peer"].size_mb) == (40.0, 2.0, None)
    assert asked[0]["s", 0]["third"] > asked[0]["s", 0]["peer"] == pytest.approx(0.2)
    assert by_name["ours"].rating == summary.Rating(1010.0, 900.0, 1100.0) and by_name["peer"].rating is None
    assert "1010 (900 to 1100)" in tables.standings(found)
    assert "out of memory" in tables.scores(results, ("ours", "peer", "third"), 60.0)


def test_seeds_of_a_set_count_as_one_set() -> None:
    values = {("s", 0): (0.9, 0.8), ("s", 1): (0.7, 0.8), ("t", 0): (0.5, 0.6)}
    results = [
        result(name, system, value, seed=seed)
        for (name, seed), pair in values.items()
        for system, value in zip(("ours", "peer"), pair, strict=True)
    ]
    found = summary.summarise(results, ("ours", "peer"), 60.0, None)
    assert {each.system: each.mean_rank for each in found.standings} == {"ours": 1.75, "peer": 1.25}
    assert (found.sets, found.compared) == (2, 6)


def test_where_all_fail_nobody_wins() -> None:
    found = summary.summarise([result("s", "ours"), result("s", "peer")], ("ours", "peer"), 60.0, None)
    assert [(each.mean_rank, each.wins, each.failed) for each in found.standings] == [(1.5, 0, 1), (1.5, 0, 1)]


def test_nothing_in_common_is_no_standing() -> None:
    found = summary.summarise([result("s", "ours", 0.9)], ("ours", "peer"), 60.0, None)
    assert (found.standings, found.left_out) == ((), 1)


WORKERS = {
    "done": f"open('{READY}', 'w'); open('{FITTED}', 'w')",
    "failed": "raise SystemExit('it went wrong')",
    "out of memory": "kept = bytearray(200_000_000); import time; time.sleep(60)",
    "out of time": f"open('{READY}', 'w'); import time; time.sleep(60)",
}


@pytest.mark.parametrize("ended", WORKERS)
def test_a_process_is_watched_from_outside(ended: str, tmp_path: Path) -> None:
    limits = watching.Limits(100_000_000, 0.2)
    seen = watching.watch([sys.executable, "-c", WORKERS[ended]], tmp_path, limits, {}, tmp_path)
    assert seen.ended == ended
    assert (seen.peak_bytes > 100_000_000) == (ended == "out of memory")
    assert ("it went wrong" in seen.last_words) == (ended == "failed")


def test_a_process_ends_with_its_children_when_the_watch_is_broken_off(tmp_path: Path, monkeypatch: Any) -> None:
    child = "import time; time.sleep(60)"
    script = (
        f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "open('pid', 'w').write(str(child.pid)); child.wait()"
    )

    def broken_off(_pid: int) -> int:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            raise KeyboardInterrupt
        return 0

    monkeypatch.setattr(watching, "_resident", broken_off)
    with pytest.raises(KeyboardInterrupt):
        watching.watch([sys.executable, "-c", script], tmp_path, watching.Limits(10**9, 60.0), {}, tmp_path)
    left, until = int((tmp_path / "pid").read_text()), time.monotonic() + 30  # of its minute of sleep
    while not _ended(left):  # what is killed is there yet, for a moment
        assert time.monotonic() < until
        time.sleep(0.01)


def _ended(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_what_a_worker_tells_is_read_back(tmp_path: Path) -> None:
    told = Told(1.5, 0.1, 300, "1.0", "", "no multiclass yet")
    told.write(tmp_path)
    assert Told.read(tmp_path) == told


def test_one_system_beside_another_row_by_row(tmp_path: Path) -> None:
    """A difference that all rows show is beyond noise; that of two equally noisy ones is none."""
    kept, drawn = Kept(tmp_path / "out"), np.random.default_rng(0)
    truth = drawn.normal(size=400)
    close, far, alike = (truth + drawn.normal(size=400) * size for size in (0.5, 1.0, 0.5))
    keys = {name: Key("days", name, 0, 60.0) for name in ("ours", "far", "alike", "none")}
    for name, said in (("ours", close), ("far", far), ("alike", alike)):
        kept.put(keys[name], truth, said)
    for in_time in (True, False):
        better = paired(kept, keys["ours"], keys["far"], "regression", in_time=in_time)
        worse = paired(kept, keys["far"], keys["ours"], "regression", in_time=in_time)
        same = paired(kept, keys["ours"], keys["alike"], "regression", in_time=in_time)
        assert better and worse and same and better.said.endswith("better") and worse.said.endswith("worse")
        assert abs(better.less - 0.5) < 0.1 and same.low < 0 < same.high
    assert paired(kept, keys["ours"], keys["none"], "regression", in_time=True) is None
    kept.put(keys["none"], truth[::-1], close)
    with pytest.raises(SystemExit, match="same rows"):
        paired(kept, keys["ours"], keys["none"], "regression", in_time=True)
