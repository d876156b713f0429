"""A week at the command line: agenda, minutes, actions, looking back, milestones, status."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from stage_shop import edit
from written_shop import packed, released, written_shop

from treadle.cli import main
from treadle.cli.show import meetings, milestones, retro, skills
from treadle.evidence.kinds.alert_raised import AlertRaised


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    workspace = written_shop(tmp_path / "shop")
    released(workspace, packed(workspace, 1, 0.5))
    said = AlertRaised(model="shop:1", about="quality", until="2024-05-01", text="recall fell, says grace")
    workspace.chain.append(said, "endpoint/shop")
    workspace.chain.engine.dispose()
    edit(tmp_path / "shop", "approve: reviewer}", "approve: reviewer, roles: {expert: [lin]}}")
    with (tmp_path / "shop" / "treadle.yaml").open("a", encoding="utf-8") as file:
        file.write("access: {trust: local, logins: {'*': ada}}\n")
    return tmp_path / "shop"


def test_a_week_of_a_team(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place, asked = str(shop), set[str]()

    def do(*words: str) -> tuple[int, str, str]:
        asked.add(words[0] if words[0] in ("agenda", "status") else " ".join(words[:2]))
        monkeypatch.setattr(sys, "argv", ["treadle", *words])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    def of_json(*words: str) -> Any:
        code, out, err = do(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    page = tmp_path / "agenda.md"
    code, out, _ = do("agenda", place, "--days", "3660", "--out", str(page))
    assert code == 0 and "recall fell, says grace (an alert 2024-05-01; #3)" in out
    assert do("agenda", place, "--out", str(page))[0] == 1 and do("agenda", place, "--days", "0")[0] == 1
    page.write_text(page.read_text("utf-8") + "- [ ] Ask the shop @lin 2099-01-31\n", "utf-8")
    assert "no minutes were kept" in do("minutes", "list", place)[1]
    assert do("minutes", "keep", place, "--present", "ada")[0] == 1
    code, out, _ = do("minutes", "keep", place, "--present", "ada", "--present", "lin", "--file", str(page))
    assert code == 0 and "ada, lin" in out and "Ask the shop" in out
    assert "nothing happened, and nothing waits for anybody" in do("agenda", place)[1]
    assert len(of_json("minutes", "list", place)["meetings"]) == 1

    assert do("actions", "add", place, "Buy labels", "--owner", "lin", "--due", "2099-02-01", "--as", "bo")[0] == 1
    assert do("actions", "add", place, "Buy labels", "--owner", "lin", "--due", "2099-02-01")[0] == 0
    code, out, _ = do("actions", "move", place, "2", "--owner", "ada", "--because", "lin is ill", "--as", "grace")
    assert code == 0 and "grace on " in out and "(ada, until 2099-02-01): lin is ill" in out
    assert do("actions", "close", place, "two")[0] == 2
    assert do("actions", "close", place, "1", "--because", "asked", "--evidence", "shop:1", "--as", "lin")[0] == 0
    code, out, _ = do("actions", "list", place)
    assert code == 0 and "Buy labels" in out and "of 1 that were due or are done, 1 are done, 1 in time" in out
    assert [each["number"] for each in of_json("actions", "list", place, "--all")["actions"]] == [2, 1]
    assert do("actions", "list", place, "--owner", "lim")[0] == 1

    assert "nothing was looked back at" in do("retro", "list", place)[1]
    code, out, _ = do("retro", "open", place, "recall", "--about", "3")
    assert code == 0 and "> 2024-05-01" in out and "recall fell, says somebody" in out and "treadle retro keep" in out
    for name in ("recall", "again"):
        if name == "again":
            assert do("retro", "open", place, name, "--about", "3")[0] == 0
        code, out, _ = do("retro", "keep", place, name, "--text", "Labels were late.", "--cause", "late labels",
                          "--action", "alert sooner @lin 2099-03-01")  # fmt: skip
        assert code == 0 and "alert sooner" in out
    assert "late labels was a cause before: recall" in do("retro", "show", place, "again")[1]
    assert "late labels came again: again, recall" in do("retro", "list", place)[1]

    assert "no milestone is set" in do("milestones", "list", place)[1]
    words = ("milestones", "set", place, "good", "--by", "2099-01-31", "--text", "A good model", "--gate")
    code, out, _ = do(*words, "shop.average_precision >= 0.9")
    assert code == 0 and "✗ shop.average_precision >= 0.9: 0.50 #1" in out
    assert do(*words, "much better")[0] == 1
    report = tmp_path / "status.md"
    code, out, _ = do("status", place, "--out", str(report))
    assert (
        code == 0 and "A good model is due on 31 January 2099" in out and "## milestones" in report.read_text("utf-8")
    )
    for each in of_json("status", place)["sentences"]:
        for number in each["entries"]:
            assert do("why", str(number), place)[0] == 0
    code, out, _ = do("skills", "show", place)
    assert code == 0 and "ada alone knows decisions" in out and "pair: ada and " in out
    assert do("skills", "rate", place, "decisions", "--level", "well", "--as", "lin")[0] == 0
    assert do("skills", "rate", place, "decision", "--level", "well")[0] == 1
    assert do("skills", "rate", place, "decisions", "--level", "best")[0] == 2
    assert "ada alone knows decisions" not in do("skills", "show", place)[1]
    code, out, _ = do("skills", "start", place, "--person", "lin")
    assert code == 0 and "What is served: shop:1" in out and do("skills", "start", place, "--person", "lim")[0] == 1
    assert do("milestones", "drop", place, "good", "--because", "not wanted")[0] == 0
    assert do("skills", "rota", place)[0] == 0
    assert asked >= {*meetings.VIEWS, *milestones.VIEWS, *retro.VIEWS, *skills.VIEWS} - {"skills held"}
