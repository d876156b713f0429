"""A run in a process of its own, and the scheduler as a process: how they end, and that there is one of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from ingest import BY_NUMBER, begin, insert, row
from stage_shop import edit, opened

from treadle.cli.progress import Waits
from treadle.evidence.kinds.schedule_ran import ScheduleRan
from treadle.scheduling import running
from treadle.scheduling.running import command, run_once


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


@pytest.mark.parametrize(
    ("text", "ok", "said"),
    [
        ('print(\'{"model": "shop:2", "status": "released", "more": 1}\')', True, "shop:2 is released"),
        ("import sys; print('{\"error\": \"it is away\", \"where\": \"sources.x\"}'); sys.exit(1)", False,
         "sources.x: it is away"),
        ("import sys; sys.exit('no module')", False, "no module"),
        ("raise SystemExit(3)", False, "it said nothing"),
        ("import os; os.kill(os.getpid(), 9)", False, "ended by signal 9"),
        ("print('x' * 10**6)", True, "is"),
    ],
)  # fmt: skip
def test_how_a_run_ended(text: str, ok: bool, said: str) -> None:
    found = run_once(python(text), lambda: False)
    assert found.ok == ok and said in found.said and len(found.said) <= 300 and not found.stopped


def test_a_run_that_is_told_to_end_may_finish_its_step() -> None:
    text = "import time\ntry:\n  time.sleep(60)\nexcept KeyboardInterrupt:\n  time.sleep(0.3); raise SystemExit(130)"
    began = time.monotonic()
    found = run_once(python(text), lambda: time.monotonic() - began > 1)
    assert found.stopped and not found.ok and time.monotonic() - began < 30


def test_one_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "END_SECONDS", 0.5)
    text = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    began = time.monotonic()
    found = run_once(python(text), lambda: time.monotonic() - began > 1)
    assert found.stopped and not found.ok and time.monotonic() - began < 30


def test_who_it_is_run_as() -> None:
    assert command("shop", "ada")[1:] == ["-m", "treadle", "run", "shop", "--json", "--as", "ada"]


@contextmanager
def scheduler(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "treadle", "schedule", str(folder), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def told(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    pytest.fail(f"it never said {text!r}")


def test_one_scheduler_that_ends_when_told_and_goes_on_when_started_anew(tmp_path: Path) -> None:
    place = begin(tmp_path / "shop", BY_NUMBER.replace("new:", "every: 1h, new:"))
    edit(place, "serve: {endpoint: shop}", "serve: {endpoint: shop}\naccess: {trust: local, logins: {'*': ada}}")
    edit(place, "table: orders", "table: nowhere")  # each run fails at once
    insert(place, map(row, range(5)))
    with scheduler(place, "--retries", "0") as first:
        told(first, "given up: treadle.yaml:7:3: sources.orders: there is no table nowhere")
        other = subprocess.run(
            [sys.executable, "-m", "treadle", "schedule", str(place)], capture_output=True, text=True, check=False
        )
        assert other.returncode == 1 and f"a scheduler runs here already (process {first.pid})" in other.stderr
        first.send_signal(signal.SIGTERM)
        out, _ = first.communicate(timeout=60)
        assert first.returncode == 0 and "shop was run 0 times, 1 given up" in out
    with scheduler(place) as second:
        told(second, "shop is run every 1 h")
        second.kill()  # the lock goes with it
        second.wait()
    with scheduler(place) as third:
        told(third, "shop is run every 1 h")
        third.send_signal(signal.SIGINT)
        out, _ = third.communicate(timeout=60)
        assert third.returncode == 0 and "run 0 times" in out
    assert len(opened(place).chain.find(ScheduleRan)) == 1  # the next is due in an hour, also for those started anew


def test_what_is_printed_can_be_put_into_a_file(tmp_path: Path) -> None:
    place = begin(tmp_path / "shop", BY_NUMBER.replace("new:", "every: 1h, new:"))
    edit(place, "serve: {endpoint: shop}", "serve: {endpoint: shop}\naccess: {trust: local, logins: {'*': ada}}")
    done = subprocess.run(
        [sys.executable, "-m", "treadle", "schedule", str(place), "--print", "airflow"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    compile(done.stdout, "dag.py", "exec")
    wrong = subprocess.run(
        [sys.executable, "-m", "treadle", "schedule", str(place), "--print", "luigi"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert wrong.returncode == 2 and "--print" in wrong.stderr


def test_what_a_run_waits_for_is_heard_while_it_goes_on() -> None:
    text = (
        "import sys, time, os\n"
        "say = lambda t: print(t, file=sys.stderr, flush=True)\n"
        "say('· waiting for rows'); say('a warning of a library')\n"
        "file = {file!r}\n"
        "while not os.path.exists(file): time.sleep(0.05)\n"
        "say('· going on'); sys.exit('it is away')\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        heard, file = list[str](), Path(folder) / "heard"

        def hear(said: str) -> None:  # only once it was heard does the run go on
            heard.append(said)
            file.touch()

        found = run_once(python(text.format(file=str(file))), lambda: False, hear)
    assert heard == ["waiting for rows", "going on"] and found.said == "it is away"


def test_a_run_with_json_says_what_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    Waits().waits("waiting for rows")
    shown = capsys.readouterr()
    assert shown.err == "· waiting for rows\n" and not shown.out
