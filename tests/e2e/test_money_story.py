"""The page about a month of money is true: its commands are run as they stand there, on the first weeks of flights."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from treadle.cli import main
from treadle.evidence.kinds.load_tested import LoadTested
from treadle.evidence.kinds.money_reported import MoneyReported
from treadle.evidence.kinds.options_offered import OptionsOffered
from treadle.evidence.kinds.replay_played import ReplayPlayed
from treadle.evidence.kinds.rivals_compared import RivalsCompared
from treadle.evidence.kinds.savings_reviewed import SavingsReviewed
from treadle.evidence.kinds.snapshots_removed import SnapshotsRemoved
from treadle.spec import load
from treadle.workspace import open_workspace

PAGE = Path(__file__).parents[2] / "docs" / "money-story.md"
SHORTER = (
    ("--from 2013-11-01 --to 2013-12-01", "--from 2013-02-10T00:00 --to 2013-02-10T09:00"),
    ("--seconds 30", "--seconds 1"),
)
"""What is made shorter for the test, of the commands."""


def commands() -> Iterator[tuple[str, str]]:
    """Each line of the page's blocks that is a command, with what is to be written to a file by it."""
    lines = iter(line[4:] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("    "))
    for line in lines:
        written = ""
        if line.endswith("<<END"):
            for text in lines:
                if text == "END":
                    break
                written += text + "\n"
        yield line, written


def of_late(text: str) -> str:
    """Days of the page's month as days of the last three weeks."""
    first = datetime.now(UTC).date() - timedelta(days=22)

    def late(found: re.Match[str]) -> str:
        return (first + timedelta(days=date.fromisoformat(found[0]).day)).isoformat()

    return re.sub(r"2026-11-\d\d", late, text)


@pytest.fixture
def project(flights: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the small project, released, as the page begins with."""
    folder = shutil.copytree(flights[0], tmp_path / "flights")
    monkeypatch.chdir(folder)
    return folder


def call(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    for old, new in SHORTER:
        line = line.replace(old, new)
    monkeypatch.setattr(sys, "argv", shlex.split(line, comments=True))
    code = 0
    try:
        main()
    except SystemExit as done:
        code = int(done.code or 0)
    said = capsys.readouterr()
    return code, said.out + said.err


def test_the_story_of_money_is_true(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = dict[str, str]()
    for line, written in list(commands())[2:]:  # it is copied, and was run
        if written:
            name = re.fullmatch(r"cat > (\S+) <<END", line)
            assert name is not None, line
            text = of_late(written) if name[1] == "invoices.csv" else written
            (project / name[1]).write_text(text, encoding="utf-8")
            continue
        if line.startswith("python -c "):
            exec(shlex.split(line)[2], {})
            continue
        command, _, comment = line.partition("#")
        if command.startswith("treadle models release"):  # on the small project a reviewer released it before
            continue
        code, told = call(command, monkeypatch, capsys)
        assert (code != 0) == comment.strip().startswith("refused"), f"{command}\n{told}"
        assert "Traceback" not in told, told
        said[command.strip()] = told
    assert "652.8 USD" in said["treadle costs import . invoices.csv"]
    assert "h booked" in said["treadle costs time ."]
    assert "a budget is spent" in said["treadle run . --spend 0.000001"]
    assert "snapshot" in said["treadle costs idle . --days 0.000001 --apply"]
    assert "least-cost" in said["treadle costs budget ."] or "how-to-go-on" in said["treadle costs budget ."]
    workspace = open_workspace(load(project), actor="ada")
    kinds = (ReplayPlayed, LoadTested, RivalsCompared, SnapshotsRemoved, OptionsOffered, MoneyReported, SavingsReviewed)
    missing = [kind.KIND for kind in kinds if workspace.chain.last(kind) is None]
    assert not missing
    assert (project / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    code, told = call("treadle why money/flights . --json", monkeypatch, capsys)
    kinds_led = {node["kind"] for node in json.loads(told)["nodes"]}
    assert code == 0 and {"money.reported", "prices.imported"} <= kinds_led
