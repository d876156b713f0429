"""Five people settle a question on the command line, each under their own name."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from stage_shop import opened, write_shop

from treadle.cli import main
from treadle.loop import run


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = write_shop(tmp_path / "shop")
    file = folder / "treadle.yaml"
    text = file.read_text("utf-8")
    file.write_text(
        text.replace("approve: reviewer}", "approve: reviewer, roles: {expert: [lin], lead: [bo]}}")
        + "access: {trust: local, logins: {'*': ada}}\n",
        "utf-8",
    )
    return folder


def treadle(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["treadle", *words])
    try:
        main()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_a_question_is_opened_argued_decided_and_found_again(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    workspace = opened(shop)
    run(workspace)
    workspace.chain.engine.dispose()

    def do(*words: str) -> tuple[int, str, str]:
        return treadle(monkeypatch, capsys, "decide", *words)

    def shown(*words: str) -> Any:
        code, out, err = do(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    place = str(shop)
    assert "no decision is open" in do("list", place)[1]
    found = shown(
        "open", place, "kind-too", "--question", "Is `kind` worth its place?", "--option", "keep: as it is",
        "--option", "drop", "--asks", "lin", "--asks", "bo", "--evidence", "shop:1",
    )  # fmt: skip
    assert found["decides"] == "ada" and found["evidence"][0]["kind"] == "model.packed"
    assert shown("list", place, "--person", "bo")["decisions"][0]["waits_for"] == ["lin", "bo"]
    code, out, _ = do("list", place, "--person", "grace")
    assert code == 0 and "no decision waits for grace; the one that there is does not" in out
    code, _, err = do("list", place, "--person", "grase")
    assert code == 1 and "grase is nobody of shop" in err and 'did you mean "grace"?' in err
    code, _, err = do("say", place, "kind-too", "--for", "keep", "--because", "it is asked anyway", "--as", "mallory")
    assert code == 1 and "mallory" in err
    assert do("say", place, "kind-too", "--for", "keep", "--because", "it is asked anyway", "--as", "lin")[0] == 0
    assert do("close", place, "kind-too", "--for", "drop", "--because", "no gain")[0] == 1
    code, out, _ = do("close", place, "kind-too", "--for", "drop", "--because", "no gain", "--without", "bo")
    assert code == 0 and "against: lin; not heard: bo" in out
    code, out, _ = treadle(monkeypatch, capsys, "why", "decision/kind-too", place)
    assert code == 0 and "decided: drop" in out and "model.packed" in out
    assert do("review", place, "kind-too", "--holds", "perhaps", "--because", "x")[0] == 2
    assert do("review", place, "kind-too", "--holds", "no", "--because", "asked again by sales", "--as", "bo")[0] == 0
    code, out, _ = do("show", place, "kind-too")
    assert code == 0 and "open again: asked again by sales" in out and "not heard yet: bo" in out
    assert shown("list", place)["decisions"][0]["status"] == "open"
    code, _, err = do("show", place, "kind-to")
    assert code == 1 and 'did you mean "kind-too"' in err
