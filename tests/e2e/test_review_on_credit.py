"""A table without time, where a person has to approve; and what is said when things are wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from terminal import answer, http, refusal, serving, token, treadle


def test_a_release_waits_for_another_person_and_can_be_rolled_back(credit: Path) -> None:
    run = answer("run", credit)
    assert run["status"] == "waiting for review" and not run["released"]
    assert run["next"] == f"treadle models release {credit} credit:1 --as grace"
    assert "released" in refusal("serve", credit)
    assert "ada" in refusal("models", "release", credit, "--as", "ada"), "nobody approves their own request"
    refusal("models", "release", credit, "--as", "mallory")
    assert answer("models", "release", credit, "--as", "grace")["approved_by"] == "grace"

    file = credit / "treadle.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("seed: 7", "seed: 8"), encoding="utf-8")
    second = answer("run", credit)
    assert second["model"] == "credit:2" and second["status"] == "waiting for review"
    assert "sources.read source/credit" in second["cached_steps"], "only what changed is run again"
    assert second["over_served"]["served"] == "credit:1" and "credit:1 stays served" in second["next"]
    reader = token(credit, "read")
    with serving(credit) as (url, _):
        assert http(f"{url}/state", token=reader)[1]["model"] == "credit:1"
        assert http(f"{url}/api/models/list", token=reader) == (200, answer("models", "list", credit))
        assert http(f"{url}/report", token=reader)[1].startswith("<!doctype html>")
        assert http(f"{url}/report")[0] == 401
        assert "brief.promote" in refusal("models", "release", credit, "--as", "grace"), "another seed is no gain"
        argued = ("--finding", "gain_over_served", "--because", "we want the newer seed", "--as", "grace")
        answer("models", "accept", credit, "credit:2", *argued)
        answer("models", "release", credit, "--as", "grace")
        until = time.monotonic() + 20
        while http(f"{url}/state", token=reader)[1]["model"] != "credit:2":
            assert time.monotonic() < until, "the running server takes up the new release"
            time.sleep(0.1)
        record = {"account": 7, "student": "No", "balance": 1900.0, "income": 40000.0}
        assert http(f"{url}/predict", record)[1]["model"] == "credit:2"
        answer("models", "rollback", credit, "--as", "grace", "--reason", "second thoughts")
        while http(f"{url}/predict", record)[1]["model"] != "credit:1":
            assert time.monotonic() < until
            time.sleep(0.1)
    models = {row["name"]: (row["status"], row["released"]) for row in answer("models", "list", credit)["models"]}
    assert models == {"credit:1": ("approved", True), "credit:2": ("approved", False)}
    assert "second thoughts" in treadle("log", credit).stdout
    assert answer("models", "show", credit, "credit:1")["approved_by"] == "grace"


def test_two_runs_at_once_both_end_well_and_the_record_holds(credit: Path) -> None:
    command = [sys.executable, "-m", "treadle", "run", str(credit), "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        out, said = process.communicate(timeout=200)
        assert process.returncode == 0, said
        assert json.loads(out)["metric"] == "average_precision"
    assert answer("verify", credit)["ok"]


def test_a_killed_run_goes_on_where_it_was(credit: Path) -> None:
    """Killed while it tunes: it made no model, and the next run takes what was finished and makes one."""
    file = credit / "treadle.yaml"
    slow = file.read_text(encoding="utf-8").replace("trials: 2", "trials: 200")
    file.write_text(slow, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "treadle", "run", str(credit)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    catalog = credit / ".treadle" / "catalog.db"
    until = time.monotonic() + 60
    while not (catalog.exists() and "features.build" in treadle("log", credit).stdout):
        assert time.monotonic() < until
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was still at work"
    kinds = {entry["kind"] for entry in answer("log", credit)["entries"]}
    assert "features.build" in kinds and not kinds & {"training.search", "model.packed"}
    assert answer("verify", credit)["ok"]
    file.write_text(slow.replace("trials: 200", "trials: 2"), encoding="utf-8")
    after = answer("run", credit)
    assert {"sources.read source/credit", "features.build credit"} <= set(after["cached_steps"])
    assert after["model"] == "credit:1" and "training.search credit" not in after["cached_steps"]


def test_a_broken_batch_stops_the_run_and_leaves_the_last_good_one(credit: Path) -> None:
    run = answer("run", credit)
    answer("models", "release", credit, "--as", "grace")
    data = credit / "data" / "credit.csv"
    good = data.read_text(encoding="utf-8")
    header, *rows = good.splitlines()
    broken = [row if n % 2 else row.replace("No", "Perhaps") for n, row in enumerate(rows)]
    data.write_text("\n".join([header, *broken]), encoding="utf-8")
    said = refusal("run", credit)
    assert "student must be one of Yes, No" in said and "nothing of it was taken" in said
    assert answer("models", "list", credit)["models"][0]["name"] == run["model"]
    with serving(credit) as (url, _):
        assert http(f"{url}/predict", {"account": 1, "student": "No", "balance": 10.0, "income": 4000.0})[0] == 200
    data.write_text(good, encoding="utf-8")
    assert answer("run", credit)["model"] == run["model"]


def bad_tables() -> dict[str, tuple[str, str]]:
    rows = [f"{n},No,{n * 3 % 2000}.5,{20000 + n},No" for n in range(300)]
    head = "account,student,balance,income,default"
    return {
        "empty": (head, "no rows"),
        "nothing": ("", "empty"),
        "one class": ("\n".join([head, *rows]), "one class"),
        "a column is missing": ("\n".join(["account,student,balance,default", *["1,No,5.0,No"] * 9]), "income"),
        "binary": ("\0\1\2\3", "account"),
    }


@pytest.mark.parametrize("case", bad_tables())
def test_a_bad_table_gets_one_clear_message(credit: Path, case: str) -> None:
    content, words = bad_tables()[case]
    (credit / "data" / "credit.csv").write_text(content, encoding="utf-8")
    said = refusal("run", credit)
    assert words in said, said
    assert len(said.splitlines()) <= 12


def test_a_missing_file_and_a_missing_project_are_named(credit: Path, tmp_path: Path) -> None:
    (credit / "data" / "credit.csv").unlink()
    assert "credit.csv" in refusal("run", credit)
    assert "treadle init" in refusal("run", tmp_path / "nowhere")


def test_a_full_disk_is_said_and_nothing_is_lost(credit: Path) -> None:
    """The limit on a file's size stands in for a disk that is full: writing fails in the middle."""
    answer("run", credit)
    limited = "ulimit -f 100; trap '' XFSZ; exec \"$@\""
    done = subprocess.run(
        ["bash", "-c", limited, "bash", sys.executable, "-m", "treadle", "run", str(credit), "--fresh"],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr[-2000:]
    assert done.stderr.strip()
    assert answer("verify", credit)["ok"]
    assert answer("run", credit)["model"]


def test_init_makes_a_project_that_runs(tmp_path: Path) -> None:
    data = tmp_path / "my data.csv"
    lines = ["order id,x 1,größe,when,late"]
    for n in range(960):  # forty days: the test rows are of eight of them
        day, late = (
            f"2024-{n // 672 + 1:02}-{n // 24 % 28 + 1:02}T{n % 24:02}:00:00",
            (n * 7919 % 100 < 15) ^ (n % 5 == 0),
        )
        lines.append(
            f"{n},{n * n * 31 % 101 / 7:.3f},{'groß' if n % 5 == 0 else '日本'},{day},{'yes' if late else 'no'}"
        )
    data.write_text("\n".join(lines), encoding="utf-8")
    made = answer("init", tmp_path / "p", "--from", data, "--target", "late")
    assert any("classification" in guess for guess in made["guesses"])
    said = refusal("init", tmp_path / "p", "--from", data, "--target", "late")
    assert "already" in said
    assert "late" in refusal("init", tmp_path / "q", "--from", data, "--target", "lat")
    run = answer("run", tmp_path / "p")
    assert run["released"] and run["value"] > run["baseline"]
    checked = answer("check", tmp_path / "p")
    assert checked["ok"]
    out = tmp_path / "answers.csv"
    assert answer("predict", tmp_path / "p", "--from", data, "--out", out)["rows"] == 960
    assert len(out.read_text(encoding="utf-8").splitlines()) == 961


def test_schema_is_json_schema_that_accepts_the_example(credit: Path) -> None:
    import jsonschema
    from ruamel.yaml import YAML

    schema = answer("schema")
    example = YAML(typ="safe").load((credit / "treadle.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(example, schema)
    for wrong in ({"train": {"trials": 0}}, {"serve": {"port": 99999}}, {"project": "../x"}, {"projcet": "x"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(example | wrong, schema)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"project", "brief", "sources", "predict", "features"} <= set(json.dumps(schema).split('"'))
