"""With `--json` a failure is one JSON object on stdout; stderr and the exit codes are as without it."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import click
import pytest

from treadle.api import OPERATIONS, Operation
from treadle.cli import main
from treadle.cli.failing import failure_of

CREDIT = Path(__file__).parents[2] / "examples" / "credit"


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["treadle", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize(
    ("words", "code", "error", "where", "mend"),
    [
        (["predict", str(CREDIT), "--record", "{}"], 1, "nothing is released", "", "treadle run"),
        (["run", "nowhere"], 1, "nowhere", "", "treadle init"),
        (["log", str(CREDIT), "--as", "mallory"], 1, "mallory may not see record", "", ""),
        (["log", str(CREDIT), "--limit", "0"], 1, "0 is no limit", "--limit", "from 1 to"),
        (["log", "--limit", "many"], 2, "'many' is not a valid integer", "treadle log", "treadle log --help"),
        (["why"], 2, "Missing argument", "treadle why", "treadle why --help"),
        (["nonsense"], 2, "No such command", "treadle", "treadle --help"),
    ],
)
def test_a_failure_is_one_object_with_where_and_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: list[str],
    code: int,
    error: str,
    where: str,
    mend: str,
) -> None:
    monkeypatch.setenv("TREADLE_HOME", str(tmp_path))
    plain = call(monkeypatch, capsys, *words)
    found, out, err = call(monkeypatch, capsys, *words, "--json")
    assert (found, err) == (code, plain[2]) and plain[:2] == (code, "")
    told = json.loads(out)
    assert list(told) == ["error", "where", "mend"]
    assert error in told["error"] and where in told["where"] and mend in told["mend"]


def test_several_faults_are_told_one_by_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = (CREDIT / "treadle.yaml").read_text(encoding="utf-8")
    text = text.replace("contract:", "contarct:").replace("predict:", "predikt:", 1)
    (tmp_path / "treadle.yaml").write_text(text, encoding="utf-8")
    code, out, _ = call(monkeypatch, capsys, "check", str(tmp_path), "--json")
    faults = json.loads(out)["faults"]
    assert code == 1 and len(faults) > 1
    assert all(set(fault) == {"what", "where", "mend"} and "treadle.yaml:" in fault["where"] for fault in faults)


@pytest.mark.parametrize(
    ("raised", "code", "error", "where"),
    [
        (OSError(28, "No space left on device", "catalog.db"), 1, "No space left on device", "catalog.db"),
        (OSError("the network is down"), 1, "the network is down", "the system"),
        (KeyboardInterrupt(), 130, "stopped", ""),
        (click.Abort(), 130, "stopped", ""),
    ],
)
def test_what_the_machine_or_the_person_ends_is_told_too(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    code: int,
    error: str,
    where: str,
) -> None:
    def begin(self: Operation, request: object, context: object) -> None:
        raise raised

    monkeypatch.setattr(Operation, "begin", begin)
    found, out, err = call(monkeypatch, capsys, "check", str(CREDIT), "--json")
    told = json.loads(out)
    assert found == code and error in told["error"] and told["where"] == where and error in err


@pytest.mark.parametrize(
    ("number", "mend"),
    [
        (errno.EACCES, "may not read or write it"),
        (errno.EPERM, "may not read or write it"),
        (errno.ENOSPC, "room"),
        (errno.EDQUOT, "room"),
        (errno.EROFS, "reading alone"),
        (errno.ENOENT, "check its name"),
        (errno.EMFILE, "the system refused this"),
    ],
)
def test_what_the_system_refused_is_mended_by_its_cause(number: int, mend: str) -> None:
    """A folder that one may not read was said to be on a full disk."""
    told = failure_of(OSError(number, os.strerror(number), "/srv/shop"))
    assert told.where == "/srv/shop" and mend in told.mend
    assert ("room" in told.mend) == (number in (errno.ENOSPC, errno.EDQUOT))


def test_a_word_after_two_dashes_is_no_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "check" in OPERATIONS
    code, out, _ = call(monkeypatch, capsys, "check", "--", "--json")
    assert code == 1 and not out
