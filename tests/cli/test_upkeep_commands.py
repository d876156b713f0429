"""`treadle data retain` and `treadle data compact` as their user types them, and what is said afterwards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from test_commands import CREDIT, call

from treadle.spec import load
from treadle.stages.reading import read_sources
from treadle.stages.work import Work
from treadle.workspace import open_workspace

SOME = "select * from credit order by account limit 5"


def deliver(folder: Path, run: str) -> None:
    """Read the table, and take its last row away for the next time."""
    workspace = open_workspace(load(folder), actor="ada", run=run)
    read_sources(Work(workspace))
    workspace.chain.engine.dispose()
    table = folder / "data" / "credit.csv"
    table.write_text("\n".join(table.read_text("utf-8").splitlines()[:-1]) + "\n", "utf-8")


@pytest.fixture
def credit(tmp_path: Path) -> Path:
    """The credit project with three snapshots, of 10,000, 9,999 and 9,998 rows."""
    folder = tmp_path / "credit"
    shutil.copytree(CREDIT, folder, ignore=shutil.ignore_patterns(".treadle"))
    (folder / "contracts" / "credit.yaml").unlink()
    file = folder / "treadle.yaml"
    file.write_text(file.read_text("utf-8").replace(", contract: contracts/credit.yaml", ""), encoding="utf-8")
    for number in range(3):
        deliver(folder, f"run{number}")
    return folder


def files(folder: Path) -> set[str]:
    return {file.name for file in (folder / ".treadle" / "tables" / "credit" / "source" / "credit").glob("*.parquet")}


def test_a_dry_run_removes_nothing_and_what_is_removed_is_said_wherever_it_is_asked_for(
    credit: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*words: str, ends: int = 0) -> str:
        code, out, err = call(monkeypatch, capsys, *words)
        assert code == ends and "Traceback" not in err, (words, out, err)
        return out if not ends else err

    project, before = str(credit), files(credit)
    rules = ["--last", "1", "--days", "0"]
    dry = said("data", "retain", project, *rules)
    assert len(before) == 3 and files(credit) == before
    assert "nothing was removed yet" in dry and f"treadle data retain {project} --last 1 --days 0 --apply" in dry
    done = json.loads(said("data", "retain", project, *rules, "--apply", "--json"))
    (left,) = files(credit)
    assert done["applied"] and left in before
    gone = said("data", "query", "select count(*) n from credit@0", project, ends=1)
    assert "was removed by retention" in gone and "by ada" in gone
    assert "9998" in said("data", "query", "select count(*) n from credit", project).replace(",", "")
    assert said("data", "history", "credit", project).count("was removed by retention") == 2
    assert "was removed by retention" in said("verify", project, "--all")
    assert "would free 0.00 MB in 0 files" in said("data", "retain", project, *rules)


@pytest.mark.parametrize(
    ("rules", "told"),
    [(["--last", "0"], "the newest one always stays"), (["--last", "-1"], "--last"), (["--days", "nan"], "--days"),
     (["--days", "-3"], "--days"), (["--last", "many"], "--last")],
)  # fmt: skip
def test_a_rule_that_is_none_is_refused_and_removes_nothing(
    credit: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    rules: list[str],
    told: str,
) -> None:
    before = files(credit)
    code, _, err = call(monkeypatch, capsys, "data", "retain", str(credit), *rules, "--apply")
    assert code in (1, 2) and told in err and files(credit) == before


def test_a_layout_that_was_given_stays_until_another_is_and_the_rows_are_the_same(
    credit: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*words: str) -> str:
        code, out, err = call(monkeypatch, capsys, "data", *words)
        assert code == 0, (words, out, err)
        return out

    project = str(credit)
    first = json.loads(said("query", SOME, project, "--json"))["rows"]
    before = files(credit)
    assert "would be laid out by income" in said("compact", project, "--by", "income", "--dry-run")
    assert files(credit) == before
    assert "laid out by income" in said("compact", project, "--by", "income")
    assert "it is laid out by income already" in said("compact", project), "nobody asked by another"
    assert (
        json.loads(said("query", "select * from credit order by account limit 5", project, "--json"))["rows"] == first
    )
    code, _, err = call(monkeypatch, capsys, "data", "compact", project, "--by", "incom")
    assert code == 1 and 'it has no column "incom"' in err and "income" in err


def test_what_nobody_reads_is_moved_and_comes_back_for_who_asks(
    credit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*words: str, ends: int = 0) -> tuple[str, str]:
        code, out, err = call(monkeypatch, capsys, *words)
        assert code == ends and "Traceback" not in err, (words, out, err)
        return out, err

    project, cool = str(credit), tmp_path / "cool"
    assert "name no colder place" in said("data", "move", project, ends=1)[1]
    cool.mkdir()
    settings = credit / ".treadle" / "settings.yaml"
    settings.write_text(f"tiers: {{vendor: acme, region: eu, cool: 'file://{cool}'}}", encoding="utf-8")
    assert "no price known of cool storage at acme eu" in said("data", "move", project)[0]
    prices = tmp_path / "prices.csv"
    prices.write_text(
        "kind,vendor,region,amount,unit,currency,date,source,tier\n"
        "storage,acme,eu,0.020,GB-month,USD,2026-11-01,acme,hot\n"
        "storage,acme,eu,0.010,GB-month,USD,2026-11-01,acme,cool\n"
        "retrieval,acme,eu,0.010,GB,USD,2026-11-01,acme,cool\n",
        encoding="utf-8",
    )
    said("prices", "import", project, str(prices))
    assert "nothing is to be moved" in said("data", "move", project)[0]  # all of it was made today
    asked = ["data", "move", project, "--unused", "0"]
    dry = said(*asked)[0]
    assert "nothing was moved yet" in dry and "--unused 0 --apply" in dry and len(files(credit)) == 3
    done, paid = said(*asked, "--apply")
    assert "with the hash of each file" in done and "read out of cool" in paid and len(files(credit)) == 1
    assert "cool: " in said("costs", project)[0] and not said("data", "history", "credit", project)[1]
    rows, paid = said("data", "query", "select count(*) n from credit@0", project)
    assert "10000" in rows and "1 file of credit/source/credit" in paid and len(files(credit)) == 2
    assert "files.retrieved" in said("costs", project)[0]
    assert "name them to bring them back" in said(*asked, "--snapshot", "x@1", ends=1)[1]
    assert "entry" in said("data", "move", project, "--back", "--apply")[0] and len(files(credit)) == 3
    assert "hold together" in said("verify", project, "--all")[0]
