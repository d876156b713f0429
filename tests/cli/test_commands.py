"""The command line as a whole: derived from the operations, one message on failure, nothing but JSON with --json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from treadle.api import OPERATIONS
from treadle.cli import main
from treadle.cli.commands import build

CREDIT = Path(__file__).parents[2] / "examples" / "credit"
PROMISED = {
    "init", "check", "schema", "run", "replay", "predict", "serve", "features prove", "models list", "models show",
    "models release", "models rollback", "watch", "drain", "costs", "why", "log", "verify",
}  # fmt: skip


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["treadle", *words])
    code = 0
    try:
        main()
    except SystemExit as done:
        code = int(done.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_every_promised_command_is_there_and_each_takes_json_and_a_name() -> None:
    assert set(OPERATIONS) == PROMISED
    root = build()
    for name in OPERATIONS:
        command = root
        for word in name.split():
            command = command.commands[word]  # type: ignore[attr-defined,assignment]
        assert {"as_json", "actor"} <= {parameter.name for parameter in command.params}, name
        assert command.help, name


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nonsense"], 2, "No such command"),
        (["why"], 2, "Missing argument"),
        (["log", "--limit", "many"], 2, "not a valid integer"),
        (["run", "nowhere"], 1, "treadle init"),
        (["log", str(CREDIT), "--as", "mallory"], 1, "mallory may not read"),
        (["log", str(CREDIT), "--as", "a b"], 1, "is not a name"),
        (["verify", str(CREDIT), "--expect", "abc"], 1, "not in the chain"),
        (["predict", str(CREDIT), "--record", "{}"], 1, "no model yet"),
        (["models", "show", str(CREDIT), "9"], 1, ""),
    ],
)
def test_failures_end_with_a_code_and_one_message(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.setenv("TREADLE_HOME", str(tmp_path))
    found, out, err = call(monkeypatch, capsys, *words)
    assert found == code and said in out + err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["log", "costs", "verify", "models list", "check"])
def test_an_empty_workspace_answers_in_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("TREADLE_HOME", str(tmp_path))
    code, out, _ = call(monkeypatch, capsys, *name.split(), str(CREDIT), "--json")
    assert code == 0 and isinstance(json.loads(out), dict)
    code, out, _ = call(monkeypatch, capsys, *name.split(), str(CREDIT))
    assert code == 0 and out.strip()
