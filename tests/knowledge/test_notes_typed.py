"""Notes at the command line, on a real run: written, found, flagged by the next run, edited by two."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from stage_shop import edit, opened, write_shop

from treadle.cli import main
from treadle.cli.show.notes import VIEWS
from treadle.loop import run


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = write_shop(tmp_path / "shop")
    edit(folder, "approve: reviewer}", "approve: reviewer, roles: {expert: [lin]}}")
    with (folder / "treadle.yaml").open("a", encoding="utf-8") as file:
        file.write("access: {trust: local, logins: {'*': ada}}\n")
    workspace = opened(folder)
    run(workspace)
    workspace.chain.engine.dispose()
    return folder


class Shell:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys, self.asked = monkeypatch, capsys, set[str]()

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self.asked.add(" ".join(words[:2]) if words[0] == "notes" else words[0])
        self.monkeypatch.setattr(sys, "argv", ["treadle", *words])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = self.capsys.readouterr()
        return code, out, err

    def json(self, *words: str) -> Any:
        code, out, err = self(*words, "--json")
        assert code == 0, err
        return json.loads(out)


def test_what_was_learned_is_written_found_flagged_and_mended(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    do, place = Shell(monkeypatch, capsys), str(shop)
    assert "no note is flagged, or there is none" in do("notes", "list", place)[1]
    text = "# What the score is\n\nThe newest has {shop.average_precision}, on {source/orders.rows} rows."
    code, out, _ = do("notes", "add", place, "score", "--text", text, "--tag", "scores", "--on", "source/orders")
    assert code == 0 and "What the score is" in out and "The newest has 0." in out and ", on 398 rows." in out
    assert "notes list" in do.asked or do("notes", "list", place)[0] == 0
    assert do("notes", "add", place, "mallory", "--text", "x", "--as", "mallory")[0] == 1
    code, out, _ = do("tried", "logistic regression", place)
    assert code == 0 and "linear" in out and "who knows: ada" in out
    code, out, _ = do("tried", "quantum", place)
    assert code == 0 and "nobody has tried" in out
    code, out, _ = do("notes", "search", place, "newest score")
    assert code == 0 and "note/score" in out.replace("note note/score", "note/score")
    assert "nothing in the record has: barometer" in do("notes", "search", place, "barometer")[1]
    assert [node["kind"] for node in do.json("why", "note/score", place)["nodes"]][:2] == [
        "note.written",
        "model.packed",
    ]

    edit(shop, "request: [amount, kind]", "request: [kind]")  # a worse model, from other columns
    workspace = opened(shop)
    run(workspace)
    workspace.chain.engine.dispose()
    line = do.json("notes", "list", place, "--flagged")["notes"][0]
    assert line["name"] == "score" and line["flags"][0].startswith("shop.average_precision was 0.")
    assert "! score: shop.average_precision was" in do("notes", "list", place)[1]

    file = tmp_path / "score.md"
    assert do("notes", "show", place, "score", "--out", str(file))[0] == 0
    assert do("notes", "show", place, "score", "--out", str(file))[0] == 1, "nothing is written over"
    assert do("notes", "edit", place, "score", "--instead-of", "1", "--text", "Lower.", "--as", "lin")[0] == 0
    file.write_text(file.read_text("utf-8").replace("The newest", "Mine"), "utf-8")
    code, out, _ = do("notes", "edit", place, "score", "--file", str(file), "--as", "grace")
    assert code == 1 and "lin wrote version 2 of score" in out and "+Lower." in out and "+Mine has" in out
    assert do.json("notes", "show", place, "score")["note"]["text"] == "Lower."
    file.write_text(file.read_text("utf-8").replace("version: 1", "version: 2"), "utf-8")
    assert do("notes", "edit", place, "score", "--file", str(file), "--as", "grace")[0] == 0
    code, out, _ = do("notes", "show", place, "score")
    assert code == 0 and "Mine has" in out and "version 3: grace" in out
    code, out, _ = do("notes", "show", place, "score", "--at", "1")
    assert code == 0 and "version 3 took its place" in out
    assert do("notes", "add", place, "b", "--text", "x", "--file", str(file))[0] == 1
    assert do.asked >= VIEWS.keys()
