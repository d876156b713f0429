"""`treadle data quarantine …` and `treadle data contract …` as their user types them, and over HTTP."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from test_commands import CREDIT, call

from treadle.api import OPERATIONS, Context
from treadle.cli.show.contract import VIEWS as OF_CONTRACTS
from treadle.cli.show.quarantine import VIEWS
from treadle.errors import AccessError
from treadle.principal import Principal, person
from treadle.spec import load
from treadle.stages.reading import read_sources
from treadle.stages.work import Work
from treadle.workspace import open_workspace


@pytest.fixture
def credit(tmp_path: Path) -> Path:
    """The credit project, read once; of its first three rows two incomes are no numbers, and one age is none."""
    folder = tmp_path / "credit"
    shutil.copytree(CREDIT, folder, ignore=shutil.ignore_patterns(".treadle"))
    table = folder / "data" / "credit.csv"
    head, *rows = table.read_text("utf-8").splitlines()
    place = head.split(",").index("income")
    for number, wrong in enumerate(("€ = low", "€ = low", "?")):
        cells = rows[number].split(",")
        cells[place] = wrong
        rows[number] = ",".join(cells)
    table.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    workspace = open_workspace(load(folder), actor="ada", run="first")
    read_sources(Work(workspace))
    workspace.chain.engine.dispose()
    return folder


def test_a_person_looks_mends_replays_drops_and_undoes(
    credit: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project, asked = str(credit), Counter[str]()

    def typed(*words: str, verb: str) -> str:
        asked[f"data quarantine {verb}"] += 1
        code, out, err = call(monkeypatch, capsys, "data", "quarantine", verb, *words, "--as", "ada")
        assert code == 0 and "Traceback" not in err, err
        return out

    assert "income_type 3" in typed(project, verb="list")
    shown = typed("credit", project, "--rule", "income_type", "--limit", "1", verb="show")
    assert "€ = low" in shown and "must be a" in shown and "--limit N" in shown
    mended = typed("credit", project, "--set", "income=12.5", "--where", "income like '%low'", verb="mend")
    assert "2 rows of credit mended; 3 are set aside" in mended and "replay credit" in mended
    assert "2 rows of credit replayed; credit@1 has them; 1 is set aside" in typed("credit", project, verb="replay")
    assert "1 row of credit dropped" in typed("credit", project, "--reason", "no income", verb="drop")
    assert "9,997 rows; 3 set aside" in typed("credit", "@0", project, "--reason", "all wrong", verb="undo")
    assert asked.keys() == VIEWS.keys()
    code, out, _ = call(monkeypatch, capsys, "data", "quarantine", "show", "credit", project, "--json")
    row = json.loads(out)["rows"][0]
    assert code == 0 and row["values"]["income"] == "€ = low" and row["broke"][0]["rule"] == "income_type"
    code, out, _ = call(monkeypatch, capsys, "data", "quarantine", "list", project, "--json")
    assert code == 0 and "low" not in out  # how many, and why; whose values they are is for who may see rows
    for words, said in (
        (("drop", "credit", project), "Missing option '--reason'"),
        (("show", "credi", project), "credit"),
        (("mend", "credit", project), "nothing is set"),
        (("undo", "credit", "seven", project, "--reason", "x"), "is no version"),
        (("show", "credit", project, "--limit", "0"), "no limit"),
    ):
        code, _, err = call(monkeypatch, capsys, "data", "quarantine", *words)
        assert code and said in err and "Traceback" not in err, (words, err)


def test_contracts_are_shown_written_and_made(
    credit: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    project, out_file = str(credit), tmp_path / "credit.odcs.yaml"
    code, shown, _ = call(monkeypatch, capsys, "data", "contract", "show", "credit", project)
    assert code == 0 and "income_type" in shown and "set aside" in shown
    code, text, _ = call(monkeypatch, capsys, "data", "contract", "export", "credit", project)
    assert code == 0 and text.startswith("apiVersion: v3.1.0")
    assert call(monkeypatch, capsys, "data", "contract", "export", "credit", project, "--out", str(out_file))[0] == 0
    assert out_file.read_text("utf-8") == text
    code, _, err = call(monkeypatch, capsys, "data", "contract", "export", "credit", project, "--out", str(out_file))
    assert code == 1 and "is there already" in err
    code, said, _ = call(monkeypatch, capsys, "data", "contract", "import", str(out_file), "other", project)
    assert code == 0 and "wrote contracts/other.yaml" in said and "contract: contracts/other.yaml" in said
    for words, wrong in (
        ((str(out_file), "other", project), "is there already"),
        ((str(out_file), "../x", project), "no name of a source"),
        ((str(tmp_path / "none"), "new", project), "there is no contract"),
        ((str(credit / "treadle.yaml"), "new", project), "no data contract of version 3"),
    ):
        code, _, err = call(monkeypatch, capsys, "data", "contract", "import", *words)
        assert code == 1 and wrong in err and "Traceback" not in err, (words, err)
    assert OF_CONTRACTS.keys() == {name for name in OPERATIONS if name.startswith("data contract")}


def test_who_only_runs_mends_nothing_and_that_is_recorded(credit: Path) -> None:
    found = OPERATIONS["data quarantine drop"]
    request = found.request(source="credit", reason="x", project=str(credit))  # type: ignore[call-arg]
    till = Principal("service", "till", frozenset(("write", "read")))
    for who in (till, person("mallory")):
        with pytest.raises(AccessError, match="may not mend, replay or drop rows"):
            found.begin(request, Context(who))
    workspace = open_workspace(load(credit), actor="ada")
    assert [each.kind for each in workspace.chain.find()][-1] == "access.refused"
    workspace.chain.engine.dispose()
    assert not any(OPERATIONS[name].remote for name in OPERATIONS if name.split()[-1] in ("mend", "replay", "drop"))
