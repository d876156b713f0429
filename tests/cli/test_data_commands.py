"""`treadle data …` as its user types it, and over HTTP: nothing that names a file goes through a route."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from test_commands import CREDIT, call

from treadle.api import OPERATIONS, Context
from treadle.cli.show.data import VIEWS
from treadle.principal import person
from treadle.spec import load
from treadle.stages.reading import read_sources
from treadle.stages.work import Work
from treadle.web.answers import Answers
from treadle.workspace import open_workspace


@pytest.fixture(scope="module")
def credit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The credit project with two snapshots: of all rows, and of all but the last with other balances."""
    folder = tmp_path_factory.mktemp("data") / "credit"
    shutil.copytree(CREDIT, folder, ignore=shutil.ignore_patterns(".treadle"))
    (folder / "contracts" / "credit.yaml").unlink()
    file = folder / "treadle.yaml"
    file.write_text(file.read_text("utf-8").replace(", contract: contracts/credit.yaml", ""), encoding="utf-8")
    for round_ in range(2):
        workspace = open_workspace(load(folder), actor="ada", run=f"run{round_}")
        read_sources(Work(workspace))
        workspace.chain.engine.dispose()
        table = folder / "data" / "credit.csv"
        lines = table.read_text("utf-8").splitlines()
        table.write_text("\n".join([lines[0], *(line.replace("Yes,", "No,") for line in lines[1:-1])]) + "\n", "utf-8")
    return folder


def test_every_command_speaks_to_a_person_and_in_json(
    credit: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    project = str(credit)
    words = {
        "data list": (["data", "list", project], "@1"),
        "data history": (["data", "history", "credit", project], "run1"),
        "data query": (["data", "query", "select count(*) n from credit@0", project], "10000"),
        "data profile": (["data", "profile", "credit@0", project], "account"),
        "data diff": (["data", "diff", "credit", "--project", project], "1 removed"),
    }
    assert words.keys() == VIEWS.keys()
    for name, (typed, said) in words.items():
        code, out, err = call(monkeypatch, capsys, *typed)
        assert code == 0 and said in out and "Traceback" not in err, (name, out, err)
        code, out, _ = call(monkeypatch, capsys, *typed, "--json")
        assert code == 0 and isinstance(json.loads(out), dict), name
    paged = [*words["data profile"][0], "--html", str(tmp_path / "p.html")]
    assert call(monkeypatch, capsys, *paged)[0] == 0
    code, _, err = call(monkeypatch, capsys, *paged)
    assert code == 1 and "is there already" in err
    page = (tmp_path / "p.html").read_text("utf-8")
    assert page.startswith("<!doctype html>") and "<script" not in page and "credit@0" in page


def test_a_file_needs_no_project(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales.csv").write_text("a;b\n1,5;x\n2,5;y\n", encoding="utf-8")
    code, out, _ = call(monkeypatch, capsys, "data", "profile", "sales.csv", "--label", "b", "--json")
    assert code == 0 and json.loads(out)["columns"][0]["numbers"]["high"] == 2.5
    assert list(tmp_path.iterdir()) == [tmp_path / "sales.csv"], "and nothing is kept"
    for words, said in (
        (["data", "profile", "none.csv"], "there is no file none.csv"),
        (["data", "profile", "sales"], "treadle init"),
        (["data", "profile", "sales.csv", "--html", "no/where.html"], "the folder of"),
        (["data", "profile", "sales.csv", "--html", "."], "names no file"),
    ):
        code, out, err = call(monkeypatch, capsys, *words)
        assert code == 1 and said in err and "Traceback" not in err, words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data", "query", "select * from credti"], 'did you mean "credit"?'),
        (["data", "query", "select 1", "--limit", "0"], "is no limit"),
        (["data", "query", "select 1", "--seconds", "nan"], "is no limit"),
        (["data", "history", "credti"], 'did you mean "credit"?'),
        (["data", "profile", "credit@9"], "no version 9"),
    ],
)
def test_what_is_wrong_ends_with_one_message(
    credit: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    code, _, err = call(monkeypatch, capsys, *words[:3], str(credit), *words[3:])
    assert code == 1 and said in err and "Traceback" not in err


def test_over_http_rows_are_read_and_no_file_is(credit: Path) -> None:
    answers, ada = Answers(str(credit)), person("ada")
    status, _, body = answers.answer("GET", "/api/data/query", "sql=select+max(account)+from+credit", ada)
    assert status == 200 and json.loads(body)["rows"] == [[9999]]
    status, _, body = answers.answer("GET", "/api/data/profile", "table=credit", ada)
    assert status == 200 and json.loads(body)["rows"] == 9999
    for query in ("table=/etc/passwd", "table=data%2Fcredit.csv", "table=.%2Fcredit.csv"):
        status, _, body = answers.answer("GET", "/api/data/profile", query, ada)
        assert status == 400 and b"there is no source" in body, query
    for query in ("table=credit&html=x.html", "table=credit&reading=x", "sql=select+1&memory_gb=9"):
        path = "query" if "sql" in query else "profile"
        assert answers.answer("GET", f"/api/data/{path}", query, ada)[0] == 422, query
    assert answers.answer("GET", "/api/data/query", "sql=select+1", person("mallory"))[0] == 403


def test_whoever_may_not_see_rows_is_told_so_and_begins_no_record(tmp_path: Path) -> None:
    folder = tmp_path / "credit"
    shutil.copytree(CREDIT, folder, ignore=shutil.ignore_patterns(".treadle"))
    found = OPERATIONS["data diff"]
    with pytest.raises(Exception, match="no snapshot was kept yet"):
        found.begin(found.request(source="credit", project=str(folder)), Context(person("ada")))
    assert not (folder / ".treadle").exists()
