"""docs/story.md, typed: five people on one project, from a charter to the page of a month."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path

import pytest
from typed_page import ROOT, tell

from treadle.cli import main
from treadle.evidence.kinds.cost_booked import CATEGORIES


@pytest.mark.slow
def test_the_story_is_true_and_its_figures_lead_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One test, since each step stands on those before it. In this process: a new one for each command would take most
    of the time."""

    def treadle(words: list[str], heard: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["treadle", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(heard))
        status = 0
        try:
            main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        out, err = capsys.readouterr()
        return status, out + err

    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(ROOT)  # each command is typed in the folder that the page has come to by then
    told = tell(ROOT / "docs" / "story.md", tmp_path / "pilot", treadle)
    assert not told.wrong, "\n\n".join(told.wrong)
    assert Path.cwd() == tmp_path / "pilot"

    status, said = treadle(["status", ".", "--json"], "")
    assert status == 0
    sentences = json.loads(said)["sentences"]
    numbers = {number for each in sentences for number in each["entries"]}
    assert {each["topic"] for each in sentences if each["entries"]} >= {"what is served", "money", "milestones", "data"}
    month = Path("month.html").read_text("utf-8")
    subjects = _first_cells(month, "on what")
    booked = {each for each in subjects if each.split(",")[0] in CATEGORIES}
    assert {"flights", "source/flights"} <= subjects and booked
    for subject in (*subjects - booked - {"(no subject)"}, *map(str, sorted(numbers))):
        status, led = treadle(["why", subject, "."], "")
        assert status == 0, f"{subject} leads nowhere: {led}"
    runs = _first_cells(month, "run")
    for run in runs:
        status, led = treadle(["log", ".", "--run", run], "")
        assert status == 0 and "nothing was recorded" not in led
    assert len(runs) >= 4 and os.environ["COLUMNS"] == "120"
    home = Path("home.html").read_text("utf-8")
    assert "What waits for whom" in home and "a call each Monday" in home and "<script" not in home


def _first_cells(page: str, head: str) -> set[str]:
    """Of the table whose first column is called so."""
    (table,) = re.findall(rf"<table><thead><tr><th[^>]*>{head}</th>.*?</table>", page)
    return set(re.findall(r"<tr><td>(.*?)</td>", table))
