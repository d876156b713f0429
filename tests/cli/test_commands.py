"""The command line as a whole: derived from the operations, one message on failure, nothing but JSON with --json."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import click
import pytest

from treadle.api import OPERATIONS
from treadle.cli import main
from treadle.cli.commands import _request, build

CREDIT = Path(__file__).parents[2] / "examples" / "credit"
PROMISED = {
    "fit", "init", "check", "schema", "run", "replay", "predict", "serve", "features prove", "models list",
    "models show",
    "models release", "models accept", "models rollback", "watch", "drain", "costs", "why", "log", "log checkpoint",
    "log prove", "verify", "trust", "report", "access table", "access diff",
    "tokens create", "tokens list", "tokens rotate", "tokens revoke", "trials", "compare", "mirror",
    "data quarantine list", "data quarantine show", "data quarantine mend", "data quarantine replay",
    "data contract show", "data contract export", "data contract import",
    "data quarantine drop", "data quarantine undo",
    "data entities list", "data entities doubts", "data entities show", "data entities why", "data entities join",
    "data entities split", "data entities set", "data entities undo",
    "data ingest", "data list", "data history", "data query", "data profile", "data diff", "data map", "data retain",
    "data compact", "data move",
    "lineage", "lineage export", "reproduce", "decide open", "decide say", "decide close", "decide review",
    "decide show", "decide list", "decide terms", "decide agree", "decide settle",
    "decide mediate", "decide note", "decide notes", "decide propose", "decide accept", "team show", "team confirm",
    "team export", "team import", "team checkin", "team checkins", "team pulse", "team waits",
    "concern raise", "concern list", "talk feedback", "talk statement", "talk advice",
    "experts ask", "experts queue", "experts say", "experts sheet", "experts take", "experts labels",
    "experts agreement", "models sign", "models review", "models comment", "models assign",
    "costs book", "costs import", "costs export", "schedule", "schedule trigger",
    "prices import", "prices list", "prices diff",
    "costs plan", "costs diff", "costs budget", "costs forecast", "costs idle", "costs report",
    "costs profile", "costs buy", "costs time", "costs confirm", "costs review", "costs serving",
    "costs options", "costs choose", "costs worth", "costs size",
    "notes add", "notes edit", "notes show", "notes list", "notes search", "tried",
    "agenda", "minutes keep", "minutes list", "actions add", "actions list", "actions close", "actions move",
    "retro open", "retro keep", "retro show", "retro list",
    "milestones set", "milestones drop", "milestones list", "status",
    "notify send", "notify list", "notify calendar",
    "queue add", "queue list", "queue cancel", "queue work",
    "skills show", "skills rate", "skills start", "skills rota", "skills held",
    "skills mentors", "skills plan", "skills grow", "skills agree", "skills end", "skills plans",
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
        whole = command.whole()  # type: ignore[attr-defined]
        assert {"as_json", "actor"} <= {parameter.name for parameter in whole.params}, name
        assert command.help, name


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nonsense"], 2, "No such command"),
        (["why"], 2, "Missing argument"),
        (["log", "--limit", "many"], 2, "not a valid integer"),
        (["run", ".", "--spend", "nix"], 2, "'nix' is not a number, such as 0.50"),
        (["run", ".", "--spend", "0,50"], 2, "'0,50' is not a number: write 0.50"),
        (["run", "nowhere"], 1, "treadle init"),
        (["log", str(CREDIT), "--as", "mallory"], 1, "mallory may not see record"),
        (["log", str(CREDIT), "--as", "a b"], 1, "is not a name"),
        (["verify", str(CREDIT), "--expect", "abc"], 1, "not in the chain"),
        (["predict", str(CREDIT), "--record", "{}"], 1, "nothing is released"),
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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["init", "d"], "Missing option '--from'"),
        (["init"], "Missing argument 'FOLDER'"),
        (["serve", "--port", "many"], "Invalid value for '--port'"),
        (["run", "--port", "99999"], "Invalid value for '--port'"),
        (["features", "prove", "--rows", "x"], "Invalid value for '--rows'"),
        (["schedule", "--print", "cro"], "'cro' is not one of 'systemd', 'cron', 'airflow', 'dagster'"),
        (["costs", "book", "--category", "x"], "'data', 'labels', 'people', 'infrastructure'"),
        (["check", "--data", "x", "y"], "unexpected extra argument"),
    ],
)
def test_a_missing_or_wrong_option_is_named_as_it_is_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    code, out, err = call(monkeypatch, capsys, *words)
    assert code == 2 and said in err and not out


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_whatever_a_command_needs_is_asked_for_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    needed = [field for field in OPERATIONS[name].fields() if field.required]
    if needed:
        code, _, err = call(monkeypatch, capsys, *name.split())
        assert code == 2 and "Missing" in err
        assert any((field.name.upper() if field.is_argument else field.flag) in err for field in needed)
    with pytest.raises(click.UsageError) as caught:
        _request(OPERATIONS[name], {field.name: ["x"] for field in OPERATIONS[name].fields()} or {"x": 1})
    assert "Object" not in caught.value.message or not OPERATIONS[name].fields()


def test_trust_says_what_it_grants_and_takes_it_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path))
    project = tmp_path / "p"
    project.mkdir()
    (project / "functions.py").write_text("")
    text = (CREDIT / "treadle.yaml").read_text(encoding="utf-8").replace("data/", f"{CREDIT}/data/")
    (project / "treadle.yaml").write_text(text.replace("contracts/", f"{CREDIT}/contracts/"), encoding="utf-8")
    code, _, err = call(monkeypatch, capsys, "check", str(project))
    assert code == 1 and f"treadle trust {project}" in err
    code, out, _ = call(monkeypatch, capsys, "trust", str(project))
    assert code == 0 and f"{CREDIT}/data/credit.csv" in out and "functions.py" in out and "--revoke" in out
    assert call(monkeypatch, capsys, "check", str(project))[0] == 0
    assert call(monkeypatch, capsys, "trust", str(project), "--revoke")[0] == 0
    assert call(monkeypatch, capsys, "check", str(project))[0] == 1


def test_a_check_that_finds_something_ends_with_a_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = (CREDIT / "treadle.yaml").read_text(encoding="utf-8").replace("entity: account", "entity: acount")
    (tmp_path / "treadle.yaml").write_text(text, encoding="utf-8")
    for part in ("data", "contracts"):
        shutil.copytree(CREDIT / part, tmp_path / part)
    code, out, _ = call(monkeypatch, capsys, "check", str(tmp_path))
    assert code == 1 and "serve.entity" in out and 'did you mean "account"?' in out
    code, out, _ = call(monkeypatch, capsys, "check", str(tmp_path), "--json")
    assert code == 1 and not json.loads(out)["ok"] and len(json.loads(out)["problems"]) == 1


def test_an_argument_that_may_be_left_out_is_shown_so() -> None:
    command = build().commands["data"].commands["diff"].whole()  # type: ignore[attr-defined]
    assert command.collect_usage_pieces(click.Context(command)) == ["[OPTIONS]", "SOURCE", "[BEFORE]", "[NOW]"]
