"""`treadle fit` in a terminal: from a table to a judged model, kept and gone on with, stopped by Ctrl-C or a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from terminal import answer, refusal, treadle

CREDIT = Path(__file__).parents[2] / "examples" / "credit" / "data" / "credit.csv"
QUICK = ("--target", "default", "--family", "linear", "--trials", 2, "--owner", "ada")


@pytest.fixture(autouse=True)
def its_own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "trust"))
    monkeypatch.delenv("TREADLE_HOME", raising=False)


@pytest.mark.slow
def test_a_table_is_fitted_and_kept_and_released(tmp_path: Path) -> None:
    done = treadle("fit", CREDIT, *QUICK, "--save", tmp_path / "mine")
    said, told = done.stderr, done.stdout
    assert "· classification of default, since it has two values, and 'Yes', which says yes" in said
    assert "trial 1: best average_precision" in said and "tries linear: sums of effects" in said
    assert "trivial baseline" in told and "never act" in told and "not tried: " in told
    assert f"next:  treadle run {tmp_path / 'mine'} --serve" in told
    assert "mine:1" in treadle("models", "show", tmp_path / "mine").stdout
    assert Path(answer("report", tmp_path / "mine")["file"]).is_file()
    after = answer("run", tmp_path / "mine")
    assert after["released"] and after["model"] == "mine:1" and len(after["cached_steps"]) == len(after["steps"])
    assert "a folder with something in it" in refusal("fit", CREDIT, *QUICK, "--save", tmp_path / "mine")


@pytest.mark.slow
def test_without_a_folder_to_save_in_json_is_all_there_is(tmp_path: Path) -> None:
    found = answer("fit", CREDIT, *QUICK)
    assert found["kind"] == "classification" and found["tried"] == 2 and found["decisions"]["fixed"][0]["cost"] < 0.1
    assert found["interval"][0] < found["value"] < found["interval"][1] and found["baseline"] < 0.1
    assert not list((tmp_path / "scratch").iterdir()) and not (tmp_path / "trust").exists()
    failed = treadle("fit", CREDIT, "--target", "defalt", "--json", ok=False)
    assert json.loads(failed.stdout)["mend"] == 'did you mean "default"?'


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_leaves_nothing_and_says_so(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "treadle", "fit", str(CREDIT), "--target", "default", "--minutes", "5"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "trial 1:" in line:
            break
    assert list((tmp_path / "scratch").iterdir())
    time.sleep(0.2)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and not out and "Traceback" not in err
    assert err.strip().endswith("stopped; nothing is kept: with --save DIR, what was finished would be")
    assert not list((tmp_path / "scratch").iterdir()) and not (tmp_path / "trust").exists()
